//! Reading JSON that others wrote, without losing a byte of what has no name here.
//!
//! An object is taken apart one level at a time into its fields, in order, each with its JSON text as it came. Typed fields are taken
//! out by name; whatever is left becomes `extra` pairs. Nothing here knows a field of OpenAI's, and nothing builds a tree of values.
//!
//! Text from outside is hostile: syntax is checked once over the whole document, nesting is bounded, and an object that gives a name
//! twice is refused where it is taken apart, because two readers of one body must not disagree about it. Work is linear in the text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Names and JSON texts, as the contract's `pairs`.
pub(super) type Pairs = Vec<(String, String)>;

/// How deep arrays and objects may nest: what `serde_json` itself allows by default, so that guests can read what we accept.
const MAX_DEPTH: usize = 128;

/// The longest piece of outside text that an error message repeats.
const MAX_QUOTED: usize = 64;

/// Up to so many fields, comparing each with each beats hashing.
const FEW_FIELDS: usize = 16;

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

/// Where in a document we are. Lives on the stack and is only written out when something is wrong.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    /// The document itself.
    pub(super) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// A field of the object here.
    pub(super) fn field(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// An item of the array here.
    pub(super) fn item(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(out)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) => {
                let below_root = self.parent.is_some_and(|parent| !matches!(parent.step, Step::Root));
                write!(out, "{}{}", if below_root { "." } else { "" }, shortened(name))
            }
            Step::Item(index) => write!(out, "[{index}]"),
        }
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

/// The JSON text of one value, known to be well-formed.
#[derive(Clone, Copy)]
pub(super) struct Value<'a>(&'a str);

impl<'a> Value<'a> {
    /// The text as it came.
    pub(super) fn text(self) -> &'a str {
        self.0
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(super) fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    pub(super) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// A string, borrowed where it has no escapes.
    pub(super) fn string(self, path: &Path<'_>) -> Result<Cow<'a, str>, BadRequest> {
        if !self.is_string() {
            return Err(self.mistyped(path, "a string"));
        }
        let text = serde_json::from_str::<Text<'a>>(self.0);
        // The syntax has been checked: what remains is half a surrogate pair, which no UTF-8 text can hold.
        text.map(|text| text.0).map_err(|_| BadRequest::at(path, "holds half of a surrogate pair"))
    }

    pub(super) fn boolean(self, path: &Path<'_>) -> Result<bool, BadRequest> {
        self.scalar(path, "a boolean")
    }

    pub(super) fn u32(self, path: &Path<'_>) -> Result<u32, BadRequest> {
        self.scalar(path, "an integer from 0 to 4294967295")
    }

    pub(super) fn u64(self, path: &Path<'_>) -> Result<u64, BadRequest> {
        self.scalar(path, "an integer from 0")
    }

    pub(super) fn i64(self, path: &Path<'_>) -> Result<i64, BadRequest> {
        self.scalar(path, "an integer of 64 bits")
    }

    pub(super) fn f64(self, path: &Path<'_>) -> Result<f64, BadRequest> {
        self.scalar(path, "a number")
    }

    fn scalar<T: Deserialize<'a>>(self, path: &Path<'_>, expected: &str) -> Result<T, BadRequest> {
        serde_json::from_str(self.0).map_err(|_| self.mistyped(path, expected))
    }

    /// Visits the items of an array, in order, without gathering them first.
    pub(super) fn items(
        self,
        path: &Path<'_>,
        mut visit: impl FnMut(Value<'a>, &Path<'_>) -> Result<(), BadRequest>,
    ) -> Result<(), BadRequest> {
        if !self.is_array() {
            return Err(self.mistyped(path, "an array"));
        }
        let mut failure = None;
        let items = Items { path, visit: &mut visit, failure: &mut failure };
        let read = serde_json::Deserializer::from_str(self.0).deserialize_seq(items);
        match (failure, read) {
            (Some(failure), _) => Err(failure),
            (None, Err(_)) => Err(BadRequest::at(path, "cannot be read")),
            (None, Ok(())) => Ok(()),
        }
    }

    /// Takes an object apart.
    pub(super) fn object<'p>(self, path: &'p Path<'p>) -> Result<Object<'a, 'p>, BadRequest> {
        if !self.is_object() {
            return Err(self.mistyped(path, "an object"));
        }
        let fields = serde_json::from_str::<Fields<'a>>(self.0);
        // The syntax has been checked: what remains is a name with half a surrogate pair.
        let fields = fields.map_err(|_| BadRequest::at(path, "has a name that holds half of a surrogate pair"))?;
        Object::new(fields, path)
    }

    /// The error for a value of the wrong type or out of range.
    pub(super) fn mistyped(self, path: &Path<'_>, expected: &str) -> BadRequest {
        BadRequest::at(path, format_args!("must be {expected}, but is {self}"))
    }
}

/// Says what kind of value it is; a number, boolean or null is short enough to show.
impl fmt::Display for Value<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_bytes().first() {
            Some(b'"') => out.write_str("a string"),
            Some(b'[') => out.write_str("an array"),
            Some(b'{') => out.write_str("an object"),
            _ => out.write_str(shortened(self.0)),
        }
    }
}

/// An object's fields, in order, from which typed ones are taken by name.
pub(super) struct Object<'a, 'p> {
    path: &'p Path<'p>,
    fields: Vec<Field<'a>>,
}

struct Field<'a> {
    name: Cow<'a, str>,
    value: &'a str,
    state: State,
}

enum State {
    Whole,
    Taken,
    /// JSON: what was left of a nested object after its own typed fields were taken.
    Left(String),
}

