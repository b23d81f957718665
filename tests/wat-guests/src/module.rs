//! Completes the fields of an attack to the text of a whole core module.
//!
//! An attack defines the functions that it's about; what it leaves out does the harmless thing. `prelude.wat` says which there are.

/// What every guest has.
const PRELUDE: &str = include_str!("prelude.wat");
/// What a guest has unless it defines it itself: definitions with an empty line between them.
const DEFAULTS: &str = include_str!("defaults.wat");
/// Imports have to come before anything else.
const IMPORTS: &str = include_str!("imports.wat");

/// The module of the guest `name`, whose attack is `fields`.
pub(crate) fn complete(name: &str, fields: &str) -> String {
    let defaults = DEFAULTS.split("\n\n").filter(|definition| !head(definition).is_some_and(|head| has(fields, head)));
    let defaults: String = defaults.map(|definition| format!("{definition}\n")).collect();
    let prelude = PRELUDE.replace("NAME_LENGTH", &name.len().to_string()).replace("NAME", name);
    format!("(module\n{IMPORTS}\n{fields}\n{prelude}\n{defaults}\n)")
}

/// What a definition begins with: `(func $attack`.
fn head(definition: &str) -> Option<&str> {
    let line = definition.lines().find(|line| line.starts_with('('))?;
    let words = line.match_indices([' ', ')']).nth(1)?;
    Some(&line[..words.0])
}

/// Whether the fields have a definition with that head; `$next_one` is no `$next`.
fn has(fields: &str, head: &str) -> bool {
    fields.match_indices(head).any(|(at, _)| {
        let rest = fields[at + head.len()..].chars().next();
        rest.is_none_or(|next| next.is_whitespace() || next == ')')
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn an_attack_replaces_the_harmless_function_of_its_name_alone() {
        let text = complete("x", "(func $attack unreachable)\n(func $next_one)");
        assert_eq!(text.matches("(func $attack ").count(), 1);
        assert_eq!(text.matches("(func $next ").count(), 1);
        wat::parse_str(text).unwrap();
    }

    #[test]
    fn every_default_can_be_replaced() {
        for definition in DEFAULTS.split("\n\n") {
            assert!(has(definition, head(definition).unwrap()), "{definition}");
        }
    }
}
