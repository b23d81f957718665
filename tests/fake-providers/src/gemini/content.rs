//! `:generateContent` and `:streamGenerateContent`: the request read, and the answer whole, as
//! server-sent events (`alt=sse`), or as one JSON array that grows.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::error::Failure;
use super::fields::{field, items, text};
use super::{JSON, check, fail_if_faulty, known_model, parts, presented_key};
use crate::answer::{self, Answer, Arguments, Content, Finish, Input, Prompt, Tool};
use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::text::{tokens_of, words};
use crate::{pace, seed};

pub(crate) fn generate(incoming: &Incoming<'_>, model: &str, body: &Value, streamed: bool) -> Result<Reply, Failure> {
    check::request(body, model)?;
    let method = if streamed { "streamGenerateContent" } else { "generateContent" };
    let behaviour = known_model(model, method)?;
    fail_if_faulty(behaviour)?;
    if behaviour == Behaviour::MidstreamFault && !streamed {
        return Err(Failure::of_status(500));
    }
    let generation = Generation::new(incoming, model, body, behaviour);
    if !streamed {
        let whole = format!("{:#}\n", generation.whole());
        return Ok(Reply::typed(200, JSON, pace::whole(behaviour, whole.into())));
    }
    let overloaded = || Failure::of_status(503).event();
    if incoming.query("alt") == Some("sse") {
        let events = generation.chunks().iter().map(|chunk| Bytes::from(format!("data: {chunk}\r\n\r\n"))).collect();
        let reply = Reply::typed(200, "text/event-stream", pace::stream(behaviour, events, overloaded));
        return Ok(reply.header("content-disposition", "attachment"));
    }
    let chunks = generation.chunks();
    let last = chunks.len();
    let pieces = chunks.iter().enumerate().map(|(index, chunk)| {
        let before = if index == 0 { "[" } else { ",\r\n" };
        let after = if index + 1 == last { "\n]\n" } else { "\n" };
        Bytes::from(format!("{before}{chunk:#}{after}"))
    });
    Ok(Reply::typed(200, JSON, pace::stream(behaviour, pieces.collect(), overloaded)))
}

struct Generation {
    answer: Answer,
    model: String,
    response_id: String,
    seed: u64,
    prompt_tokens: u64,
    candidates: u64,
    /// Gemini 3 gives calls an id and signs calls and the end of text; older models sign when they think.
    third: bool,
}

impl Generation {
    fn new(incoming: &Incoming<'_>, model: &str, body: &Value, behaviour: Behaviour) -> Generation {
        let config = field(body, "generationConfig").unwrap_or(&Value::Null);
        let number = |name| field(config, name).and_then(Value::as_u64);
        let thinking = field(config, "thinkingConfig").and_then(|thinking| field(thinking, "includeThoughts"));
        let json_wanted = text(config, "responseMimeType") == Some("application/json");
        let schema = field(config, "responseSchema").or_else(|| field(config, "responseJsonSchema")).cloned();
        let answer = answer::answer(&Prompt {
            behaviour,
            turn: parts::last_turn(body),
            tools: callable(body),
            thinking: thinking == Some(&Value::Bool(true)),
            max_tokens: number("maxOutputTokens"),
            stop: items(config, "stopSequences").filter_map(|stop| stop.as_str().map(str::to_owned)).collect(),
            format: json_wanted.then(|| schema.unwrap_or_else(|| json!({"const": {"answer": "example"}}))),
            key: presented_key(incoming).unwrap_or_default().to_owned(),
        });
        let seed = incoming.seed();
        let input = ["contents", "systemInstruction", "tools"].iter().filter_map(|name| field(body, name));
        Generation {
            answer,
            model: model.to_owned(),
            response_id: seed::id("", seed),
            seed,
            prompt_tokens: input.map(tokens_of).sum(),
            candidates: number("candidateCount").unwrap_or(1).clamp(1, 8),
            third: model.starts_with("gemini-3"),
        }
    }

    fn whole(&self) -> Value {
        if self.answer.finish == Finish::Refused {
            return self.blocked();
        }
        let mut parts: Vec<Value> = self.thought().into_iter().collect();
        parts.extend(match &self.answer.content {
            Content::Text(text) | Content::Refusal(text) => vec![self.text_part(text, true)],
            Content::Calls(_) => self.calls(),
        });
        self.response(json!(parts), true)
    }

