//! `POST /api/chat`: an answer whole, or as lines of JSON, which is what Ollama sends unless told not to.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Failure, model};
use crate::answer::{self, Answer, Arguments, Content, Finish, Input, Prompt, Tool, Turn};
use crate::behaviour::Behaviour;
use crate::pace;
use crate::reply::Reply;
use crate::text::{tokens_of, words};

pub(crate) fn complete(body: &Value, key: &str) -> Result<Reply, Failure> {
    let (model, behaviour) = model(body)?;
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let last = check(messages)?;
    let text = last.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
    let option = |name: &str| body.pointer(&format!("/options/{name}"));
    let thinking = body.get("think").is_some_and(|think| think.is_string() || *think == json!(true));
    let answer = answer::answer(&Prompt {
        behaviour,
        turn: if last["role"] == "tool" { Turn::ToolResult(text) } else { Turn::User(text) },
        tools: body.get("tools").and_then(Value::as_array).into_iter().flatten().map(tool).collect::<Result<_, _>>()?,
        thinking,
        max_tokens: option("num_predict").and_then(Value::as_u64),
        stop: option("stop")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|stop| stop.as_str().map(str::to_owned))
            .collect(),
        format: body.get("format").map(|format| match format {
            Value::Object(_) => format.clone(),
            _ => json!({"const": {"answer": "example"}}),
        }),
        key: key.to_owned(),
    });
    let input: u64 = messages.iter().map(tokens_of).sum::<u64>() + body.get("tools").map_or(0, tokens_of);
    let said = Said { model, answer, input };
    if body.get("stream") != Some(&Value::Bool(false)) {
        let failure = || line(&json!({"error": "an error was encountered while running the model: unexpected EOF"}));
        let body = pace::stream(behaviour, said.lines(), failure);
        return Ok(Reply::typed(200, "application/x-ndjson", body));
    }
    if behaviour == Behaviour::MidstreamFault {
        return Err(Failure(500, "an error was encountered while running the model: unexpected EOF".into()));
    }
    let whole = pace::whole(behaviour, said.whole().to_string().into());
    Ok(Reply::typed(200, "application/json; charset=utf-8", whole))
}

/// Gives the last message, once all are such as Ollama's server can read.
fn check(messages: &[Value]) -> Result<&Value, Failure> {
    for message in messages {
        if !message.get("content").is_none_or(Value::is_string) {
            let why = "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string";
            return Err(Failure(400, why.into()));
        }
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        if !matches!(role, "system" | "user" | "assistant" | "tool") {
            return Err(Failure(400, format!("invalid role: {role}")));
        }
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            if !call.pointer("/function/arguments").is_some_and(Value::is_object) {
                return Err(Failure(400, "json: cannot unmarshal string into Go struct field of type map".into()));
            }
        }
    }
    messages.last().ok_or_else(|| Failure(400, "messages are required".into()))
}

fn tool(tool: &Value) -> Result<Tool, Failure> {
    let name = tool.pointer("/function/name").and_then(Value::as_str);
    let name = name.ok_or_else(|| Failure(400, "invalid tool".into()))?.to_owned();
    let schema = tool.pointer("/function/parameters").cloned().unwrap_or_default();
    Ok(Tool { name, input: Input::Schema(schema) })
}

struct Said<'a> {
    model: &'a str,
    answer: Answer,
    input: u64,
}

impl Said<'_> {
    fn whole(&self) -> Value {
        let mut message = self.content();
        if let Some(thinking) = &self.answer.thinking {
            message["thinking"] = json!(thinking);
        }
        self.last(message)
    }

    /// Thinking and text in pieces, calls whole, and the counts with the last.
    fn lines(&self) -> Vec<Bytes> {
        let mut messages = Vec::new();
        for word in words(self.answer.thinking.as_deref().unwrap_or_default()) {
            messages.push(json!({"role": "assistant", "content": "", "thinking": word}));
        }
        match &self.answer.content {
            Content::Text(text) | Content::Refusal(text) => {
                messages.extend(words(text).iter().map(|word| json!({"role": "assistant", "content": word})));
            }
            Content::Calls(_) => messages.push(self.content()),
        }
        let mut lines: Vec<_> = messages.into_iter().map(|message| line(&self.frame(message))).collect();
        lines.push(line(&self.last(json!({"role": "assistant", "content": ""}))));
        lines
    }

    fn content(&self) -> Value {
        match &self.answer.content {
            Content::Text(text) | Content::Refusal(text) => json!({"role": "assistant", "content": text}),
            Content::Calls(calls) => {
                let calls = calls.iter().map(|call| {
                    let arguments = match &call.arguments {
                        Arguments::Json(value) => value.clone(),
                        Arguments::Text(text) => json!({"text": text}),
                    };
                    json!({"function": {"name": call.name, "arguments": arguments}})
                });
                json!({"role": "assistant", "content": "", "tool_calls": calls.collect::<Vec<_>>()})
            }
        }
    }

    fn frame(&self, message: Value) -> Value {
        json!({"model": self.model, "created_at": "2025-10-09T08:53:20Z", "message": message, "done": false})
    }

    fn last(&self, message: Value) -> Value {
        let mut last = self.frame(message);
        last["done"] = json!(true);
        last["done_reason"] = json!(if self.answer.finish == Finish::Length { "length" } else { "stop" });
        last["prompt_eval_count"] = json!(self.input);
        last["eval_count"] = json!(self.answer.content_tokens() + self.answer.thinking_tokens());
        last["total_duration"] = json!(174_560_334);
        last
    }
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}
