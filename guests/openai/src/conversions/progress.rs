//! How far a streamed answer has come, read from its chunks: whether every choice is finished, and
//! whether a chunk is an error after all.

use std::collections::BTreeMap;

use caisson_sdk::prelude::*;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::conversions::{errors, is_object, not_the_api};

/// The choices seen so far, and whether each is finished.
#[derive(Default)]
pub(crate) struct Progress {
    choices: BTreeMap<u64, bool>,
}

impl Progress {
    /// Takes note of a chunk.
    ///
    /// # Errors
    /// The provider's error if the chunk carries one, `upstream` if it isn't a chunk.
    pub(crate) fn note(&mut self, chunk: &str) -> Result<()> {
        let choices = match serde_json::from_str(chunk) {
            Ok(Chunk { error, object, .. }) if errors::tells_of_one(error, object) => {
                return Err(errors::in_stream(chunk));
            }
            Ok(Chunk { choices, .. }) if is_object(chunk) => choices.unwrap_or_default(),
            // An error need not look like a chunk in anything else.
            _ => {
                let error = errors::in_answer(chunk);
                return Err(error.unwrap_or_else(|| not_the_api("a chat completion chunk", chunk)));
            }
        };
        for choice in choices {
            *self.choices.entry(choice.index).or_default() |= choice.finish_reason.is_some();
        }
        Ok(())
    }

    /// The stream has ended without `[DONE]`: many servers leave it out, so all is well if every
    /// choice had its finish reason. A connection that breaks looks the same otherwise.
    pub(crate) fn ended(&self) -> Result<()> {
        if !self.choices.is_empty() && self.choices.values().all(|finished| *finished) {
            return Ok(());
        }
        Err(Error::upstream("the provider's stream broke off before the answer was finished"))
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    choices: Option<Vec<ChunkChoice>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ChunkChoice {
    #[serde(default)]
    index: u64,
    finish_reason: Option<IgnoredAny>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn after(chunks: &[&str]) -> Progress {
        let mut progress = Progress::default();
        for chunk in chunks {
            progress.note(chunk).unwrap();
        }
        progress
    }

    const OPEN: &str = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#;
    const FINISHED: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    const OTHER_OPEN: &str = r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":1}}"#;

    #[test]
    fn an_answer_is_whole_when_every_choice_is_finished() {
        assert!(after(&[OPEN, FINISHED]).ended().is_ok());
        assert!(after(&[OPEN, FINISHED, USAGE]).ended().is_ok());
        assert!(after(&[FINISHED, OPEN]).ended().is_ok(), "a chunk after the finish opens nothing");
    }

    #[test]
    fn an_answer_is_broken_when_a_choice_is_open_or_none_came() {
        for chunks in [&[][..], &[USAGE], &[OPEN], &[OPEN, OTHER_OPEN, FINISHED]] {
            assert_eq!(after(chunks).ended().unwrap_err().kind, ErrorKind::Upstream, "{chunks:?}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_an_upstream_error() {
        for chunk in ["", "hello", "[[]]", "3", r#"{"choices":3}"#, r#"{"choices":[{"index":-1}]}"#] {
            assert_eq!(Progress::default().note(chunk).unwrap_err().kind, ErrorKind::Upstream, "{chunk:?}");
        }
    }
}