    fn chunks(&self) -> Vec<Value> {
        if self.answer.finish == Finish::Refused {
            return vec![self.blocked()];
        }
        let mut parts: Vec<Value> = Vec::new();
        if let (Some(thinking), Some(whole)) = (&self.answer.thinking, self.thought()) {
            let pieces = words(thinking);
            parts.extend(pieces.iter().enumerate().map(|(index, word)| {
                let mut thought = json!({"text": word, "thought": true});
                if index + 1 == pieces.len() {
                    thought["thoughtSignature"] = whole["thoughtSignature"].clone();
                }
                thought
            }));
        }
        match &self.answer.content {
            Content::Text(text) | Content::Refusal(text) => {
                let pieces = words(text);
                let last = pieces.len();
                parts.extend(pieces.iter().enumerate().map(|(index, word)| self.text_part(word, index + 1 == last)));
                if last == 0 {
                    parts.push(self.text_part("", true));
                }
            }
            // Calls come whole, all of one step in one chunk.
            Content::Calls(_) => parts.push(Value::Array(self.calls())),
        }
        let last = parts.len();
        let chunk = |(index, part): (usize, Value)| {
            let parts = if part.is_array() { part } else { json!([part]) };
            self.response(parts, index + 1 == last)
        };
        parts.into_iter().enumerate().map(chunk).collect()
    }

    fn response(&self, parts: Value, last: bool) -> Value {
        let finish = match self.answer.finish {
            Finish::Length => "MAX_TOKENS",
            Finish::Filtered => "SAFETY",
            _ => "STOP",
        };
        let candidates = (0..self.candidates).map(|index| {
            let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
            if last {
                candidate["finishReason"] = json!(finish);
            }
            candidate["index"] = json!(index);
            if last && self.answer.finish == Finish::Filtered {
                candidate["safetyRatings"] = ratings();
            }
            candidate
        });
        self.enclose(json!({"candidates": candidates.collect::<Vec<_>>()}), last)
    }

    /// A prompt that the safety filter stopped has no candidates.
    fn blocked(&self) -> Value {
        self.enclose(json!({"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings()}}), false)
    }

    fn enclose(&self, mut response: Value, with_output: bool) -> Value {
        let mut usage = json!({"promptTokenCount": self.prompt_tokens});
        let thoughts = self.answer.thinking_tokens();
        let output = if with_output { self.answer.content_tokens() * self.candidates } else { 0 };
        if output > 0 {
            usage["candidatesTokenCount"] = json!(output);
        }
        usage["totalTokenCount"] = json!(self.prompt_tokens + output + thoughts);
        usage["promptTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": self.prompt_tokens}]);
        if thoughts > 0 {
            usage["thoughtsTokenCount"] = json!(thoughts);
        }
        response["usageMetadata"] = usage;
        response["modelVersion"] = json!(self.model);
        response["responseId"] = json!(self.response_id);
        response
    }

    fn thought(&self) -> Option<Value> {
        let thinking = self.answer.thinking.as_deref()?;
        Some(json!({"text": thinking, "thought": true, "thoughtSignature": self.signature()}))
    }

    fn text_part(&self, text: &str, last: bool) -> Value {
        let mut part = json!({"text": text});
        if last && self.third {
            part["thoughtSignature"] = json!(self.signature());
        }
        part
    }

    fn calls(&self) -> Vec<Value> {
        let Content::Calls(calls) = &self.answer.content else { return Vec::new() };
        let part = |(index, call): (usize, &answer::Call)| {
            let args = match &call.arguments {
                Arguments::Json(value) => value.clone(),
                Arguments::Text(text) => json!({"text": text}),
            };
            let mut function = json!({"name": call.name, "args": args});
            if self.third {
                function["id"] = json!(seed::id("", self.seed ^ (index as u64 + 1)));
            }
            let mut part = json!({"functionCall": function});
            // Of parallel calls only the first is signed.
            if index == 0 && (self.third || self.answer.thinking.is_some()) {
                part["thoughtSignature"] = json!(self.signature());
            }
            part
        };
        calls.iter().enumerate().map(part).collect()
    }

    fn signature(&self) -> String {
        STANDARD.encode(seed::id("signature-", self.seed))
    }
}

fn ratings() -> Value {
    json!([{"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": true}])
}

/// The functions that the calling config leaves.
fn callable(body: &Value) -> Vec<Tool> {
    let config = field(body, "toolConfig").and_then(|config| field(config, "functionCallingConfig"));
    let config = config.unwrap_or(&Value::Null);
    if text(config, "mode") == Some("NONE") {
        return Vec::new();
    }
    let allowed: Vec<&str> = items(config, "allowedFunctionNames").filter_map(Value::as_str).collect();
    items(body, "tools")
        .flat_map(|tool| items(tool, "functionDeclarations"))
        .filter_map(|function| {
            let name = text(function, "name").filter(|name| allowed.is_empty() || allowed.contains(name))?;
            let schema = field(function, "parameters").or_else(|| field(function, "parametersJsonSchema"));
            Some(Tool { name: name.to_owned(), input: Input::Schema(schema.cloned().unwrap_or(Value::Null)) })
        })
        .collect()
}
