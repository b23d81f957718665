//! JSON objects whose fields nobody took apart: names beside untouched JSON text,
//! in order. Both the way in for fields that the contract has no name for, and the
//! way out. It does not look into a value: that is for whoever asks for the field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// An object's fields as they stood in the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The fields of the contract's `pairs`; a value that is not JSON names itself.
    pub(crate) fn of_pairs(pairs: &'a [(String, String)]) -> Result<Self, &'a str> {
        let mut fields = Self::default();
        for (name, value) in pairs {
            let value = serde_json::from_str(value).map_err(|_| name.as_str())?;
            fields.push(name, value);
        }
        Ok(fields)
    }

    pub(crate) fn push(&mut self, name: &'a str, value: &'a RawValue) {
        self.0.push((Cow::Borrowed(name), value));
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Removes the field, however often it stands there, and reads the first as `T`:
    /// none if it is absent, null or not a `T`.
    pub(crate) fn take<T: Deserialize<'a>>(&mut self, name: &str) -> Option<T> {
        serde_json::from_str(self.take_raw(name)?.get()).ok()
    }

    /// The same, left as text.
    pub(crate) fn take_raw(&mut self, name: &str) -> Option<&'a RawValue> {
        let mut first = None;
        self.0.retain(|(known, value)| {
            let is_named = known == name;
            if is_named && first.is_none() {
                first = Some(*value);
            }
            !is_named
        });
        first.filter(|value: &&RawValue| value.get() != "null")
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// What is left, but nulls, which say nothing.
    pub(crate) fn filled(self) -> impl Iterator<Item = (Cow<'a, str>, &'a RawValue)> {
        self.0.into_iter().filter(|(_, value)| value.get() != "null")
    }

    /// The same, as the contract carries it.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.filled().map(|(name, value)| (name.into_owned(), value.get().to_owned())).collect()
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A field's name, borrowed unless it holds an escape.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn a_taken_field_is_typed_and_gone() {
        let mut fields: Fields = serde_json::from_str(r#"{"a":1,"b":{"c":[2]},"d":null,"a":2}"#).unwrap();
        assert_eq!(fields.take::<u32>("a"), Some(1));
        assert!(!fields.contains("a"));
        assert_eq!(fields.into_pairs(), [("b".into(), r#"{"c":[2]}"#.into())]);
    }

    #[test]
    fn a_pair_that_is_not_json_names_itself() {
        let pairs = vec![("good".to_owned(), "1".to_owned()), ("bad".to_owned(), "{".to_owned())];
        assert_eq!(Fields::of_pairs(&pairs).unwrap_err(), "bad");
    }
}
