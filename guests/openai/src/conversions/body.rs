//! The client's body with a few top-level strings put in and every other byte left alone: spacing,
//! order of fields, spelling of numbers, fields that nobody knows. Nothing is serialised anew.

use std::fmt;
use std::ops::Range;

use caisson_sdk::prelude::*;

use crate::conversions::fields::Fields;

/// Sets each named top-level field to a string, in place where the body has it, else in front.
///
/// A field that the body holds twice is set twice, so that no reader upstream can see another
/// value than the one the host routed by.
///
/// # Errors
/// `internal` if the body isn't a JSON object: the host lets no other through.
pub(crate) fn with_strings(body: &[u8], fields: &[(&str, &str)]) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(body).map_err(not_an_object)?;
    let Fields(present) = serde_json::from_str(text).map_err(not_an_object)?;

    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut absent = String::new();
    for (field, value) in fields {
        let value = json_string(value)?;
        let places = present.iter().filter(|(name, _)| name == field);
        let before = edits.len();
        edits.extend(places.map(|(_, old)| (range_in(text, old.get()), value.clone())));
        if edits.len() == before {
            let comma = if absent.is_empty() { "" } else { "," };
            absent.push_str(&format!("{comma}{}:{value}", json_string(field)?));
        }
    }
    if !absent.is_empty() {
        let opening = text.find('{').map_or(0, |brace| brace + 1);
        let comma = if present.is_empty() { "" } else { "," };
        edits.push((opening..opening, absent + comma));
    }
    edits.sort_by_key(|(range, _)| range.start);
    spliced(text, &edits)
}

fn spliced(text: &str, edits: &[(Range<usize>, String)]) -> Result<Vec<u8>> {
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut spliced = Vec::with_capacity(text.len() + added);
    let mut copied = 0;
    for (range, new) in edits {
        let kept = text.get(copied..range.start).ok_or_else(misplaced)?;
        spliced.extend_from_slice(kept.as_bytes());
        spliced.extend_from_slice(new.as_bytes());
        copied = range.end;
    }
    spliced.extend_from_slice(text.get(copied..).ok_or_else(misplaced)?.as_bytes());
    Ok(spliced)
}

/// Where `part`, a slice of `whole`, lies in it.
fn range_in(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    start..start.saturating_add(part.len())
}

fn json_string(text: &str) -> Result<String> {
    serde_json::to_string(text).map_err(|error| Error::internal(error.to_string()))
}

fn not_an_object(error: impl fmt::Display) -> Error {
    Error::internal(format!("the request body is not a JSON object: {error}"))
}

fn misplaced() -> Error {
    Error::internal("a field lies outside the request body")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn check(body: &str, fields: &[(&str, &str)], expected: &str) {
        let sent = with_strings(body.as_bytes(), fields).unwrap();
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
    }

    #[test]
    fn only_the_value_of_model_changes() {
        check(
            "{ \"temperature\" : 1.0e0,\r\n\t\"model\" :  \"up/gpt-x\" , \"é\\u00e9\": [1,2 ,3] }\n",
            &[("model", "gpt-x")],
            "{ \"temperature\" : 1.0e0,\r\n\t\"model\" :  \"gpt-x\" , \"é\\u00e9\": [1,2 ,3] }\n",
        );
    }

    #[test]
    fn a_nested_model_is_left_alone() {
        check(
            r#"{"a":{"model":"x"},"model":"x","metadata":{"model":"x"},"m":"\"model\":\"x\""}"#,
            &[("model", "y")],
            r#"{"a":{"model":"x"},"model":"y","metadata":{"model":"x"},"m":"\"model\":\"x\""}"#,
        );
    }

    #[test]
    fn a_field_in_disguise_or_given_twice_is_set_everywhere() {
        check(
            r#"{"mod\u0065l":"a","model":{"deep":["b"]},"x":1,"model":null}"#,
            &[("model", "y")],
            r#"{"mod\u0065l":"y","model":"y","x":1,"model":"y"}"#,
        );
    }

    #[test]
    fn an_absent_field_is_put_in_front() {
        check(r#"{ "x":1}"#, &[("model", "y")], r#"{"model":"y", "x":1}"#);
        check("{}", &[("model", "y")], r#"{"model":"y"}"#);
        check(
            r#" {"input":"a","model":"p/m"}"#,
            &[("model", "m"), ("encoding_format", "base64")],
            r#" {"encoding_format":"base64","input":"a","model":"m"}"#,
        );
    }

    #[test]
    fn two_absent_fields_still_make_an_object() {
        let sent = with_strings(b"{}", &[("a", "1"), ("b", "2")]).unwrap();
        let sent: serde_json::Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent, serde_json::json!({"a": "1", "b": "2"}));
    }

    #[test]
    fn a_model_name_cannot_break_out_of_its_string() {
        check(r#"{"model":"a"}"#, &[("model", "x\",\"n\":\"\u{1}")], r#"{"model":"x\",\"n\":\"\u0001"}"#);
    }

    #[test]
    fn a_body_that_is_no_object_is_an_internal_error() {
        for body in [&b""[..], b"[]", b"\"model\"", b"{\"model\":1", b"{} {}", b"{\"\xff\":1}", b"null"] {
            let error = with_strings(body, &[("model", "m")]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Internal, "{body:?}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!(r#"{{"model":"a","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        let sent = with_strings(deep.as_bytes(), &[("model", "b")]).unwrap();
        assert_eq!(sent.len(), deep.len());
    }
}
