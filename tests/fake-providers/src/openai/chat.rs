//! `POST /v1/chat/completions`: the request read, and the whole answer; `stream` has the other form.

use serde_json::{Value, json};

use super::error::Failure;
use super::{CREATED, check, fail_if_faulty, json_reply, known_model, messages, presented_key, stream};
use crate::answer::{self, Answer, Arguments, Content, Finish, Input, Prompt, Tool};
use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::text::{tokens_of, words};
use crate::{pace, seed};

/// One answer, and what both of its forms say beside it.
pub(crate) struct Completion {
    pub(crate) answer: Answer,
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) seed: u64,
    pub(crate) choices: u64,
    pub(crate) finish_reason: &'static str,
    pub(crate) usage: Value,
    /// How many likely tokens each token comes with, where log probabilities are asked for.
    pub(crate) logprobs: Option<usize>,
}

pub(crate) fn complete(incoming: &Incoming<'_>, body: &Value) -> Result<Reply, Failure> {
    check::chat(body)?;
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    let behaviour = known_model(model)?;
    fail_if_faulty(behaviour)?;
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    if behaviour == Behaviour::MidstreamFault && !streamed {
        return Err(Failure::of_status(500));
    }
    let completion = Completion::new(incoming, body, model, behaviour);
    if streamed {
        return Ok(stream::reply(&completion, body, behaviour));
    }
    Ok(json_reply(pace::whole(behaviour, completion.whole().to_string().into())))
}

impl Completion {
    fn new(incoming: &Incoming<'_>, body: &Value, model: &str, behaviour: Behaviour) -> Completion {
        let prompt = Prompt {
            behaviour,
            turn: messages::last_turn(body),
            tools: callable(body),
            // OpenAI thinks without showing it: it is in the usage alone.
            thinking: body.get("reasoning_effort").is_some_and(|effort| effort.is_string() && effort != "none"),
            max_tokens: ["max_completion_tokens", "max_tokens"].iter().find_map(|name| body.get(name)?.as_u64()),
            stop: match body.get("stop") {
                Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                stop => stop.and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
            },
            format: match body.pointer("/response_format/type").and_then(Value::as_str) {
                Some("json_schema") => body.pointer("/response_format/json_schema/schema").cloned(),
                Some("json_object") => Some(json!({"const": {"answer": "example"}})),
                _ => None,
            },
            key: presented_key(incoming).unwrap_or_default().to_owned(),
        };
        let answer = answer::answer(&prompt);
        let choices = body.get("n").and_then(Value::as_u64).unwrap_or(1).clamp(1, 128);
        let seed = incoming.seed();
        let named = body.get("tool_choice").is_some_and(Value::is_object);
        let input: u64 = ["messages", "tools"].iter().filter_map(|name| body.get(name)).map(tokens_of).sum();
        let output = (answer.content_tokens() + answer.thinking_tokens()) * choices;
        Completion {
            id: seed::id("chatcmpl-", seed),
            model: model.to_owned(),
            seed,
            choices,
            finish_reason: match &answer.finish {
                // A call that the request itself named ends with `stop`.
                Finish::Calls if !named => "tool_calls",
                Finish::Length => "length",
                Finish::Filtered => "content_filter",
                Finish::Stop | Finish::StopSequence(_) | Finish::Calls | Finish::Refused => "stop",
            },
            usage: json!({
                "prompt_tokens": input,
                "completion_tokens": output,
                "total_tokens": input + output,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {
                    "reasoning_tokens": answer.thinking_tokens() * choices,
                    "audio_tokens": 0,
                    "accepted_prediction_tokens": 0,
                    "rejected_prediction_tokens": 0
                }
            }),
            logprobs: (body.get("logprobs") == Some(&Value::Bool(true)))
                .then(|| body.get("top_logprobs").and_then(Value::as_u64).unwrap_or(0).min(20) as usize),
            answer,
        }
    }

