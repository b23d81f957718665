//! Proto JSON: each field has a camelCase and a snake_case name, unknown ones are errors, and errors
//! name a place in snake_case.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::Failure;

pub(crate) type Checked = Result<(), Failure>;

/// A field by its camelCase name; null counts as absent.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).or_else(|| value.get(snake(name).as_ref())).filter(|value| !value.is_null())
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    field(value, name)?.as_str()
}

/// A repeated field; an absent one has no items.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    field(value, name).and_then(Value::as_array).into_iter().flatten()
}

/// A message with none but these fields.
pub(crate) fn message<'a>(value: &'a Value, at: &str, names: &[&str]) -> Result<&'a Map<String, Value>, Failure> {
    let Some(fields) = value.as_object() else {
        return Err(invalid(at, "a message", value));
    };
    match fields.keys().find(|key| !names.iter().any(|name| name == key || snake(name) == **key)) {
        None => Ok(fields),
        Some(unknown) if at.is_empty() => {
            let message = format!("Invalid JSON payload received. Unknown name \"{unknown}\": Cannot find field.");
            Err(Failure::payload(at, message))
        }
        Some(unknown) => {
            let message =
                format!("Invalid JSON payload received. Unknown name \"{unknown}\" at '{at}': Cannot find field.");
            Err(Failure::payload(at, message))
        }
    }
}

/// A repeated field's items with their places; an absent field has none.
pub(crate) fn list<'a>(value: &'a Value, at: &str, name: &str) -> Result<Vec<(String, &'a Value)>, Failure> {
    let at = join(at, name);
    match field(value, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            Ok(items.iter().enumerate().map(|(index, item)| (format!("{at}[{index}]"), item)).collect())
        }
        // Proto JSON takes a single message for a list of one.
        Some(item @ Value::Object(_)) => Ok(vec![(at, item)]),
        Some(other) => Err(invalid(&at, "a list", other)),
    }
}

/// An optional field of a simple type.
pub(crate) fn simple(value: &Value, at: &str, name: &str, kind: &str, fits: impl Fn(&Value) -> bool) -> Checked {
    match field(value, name) {
        Some(found) if !fits(found) => Err(invalid(&join(at, name), kind, found)),
        _ => Ok(()),
    }
}

pub(crate) fn invalid(at: &str, kind: &str, value: &Value) -> Failure {
    let shown: String = value.to_string().chars().take(80).collect();
    Failure::payload(at, format!("Invalid value at '{at}' ({kind}), {shown}"))
}

pub(crate) fn join(at: &str, name: &str) -> String {
    if at.is_empty() { snake(name).into_owned() } else { format!("{at}.{}", snake(name)) }
}

fn snake(name: &str) -> Cow<'_, str> {
    if !name.contains(|c: char| c.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    Cow::Owned(snake)
}
