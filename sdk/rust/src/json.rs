//! The contract's `extra` fields as JSON and back, and what serde_json does too slowly for a sandbox: long texts, and those of a stream.

use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::Result;
use crate::api::Error;

/// Fields as `pairs`: each value becomes JSON text, in the map's order.
#[must_use]
pub fn extra_fields(fields: &Map<String, Value>) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// Puts `extra` into an object. A field that is there already stays: what the adapter set, a client can't
/// change by naming it.
///
/// # Errors
/// Where a value is not JSON.
pub fn insert_extras(object: &mut Map<String, Value>, extras: &[(String, String)]) -> Result<()> {
    for (name, text) in extras {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Error::invalid_request(format!("field {name} is not JSON: {error}")).param(name))?;
        object.entry(name).or_insert(value);
    }
    Ok(())
}

/// JSON text that has to be an object.
///
/// # Errors
/// Where it is not. Whose fault that is only the caller knows; this says the provider's.
pub fn object(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| Error::upstream(format!("not a JSON object: {error}")))
}

/// What is shorter goes the usual way.
const LONG: usize = 32;

/// Serializes a text that may be long, such as a prompt or an image in base64: what is written is the same, with a fraction of the
/// instructions. For fields: `#[serde(serialize_with = "caisson_sdk::json::long_text")]`.
///
/// # Errors
/// As the serializer's own.
pub fn long_text<S: Serializer>(text: &(impl AsRef<str> + ?Sized), serializer: S) -> Result<S::Ok, S::Error> {
    let text = text.as_ref();
    if text.len() < LONG || has_rare_controls(text) {
        return serializer.serialize_str(text);
    }
    #[expect(unsafe_code, reason = "to read again what was written just now takes longer than to write it")]
    // SAFETY: what stands between quotes is JSON where its own quotes, backslashes and control characters are escaped. Line feeds are
    // the only control characters here.
    let raw = unsafe { RawValue::from_string_unchecked(quoted(text)) };
    raw.serialize(serializer)
}

/// Whether there are control characters but line feeds.
fn has_rare_controls(text: &str) -> bool {
    // No early end: so SIMD instructions look at all of it.
    let others = text.bytes().map(|byte| if byte == b'\n' { u8::MAX } else { byte });
    others.fold(u8::MAX, u8::min) < b' '
}

/// As a string in JSON, for texts whose only control characters are line feeds.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + text.len() / 16 + 2);
    quoted.push('"');
    let mut written = 0;
    for at in memchr::memchr3_iter(b'"', b'\\', b'\n', text.as_bytes()) {
        quoted.push_str(text.get(written..at).unwrap_or_default());
        quoted.push_str(match text.as_bytes().get(at) {
            Some(b'"') => "\\\"",
            Some(b'\\') => "\\\\",
            _ => "\\n",
        });
        written = at + 1;
    }
    quoted.push_str(text.get(written..).unwrap_or_default());
    quoted.push('"');
    quoted
}

/// The text of a string in JSON. For pieces of a stream that are found by what stands around them: a text without escapes is taken as it
/// stands, without the rest of a parser.
///
/// # Errors
/// Where it is no string, or not alone.
pub fn text(json: &str) -> serde_json::Result<String> {
    let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_plain = |text: &&str| {
        memchr::memchr2(b'"', b'\\', text.as_bytes()).is_none() && text.bytes().fold(u8::MAX, u8::min) >= b' '
    };
    match inner.filter(is_plain) {
        Some(plain) => Ok(plain.to_owned()),
        None => serde_json::from_str(json),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn extras_go_round_in_order() {
        let text = r#"{"b":{"x":[1,2.50,null]},"a":"é","c":12345678901234567890}"#;
        let pairs = extra_fields(&object(text).unwrap());
        assert_eq!(pairs[1], ("a".to_owned(), r#""é""#.to_owned()));
        let mut back = Map::new();
        insert_extras(&mut back, &pairs).unwrap();
        assert_eq!(Value::Object(back), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn extras_replace_nothing() {
        let mut object = object(r#"{"stream":true}"#).unwrap();
        insert_extras(&mut object, &[("stream".to_owned(), "false".to_owned())]).unwrap();
        assert_eq!(object["stream"], true);
    }

    #[test]
    fn an_extra_that_is_no_json_names_itself() {
        let error = insert_extras(&mut Map::new(), &[("x".to_owned(), "{".to_owned())]).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("x"));
    }

    #[test]
    fn a_long_text_is_written_as_any_text_is() {
        let written = |text: &str| {
            let mut written = Vec::new();
            long_text(text, &mut serde_json::Serializer::new(&mut written)).unwrap();
            String::from_utf8(written).unwrap()
        };
        let common = r#"Ümläuts, "quotes", \ and{lines}."#.replace("{lines}", "\n\n \u{7F}\u{2028}").repeat(3);
        assert!(common.len() > LONG && !has_rare_controls(&common));
        for length in (0..=common.len()).filter(|&length| common.is_char_boundary(length)) {
            let (start, end) = common.split_at(length);
            for text in [start, end, &format!("{end}{common}{start}")] {
                assert_eq!(written(text), serde_json::to_string(text).unwrap());
            }
        }
        for byte in 0..=b' ' {
            let text = format!("{common}{}{common}", char::from(byte));
            assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn a_text_is_read_as_serde_json_reads_it() {
        for json in [
            r#""""#,
            r#""a""#,
            r#""é ü\u{7F}""#,
            r#""a\nb""#,
            r#""\u00e9""#,
            r#""\\""#,
            r#" "a" "#,
            r#"""#,
            "",
            "\"",
            "\"a",
            "a\"",
            "\"a\nb\"",
            "\"a\tb\"",
            "\"a\"b\"",
            "\"a\",\"b\"",
            "\"\\\"",
            "\"\\ud800\"",
            "1",
            "null",
            "[\"a\"]",
        ] {
            let (ours, theirs) = (text(json), serde_json::from_str::<String>(json));
            assert_eq!(ours.map_err(|error| error.to_string()), theirs.map_err(|error| error.to_string()), "{json}");
        }
    }

    #[test]
    fn an_object_is_an_object() {
        assert!(object("[]").is_err());
        assert!(object(&"[".repeat(100_000)).is_err());
    }
}
