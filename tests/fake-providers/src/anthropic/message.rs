//! `POST /v1/messages`: the request read, and the whole answer; `stream` has the other form.

use serde_json::{Value, json};

use super::error::Failure;
use super::version::Version;
use super::{check, fail_if_faulty, known_model, presented_key, stream, thinking_signature, turns};
use crate::answer::{self, Answer, Content, Finish, Input, Prompt, Tool};
use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::text::tokens_of;
use crate::{pace, seed};

/// A message: what its whole form and its stream share.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) blocks: Vec<Value>,
    pub(crate) stop_reason: &'static str,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) stop_details: Option<Value>,
    pub(crate) usage: Value,
}

pub(crate) fn create(incoming: &Incoming<'_>, version: Version, body: &Value) -> Result<Reply, Failure> {
    let beta = incoming.header("anthropic-beta").is_some_and(|value| !value.is_empty());
    check::request(body, version, beta)?;
    let model = body["model"].as_str().unwrap_or_default();
    let behaviour = known_model(model)?;
    fail_if_faulty(behaviour)?;
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    if behaviour == Behaviour::MidstreamFault && !streamed {
        return Err(Failure::of_status(500));
    }
    let message = Message::new(incoming, version, body, model, behaviour);
    if streamed {
        return Ok(stream::reply(&message, behaviour));
    }
    let whole = message.whole(&message.blocks, Some(message.stop_reason));
    Ok(Reply::typed(200, "application/json", pace::whole(behaviour, whole.to_string().into())))
}

impl Message {
    fn new(incoming: &Incoming<'_>, version: Version, body: &Value, model: &str, behaviour: Behaviour) -> Message {
        let answer = answer::answer(&Prompt {
            behaviour,
            turn: turns::last_turn(body),
            tools: callable(body),
            thinking: matches!(body.pointer("/thinking/type").and_then(Value::as_str), Some("enabled" | "adaptive")),
            max_tokens: body["max_tokens"].as_u64(),
            stop: body
                .get("stop_sequences")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|stop| stop.as_str().map(str::to_owned))
                .collect(),
            format: body.pointer("/output_config/format/schema").cloned(),
            key: presented_key(incoming, Some(&version)).unwrap_or_default().to_owned(),
        });
        let omitted = body.pointer("/thinking/display").is_some_and(|display| display == "omitted");
        let seed = incoming.seed();
        let (stop_reason, stop_sequence) = match &answer.finish {
            Finish::Stop => ("end_turn", None),
            Finish::StopSequence(stop) => ("stop_sequence", Some(stop.clone())),
            Finish::Length => ("max_tokens", None),
            Finish::Calls => ("tool_use", None),
            Finish::Filtered | Finish::Refused => ("refusal", None),
        };
        let details = json!({"type": "refusal", "category": "general_harms", "explanation": null});
        Message {
            id: seed::id("msg_", seed),
            model: model.to_owned(),
            blocks: blocks(&answer, seed, behaviour, omitted),
            stop_reason,
            stop_sequence,
            stop_details: (stop_reason == "refusal").then_some(details),
            usage: usage(body, &answer),
        }
    }

    /// The message object; a stream starts with one that has no content and no stop reason yet.
    pub(crate) fn whole(&self, blocks: &[Value], stop_reason: Option<&str>) -> Value {
        let ended = stop_reason.is_some();
        let mut message = json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": blocks,
            "stop_reason": stop_reason,
            "stop_sequence": self.stop_sequence.as_ref().filter(|_| ended),
            "usage": self.usage
        });
        if let Some(details) = self.stop_details.as_ref().filter(|_| ended) {
            message["stop_details"] = details.clone();
        }
        if !ended {
            message["usage"]["output_tokens"] = json!(1);
        }
        message
    }
}

fn blocks(answer: &Answer, seed: u64, behaviour: Behaviour, omitted: bool) -> Vec<Value> {
    let mut blocks = Vec::new();
    match &answer.thinking {
        Some(thinking) if behaviour == Behaviour::Redacted => {
            blocks.push(json!({"type": "redacted_thinking", "data": thinking_signature(thinking)}));
        }
        Some(thinking) => {
            let shown = if omitted { "" } else { thinking };
            blocks.push(json!({"type": "thinking", "thinking": shown, "signature": thinking_signature(thinking)}));
        }
        None => {}
    }
    match &answer.content {
        // No tokens allowed: Anthropic only fills its cache then.
        Content::Text(text) if text.is_empty() => {}
        Content::Text(text) => blocks.push(json!({"type": "text", "text": text})),
        // A refused message has no content: the stop reason says it all.
        Content::Refusal(_) => {}
        Content::Calls(calls) => blocks.extend(calls.iter().enumerate().map(|(position, call)| {
            let input = match &call.arguments {
                answer::Arguments::Json(value) => value.clone(),
                answer::Arguments::Text(text) => json!({"text": text}),
            };
            let id = seed::id("toolu_", seed ^ (position as u64 + 1));
            json!({"type": "tool_use", "id": id, "name": call.name, "input": input})
        })),
    }
    blocks
}

/// A system prompt with `cache_control` counts as read from the cache, any other block with it as
/// written to the cache.
fn usage(body: &Value, answer: &Answer) -> Value {
    let cached = |value: &Value| value.get("cache_control").is_some_and(Value::is_object);
    let blocks = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let flagged = |blocks: Vec<Value>| blocks.iter().filter(|block| cached(block)).map(tokens_of).sum::<u64>();
    let read = flagged(blocks(body.get("system")));
    let messages = blocks(body.get("messages"));
    let written = flagged(blocks(body.get("tools")))
        + messages.iter().map(|message| flagged(blocks(message.get("content")))).sum::<u64>();
    let all: u64 = ["system", "messages", "tools"].iter().filter_map(|name| body.get(name)).map(tokens_of).sum();
    json!({
        "input_tokens": all.saturating_sub(read + written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": answer.content_tokens() + answer.thinking_tokens(),
        "service_tier": "standard"
    })
}

/// The tools that `tool_choice` leaves, a named one alone. Anthropic's own tools are never called.
fn callable(body: &Value) -> Vec<Tool> {
    let choice = body.get("tool_choice");
    if choice.is_some_and(|choice| choice["type"] == "none") {
        return Vec::new();
    }
    let wanted = choice.and_then(|choice| choice.get("name"));
    let alone = choice.is_some_and(|choice| choice["disable_parallel_tool_use"] == true);
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    tools
        .filter(|tool| wanted.is_none_or(|name| tool["name"] == *name))
        .filter_map(|tool| {
            let schema = tool.get("input_schema")?.clone();
            Some(Tool { name: tool["name"].as_str()?.to_owned(), input: Input::Schema(schema) })
        })
        .take(if alone { 1 } else { usize::MAX })
        .collect()
}