    fn whole(&self) -> Value {
        let (content, refusal) = match &self.answer.content {
            Content::Text(text) => (json!(text), Value::Null),
            Content::Refusal(text) => (Value::Null, json!(text)),
            Content::Calls(_) => (Value::Null, Value::Null),
        };
        let choices = (0..self.choices).map(|index| {
            let mut message = json!({"role": "assistant", "content": content, "refusal": refusal, "annotations": []});
            if let Content::Calls(calls) = &self.answer.content {
                let calls = calls.iter().enumerate().map(|(position, call)| {
                    let id = self.call_id(index, position);
                    match &call.arguments {
                        Arguments::Json(_) => {
                            let function = json!({"name": call.name, "arguments": call.arguments.text()});
                            json!({"id": id, "type": "function", "function": function})
                        }
                        Arguments::Text(text) => {
                            json!({"id": id, "type": "custom", "custom": {"name": call.name, "input": text}})
                        }
                    }
                });
                message["tool_calls"] = calls.collect();
            }
            let logprobs = match content.as_str() {
                Some(text) => self.logprobs_of(&words(text)),
                None => Value::Null,
            };
            json!({"index": index, "message": message, "logprobs": logprobs, "finish_reason": self.finish_reason})
        });
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": CREATED,
            "model": self.model,
            "choices": choices.collect::<Vec<_>>(),
            "usage": self.usage,
            "service_tier": "default",
            "system_fingerprint": "fp_fake000001"
        })
    }

    pub(crate) fn call_id(&self, choice: u64, position: usize) -> String {
        seed::id("call_", self.seed ^ (choice << 32) ^ (position as u64 + 1))
    }

    /// Null where they aren't asked for.
    pub(crate) fn logprobs_of(&self, pieces: &[&str]) -> Value {
        let Some(top) = self.logprobs else { return Value::Null };
        let token = |piece: &str, rank: usize| {
            let token = if rank == 0 { piece.to_owned() } else { format!("{piece}{rank}") };
            json!({"token": token, "logprob": -0.25 * (rank as f64 + 1.0), "bytes": token.as_bytes()})
        };
        let content = pieces.iter().map(|piece| {
            let mut chosen = token(piece, 0);
            chosen["top_logprobs"] = (0..top).map(|rank| token(piece, rank)).collect();
            chosen
        });
        json!({"content": content.collect::<Vec<_>>(), "refusal": null})
    }
}

/// The tools that `tool_choice` leaves, a named one alone.
fn callable(body: &Value) -> Vec<Tool> {
    let choice = body.get("tool_choice");
    let kind = choice.and_then(|choice| choice.get("type")).and_then(Value::as_str);
    let names: Option<Vec<&str>> = match kind {
        Some("allowed_tools") => {
            body.pointer("/tool_choice/allowed_tools/tools").and_then(Value::as_array).map(|tools| {
                let name = |tool: &'_ Value| tool.pointer("/function/name").or(tool.pointer("/custom/name")).cloned();
                let wanted: Vec<Value> = tools.iter().filter_map(name).collect();
                let all = body.get("tools").and_then(Value::as_array).into_iter().flatten();
                all.filter_map(tool_name).filter(|name| wanted.iter().any(|wanted| wanted == name)).collect()
            })
        }
        Some(kind) => choice
            .and_then(|choice| choice.get(kind))
            .and_then(|named| named.get("name")?.as_str())
            .map(|name| vec![name]),
        None if choice.is_some_and(|choice| choice == "none") => Some(Vec::new()),
        None => None,
    };
    let alone = body.get("parallel_tool_calls") == Some(&Value::Bool(false));
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    tools
        .filter_map(|tool| {
            let name = tool_name(tool).filter(|name| names.as_ref().is_none_or(|names| names.contains(name)))?;
            let schema = || tool.pointer("/function/parameters").cloned().unwrap_or(Value::Null);
            let input = if tool.get("custom").is_some() { Input::FreeText } else { Input::Schema(schema()) };
            Some(Tool { name: name.to_owned(), input })
        })
        .take(if alone { 1 } else { usize::MAX })
        .collect()
}

fn tool_name(tool: &Value) -> Option<&str> {
    tool.pointer("/function/name").or(tool.pointer("/custom/name"))?.as_str()
}
