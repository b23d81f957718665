//! Writing JSON: objects field by field into a buffer, with what the vocabulary has no name for merged in.
//!
//! Typed fields are written first and win over `extra` pairs of the same name. A guest's JSON text is checked before it is written, and
//! written as it came but for line breaks between tokens, which would break the framing of an event stream.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use super::json::{self, BadRequest, Object, Pairs, Path};

/// More typed fields than any of OpenAI's objects has.
const MAX_TYPED: usize = 16;

/// Up to so many pairs, comparing each with each beats hashing.
const FEW_PAIRS: usize = 16;

/// What is wrong with an adapter's answer: the adapter's fault, not the client's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the adapter's answer is malformed: {}{problem}", subject(.field))]
pub(crate) struct MalformedAnswer {
    /// The field at fault as a path, as in `choices[0].message.tool_calls`; empty for the whole.
    pub(crate) field: String,
    /// For people; doesn't repeat the field.
    pub(crate) problem: String,
}

impl MalformedAnswer {
    pub(super) fn at(path: &Path<'_>, problem: impl fmt::Display) -> Self {
        Self { field: path.to_string(), problem: problem.to_string() }
    }
}

fn subject(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("`{field}` ") }
}

impl From<BadRequest> for MalformedAnswer {
    fn from(error: BadRequest) -> Self {
        let field = error.param.unwrap_or_default();
        let named = format!("`{field}` ");
        let problem = error.message.strip_prefix(&named).unwrap_or(&error.message).to_owned();
        Self { field, problem }
    }
}

/// An object being written to the end of a buffer.
pub(super) struct ObjectWriter<'o> {
    out: &'o mut Vec<u8>,
    typed: [&'static str; MAX_TYPED],
    count: usize,
    empty: bool,
}

impl<'o> ObjectWriter<'o> {
    /// Opens an object.
    pub(super) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, typed: [""; MAX_TYPED], count: 0, empty: true }
    }

    /// Goes on with an object that `out` ends within, after at least one field; `typed` are names that `extra` may not give.
    pub(super) fn resume(out: &'o mut Vec<u8>, typed: &[&'static str]) -> Self {
        let mut writer = Self { out, typed: [""; MAX_TYPED], count: 0, empty: false };
        for name in typed {
            writer.reserve(name);
        }
        writer
    }

    /// Writes a name; the caller appends the value.
    pub(super) fn field(&mut self, name: &'static str) -> &mut Vec<u8> {
        self.reserve(name);
        self.name(name)
    }

    /// Keeps extra pairs from giving this name, where it is written elsewhere or not at all.
    pub(super) fn reserve(&mut self, name: &'static str) {
        debug_assert!(self.count < MAX_TYPED, "no object has more typed fields");
        if let Some(slot) = self.typed.get_mut(self.count) {
            *slot = name;
            self.count += 1;
        }
    }

    /// A string, number, boolean or array of such.
    pub(super) fn value(&mut self, name: &'static str, value: impl Serialize) {
        write_value(self.field(name), value);
    }

    /// A field that is left out where there is no value.
    pub(super) fn optional(&mut self, name: &'static str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    pub(super) fn null(&mut self, name: &'static str) {
        self.field(name).extend_from_slice(b"null");
    }

    /// A field whose JSON has been checked.
    pub(super) fn json(&mut self, name: &'static str, json: &str) {
        write_json(self.field(name), json);
    }

    /// The fields left of an object that was read; the caller took all that it writes itself.
    pub(super) fn rest(&mut self, object: &Object<'_, '_>) {
        for (name, json) in object.rest() {
            write_json(self.name(name), json);
        }
    }

    /// A guest's `extra` pairs, but for those whose names have been written.
    pub(super) fn extra(&mut self, extra: &[(String, String)], path: &Path<'_>) -> Result<(), MalformedAnswer> {
        if extra.is_empty() {
            return Ok(());
        }
        for (name, json) in first_of_each(extra) {
            json::check(json).map_err(|error| MalformedAnswer::at(&path.field(name), error))?;
            if !self.has(name) {
                write_json(self.name(name), json);
            }
        }
        Ok(())
    }

    /// A guest's `extra` pairs without those that aren't JSON, for where one guest's mistake must not spoil what others said.
    pub(super) fn valid_extra(&mut self, extra: &[(String, String)]) {
        for (name, json) in first_of_each(extra) {
            if !self.has(name) && json::check(json).is_ok() {
                write_json(self.name(name), json);
            }
        }
    }

    /// Whether a typed field of this name has been written.
    fn has(&self, name: &str) -> bool {
        self.typed.iter().take(self.count).any(|typed| *typed == name)
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(b',');
        }
        write_value(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// Closes the object.
    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}

/// What `extra` pairs hold for a nested object that has typed fields of its own: the fields of the object of that name.
pub(super) fn nested_extra(extra: &[(String, String)], name: &str, path: &Path<'_>) -> Result<Pairs, MalformedAnswer> {
    match extra.iter().find(|(given, _)| given == name) {
        Some((_, object)) if object.trim_start().starts_with('{') => {
            let path = path.field(name);
            let object = json::document(object, &path).map_err(|error| match error.param {
                Some(_) => error.into(),
                None => MalformedAnswer::at(&path, error),
            });
            Ok(object?.into_extra())
        }
        _ => Ok(Pairs::new()),
    }
}

/// The pairs without those whose name came before.
fn first_of_each(extra: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    let mut seen = HashSet::new();
    extra.iter().enumerate().filter_map(move |(at, (name, json))| {
        let is_first = if extra.len() <= FEW_PAIRS {
            !extra.iter().take(at).any(|(earlier, _)| earlier == name)
        } else {
            seen.insert(name.as_str())
        };
        is_first.then_some((name.as_str(), json.as_str()))
    })
}

/// Writes an array, each item with `write`.
pub(super) fn write_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T) -> Result<(), MalformedAnswer>,
) -> Result<(), MalformedAnswer> {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item)?;
    }
    out.push(b']');
    Ok(())
}

/// Appends a string, number, boolean or array of such.
pub(super) fn write_value(out: &mut Vec<u8>, value: impl Serialize) {
    // Neither serialising such values nor writing to memory can fail.
    let written = serde_json::to_writer(out, &value);
    debug_assert!(written.is_ok(), "a plain value serialises");
}

/// Appends JSON that has been checked, on one line. Well-formed text has line breaks only between tokens.
pub(super) fn write_json(out: &mut Vec<u8>, json: &str) {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
        let (line, tail) = rest.split_at(at);
        out.extend_from_slice(line);
        rest = tail.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
