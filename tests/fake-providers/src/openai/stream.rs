//! A chat completion as `chat.completion.chunk` events: the role first, then the answer in pieces, the
//! finish reason, the usage where it is asked for, and `[DONE]`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::CREATED;
use super::chat::Completion;
use super::error::Failure;
use crate::answer::{Arguments, Content};
use crate::behaviour::Behaviour;
use crate::pace;
use crate::reply::Reply;
use crate::text::{fragments, words};

/// Bytes of a call's arguments in one chunk.
const FRAGMENT: usize = 5;

pub(crate) fn reply(completion: &Completion, body: &Value, behaviour: Behaviour) -> Reply {
    let option = |name: &str| body.pointer(&format!("/stream_options/{name}")).and_then(Value::as_bool);
    let chunks = Chunks {
        completion,
        with_usage: option("include_usage").unwrap_or(false),
        obfuscated: option("include_obfuscation").unwrap_or(true),
        events: Vec::new(),
    };
    let body = pace::stream(behaviour, chunks.all(), || Failure::of_status(500).event());
    Reply::typed(200, "text/event-stream; charset=utf-8", body).header("cache-control", "no-cache")
}

struct Chunks<'a> {
    completion: &'a Completion,
    with_usage: bool,
    obfuscated: bool,
    events: Vec<Bytes>,
}

impl Chunks<'_> {
    fn all(mut self) -> Vec<Bytes> {
        for choice in 0..self.completion.choices {
            self.choice(choice);
        }
        if self.with_usage {
            let mut last = self.frame();
            last["usage"] = self.completion.usage.clone();
            self.push(&last);
        }
        self.events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        self.events
    }

    fn choice(&mut self, choice: u64) {
        match &self.completion.answer.content {
            Content::Text(text) => {
                self.delta(choice, json!({"role": "assistant", "content": "", "refusal": null}), Value::Null);
                for word in words(text) {
                    self.delta(choice, json!({"content": word}), self.completion.logprobs_of(&[word]));
                }
            }
            Content::Refusal(text) => {
                self.delta(choice, json!({"role": "assistant", "content": null, "refusal": ""}), Value::Null);
                for word in words(text) {
                    self.delta(choice, json!({"refusal": word}), Value::Null);
                }
            }
            Content::Calls(calls) => {
                for (index, call) in calls.iter().enumerate() {
                    let (kind, input) = match call.arguments {
                        Arguments::Json(_) => ("function", "arguments"),
                        Arguments::Text(_) => ("custom", "input"),
                    };
                    let id = self.completion.call_id(choice, index);
                    let first = json!({"index": index, "id": id, "type": kind, kind: {"name": call.name, input: ""}});
                    let delta = match index {
                        0 => json!({"role": "assistant", "content": null, "tool_calls": [first], "refusal": null}),
                        _ => json!({"tool_calls": [first]}),
                    };
                    self.delta(choice, delta, Value::Null);
                    for fragment in fragments(&call.arguments.text(), FRAGMENT) {
                        let delta = json!({"tool_calls": [{"index": index, kind: {input: fragment}}]});
                        self.delta(choice, delta, Value::Null);
                    }
                }
            }
        }
        let reason = self.completion.finish_reason;
        self.chunk(json!({"index": choice, "delta": {}, "logprobs": null, "finish_reason": reason}));
    }

    fn delta(&mut self, choice: u64, delta: Value, logprobs: Value) {
        self.chunk(json!({"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": null}));
    }

    fn chunk(&mut self, choice: Value) {
        let mut chunk = self.frame();
        chunk["choices"] = json!([choice]);
        self.push(&chunk);
    }

    /// Padding, as OpenAI sends unless told not to, so that sizes on the network tell nothing.
    fn push(&mut self, chunk: &Value) {
        let mut chunk = chunk.clone();
        if self.obfuscated {
            let padding = "abcdefgh";
            chunk["obfuscation"] = json!(padding.get(..self.events.len() % padding.len()));
        }
        self.events.push(format!("data: {chunk}\n\n").into());
    }

    fn frame(&self) -> Value {
        let mut chunk = json!({
            "id": self.completion.id,
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": self.completion.model,
            "service_tier": "default",
            "system_fingerprint": "fp_fake000001",
            "choices": []
        });
        if self.with_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    }
}
