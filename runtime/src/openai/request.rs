//! A chat completion request as OpenAI's clients send it, read into the contract's vocabulary.
//!
//! All validation of a client's body ends here: what leaves is well-typed and complete. What OpenAI's schema types is checked for its
//! type and for what it requires; a value that only some provider refuses (a temperature of 3, an unknown model) is the provider's to
//! refuse. Every field that the vocabulary has no name for goes along as `extra`, in order and as it came; what is left of a nested
//! object (`stream_options`, a tool's `function`) goes along under that object's own name.
//!
//! Not here: which adapter answers, HTTP, and embeddings.

mod messages;
mod parts;
mod tools;

use super::json::{self, BadRequest, Object, Pairs, Path, Value};
use crate::chat::{ChatRequest, ResponseFormat};

/// What OpenAI lets a client ask for at once.
const MAX_CHOICES: u32 = 128;

/// A client's chat completion request.
#[derive(Debug)]
pub(crate) struct ParsedChat {
    /// The model's name as the client wrote it, with the deployment's prefix or an alias.
    pub(crate) model: String,
    /// Whether the answer is to be a stream of events.
    pub(crate) stream: bool,
    /// Whether the stream is to end with a chunk that holds the usage.
    pub(crate) include_usage: bool,
    /// The request for the adapter; its `model` is still the client's.
    pub(crate) request: ChatRequest,
}

/// Reads the body of `POST /v1/chat/completions`.
pub(crate) fn parse_chat(body: &[u8]) -> Result<ParsedChat, BadRequest> {
    let path = Path::ROOT;
    let mut body = json::document(json::utf8(body)?, &path)?;
    let model = model(&mut body)?;
    let stream = body.boolean("stream")?.unwrap_or(false);
    let include_usage = stream_options(&mut body)?;
    let request = ChatRequest {
        model: model.clone(),
        messages: messages::messages(&mut body)?,
        tools: tools::tools(&mut body)?,
        tool_choice: body.typed("tool_choice", tools::tool_choice)?,
        parallel_tool_calls: body.boolean("parallel_tool_calls")?,
        response_format: body.typed("response_format", response_format)?,
        max_tokens: max_tokens(&mut body)?,
        temperature: body.f64("temperature")?,
        top_p: body.f64("top_p")?,
        n: choices(&mut body)?,
        stop: body.typed("stop", stop)?.unwrap_or_default(),
        seed: body.i64("seed")?,
        frequency_penalty: body.f64("frequency_penalty")?,
        presence_penalty: body.f64("presence_penalty")?,
        logit_bias: body.typed("logit_bias", logit_bias)?.unwrap_or_default(),
        logprobs: body.boolean("logprobs")?.unwrap_or(false),
        top_logprobs: body.u32("top_logprobs")?,
        reasoning_effort: body.string("reasoning_effort")?,
        modalities: body.typed("modalities", strings)?.unwrap_or_default(),
        user: body.string("user")?,
        metadata: body.typed("metadata", metadata)?.unwrap_or_default(),
        extra: body.into_extra(),
    };
    Ok(ParsedChat { model, stream, include_usage, request })
}

/// The model's name, which must be there and not empty.
pub(super) fn model(body: &mut Object<'_, '_>) -> Result<String, BadRequest> {
    let model = body.require_string("model")?;
    if model.is_empty() {
        return Err(BadRequest::at(&body.path().field("model"), "is empty"));
    }
    Ok(model)
}

fn stream_options(body: &mut Object<'_, '_>) -> Result<bool, BadRequest> {
    let Some(value) = body.take("stream_options") else {
        return Ok(false);
    };
    let path = body.path().field("stream_options");
    let mut options = value.object(&path)?;
    let include_usage = options.boolean("include_usage")?.unwrap_or(false);
    body.leave("stream_options", options.into_rest());
    Ok(include_usage)
}

/// `max_completion_tokens`, else its older name `max_tokens`; where both are given, the older one stays among the extra fields.
fn max_tokens(body: &mut Object<'_, '_>) -> Result<Option<u32>, BadRequest> {
    let current = body.u32("max_completion_tokens")?;
    let older = body.u32("max_tokens")?;
    if current.is_some() && older.is_some() {
        body.put_back("max_tokens");
    }
    Ok(current.or(older))
}

fn choices(body: &mut Object<'_, '_>) -> Result<u32, BadRequest> {
    let n = body.typed("n", |value, path| match value.u32(path) {
        Ok(n @ 1..=MAX_CHOICES) => Ok(n),
        _ => Err(value.mistyped(path, &format!("an integer from 1 to {MAX_CHOICES}"))),
    })?;
    Ok(n.unwrap_or(1))
}

fn stop(value: Value<'_>, path: &Path<'_>) -> Result<Vec<String>, BadRequest> {
    if value.is_string() {
        return Ok(vec![value.string(path)?.into_owned()]);
    }
    if !value.is_array() {
        return Err(value.mistyped(path, "a string or an array of strings"));
    }
    strings(value, path)
}

fn strings(value: Value<'_>, path: &Path<'_>) -> Result<Vec<String>, BadRequest> {
    let mut strings = Vec::new();
    value.items(path, |item, path| {
        strings.push(item.string(path)?.into_owned());
        Ok(())
    })?;
    Ok(strings)
}

fn logit_bias(value: Value<'_>, path: &Path<'_>) -> Result<Vec<(String, f64)>, BadRequest> {
    let biases = value.object(path)?;
    biases.values().map(|(token, bias)| Ok((token.to_owned(), bias.f64(&path.field(token))?))).collect()
}

fn metadata(value: Value<'_>, path: &Path<'_>) -> Result<Pairs, BadRequest> {
    let metadata = value.object(path)?;
    let plain = |(name, value): (&str, Value<'_>)| Ok((name.to_owned(), value.string(&path.field(name))?.into_owned()));
    metadata.values().map(plain).collect()
}

fn response_format(value: Value<'_>, path: &Path<'_>) -> Result<ResponseFormat, BadRequest> {
    let mut format = value.object(path)?;
    let kind = format.require_string("type")?;
    let format = match kind.as_str() {
        "text" if format.is_spent() => ResponseFormat::Text,
        "json_object" if format.is_spent() => ResponseFormat::JsonObject,
        "json_schema" => {
            let schema = format.require("json_schema")?;
            schema.object(&path.field("json_schema"))?;
            if format.is_spent() {
                ResponseFormat::JsonSchema(schema.text().to_owned())
            } else {
                ResponseFormat::Other(value.text().to_owned())
            }
        }
        _ => ResponseFormat::Other(value.text().to_owned()),
    };
    Ok(format)
}

#[cfg(test)]
mod tests;
