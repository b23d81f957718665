//! Messages to `contents` and `systemInstruction`: roles, calls and their results, and the thought
//! signatures that clients bring back. Reasoning text is not sent back: Gemini's thoughts are
//! summaries, what it wants again is in the signatures.

use std::borrow::Cow;
use std::collections::BTreeMap;

use caisson_sdk::Result;
use caisson_sdk::api::{self, ChatRequest, Error, Message, Role, ToolCall};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{GEMINI_PARTS, find, media, provider_id, signature_in, split_id};
use crate::client::wire::{Content, FunctionCall, FunctionResponse, Part, Raw};

/// What Google documents to put in place of a signature for calls that its model did not make, or
/// whose signature a client lost: Gemini 3 and later refuse a call without any.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// Everything the messages become.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Option<Content<'a>>,
    pub(super) contents: Vec<Content<'a>>,
    /// The function each call id stands for: a result names only the id, Gemini wants the name.
    functions: BTreeMap<&'a str, &'a str>,
}

/// `signed` says that the model wants a signature on calls.
pub(super) fn conversation(request: &ChatRequest, signed: bool) -> Result<Conversation<'_>> {
    let mut conversation = Conversation::default();
    for (index, message) in request.messages.iter().enumerate() {
        let path = format!("messages[{index}]");
        match message.role {
            Role::System | Role::Developer => conversation.system(message, &path)?,
            Role::User => {
                let parts = content_parts(message, &path)?;
                conversation.push("user", parts);
            }
            Role::Assistant => conversation.assistant(message, &path, signed)?,
            Role::Tool => conversation.tool(message, &path)?,
        }
    }
    if conversation.contents.is_empty() {
        // OpenAI answers to a system message alone, Gemini does not.
        let system = conversation
            .system
            .take()
            .ok_or_else(|| Error::invalid_request("Gemini needs a message with content").param("messages"))?;
        conversation.push("user", system.parts);
    }
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    /// Gemini wants turns to alternate, so what has the same role is one turn.
    fn push(&mut self, role: &'static str, parts: Vec<Part<'a>>) {
        if parts.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some(last) if last.role == Some(role) => last.parts.extend(parts),
            _ => self.contents.push(Content { role: Some(role), parts }),
        }
    }

    fn system(&mut self, message: &'a Message, path: &str) -> Result<()> {
        if let api::Content::Parts(parts) = &message.content
            && let Some(index) = parts.iter().position(is_media)
        {
            return Err(Error::invalid_request("Gemini takes only text in its system instruction")
                .param(format!("{path}.content[{index}]")));
        }
        let parts = content_parts(message, path)?;
        if !parts.is_empty() {
            let system = self.system.get_or_insert_default();
            system.parts.extend(parts);
        }
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message, path: &str, signed: bool) -> Result<()> {
        let mut parts = content_parts(message, path)?;
        parts.extend(message.refusal.as_deref().and_then(text_part));
        if let Some(signature) = signature_in(&message.extra) {
            sign_text(&mut parts, signature);
        }
        parts.extend(images(message, path)?);
        parts.extend(gemini_parts(message, path)?);
        for (index, call) in message.tool_calls.iter().enumerate() {
            let path = format!("{path}.tool_calls[{index}]");
            parts.push(self.call(call, &path, signed && index == 0)?);
        }
        self.push("model", parts);
        Ok(())
    }

    /// `must_sign`: Gemini signs the first of the calls it makes at once, and checks that one.
    fn call(&mut self, call: &'a ToolCall, path: &str, must_sign: bool) -> Result<Part<'a>> {
        if call.kind != "function" {
            return Err(
                Error::unsupported(format!("a tool call of type `{}`", call.kind)).param(format!("{path}.type"))
            );
        }
        let (id, in_id) = split_id(&call.id);
        self.functions.insert(id, &call.name);
        let signature = signature_in(&call.extra)
            .map(Cow::Owned)
            .or(in_id.map(Cow::Borrowed))
            .or(must_sign.then_some(Cow::Borrowed(NO_SIGNATURE)));
        let function_call =
            FunctionCall { id: provider_id(id), name: &call.name, args: arguments(&call.arguments, path)? };
        Ok(Part::Call { function_call, thought_signature: signature })
    }

    fn tool(&mut self, message: &'a Message, path: &str) -> Result<()> {
        let (id, _) = split_id(message.tool_call_id.as_deref().unwrap_or_default());
        let name = self.functions.get(id).copied().or(message.name.as_deref()).ok_or_else(|| {
            Error::invalid_request("no earlier assistant message made the call with this id")
                .param(format!("{path}.tool_call_id"))
        })?;
        let (text, parts) = result_of(message, path)?;
        let function_response = FunctionResponse { id: provider_id(id), name, response: object(text)?, parts };
        self.push("user", vec![Part::Response { function_response }]);
        Ok(())
    }
}

fn is_media(part: &api::Part) -> bool {
    matches!(part, api::Part::Image(_) | api::Part::Audio(_) | api::Part::File(_))
}

