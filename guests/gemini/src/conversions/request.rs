//! A chat request as `generateContent` takes it; a stream takes the same body.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{ChatRequest, Error};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::{contents, generation, native, tools};
use crate::client::wire::{GenerateRequest, Raw};

/// `include_thoughts` is the deployment's setting: whether to ask for the model's thoughts where
/// the client says nothing of reasoning, or not to ask even where it does.
pub(crate) fn request(request: &ChatRequest, include_thoughts: Option<bool>) -> Result<GenerateRequest<'_>> {
    let signed = generation::wants_signatures(&request.model);
    let conversation = contents::conversation(request, signed)?;
    let mut converted = GenerateRequest {
        contents: conversation.contents,
        system_instruction: conversation.system,
        tools: tools::tools(request)?,
        generation_config: generation::config(request, include_thoughts)?,
        ..GenerateRequest::default()
    };
    if let Some(choice) = &request.tool_choice {
        let config = tools::calling_config(choice)?;
        converted.tool_config.set("functionCallingConfig", config);
    }
    native::apply(&request.extra, &mut converted)?;
    Ok(converted)
}

/// A value as JSON text, to stand among what the client wrote itself.
pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Result<Raw<'static>> {
    to_raw_value(value).map(Cow::Owned).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests;
