//! What a component was made from, as far as it says so itself: the `producers` section that toolchains write
//! (<https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>). It chooses the limits that a deployment has until
//! its operator says otherwise, and nothing else: whoever writes a component can write there what they like.

use std::ops::Range;

use wasmparser::{Chunk, KnownCustom, Parser, Payload, ProducersSectionReader};

use super::Limits;

/// How a component came to run in WebAssembly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Its source was compiled to it: Rust, C, Go, Zig.
    #[default]
    Compiled,
    /// It holds the interpreter of its source: Python, JavaScript.
    Interpreted,
}

/// What the outermost section names where an interpreter is inside. An initialised snapshot is what only interpreters need.
const INTERPRETED: [(&str, &str); 5] = [
    ("language", "JavaScript"),
    ("language", "Python"),
    ("processed-by", "ComponentizeJS"),
    ("processed-by", "componentize-py"),
    ("processed-by", "component-init-transform"),
];

impl Language {
    /// Reads a component. What can't be read is taken for compiled, which has the lower limits.
    pub fn of(component: &[u8]) -> Self {
        let interpreted = producers(component).is_some_and(|section| names_interpreter(section).unwrap_or(false));
        if interpreted { Self::Interpreted } else { Self::Compiled }
    }

    /// The limits of a deployment whose operator named none.
    ///
    /// An interpreter takes some 50 times the instructions: with what a compiled adapter has, a Python adapter would end within a long
    /// answer (280,000 instructions a streamed line). Its own memory begins at 10 to 14 MiB.
    pub fn limits(self) -> Limits {
        let compiled = Limits::default();
        match self {
            Self::Compiled => compiled,
            Self::Interpreted => Limits { fuel: 50_000_000_000, memory_bytes: 256 << 20, ..compiled },
        }
    }
}

/// The outermost component's section. The parts inside are skipped, not read.
fn producers(component: &[u8]) -> Option<ProducersSectionReader<'_>> {
    let mut parser = Parser::new(0);
    let mut rest = component;
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).ok()? else { return None };
        rest = rest.get(consumed..)?;
        match payload {
            Payload::ModuleSection { unchecked_range: Range { start, end }, .. }
            | Payload::ComponentSection { unchecked_range: Range { start, end }, .. } => {
                rest = rest.get(end.checked_sub(start)?..)?;
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Producers(reader) = section.as_known() {
                    return Some(reader);
                }
            }
            Payload::End(_) => return None,
            _ => {}
        }
    }
}

fn names_interpreter(section: ProducersSectionReader<'_>) -> wasmparser::Result<bool> {
    for field in section {
        let field = field?;
        for value in field.values {
            if INTERPRETED.contains(&(field.name, value?.name)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Vec<u8> {
        [&[u8::try_from(text.len()).unwrap_or(0)], text.as_bytes()].concat()
    }

    /// A `producers` section of one field with one value.
    fn section(field: &str, value: &str) -> Vec<u8> {
        let body = [string("producers"), vec![1], string(field), vec![1], string(value), string("1.0")].concat();
        [vec![0, u8::try_from(body.len()).unwrap_or(0)], body].concat()
    }

    fn component(parts: &[&[u8]]) -> Vec<u8> {
        [&b"\0asm\x0d\0\x01\0"[..], &parts.concat()].concat()
    }

    /// A core module, as a section of a component.
    fn module(inner: &[u8]) -> Vec<u8> {
        let bytes = [&b"\0asm\x01\0\0\0"[..], inner].concat();
        [vec![1, u8::try_from(bytes.len()).unwrap_or(0)], bytes].concat()
    }

    #[test]
    fn interpreters_are_known_by_what_their_toolchains_write() {
        for (field, value) in INTERPRETED {
            let bytes = component(&[&module(&[]), &section(field, value)]);
            assert_eq!(Language::of(&bytes), Language::Interpreted, "{field} {value}");
        }
        for (field, value) in [("language", "Rust"), ("processed-by", "wit-component"), ("sdk", "JavaScript")] {
            assert_eq!(Language::of(&component(&[&section(field, value)])), Language::Compiled, "{field} {value}");
        }
    }

    #[test]
    fn what_a_part_inside_says_is_not_the_components_word() {
        let inner = section("language", "Python");
        assert_eq!(Language::of(&component(&[&module(&inner), &section("language", "Rust")])), Language::Compiled);
    }

    #[test]
    fn what_cannot_be_read_is_taken_for_compiled() {
        let whole = component(&[&module(&[]), &section("language", "Python")]);
        for end in 0..whole.len() {
            assert_eq!(Language::of(&whole[..end]), Language::Compiled, "cut at {end}");
        }
    }
}
