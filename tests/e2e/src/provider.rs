//! The provider adapters, each with a fake of its provider, and what the providers say in their own words.
//!
//! Most tests are content with what [`FakeProvider`] answers of itself. Those that decide when a byte comes, or which error it is,
//! write the answer here, in the forms that the providers document.

use bytes::Bytes;
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{Caisson, Streaming, adapter, say, soon};

/// An adapter that speaks to a provider, and the wire that its provider speaks.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The adapter's name, and the deployment's.
    pub name: &'static str,
    wire: Wire,
    model: &'static str,
}

/// Lets the pieces of one stream out.
pub struct Gate(mpsc::Sender<Bytes>);

pub const OPENAI: Provider = Provider { name: "openai", wire: Wire::OpenAi, model: "openai/gpt-x" };
pub const ANTHROPIC: Provider = Provider { name: "anthropic", wire: Wire::Anthropic, model: "anthropic/claude-x" };
pub const GEMINI: Provider = Provider { name: "gemini", wire: Wire::Gemini, model: "gemini/gemini-x" };

/// Anthropic's wire again, by adapters in other languages.
pub const ANTHROPIC_PY: Provider =
    Provider { name: "anthropic-py", wire: Wire::Anthropic, model: "anthropic-py/claude-x" };
pub const ANTHROPIC_TS: Provider =
    Provider { name: "anthropic-ts", wire: Wire::Anthropic, model: "anthropic-ts/claude-x" };

/// All three, for what has to hold whatever the wire is.
pub const PROVIDERS: [Provider; 3] = [OPENAI, ANTHROPIC, GEMINI];

impl Provider {
    /// A fake of it.
    pub async fn fake(self) -> FakeProvider {
        FakeProvider::start(self.wire).await.unwrap()
    }

    /// A server with this adapter alone, pointed at a fake of its provider.
    pub async fn served(self) -> (Caisson, FakeProvider) {
        let (caisson, fake) = tokio::join!(Caisson::start(), self.fake());
        caisson.push(self.name, adapter(self.name)).upstream(&fake).await;
        (caisson, fake)
    }

