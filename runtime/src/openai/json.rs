//! Reading JSON that others wrote, without losing a byte of what has no name here.
//!
//! An object is taken apart one level at a time into its fields, in order, each with its JSON text as it came. Typed fields are taken
//! out by name; whatever is left becomes `extra` pairs. Nothing here knows a field of OpenAI's, and nothing builds a tree of values.
//!
//! Text from outside is hostile: syntax is checked once over the whole document, nesting is bounded, and an object that gives a name
//! twice is refused where it is taken apart, because two readers of one body must not disagree about it. Work is linear in the text.

mod object;
mod path;
mod value;

use std::fmt;

use serde::de::IgnoredAny;

pub(super) use object::Object;
pub(super) use path::Path;
pub(super) use value::Value;

use object::Fields;

/// Names and JSON texts, as the contract's `pairs`.
pub(super) type Pairs = Vec<(String, String)>;

/// How deep arrays and objects may nest: what `serde_json` itself allows by default, so that guests can read what we accept.
const MAX_DEPTH: usize = 127;

/// The longest piece of outside text that an error message repeats.
const MAX_QUOTED: usize = 64;

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct BadRequest {
    /// For people.
    pub(crate) message: String,
    /// The field at fault as a path, as in `messages[2].content`.
    pub(crate) param: Option<String>,
    /// The byte at which the JSON stops being JSON.
    pub(crate) position: Option<usize>,
}

impl BadRequest {
    /// What is wrong with the field at `path`; the message names it.
    pub(super) fn at(path: &Path<'_>, problem: impl fmt::Display) -> Self {
        let param = path.to_string();
        if param.is_empty() {
            return Self { message: format!("the document {problem}"), param: None, position: None };
        }
        Self { message: format!("`{param}` {problem}"), param: Some(param), position: None }
    }

    fn syntax(problem: impl fmt::Display, position: usize) -> Self {
        Self { message: format!("not valid JSON: {problem} (byte {position})"), param: None, position: Some(position) }
    }
}

/// The bytes as text, or the position of the first byte that is not UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, BadRequest> {
    std::str::from_utf8(bytes).map_err(|error| BadRequest::syntax("not UTF-8", error.valid_up_to()))
}

/// Checks that `text` is one JSON value, nested no deeper than we allow.
pub(super) fn check(text: &str) -> Result<(), BadRequest> {
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| syntax_error(text, &error))?;
    check_depth(text)
}

/// One JSON value of any kind, after checking all of it.
pub(super) fn value(text: &str) -> Result<Value<'_>, BadRequest> {
    check(text)?;
    Ok(Value(text.trim_matches([' ', '\t', '\r', '\n'])))
}

/// Takes apart a whole document that must be an object, after checking all of it.
pub(super) fn document<'a, 'p>(text: &'a str, path: &'p Path<'p>) -> Result<Object<'a, 'p>, BadRequest> {
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        check(text)?;
        return Err(BadRequest::at(path, format_args!("must be an object, but is {}", Value(text.trim()))));
    }
    // Reading the fields walks every byte of every value, so this is the syntax check too.
    let fields = serde_json::from_str::<Fields<'a>>(text).map_err(|error| syntax_error(text, &error))?;
    check_depth(text)?;
    Object::new(fields, path)
}

/// Refuses text nested too deeply. The text must be well-formed.
fn check_depth(text: &str) -> Result<(), BadRequest> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1),
            b'[' | b'{' if depth == MAX_DEPTH => {
                return Err(BadRequest::syntax(format_args!("nested more than {MAX_DEPTH} deep"), at));
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The position of the quotation mark that ends the string whose inside begins at `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

fn syntax_error(text: &str, error: &serde_json::Error) -> BadRequest {
    BadRequest::syntax(error, byte_position(text, error))
}

/// The byte that `serde_json` complains of, from its line and column (in bytes, of the last byte looked at).
fn byte_position(text: &str, error: &serde_json::Error) -> usize {
    if error.is_eof() {
        return text.len();
    }
    let earlier_lines = error.line().saturating_sub(1);
    let line_start = match earlier_lines.checked_sub(1) {
        None => 0,
        Some(last) => memchr::memchr_iter(b'\n', text.as_bytes()).nth(last).map_or(0, |newline| newline + 1),
    };
    let position = line_start + error.column().saturating_sub(1);
    let is_control = |at: usize| text.as_bytes().get(at).is_some_and(|byte| *byte < b' ');
    // Of a control character in a string, `serde_json` names the byte before it.
    let off_by_one = error.to_string().starts_with("control") && !is_control(position) && is_control(position + 1);
    (position + usize::from(off_by_one)).min(text.len())
}

/// The beginning of outside text, for an error message.
pub(super) fn shortened(text: &str) -> &str {
    let end = (0..=MAX_QUOTED.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
