//! Embeddings: texts to `batchEmbedContents` and vectors back. Gemini takes at most a hundred
//! texts a call, OpenAI many more, so one request may be several batches.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{EmbedInput, EmbedRequest, EmbedResponse, Error, Usage};

use super::native::{camel_case, parse};
use super::pieces::{unreadable, usage};
use crate::client::wire::{BatchEmbedRequest, BatchEmbedResponse, Content, EmbedContentRequest, Fields, Part};

/// Texts that Gemini takes in one call.
const BATCH: usize = 100;

/// Fields of Gemini's that a client may add.
const NATIVE: &[&str] = &["taskType", "title"];

/// The calls to make, in order. `model` is the model's path, as in `models/gemini-embedding-2`.
pub(crate) fn batches<'a>(request: &'a EmbedRequest, model: &'a str) -> Result<Vec<BatchEmbedRequest<'a>>> {
    let texts = match &request.input {
        EmbedInput::Texts(texts) if texts.is_empty() => {
            return Err(Error::invalid_request("nothing to embed").param("input"));
        }
        EmbedInput::Texts(texts) => texts,
        EmbedInput::Tokens(_) => {
            return Err(Error::unsupported("tokens as input: Gemini embeds text").param("input"));
        }
    };
    let mut native = Fields::default();
    for (name, json) in &request.extra {
        let camel = camel_case(name);
        if NATIVE.contains(&&*camel) {
            native.set(camel, Cow::Borrowed(parse(json, name)?));
        }
    }
    let single = |text: &'a String| EmbedContentRequest {
        model,
        content: Content { role: None, parts: vec![Part::text(text)] },
        output_dimensionality: request.dimensions,
        native: native.clone(),
    };
    let batch = |texts: &'a [String]| BatchEmbedRequest { requests: texts.iter().map(single).collect() };
    Ok(texts.chunks(BATCH).map(batch).collect())
}

/// Adds one batch's answer, for `expected` texts, to the whole.
pub(crate) fn add(whole: &mut EmbedResponse, json: &str, expected: usize) -> Result<()> {
    let batch: BatchEmbedResponse = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
    if batch.embeddings.len() != expected {
        return Err(Error::upstream(format!("Gemini gave {} vectors for {expected} texts", batch.embeddings.len())));
    }
    let vectors = batch.embeddings.into_iter();
    whole.vectors.extend(vectors.map(|embedding| embedding.values));
    if let Some(metadata) = batch.usage_metadata {
        let more = usage(&metadata);
        let so_far = whole.usage.take().unwrap_or_default();
        let input = so_far.input.saturating_add(more.input);
        whole.usage = Some(Usage::new(input, 0));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn request(texts: usize) -> EmbedRequest {
        EmbedRequest {
            model: "gemini-embedding-2".into(),
            input: EmbedInput::Texts((0..texts).map(|n| format!("text {n}")).collect()),
            ..EmbedRequest::default()
        }
    }

    #[test]
    fn more_than_a_hundred_texts_become_several_calls() {
        let request = request(201);
        let batches = batches(&request, "models/gemini-embedding-2").unwrap();
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.requests.len()).collect();
        assert_eq!(sizes, [100, 100, 1]);
        assert_eq!(batches[2].requests[0].content.parts.len(), 1, "the last text stands in the last call");
    }

    #[test]
    fn dimensions_and_task_are_said_for_every_text() {
        let request = EmbedRequest {
            dimensions: Some(768),
            extra: vec![
                ("task_type".into(), r#""RETRIEVAL_QUERY""#.into()),
                ("encoding_format".into(), r#""float""#.into()),
            ],
            ..request(2)
        };
        let batches = batches(&request, "models/m").unwrap();
        let sent = serde_json::to_value(&batches[0]).unwrap();
        assert_eq!(
            sent["requests"][1],
            serde_json::json!({
                "model": "models/m",
                "content": {"parts": [{"text": "text 1"}]},
                "outputDimensionality": 768,
                "taskType": "RETRIEVAL_QUERY",
            })
        );
    }

    #[test]
    fn tokens_and_no_input_are_refused_by_name() {
        for input in [EmbedInput::Tokens(vec![vec![1, 2]]), EmbedInput::Texts(Vec::new())] {
            let request = EmbedRequest { input, ..EmbedRequest::default() };
            let error = batches(&request, "models/m").unwrap_err();
            assert_eq!(error.param.as_deref(), Some("input"));
        }
    }

    #[test]
    fn a_vector_missing_is_an_error_and_not_a_shift() {
        let mut whole = EmbedResponse::default();
        let json = r#"{"embeddings":[{"values":[1.0]}]}"#;
        assert!(add(&mut whole, json, 2).is_err());
        add(&mut whole, json, 1).unwrap();
        add(&mut whole, r#"{"embeddings":[{"values":[2.0]}]}"#, 1).unwrap();
        assert_eq!(whole.vectors, [[1.0], [2.0]]);
        assert!(whole.usage.is_none(), "the host estimates what Gemini does not say");
    }

    #[test]
    fn usage_of_several_batches_is_summed() {
        let mut whole = EmbedResponse::default();
        let json = r#"{"embeddings":[{"values":[1.0]}],"usageMetadata":{"promptTokenCount":3}}"#;
        add(&mut whole, json, 1).unwrap();
        add(&mut whole, json, 1).unwrap();
        assert_eq!(whole.usage.map(|usage| usage.input), Some(6));
    }
}
