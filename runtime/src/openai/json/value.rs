//! One value's JSON text, read as what it should be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::{Fields, Object};
use super::{BadRequest, Path, shortened};

/// The JSON text of one value, known to be well-formed.
#[derive(Clone, Copy)]
pub(in super::super) struct Value<'a>(pub(super) &'a str);

impl<'a> Value<'a> {
    /// The text as it came.
    pub(in super::super) fn text(self) -> &'a str {
        self.0
    }

    pub(in super::super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub(in super::super) fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    pub(in super::super) fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    pub(in super::super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// A string, borrowed where it has no escapes.
    pub(in super::super) fn string(self, path: &Path<'_>) -> Result<Cow<'a, str>, BadRequest> {
        if !self.is_string() {
            return Err(self.mistyped(path, "a string"));
        }
        let text = serde_json::from_str::<Text<'a>>(self.0);
        // The syntax has been checked: what remains is half a surrogate pair, which no UTF-8 text can hold.
        text.map(|text| text.0).map_err(|_| BadRequest::at(path, "holds half of a surrogate pair"))
    }

    pub(in super::super) fn boolean(self, path: &Path<'_>) -> Result<bool, BadRequest> {
        self.scalar(path, "a boolean")
    }

    pub(in super::super) fn u32(self, path: &Path<'_>) -> Result<u32, BadRequest> {
        self.scalar(path, "an integer from 0 to 4294967295")
    }

    pub(in super::super) fn u64(self, path: &Path<'_>) -> Result<u64, BadRequest> {
        self.scalar(path, "an integer from 0")
    }

    pub(in super::super) fn i64(self, path: &Path<'_>) -> Result<i64, BadRequest> {
        self.scalar(path, "an integer of 64 bits")
    }

    pub(in super::super) fn f64(self, path: &Path<'_>) -> Result<f64, BadRequest> {
        self.scalar(path, "a number")
    }

    fn scalar<T: Deserialize<'a>>(self, path: &Path<'_>, expected: &str) -> Result<T, BadRequest> {
        serde_json::from_str(self.0).map_err(|_| self.mistyped(path, expected))
    }

    /// Visits the items of an array, in order, without gathering them first.
    pub(in super::super) fn items<E: From<BadRequest>>(
        self,
        path: &Path<'_>,
        mut visit: impl FnMut(Value<'a>, &Path<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.is_array() {
            return Err(self.mistyped(path, "an array").into());
        }
        let mut failure = None;
        let items = Items { path, visit: &mut visit, failure: &mut failure };
        let read = serde_json::Deserializer::from_str(self.0).deserialize_seq(items);
        match (failure, read) {
            (Some(failure), _) => Err(failure),
            (None, Err(_)) => Err(BadRequest::at(path, "cannot be read").into()),
            (None, Ok(())) => Ok(()),
        }
    }

    /// The first item of an array, if there is one, for its type; what follows isn't looked at.
    pub(in super::super) fn first_item(self) -> Option<Value<'a>> {
        let rest = self.0.strip_prefix('[')?;
        let mut items = serde_json::Deserializer::from_str(rest);
        <&'a RawValue>::deserialize(&mut items).ok().map(|item| Value(item.get()))
    }

    /// Takes an object apart.
    pub(in super::super) fn object<'p>(self, path: &'p Path<'p>) -> Result<Object<'a, 'p>, BadRequest> {
        if !self.is_object() {
            return Err(self.mistyped(path, "an object"));
        }
        let fields = serde_json::from_str::<Fields<'a>>(self.0);
        // The syntax has been checked: what remains is a name with half a surrogate pair.
        let fields = fields.map_err(|_| BadRequest::at(path, "has a name that holds half of a surrogate pair"))?;
        Object::new(fields, path)
    }

    /// The error for a value of the wrong type or out of range.
    pub(in super::super) fn mistyped(self, path: &Path<'_>, expected: &str) -> BadRequest {
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

/// A string borrowed from the document where it has no escapes; serde's own `Cow` always copies.
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

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

struct Items<'v, F, E> {
    path: &'v Path<'v>,
    visit: &'v mut F,
    failure: &'v mut Option<E>,
}

impl<'de, E, F: FnMut(Value<'de>, &Path<'_>) -> Result<(), E>> Visitor<'de> for Items<'_, F, E> {
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