/// The parts of a message's content. Empty text is left out, since Gemini refuses it.
fn content_parts<'a>(message: &'a Message, path: &str) -> Result<Vec<Part<'a>>> {
    let parts = match &message.content {
        api::Content::Empty => return Ok(Vec::new()),
        api::Content::Text(text) => return Ok(text_part(text).into_iter().collect()),
        api::Content::Parts(parts) => parts,
    };
    let mut converted = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let param = || format!("{path}.content[{index}]");
        match part {
            api::Part::Text(text) | api::Part::Refusal(text) => {
                converted.extend(text_part(&text.text));
            }
            api::Part::Image(media) | api::Part::Audio(media) | api::Part::File(media) => {
                converted.push(media::part(media, &param())?);
            }
            api::Part::Reasoning(_) => {}
            api::Part::Other(_) => {
                return Err(Error::unsupported("a content part of this type").param(param()));
            }
        }
    }
    Ok(converted)
}

fn text_part(text: &str) -> Option<Part<'_>> {
    (!text.is_empty()).then(|| Part::text(text))
}

/// Puts a signature on the last text, where Gemini had it; one that came with no text goes back
/// on an empty one, as Gemini streams it.
fn sign_text(parts: &mut Vec<Part<'_>>, signature: String) {
    let signature = Some(Cow::Owned(signature));
    let last_text = parts.iter_mut().rev().find_map(|part| match part {
        Part::Text { thought_signature, .. } => Some(thought_signature),
        _ => None,
    });
    match last_text {
        Some(place) => *place = signature,
        None => parts.push(Part::Text { text: "", thought_signature: signature }),
    }
}

/// An image that `answer` put into `images`, as the client brings it back.
#[derive(Deserialize)]
struct SentImage<'a> {
    #[serde(borrow)]
    image_url: SentUrl<'a>,
    #[serde(default)]
    extra_content: super::ExtraContent,
}

#[derive(Deserialize)]
struct SentUrl<'a> {
    /// Borrowed, since a data URL has nothing to escape and may be megabytes long.
    #[serde(borrow)]
    url: Cow<'a, str>,
}

fn images<'a>(message: &'a Message, path: &str) -> Result<Vec<Part<'a>>> {
    let Some(json) = find(&message.extra, "images") else {
        return Ok(Vec::new());
    };
    let path = format!("{path}.images");
    let images: Vec<SentImage<'a>> =
        serde_json::from_str(json).map_err(|error| Error::invalid_request(error.to_string()).param(&*path))?;
    let mut parts = Vec::with_capacity(images.len());
    for image in images {
        let mut part = media::data_url(image.image_url.url, &path)?;
        if let Part::Inline { thought_signature, .. } = &mut part {
            *thought_signature = image.extra_content.google.thought_signature.map(Cow::Owned);
        }
        parts.push(part);
    }
    Ok(parts)
}

/// Parts that `answer` kept whole, such as executed code.
fn gemini_parts<'a>(message: &'a Message, path: &str) -> Result<Vec<Part<'a>>> {
    let Some(json) = find(&message.extra, GEMINI_PARTS) else {
        return Ok(Vec::new());
    };
    let parts: Vec<&'a RawValue> = serde_json::from_str(json)
        .map_err(|error| Error::invalid_request(error.to_string()).param(format!("{path}.{GEMINI_PARTS}")))?;
    Ok(parts.into_iter().map(|part| Part::Raw(Cow::Borrowed(part))).collect())
}

/// A call's arguments, which Gemini wants as an object.
fn arguments<'a>(arguments: &'a str, path: &str) -> Result<Raw<'a>> {
    if arguments.trim().is_empty() {
        return raw(&serde_json::Map::new());
    }
    let refuse = |why: String| Error::invalid_request(why).param(format!("{path}.function.arguments"));
    let value: &RawValue =
        serde_json::from_str(arguments).map_err(|error| refuse(format!("arguments that are not JSON: {error}")))?;
    if !value.get().starts_with('{') {
        return Err(refuse("arguments that are not a JSON object".to_owned()));
    }
    Ok(Cow::Borrowed(value))
}

/// A tool's result: its text, and what else belongs to it.
fn result_of<'a>(message: &'a Message, path: &str) -> Result<(Cow<'a, str>, Vec<Part<'a>>)> {
    match &message.content {
        api::Content::Empty => Ok((Cow::Borrowed(""), Vec::new())),
        api::Content::Text(text) => Ok((Cow::Borrowed(text), Vec::new())),
        api::Content::Parts(_) => {
            let mut parts = content_parts(message, path)?;
            parts.retain(|part| !matches!(part, Part::Text { .. }));
            Ok((Cow::Owned(message.text()), parts))
        }
    }
}

/// A result that is a JSON object as it is, any other inside one.
fn object(text: Cow<'_, str>) -> Result<Raw<'_>> {
    let value: Option<Raw<'_>> = match &text {
        Cow::Borrowed(text) => serde_json::from_str(text).ok().map(Cow::Borrowed),
        Cow::Owned(text) => serde_json::from_str(text).ok().map(Cow::Owned),
    };
    match value {
        Some(value) if value.get().starts_with('{') => Ok(value),
        _ => wrapped(&text),
    }
}

fn wrapped(text: &str) -> Result<Raw<'static>> {
    raw(&serde_json::json!({ "result": text }))
}

fn raw(value: &impl serde::Serialize) -> Result<Raw<'static>> {
    to_raw_value(value).map(Cow::Owned).map_err(|error| Error::internal(error.to_string()))
}