    /// A model as a client of [`Provider::served`] names it.
    pub fn model(self) -> &'static str {
        self.model
    }

    /// A stream from `fake` that a client of `caisson` has begun to read. What follows the opening goes out when the test sends it;
    /// dropping the gate ends the stream.
    pub async fn gated_stream(self, caisson: &Caisson, fake: &FakeProvider) -> (Gate, Streaming) {
        let (sender, receiver) = mpsc::channel(1);
        fake.respond_with(Reply::event_stream(Body::Gated(receiver)));
        let gate = Gate(sender);
        let ((), streaming) = tokio::join!(gate.send(self.opening()), caisson.stream(say(self.model, "x")));
        (gate, streaming)
    }

    /// What a stream begins with.
    pub fn opening(self) -> Bytes {
        match self.wire {
            Wire::OpenAi => openai(json!({ "role": "assistant", "content": "" }), Value::Null),
            Wire::Anthropic => {
                let message = json!({
                    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "content": [],
                    "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 3, "output_tokens": 1 },
                });
                let block = json!({ "type": "text", "text": "" });
                concat([
                    anthropic(json!({ "type": "message_start", "message": message })),
                    anthropic(json!({ "type": "content_block_start", "index": 0, "content_block": block })),
                ])
            }
            Wire::Gemini => gemini(json!({ "content": { "parts": [{ "text": "" }], "role": "model" }, "index": 0 })),
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }

    /// One word of a stream.
    pub fn word(self, word: &str) -> Bytes {
        match self.wire {
            Wire::OpenAi => openai(json!({ "content": word }), Value::Null),
            Wire::Anthropic => {
                let delta = json!({ "type": "text_delta", "text": word });
                anthropic(json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
            }
            Wire::Gemini => gemini(json!({ "content": { "parts": [{ "text": word }], "role": "model" }, "index": 0 })),
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }

    /// What a stream ends with.
    pub fn ending(self) -> Bytes {
        match self.wire {
            Wire::OpenAi => concat([openai(json!({}), "stop".into()), "data: [DONE]\n\n".into()]),
            Wire::Anthropic => {
                let delta = json!({ "stop_reason": "end_turn", "stop_sequence": null });
                concat([
                    anthropic(json!({ "type": "content_block_stop", "index": 0 })),
                    anthropic(json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 5 } })),
                    anthropic(json!({ "type": "message_stop" })),
                ])
            }
            Wire::Gemini => {
                let content = json!({ "parts": [{ "text": "" }], "role": "model" });
                gemini(json!({ "content": content, "finishReason": "STOP", "index": 0 }))
            }
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }

    /// A whole answer of these words.
    pub fn whole(self, words: &str) -> Value {
        match self.wire {
            Wire::OpenAi => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-x",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": words }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
            }),
            Wire::Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
                "content": [{ "type": "text", "text": words }], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 1, "output_tokens": 1 },
            }),
            Wire::Gemini => json!({
                "candidates": [{
                    "content": { "parts": [{ "text": words }], "role": "model" }, "finishReason": "STOP", "index": 0,
                }],
                "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 },
                "modelVersion": "gemini-x", "responseId": "r",
            }),
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }

    /// A refusal, in the body that goes with the status.
    pub fn error(self, status: u16, message: &str) -> Reply {
        Reply::json(status, &self.error_body(status, message))
    }

    /// A refusal in the middle of a stream.
    pub fn error_event(self, status: u16, message: &str) -> Bytes {
        let body = self.error_body(status, message);
        match self.wire {
            Wire::Anthropic => anthropic(body),
            Wire::OpenAi | Wire::Gemini => format!("data: {body}\n\n").into(),
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }

    fn error_body(self, status: u16, message: &str) -> Value {
        match self.wire {
            Wire::OpenAi => {
                let kind = if status >= 500 { "server_error" } else { "invalid_request_error" };
                json!({ "error": { "message": message, "type": kind, "param": null, "code": null } })
            }
            Wire::Anthropic => {
                let kind = match status {
                    401 => "authentication_error",
                    403 => "permission_error",
                    404 => "not_found_error",
                    429 => "rate_limit_error",
                    529 => "overloaded_error",
                    500.. => "api_error",
                    _ => "invalid_request_error",
                };
                json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_1" })
            }
            Wire::Gemini => {
                let name = match status {
                    401 => "UNAUTHENTICATED",
                    403 => "PERMISSION_DENIED",
                    404 => "NOT_FOUND",
                    429 => "RESOURCE_EXHAUSTED",
                    503 => "UNAVAILABLE",
                    500.. => "INTERNAL",
                    _ => "INVALID_ARGUMENT",
                };
                json!({ "error": { "code": status, "message": message, "status": name } })
            }
            Wire::Ollama | Wire::Desk => unscripted(),
        }
    }
}

/// No [`Provider`] has these wires: their tests are content with what the fake says of itself.
fn unscripted() -> ! {
    unreachable!("a test that writes the answers of this provider")
}

impl Gate {
    /// Sends the next piece, once the one before was taken.
    pub async fn send(&self, piece: impl Into<Bytes>) {
        soon("a taker for a piece of a stream", self.0.send(piece.into())).await.expect("the stream is read");
    }
}

fn openai(delta: Value, finish_reason: Value) -> Bytes {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "gpt-x",
        "choices": [choice],
    });
    format!("data: {chunk}\n\n").into()
}

fn anthropic(event: Value) -> Bytes {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()).into()
}

fn gemini(candidate: Value) -> Bytes {
    let usage = json!({ "promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8 });
    let chunk =
        json!({ "candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-x", "responseId": "r" });
    format!("data: {chunk}\r\n\r\n").into()
}

fn concat<const N: usize>(pieces: [Bytes; N]) -> Bytes {
    pieces.concat().into()
}