impl<'a, 'p> Object<'a, 'p> {
    fn new(Fields(fields): Fields<'a>, path: &'p Path<'p>) -> Result<Self, BadRequest> {
        match repeated(&fields) {
            Some(name) => Err(BadRequest::at(&path.field(name), "is given twice")),
            None => Ok(Self { path, fields }),
        }
    }

    /// Where this object is.
    pub(super) fn path(&self) -> &'p Path<'p> {
        self.path
    }

    /// Takes a field out; none where it is absent or null, which OpenAI's optional fields hold to be the same.
    pub(super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let field = self.fields.iter_mut().find(|field| field.name == name)?;
        match std::mem::replace(&mut field.state, State::Taken) {
            State::Whole => Some(Value(field.value)).filter(|value| !value.is_null()),
            State::Taken | State::Left(_) => None,
        }
    }

    /// Takes a field out that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Value<'a>, BadRequest> {
        self.take(name).ok_or_else(|| BadRequest::at(&self.path.field(name), "is missing"))
    }

    /// Reads a field without taking it; none where it is absent or null.
    pub(super) fn peek(&self, name: &str) -> Option<Value<'a>> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        Some(Value(field.value)).filter(|value| matches!(field.state, State::Whole) && !value.is_null())
    }

    pub(super) fn string(&mut self, name: &str) -> Result<Option<String>, BadRequest> {
        self.typed(name, |value, path| value.string(path).map(Cow::into_owned))
    }

    pub(super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, BadRequest> {
        self.typed(name, Value::boolean)
    }

    pub(super) fn u32(&mut self, name: &str) -> Result<Option<u32>, BadRequest> {
        self.typed(name, Value::u32)
    }

    pub(super) fn i64(&mut self, name: &str) -> Result<Option<i64>, BadRequest> {
        self.typed(name, Value::i64)
    }

    pub(super) fn f64(&mut self, name: &str) -> Result<Option<f64>, BadRequest> {
        self.typed(name, Value::f64)
    }

    /// A string that must be there.
    pub(super) fn require_string(&mut self, name: &str) -> Result<String, BadRequest> {
        let value = self.require(name)?;
        Ok(value.string(&self.path.field(name))?.into_owned())
    }

    /// Takes a field and reads it with its path.
    pub(super) fn typed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value<'a>, &Path<'_>) -> Result<T, BadRequest>,
    ) -> Result<Option<T>, BadRequest> {
        self.take(name).map(|value| read(value, &self.path.field(name))).transpose()
    }

    /// Puts a taken field back whole.
    pub(super) fn put_back(&mut self, name: &str) {
        self.mark(name, State::Whole);
    }

    /// Puts back what is left of a nested object under the field's own name and in its own place, so that no unknown field in it is lost.
    pub(super) fn leave(&mut self, name: &str, rest: Option<String>) {
        if let Some(json) = rest {
            self.mark(name, State::Left(json));
        }
    }

    fn mark(&mut self, name: &str, state: State) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.state = state;
        }
    }

    /// Every field's name and value, null or not.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.fields.iter().map(|field| (&*field.name, Value(field.value)))
    }

    /// Whether every field has been taken.
    pub(super) fn is_spent(&self) -> bool {
        self.rest().next().is_none()
    }

    /// The fields that nobody took: names, and JSON as it came.
    pub(super) fn rest(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().filter_map(|field| match &field.state {
            State::Whole => Some((&*field.name, field.value)),
            State::Left(json) => Some((&*field.name, json.as_str())),
            State::Taken => None,
        })
    }

    /// The fields that nobody took, as `extra` pairs.
    pub(super) fn into_extra(self) -> Pairs {
        self.rest().map(|(name, json)| (name.to_owned(), json.to_owned())).collect()
    }

    /// The fields that nobody took, as an object of their own.
    pub(super) fn into_rest(self) -> Option<String> {
        let mut json = String::new();
        for (name, value) in self.rest() {
            json.push(if json.is_empty() { '{' } else { ',' });
            // A string always serialises.
            json.push_str(&serde_json::to_string(name).unwrap_or_default());
            json.push(':');
            json.push_str(value);
        }
        (!json.is_empty()).then(|| json + "}")
    }
}

fn repeated<'f>(fields: &'f [Field<'_>]) -> Option<&'f str> {
    if fields.len() <= FEW_FIELDS {
        let twice = |(at, field): &(usize, &'f Field<'_>)| fields.iter().take(*at).any(|earlier| earlier.name == field.name);
        return fields.iter().enumerate().find(twice).map(|(_, field)| &*field.name);
    }
    let mut seen = HashSet::with_capacity(fields.len());
    fields.iter().map(|field| &*field.name).find(|name| !seen.insert(*name))
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
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The beginning of outside text, for an error message.
pub(super) fn shortened(text: &str) -> &str {
    let end = (0..=MAX_QUOTED.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// A string borrowed from the document where it has no escapes; serde's own `Cow` always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

struct Fields<'a>(Vec<Field<'a>>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    fields.push(Field { name, value: value.get(), state: State::Whole });
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct Items<'v, F> {
    path: &'v Path<'v>,
    visit: &'v mut F,
    failure: &'v mut Option<BadRequest>,
}

impl<'de, F: FnMut(Value<'de>, &Path<'_>) -> Result<(), BadRequest>> Visitor<'de> for Items<'_, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            if let Err(failure) = (self.visit)(Value(item.get()), &self.path.item(index)) {
                *self.failure = Some(failure);
                return Err(serde::de::Error::custom("refused"));
            }
            index += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
