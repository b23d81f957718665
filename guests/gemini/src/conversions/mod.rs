//! Between the contract's types and Gemini's: pure, without HTTP. `request` and its parts go out,
//! `answer` and `stream` come back, `embed` does both. What all of them share stands here: how
//! Gemini's thought signatures and call ids travel through an OpenAI client and return.

pub(crate) mod answer;
mod contents;
pub(crate) mod embed;
mod generation;
mod media;
mod native;
mod pieces;
pub(crate) mod request;
pub(crate) mod stream;
mod tools;

use serde::{Deserialize, Serialize};

/// Parts an id that carries a signature. Not in the base64 alphabet, nor in Gemini's ids.
const SIGNATURE_MARK: &str = "__thought__";

/// Begins the ids that we make where Gemini gave none, so that we don't send them back as its own.
const MADE_ID: &str = "gcall-";

/// The name of the extra field, Google's own for its OpenAI-compatible endpoint.
const EXTRA_CONTENT: &str = "extra_content";

/// The extra field of a message for parts that OpenAI has no form for.
const GEMINI_PARTS: &str = "gemini_parts";

/// `{"google":{"thought_signature":"…"}}`.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct ExtraContent {
    google: GoogleExtra,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct GoogleExtra {
    thought_signature: Option<String>,
}

/// The value of `extra_content` that carries a signature.
fn extra_content(signature: &str) -> String {
    serde_json::json!({ "google": { "thought_signature": signature } }).to_string()
}

/// What a call has beside OpenAI's fields.
fn call_extra(signature: Option<&str>) -> Vec<(String, String)> {
    signature.map(|signature| (EXTRA_CONTENT.to_owned(), extra_content(signature))).into_iter().collect()
}

/// The signature that a client brought back in `extra_content`. What cannot be read counts as
/// absent: clients copy the field blindly, and none of them made it.
fn signature_in(extra: &[(String, String)]) -> Option<String> {
    let content: ExtraContent = serde_json::from_str(find(extra, EXTRA_CONTENT)?).ok()?;
    content.google.thought_signature
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let (_, value) = pairs.iter().find(|(known, _)| known == name)?;
    Some(value)
}

/// The id a client gets for a call. The signature rides in it too because many OpenAI clients
/// return nothing else beside name and arguments; `seed` is unique to the answer.
fn client_id(id: Option<String>, signature: Option<&str>, seed: &str, choice: u32, n: usize) -> String {
    let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("{MADE_ID}{seed}-{choice}-{n}"));
    match signature {
        Some(signature) => format!("{id}{SIGNATURE_MARK}{signature}"),
        None => id,
    }
}

/// Undoes [`client_id`]: the id without its signature, and the signature.
fn split_id(id: &str) -> (&str, Option<&str>) {
    match id.split_once(SIGNATURE_MARK) {
        Some((id, signature)) => (id, Some(signature)),
        None => (id, None),
    }
}

/// The id for Gemini: none where it gave none, lest the call look like another than it signed.
fn provider_id(id: &str) -> Option<&str> {
    (!id.is_empty() && !id.starts_with(MADE_ID)).then_some(id)
}

/// JSON text without white space between its tokens. Google's answers are indented, and a call's
/// arguments and what we keep in extras are lines of a stream later.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for character in json.chars() {
        if in_string {
            compact.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if !matches!(character, ' ' | '\t' | '\r' | '\n') {
            compact.push(character);
            in_string = character == '"';
        }
    }
    compact
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn an_id_carries_its_signature_there_and_back() {
        let id = client_id(Some("fc-1".into()), Some("Ab+/="), "seed", 0, 0);
        assert_eq!(split_id(&id), ("fc-1", Some("Ab+/=")));
        assert_eq!(provider_id("fc-1"), Some("fc-1"));
    }

    #[test]
    fn a_made_id_is_unique_and_is_not_sent_back() {
        let first = client_id(None, None, "resp", 0, 0);
        let second = client_id(Some(String::new()), None, "resp", 0, 1);
        assert_ne!(first, second);
        assert_eq!(provider_id(&first), None);
    }

    #[test]
    fn compacting_keeps_strings_as_they_are() {
        for (json, expected) in [
            ("{\n  \"a b\": [1, 2]\n}", r#"{"a b":[1,2]}"#),
            (r#" "\" x \\" "#, r#""\" x \\""#),
            (r#"{ "a\\" : " " }"#, r#"{"a\\":" "}"#),
        ] {
            assert_eq!(compact(json), expected);
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::from_str::<serde_json::Value>(&compact(json)).unwrap(), value);
        }
    }

    #[test]
    fn unreadable_extra_content_counts_as_absent() {
        for value in ["", "3", "{", r#"{"google":5}"#, r#"{"other":{}}"#] {
            let extra = [(EXTRA_CONTENT.to_owned(), value.to_owned())];
            assert_eq!(signature_in(&extra), None, "{value}");
        }
        let extra = [(EXTRA_CONTENT.to_owned(), extra_content("sig"))];
        assert_eq!(signature_in(&extra).as_deref(), Some("sig"));
    }
}
