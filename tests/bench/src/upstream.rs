//! The upstream in a process of its own: this program, started with a hidden subcommand.

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::{Value, json};

use crate::options::Paced;

/// Serves until standard input ends, which it does when the parent dies, however it dies. Prints the base URL, then the key.
pub(crate) async fn serve(paced: Paced) -> anyhow::Result<()> {
    let wire = if paced.streams > 0 && !paced.anthropic { Wire::OpenAi } else { Wire::Anthropic };
    let provider = FakeProvider::start(wire).await.context("the fake provider can't listen")?;
    for _ in 0..paced.streams {
        let every = Duration::from_millis(paced.every_ms);
        let events = if paced.anthropic { anthropic_stream(paced.tokens) } else { stream(paced.tokens) };
        provider.respond_with(Reply::event_stream(Body::Every(every, events)));
    }
    println!("{}\n{}", provider.base_url(), provider.key());
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}

/// The piece of text with this number in every paced stream.
pub(crate) fn token(number: u32) -> String {
    format!("w{number} ")
}

fn stream(tokens: u32) -> Vec<Bytes> {
    let mut events = vec![event(json!({ "role": "assistant", "content": "" }), Value::Null)];
    events.extend((0..tokens).map(|number| event(json!({ "content": token(number) }), Value::Null)));
    events.push(event(json!({}), "stop".into()));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn event(delta: Value, finish_reason: Value) -> Bytes {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [choice],
    });
    format!("data: {chunk}\n\n").into()
}

fn anthropic_stream(tokens: u32) -> Vec<Bytes> {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-bench", "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 3, "output_tokens": 1 },
    });
    let begin = json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } });
    let mut events = vec![json!({ "type": "message_start", "message": message }), begin];
    events.extend((0..tokens).map(|number| {
        let delta = json!({ "type": "text_delta", "text": token(number) });
        json!({ "type": "content_block_delta", "index": 0, "delta": delta })
    }));
    let end = json!({ "stop_reason": "end_turn", "stop_sequence": null });
    events.extend([
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": end, "usage": { "output_tokens": tokens } }),
        json!({ "type": "message_stop" }),
    ]);
    let framed = |event: Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    events.into_iter().map(|event| framed(event).into()).collect()
}
