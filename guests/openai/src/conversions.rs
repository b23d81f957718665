//! What this adapter reads and changes in JSON, without any I/O: the client's body on its way up,
//! and of the provider's answers as much as it takes to tell success from failure.

pub(crate) mod body;
pub(crate) mod embeddings;
pub(crate) mod errors;
mod fields;
pub(crate) mod progress;

use caisson_sdk::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A `chat.completion` as the provider sent it, once it is seen to be one.
///
/// Some servers answer 200 with an error inside.
pub(crate) fn checked_completion(answer: String) -> Result<String> {
    #[derive(Deserialize)]
    struct Completion<'a> {
        #[serde(borrow)]
        choices: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
        #[serde(borrow)]
        object: Option<&'a RawValue>,
    }

    match serde_json::from_str(&answer) {
        Ok(Completion { error, object, .. }) if errors::tells_of_one(error, object) => Err(errors::in_stream(&answer)),
        Ok(Completion { choices: Some(choices), .. }) if choices.get().starts_with('[') && is_object(&answer) => {
            Ok(answer)
        }
        _ => Err(not_the_api("a chat completion", &answer)),
    }
}

/// Whether JSON text can only be an object: serde reads a struct from an array too.
pub(crate) fn is_object(json: &str) -> bool {
    json.trim_start().starts_with('{')
}

/// The error for an answer with a good status that is not what the API promises.
pub(crate) fn not_the_api(expected: &str, answer: &str) -> Error {
    Error { body: Some(errors::excerpt(answer)), ..Error::upstream(format!("the provider's answer is not {expected}")) }
}
