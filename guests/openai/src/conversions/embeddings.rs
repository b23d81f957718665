//! The answer of `/embeddings`, read in either form whatever was asked for: base64 text or an
//! array of numbers. It trusts neither the count nor the order of what comes.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use caisson_sdk::prelude::*;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::conversions::fields::Fields;
use crate::conversions::{errors, not_the_api};

/// The vectors in the order of the inputs, and all else that the answer holds at its top.
///
/// # Errors
/// The provider's error if the answer carries one; `upstream` if it isn't an embeddings answer or
/// doesn't hold exactly one vector for each of the `inputs`.
pub(crate) fn response(answer: &str, inputs: usize) -> Result<EmbedResponse> {
    let not_this = |reason: String| {
        let error = not_the_api("an embeddings answer", answer);
        Error { message: format!("{}: {reason}", error.message), ..error }
    };
    let fields: Fields = serde_json::from_str(answer).map_err(|error| not_this(reason(error)))?;
    let told = |wanted: &str| {
        let mut filled = fields.0.iter().filter(|(_, value)| value.get() != "null");
        filled.find(|(name, _)| name == wanted).map(|(_, value)| *value)
    };
    if errors::tells_of_one(told("error"), told("object")) {
        return Err(errors::in_stream(answer));
    }
    read(fields, inputs).map_err(not_this)
}

fn read(Fields(fields): Fields, inputs: usize) -> Result<EmbedResponse, String> {
    let mut response = EmbedResponse::default();
    let mut data = None;
    for (name, value) in fields {
        match name.as_str() {
            // The host writes it.
            "object" => {}
            "data" => data = Some(value),
            "model" => response.model = serde_json::from_str(value.get()).map_err(reason)?,
            "usage" => response.usage = usage(value)?,
            _ => response.extra.push((name, value.get().into())),
        }
    }
    let items = serde_json::from_str(data.ok_or("no data")?.get()).map_err(reason)?;
    response.vectors = in_order(items, inputs)?;
    Ok(response)
}

fn in_order(items: Vec<Item>, inputs: usize) -> Result<Vec<Vec<f32>>, String> {
    if items.len() != inputs {
        return Err(format!("{} vectors for {inputs} inputs", items.len()));
    }
    let mut vectors: Vec<Option<Vec<f32>>> = Vec::new();
    vectors.resize_with(inputs, || None);
    for (position, item) in items.into_iter().enumerate() {
        let index = item.index.unwrap_or(position);
        match vectors.get_mut(index) {
            Some(place @ None) => *place = Some(item.embedding.0),
            Some(Some(_)) => return Err(format!("two vectors of index {index}")),
            None => return Err(format!("a vector of index {index} for {inputs} inputs")),
        }
    }
    // As many vectors as places, and no place taken twice: every place is taken.
    Ok(vectors.into_iter().flatten().collect())
}

fn usage(value: &RawValue) -> Result<Option<Usage>, String> {
    let Some(Fields(fields)) = serde_json::from_str(value.get()).map_err(reason)? else {
        return Ok(None);
    };
    let mut usage = Usage::default();
    for (name, value) in fields {
        match name.as_str() {
            "prompt_tokens" => usage.input = tokens(value)?,
            "completion_tokens" => usage.output = tokens(value)?,
            "total_tokens" => usage.total = tokens(value)?,
            _ => usage.extra.push((name, value.get().into())),
        }
    }
    Ok(Some(usage))
}

/// A count of tokens; nothing stands for 0.
fn tokens(value: &RawValue) -> Result<u32, String> {
    let count: Option<u64> = serde_json::from_str(value.get()).map_err(reason)?;
    Ok(u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX))
}

fn reason(error: serde_json::Error) -> String {
    error.to_string()
}

#[derive(serde::Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Vector,
}

struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VectorVisitor)
    }
}

struct VectorVisitor;

impl<'de> Visitor<'de> for VectorVisitor {
    type Value = Vector;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of numbers or base64 text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vector, E> {
        /// Some servers leave the padding out.
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );

        let bytes = BASE64.decode(text).map_err(E::custom)?;
        let (floats, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("base64 of a length that is no multiple of four bytes"));
        }
        Ok(Vector(floats.iter().copied().map(f32::from_le_bytes).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vector, A::Error> {
        let mut floats = Vec::new();
        while let Some(float) = sequence.next_element()? {
            floats.push(float);
        }
        Ok(Vector(floats))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn base64_and_numbers_give_the_same_vector() {
        let base64: Vector = serde_json::from_str(r#""AACAPwAAAMAAAAA+""#).unwrap();
        let floats: Vector = serde_json::from_str("[1, -2.0, 1.25e-1]").unwrap();
        assert_eq!(base64.0, [1.0, -2.0, 0.125]);
        assert_eq!(floats.0, base64.0);
    }

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for text in [r#""AACAPw==""#, r#""AACAPw""#] {
            assert_eq!(serde_json::from_str::<Vector>(text).unwrap().0, [1.0], "{text}");
        }
    }

    #[test]
    fn vectors_come_in_the_order_of_their_index() {
        let answer =
            r#"{"data":[{"index":2,"embedding":[3]},{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}]}"#;
        assert_eq!(response(answer, 3).unwrap().vectors, [[1.0], [2.0], [3.0]]);
    }

    #[test]
    fn vectors_without_an_index_keep_their_order() {
        let answer = r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#;
        assert_eq!(response(answer, 2).unwrap().vectors, [[1.0], [2.0]]);
    }

    #[test]
    fn anything_but_one_vector_for_each_input_is_an_upstream_error() {
        let faulty = [
            (r#"{"data":[]}"#, "0 vectors for 2 inputs"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}"#, "two vectors of index 0"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[2]}]}"#, "index 7"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":"AAA"}]}"#, "multiple of four"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":"é"}]}"#, "Invalid symbol"),
            (r#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":null}]}"#, "an array of numbers"),
            (r#"{"object":"list"}"#, "no data"),
            ("[]", "an object"),
            ("<html>", "expected value"),
        ];
        for (answer, message) in faulty {
            let error = response(answer, 2).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Upstream, "{answer}");
            assert!(error.message.contains(message), "{answer}: {}", error.message);
        }
    }

    #[test]
    fn usage_and_fields_without_a_name_here_are_kept() {
        let answer = r#"{"object":"list","id":"e-1","data":[],"model":"m","x":{"y":[1.0]},
            "usage":{"prompt_tokens":5,"total_tokens":99999999999,"completion_tokens":null,"prompt_tokens_details":null}}"#;
        let response = response(answer, 0).unwrap();
        assert_eq!(response.model.as_deref(), Some("m"));
        let extra = [("id", "\"e-1\""), ("x", "{\"y\":[1.0]}")].map(|(name, value)| (name.into(), value.into()));
        assert_eq!(response.extra, extra);
        let usage = response.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.total), (5, 0, u32::MAX));
        assert_eq!(usage.extra, [("prompt_tokens_details".to_owned(), "null".to_owned())]);
    }
}
