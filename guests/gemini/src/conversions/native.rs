//! Gemini's own fields in an OpenAI request. A client may add them to the request itself, in
//! Gemini's spelling or in snake case, or inside `google` (also `extra_body.google`), as Google's
//! OpenAI-compatible endpoint takes them. They go before what the OpenAI fields say, being the more
//! exact. Fields of any other name are not Gemini's and are left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use caisson_sdk::Result;
use caisson_sdk::api::Error;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::request::raw;
use crate::client::wire::{Fields, GenerateRequest, Raw, Tool};

/// Fields of the request itself.
const REQUEST_FIELDS: &[&str] = &["cachedContent", "safetySettings"];

/// Fields of `generationConfig` that OpenAI has no name for, or another one.
const GENERATION_FIELDS: &[&str] = &[
    "audioTranscriptionConfig",
    "enableEnhancedCivicAnswers",
    "imageConfig",
    "mediaResolution",
    "responseJsonSchema",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "speechConfig",
    "stopSequences",
    "thinkingConfig",
    "topK",
];

/// Tools that Google runs itself.
const TOOLS: &[&str] = &[
    "codeExecution",
    "computerUse",
    "fileSearch",
    "googleMaps",
    "googleSearch",
    "googleSearchRetrieval",
    "urlContext",
];

/// Deep enough for `extra_body.google`.
const NESTING: u32 = 2;

pub(super) fn is_native_tool(name: &str) -> bool {
    TOOLS.contains(&name)
}

/// Applies the request's extra fields.
pub(super) fn apply<'a>(extra: &'a [(String, String)], request: &mut GenerateRequest<'a>) -> Result<()> {
    for (name, json) in extra {
        apply_field(name, parse(json, name)?, request, NESTING)?;
    }
    Ok(())
}

/// The JSON of an extra field, checked.
pub(super) fn parse<'a>(json: &'a str, name: &str) -> Result<&'a RawValue> {
    serde_json::from_str(json).map_err(|error| refused(name, &error))
}

/// `max_output_tokens` as `maxOutputTokens`; what has no underscore stays as it is.
pub(super) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        match character {
            '_' => upper = true,
            _ if upper => {
                camel.push(character.to_ascii_uppercase());
                upper = false;
            }
            _ => camel.push(character),
        }
    }
    camel
}

fn apply_field<'a>(name: &str, value: &'a RawValue, request: &mut GenerateRequest<'a>, nesting: u32) -> Result<()> {
    if value.get() == "null" {
        // How some clients say that a field is unset.
        return Ok(());
    }
    let camel = camel_case(name);
    match &*camel {
        "generationConfig" => {
            for (name, value) in entries(name, value)? {
                let value = Cow::Borrowed(value);
                request.generation_config.set(camel_case(&name), value);
            }
        }
        "toolConfig" => {
            for (name, value) in entries(name, value)? {
                request.tool_config.set(camel_case(&name), Cow::Borrowed(value));
            }
        }
        "serviceTier" => set_service_tier(name, value, request)?,
        "audio" => set_voice(name, value, request)?,
        "webSearchOptions" => add_tool("googleSearch", raw(&Fields::default())?, request),
        "google" | "extraBody" if nesting > 0 => {
            for (name, value) in entries(name, value)? {
                apply_field(&name, value, request, nesting - 1)?;
            }
        }
        known if REQUEST_FIELDS.contains(&known) => {
            request.native.set(camel, Cow::Borrowed(value));
        }
        known if GENERATION_FIELDS.contains(&known) => {
            request.generation_config.set(camel, Cow::Borrowed(value));
        }
        known if is_native_tool(known) => add_tool(camel, Cow::Borrowed(value), request),
        _ => {}
    }
    Ok(())
}

fn entries<'a>(name: &str, value: &'a RawValue) -> Result<BTreeMap<String, &'a RawValue>> {
    serde_json::from_str(value.get()).map_err(|error| refused(name, &error))
}

/// OpenAI's names of the tiers; `auto` is Google's own default.
fn set_service_tier<'a>(name: &str, value: &'a RawValue, request: &mut GenerateRequest<'a>) -> Result<()> {
    let tier: String = serde_json::from_str(value.get()).map_err(|error| refused(name, &error))?;
    let tier = match tier.as_str() {
        "auto" => return Ok(()),
        "default" => "standard",
        other => other,
    };
    request.native.set("serviceTier", raw(tier)?);
    Ok(())
}

/// OpenAI's `audio` with the output's voice. The format cannot be chosen: Gemini speaks PCM.
fn set_voice<'a>(name: &str, value: &'a RawValue, request: &mut GenerateRequest<'a>) -> Result<()> {
    #[derive(Deserialize)]
    struct Audio {
        voice: String,
    }
    let audio: Audio = serde_json::from_str(value.get()).map_err(|error| refused(name, &error))?;
    let speech = serde_json::json!({
        "voiceConfig": { "prebuiltVoiceConfig": { "voiceName": audio.voice } }
    });
    if !request.generation_config.contains("speechConfig") {
        request.generation_config.set("speechConfig", raw(&speech)?);
    }
    Ok(())
}

/// A tool once, however many fields ask for it.
fn add_tool<'a>(name: impl Into<Cow<'a, str>>, configuration: Raw<'a>, request: &mut GenerateRequest<'a>) {
    let name = name.into();
    if request.tools.iter().any(|tool| tool.native.contains(&name)) {
        return;
    }
    let mut tool = Tool::default();
    tool.native.set(name, configuration);
    request.tools.push(tool);
}

fn refused(name: &str, error: &serde_json::Error) -> Error {
    Error::invalid_request(error.to_string()).param(name)
}
