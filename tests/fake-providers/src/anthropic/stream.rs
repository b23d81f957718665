//! A message as server-sent events: `message_start`, then each block in pieces with a `ping` among them,
//! `message_delta` and `message_stop`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::error::Failure;
use super::message::Message;
use crate::behaviour::Behaviour;
use crate::pace;
use crate::reply::Reply;
use crate::text::{fragments, words};

/// Bytes of a tool's input in one delta.
const FRAGMENT: usize = 5;

pub(crate) fn reply(message: &Message, behaviour: Behaviour) -> Reply {
    let body = pace::stream(behaviour, events(message), || Failure::of_status(529).event());
    Reply::typed(200, "text/event-stream; charset=utf-8", body).header("cache-control", "no-cache")
}

fn events(message: &Message) -> Vec<Bytes> {
    let mut events = vec![event(&json!({"type": "message_start", "message": message.whole(&[], None)}))];
    if message.blocks.is_empty() {
        events.push(event(&json!({"type": "ping"})));
    }
    for (index, block) in message.blocks.iter().enumerate() {
        let (start, deltas) = pieces(block);
        events.push(event(&json!({"type": "content_block_start", "index": index, "content_block": start})));
        if index == 0 {
            events.push(event(&json!({"type": "ping"})));
        }
        for delta in deltas {
            events.push(event(&json!({"type": "content_block_delta", "index": index, "delta": delta})));
        }
        events.push(event(&json!({"type": "content_block_stop", "index": index})));
    }
    let mut delta = json!({"stop_reason": message.stop_reason, "stop_sequence": message.stop_sequence});
    if let Some(details) = &message.stop_details {
        delta["stop_details"] = details.clone();
    }
    let mut usage = message.usage.clone();
    if let Some(fields) = usage.as_object_mut() {
        fields.retain(|name, _| name.ends_with("_tokens"));
    }
    events.push(event(&json!({"type": "message_delta", "delta": delta, "usage": usage})));
    events.push(event(&json!({"type": "message_stop"})));
    events
}

/// A block as it starts, and the deltas that complete it.
fn pieces(block: &Value) -> (Value, Vec<Value>) {
    let text = |field: &str| block[field].as_str().unwrap_or_default();
    match block["type"].as_str() {
        Some("text") => {
            let deltas = words(text("text")).into_iter().map(|word| json!({"type": "text_delta", "text": word}));
            (json!({"type": "text", "text": ""}), deltas.collect())
        }
        Some("thinking") => {
            let thought = words(text("thinking")).into_iter();
            let thought = thought.map(|word| json!({"type": "thinking_delta", "thinking": word}));
            let signature = json!({"type": "signature_delta", "signature": text("signature")});
            let start = json!({"type": "thinking", "thinking": "", "signature": ""});
            (start, thought.chain([signature]).collect())
        }
        Some("tool_use") => {
            let start = json!({"type": "tool_use", "id": block["id"], "name": block["name"], "input": {}});
            let input = block["input"].to_string();
            let delta = |json: &str| json!({"type": "input_json_delta", "partial_json": json});
            // The first is empty, as the real one's is, and so is the whole of an empty input.
            let rest = if input == "{}" { Vec::new() } else { fragments(&input, FRAGMENT) };
            (start, [""].into_iter().chain(rest).map(delta).collect())
        }
        // Redacted thinking comes whole.
        _ => (block.clone(), Vec::new()),
    }
}

/// The event's name is its type, once more.
fn event(data: &Value) -> Bytes {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()).into()
}
