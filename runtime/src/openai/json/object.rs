//! An object taken apart: typed fields taken by name, the rest kept in order and as it came.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::value::{Text, Value};
use super::{BadRequest, Pairs, Path};

/// More than any object of OpenAI's has; a field costs many times its bytes once it's read.
const MAX_FIELDS: usize = 4096;

/// Up to so many fields, comparing each with each beats hashing.
const FEW_FIELDS: usize = 16;

/// An object's fields, in order, from which typed ones are taken by name.
pub(in super::super) struct Object<'a, 'p> {
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
    pub(super) fn new(Fields(fields): Fields<'a>, path: &'p Path<'p>) -> Result<Self, BadRequest> {
        match repeated(&fields) {
            Some(name) => Err(BadRequest::at(&path.field(name), "is given twice")),
            None => Ok(Self { path, fields }),
        }
    }

    /// Where this object is.
    pub(in super::super) fn path(&self) -> &'p Path<'p> {
        self.path
    }

    /// Takes a field out; none where it is absent or null, which OpenAI's optional fields hold to be the same.
    pub(in super::super) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let field = self.fields.iter_mut().find(|field| field.name == name)?;
        match std::mem::replace(&mut field.state, State::Taken) {
            State::Whole => Some(Value(field.value)).filter(|value| !value.is_null()),
            State::Taken | State::Left(_) => None,
        }
    }

    /// Takes a field out that must be there.
    pub(in super::super) fn require(&mut self, name: &str) -> Result<Value<'a>, BadRequest> {
        self.take(name).ok_or_else(|| BadRequest::at(&self.path.field(name), "is missing"))
    }

    /// Reads a field without taking it; none where it is absent or null.
    pub(in super::super) fn peek(&self, name: &str) -> Option<Value<'a>> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        Some(Value(field.value)).filter(|value| matches!(field.state, State::Whole) && !value.is_null())
    }

    pub(in super::super) fn string(&mut self, name: &str) -> Result<Option<String>, BadRequest> {
        self.typed(name, |value, path| value.string(path).map(Cow::into_owned))
    }

    pub(in super::super) fn boolean(&mut self, name: &str) -> Result<Option<bool>, BadRequest> {
        self.typed(name, Value::boolean)
    }

    pub(in super::super) fn u32(&mut self, name: &str) -> Result<Option<u32>, BadRequest> {
        self.typed(name, Value::u32)
    }

    pub(in super::super) fn i64(&mut self, name: &str) -> Result<Option<i64>, BadRequest> {
        self.typed(name, Value::i64)
    }

    pub(in super::super) fn f64(&mut self, name: &str) -> Result<Option<f64>, BadRequest> {
        self.typed(name, Value::f64)
    }

    /// A string that must be there.
    pub(in super::super) fn require_string(&mut self, name: &str) -> Result<String, BadRequest> {
        let value = self.require(name)?;
        Ok(value.string(&self.path.field(name))?.into_owned())
    }

    /// Takes a field and reads it with its path.
    pub(in super::super) fn typed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value<'a>, &Path<'_>) -> Result<T, BadRequest>,
    ) -> Result<Option<T>, BadRequest> {
        self.take(name).map(|value| read(value, &self.path.field(name))).transpose()
    }

    /// Puts a taken field back whole.
    pub(in super::super) fn put_back(&mut self, name: &str) {
        self.mark(name, State::Whole);
    }

    /// Puts back what is left of a nested object under the field's own name and in its own place, so that no unknown field in it is lost.
    pub(in super::super) fn leave(&mut self, name: &str, rest: Option<String>) {
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
    pub(in super::super) fn values(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.fields.iter().map(|field| (&*field.name, Value(field.value)))
    }

    /// Whether every field has been taken.
    pub(in super::super) fn is_spent(&self) -> bool {
        self.rest().next().is_none()
    }

    /// The fields that nobody took: names, and JSON as it came.
    pub(in super::super) fn rest(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().filter_map(|field| match &field.state {
            State::Whole => Some((&*field.name, field.value)),
            State::Left(json) => Some((&*field.name, json.as_str())),
            State::Taken => None,
        })
    }

    /// The fields that nobody took, as `extra` pairs.
    pub(in super::super) fn into_extra(self) -> Pairs {
        self.rest().map(|(name, json)| (name.to_owned(), json.to_owned())).collect()
    }

    /// The fields that nobody took, as an object of their own.
    pub(in super::super) fn into_rest(self) -> Option<String> {
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
        let twice =
            |(at, field): &(usize, &'f Field<'_>)| fields.iter().take(*at).any(|earlier| earlier.name == field.name);
        return fields.iter().enumerate().find(twice).map(|(_, field)| &*field.name);
    }
    let mut seen = HashSet::with_capacity(fields.len());
    fields.iter().map(|field| &*field.name).find(|name| !seen.insert(*name))
}

pub(super) struct Fields<'a>(Vec<Field<'a>>);

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
                    if fields.len() == MAX_FIELDS {
                        return Err(serde::de::Error::custom(format_args!(
                            "an object has more than {MAX_FIELDS} fields"
                        )));
                    }
                    fields.push(Field { name, value: value.get(), state: State::Whole });
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}
