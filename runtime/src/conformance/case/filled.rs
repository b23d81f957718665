//! The JSON that a case's file holds as text, with the one word in it that is filled in as it is read: `{"<repeat>": ["text", 1000]}` is
//! that text so often, so that a megabyte needs no file of a megabyte. Knows nothing of what the JSON is for.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

const REPEAT: &str = "<repeat>";
/// What all repeated texts of one case may take.
const MAX_REPEATED: usize = 32 << 20;

/// What the repeated texts of a case may still take.
pub(super) struct Room(Cell<usize>);

/// Why there is no JSON.
pub(super) struct Unread {
    /// From 1.
    pub(super) line: usize,
    pub(super) problem: String,
}

impl Room {
    /// As much as one case has.
    pub(super) fn of_a_case() -> Self {
        Self(Cell::new(MAX_REPEATED))
    }

    /// A text so often, while there is room.
    pub(super) fn repeated(&self, text: &str, times: u64) -> Result<String, String> {
        let length = usize::try_from(times).ok().and_then(|times| times.checked_mul(text.len()));
        let left = length.and_then(|length| self.0.get().checked_sub(length));
        let (Some(left), Ok(times)) = (left, usize::try_from(times)) else {
            return Err(format!("at most {MAX_REPEATED} bytes of repeated text were expected in a case"));
        };
        self.0.set(left);
        Ok(text.repeat(times))
    }

    /// The value that the text of some JSON stands for.
    pub(super) fn json(&self, text: &str) -> Result<Value, Unread> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Filled(self).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
        read.map_err(|error| {
            let problem = match error.classify() {
                // What is wrong is the word, and its line in the JSON is not its line in the file.
                Category::Data => {
                    let said = error.to_string();
                    said.rsplit_once(" at line ").map_or(said.clone(), |(problem, _)| problem.to_owned())
                }
                _ => format!("JSON was expected here: {error}"),
            };
            Unread { line: error.line(), problem }
        })
    }
}

/// A value, filled in.
struct Filled<'r>(&'r Room);

impl<'de> DeserializeSeed<'de> for Filled<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Filled<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Filled(self.0))? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if name != REPEAT {
                members.insert(name, map.next_value_seed(Filled(self.0))?);
                continue;
            }
            let value: Value = map.next_value()?;
            let written = value.as_array().and_then(|pair| match pair.as_slice() {
                [Value::String(text), times] => Some((text, times.as_u64()?)),
                _ => None,
            });
            let Some((text, times)) = written else {
                return Err(de::Error::custom(format_args!(
                    "`{REPEAT}` has a text and how often: {{\"{REPEAT}\": [\"text\", 1000]}}"
                )));
            };
            if !members.is_empty() || map.next_key::<IgnoredAny>()?.is_some() {
                return Err(de::Error::custom(format_args!("`{REPEAT}` stands in its object alone")));
            }
            return self.0.repeated(text, times).map(Value::String).map_err(de::Error::custom);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, (usize, String)> {
        Room::of_a_case().json(text).map_err(|Unread { line, problem }| (line, problem))
    }

    #[test]
    fn json_is_what_it_is_and_a_repeated_text_is_filled_in_wherever_it_stands() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 0.1, 1e400, "x", {}], "b": {"c": []}}"#
            .replace("1e400", "1e40");
        assert_eq!(read(&text), Ok(serde_json::from_str(&text).unwrap_or_default()));
        let filled = read(r#"[{"<repeat>": ["ab€", 2]}, {"deep": {"<repeat>": ["x", 0]}}]"#);
        assert_eq!(filled, Ok(json!(["ab€ab€", {"deep": ""}])));
    }

    #[test]
    fn a_mistaken_word_is_told_with_its_line() {
        for (text, line, said) in [
            ("[\n{\"<repeat>\": \"a\"}]", 2, "a text and how often"),
            ("[\n\n{\"<repeat>\": [1, 2]}]", 3, "a text and how often"),
            ("[{\"<repeat>\": [\"a\", -1]}]", 1, "a text and how often"),
            ("[{\"<repeat>\": [\"a\", 1, 2]}]", 1, "a text and how often"),
            ("[\n{\"<repeat>\": [\"a\", 1], \"b\": 2}]", 2, "alone"),
            ("[\n{\"b\": 2, \"<repeat>\": [\"a\", 1]}]", 2, "alone"),
            ("[\n{\"<repeat>\": [\"ab\", 99999999]}]", 2, "at most 33554432 bytes"),
            ("[\n{\"<repeat>\": [\"ab\", 18446744073709551615]}]", 2, "at most 33554432 bytes"),
            ("[\noops]", 2, "JSON was expected here"),
            ("[] []", 1, "JSON was expected here"),
        ] {
            let (at, problem) = read(text).err().unwrap_or_default();
            assert!(
                at == line && problem.contains(said) && !problem.contains("at line 0"),
                "{at}: {problem}, for {text}"
            );
        }
    }

    #[test]
    fn the_bound_is_for_all_repeated_texts_of_a_case_together() {
        let room = Room::of_a_case();
        assert!(room.repeated("a", 20 << 20).is_ok());
        assert!(room.json(r#"{"<repeat>": ["a", 20000000]}"#).is_err());
        assert!(room.repeated("a", 12 << 20).is_ok());
        assert!(room.repeated("a", 1).is_err() && room.repeated("", u64::MAX).is_ok());
    }
}
