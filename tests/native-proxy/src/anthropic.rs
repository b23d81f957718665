//! Anthropic's Messages API: the request written from OpenAI's, the whole answer turned into OpenAI's.

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::openai::{ChatRequest, Message, Part, Role, write_number, write_string};
use crate::proxy::Identity;

/// Anthropic wants a number; this is what its models all allow.
const MAX_TOKENS: u32 = 4096;

#[derive(Deserialize)]
pub(crate) struct Answer<'a> {
    #[serde(borrow)]
    content: Vec<Block<'a>>,
    stop_reason: Option<&'a str>,
    usage: Usage,
}

#[derive(Deserialize)]
pub(crate) struct Block<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    pub(crate) id: Option<&'a RawValue>,
    pub(crate) name: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
}

#[derive(Clone, Copy, Default, Deserialize)]
pub(crate) struct Usage {
    #[serde(default)]
    pub(crate) input_tokens: u64,
    #[serde(default)]
    pub(crate) output_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Failed {
    error: Failure,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

pub(crate) fn write_request(out: &mut Vec<u8>, request: &ChatRequest<'_>, model: &str) -> anyhow::Result<()> {
    out.extend_from_slice(b"{\"model\":");
    write_string(out, model);
    out.extend_from_slice(b",\"max_tokens\":");
    write_number(out, request.max_completion_tokens.or(request.max_tokens).unwrap_or(MAX_TOKENS));
    if request.stream {
        out.extend_from_slice(b",\"stream\":true");
    }
    for (name, value) in [("temperature", request.temperature), ("top_p", request.top_p)] {
        if let Some(value) = value {
            write_name(out, name);
            out.extend_from_slice(value.get().as_bytes());
        }
    }
    if let Some(stop) = request.stop {
        write_name(out, "stop_sequences");
        let (open, close): (&[u8], &[u8]) = if is_string(stop) { (b"[", b"]") } else { (b"", b"") };
        out.extend_from_slice(open);
        out.extend_from_slice(stop.get().as_bytes());
        out.extend_from_slice(close);
    }
    write_tools(out, request)?;
    write_system(out, request)?;
    write_messages(out, &request.messages)?;
    out.push(b'}');
    Ok(())
}

fn write_tools(out: &mut Vec<u8>, request: &ChatRequest<'_>) -> anyhow::Result<()> {
    let Some(tools) = &request.tools else { return Ok(()) };
    write_name(out, "tools");
    for (at, tool) in tools.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"[{\"name\":" } else { b",{\"name\":" });
        out.extend_from_slice(tool.function.name.get().as_bytes());
        if let Some(description) = tool.function.description {
            write_name(out, "description");
            out.extend_from_slice(description.get().as_bytes());
        }
        write_name(out, "input_schema");
        out.extend_from_slice(tool.function.parameters.map_or("{\"type\":\"object\"}", RawValue::get).as_bytes());
        out.push(b'}');
    }
    out.extend_from_slice(if tools.is_empty() { b"[]" } else { b"]" });
    if let Some(choice) = request.tool_choice {
        write_name(out, "tool_choice");
        match choice.get() {
            "\"auto\"" => out.extend_from_slice(b"{\"type\":\"auto\"}"),
            "\"none\"" => out.extend_from_slice(b"{\"type\":\"none\"}"),
            "\"required\"" => out.extend_from_slice(b"{\"type\":\"any\"}"),
            named => {
                let named: crate::openai::Tool<'_> = serde_json::from_str(named).context("tool_choice")?;
                out.extend_from_slice(b"{\"type\":\"tool\",\"name\":");
                out.extend_from_slice(named.function.name.get().as_bytes());
                out.push(b'}');
            }
        }
    }
    Ok(())
}

/// All system messages, as text blocks where there are several.
fn write_system(out: &mut Vec<u8>, request: &ChatRequest<'_>) -> anyhow::Result<()> {
    let is_system = |message: &&Message<'_>| matches!(message.role, Role::System | Role::Developer);
    let mut all = request.messages.iter().filter(is_system).filter_map(|message| message.content);
    let Some(first) = all.next() else { return Ok(()) };
    write_name(out, "system");
    match all.next() {
        None if is_string(first) => out.extend_from_slice(first.get().as_bytes()),
        second => {
            let mut blocks = Blocks::begin(out);
            for content in [Some(first), second].into_iter().flatten().chain(all) {
                blocks.content(content)?;
            }
            blocks.end();
        }
    }
    Ok(())
}

fn write_messages(out: &mut Vec<u8>, messages: &[Message<'_>]) -> anyhow::Result<()> {
    write_name(out, "messages");
    out.push(b'[');
    let mut turns =
        messages.iter().filter(|message| !matches!(message.role, Role::System | Role::Developer)).peekable();
    let mut first = true;
    while let Some(message) = turns.next() {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        if message.role == Role::Assistant {
            out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
        } else {
            out.extend_from_slice(b"{\"role\":\"user\",\"content\":");
        }
        match (message.content, &message.tool_calls) {
            (Some(content), None) if message.role != Role::Tool && is_string(content) => {
                out.extend_from_slice(content.get().as_bytes());
            }
            _ => {
                let mut blocks = Blocks::begin(out);
                blocks.message(message)?;
                // Results of calls that were made at once belong into one turn.
                while message.role == Role::Tool
                    && let Some(more) = turns.next_if(|next| next.role == Role::Tool)
                {
                    blocks.message(more)?;
                }
                blocks.end();
            }
        }
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

/// An array of content blocks.
struct Blocks<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Blocks<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'[');
        Self { out, empty: true }
    }

    fn next(&mut self, open: &str) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(open.as_bytes());
    }

    fn message(&mut self, message: &Message<'_>) -> anyhow::Result<()> {
        if message.role == Role::Tool {
            self.next("{\"type\":\"tool_result\",\"tool_use_id\":");
            self.out.extend_from_slice(message.tool_call_id.context("a result without tool_call_id")?.get().as_bytes());
            write_name(self.out, "content");
            match message.content {
                Some(content) if is_string(content) => self.out.extend_from_slice(content.get().as_bytes()),
                content => {
                    let mut blocks = Blocks::begin(self.out);
                    content.map(|content| blocks.content(content)).transpose()?;
                    blocks.end();
                }
            }
            self.out.push(b'}');
            return Ok(());
        }
        if let Some(content) = message.content {
            self.content(content)?;
        }
        for call in message.tool_calls.iter().flatten() {
            self.next("{\"type\":\"tool_use\",\"id\":");
            self.out.extend_from_slice(call.id.get().as_bytes());
            write_name(self.out, "name");
            self.out.extend_from_slice(call.function.name.get().as_bytes());
            write_name(self.out, "input");
            let input: &RawValue = serde_json::from_str(&call.function.arguments).context("a call's arguments")?;
            self.out.extend_from_slice(input.get().as_bytes());
            self.out.push(b'}');
        }
        Ok(())
    }

    fn content(&mut self, content: &RawValue) -> anyhow::Result<()> {
        if is_string(content) {
            self.text(content);
            return Ok(());
        }
        for part in serde_json::from_str::<Option<Vec<Part<'_>>>>(content.get())?.unwrap_or_default() {
            match part.kind {
                "text" => self.text(part.text.context("a text without text")?),
                "image_url" => self.image(part.image_url.context("an image without image_url")?.url.get())?,
                kind => anyhow::bail!("no part of type {kind} can be sent"),
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &RawValue) {
        self.next("{\"type\":\"text\",\"text\":");
        self.out.extend_from_slice(text.get().as_bytes());
        self.out.push(b'}');
    }

    /// `url` is a JSON string; neither base64 nor a type has anything to unescape but slashes, which may stay so.
    fn image(&mut self, url: &str) -> anyhow::Result<()> {
        match url.strip_prefix("\"data:").and_then(|data| data.split_once(";base64,")) {
            Some((kind, data)) => {
                self.next("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"");
                self.out.extend_from_slice(kind.as_bytes());
                self.out.extend_from_slice(b"\",\"data\":\"");
                self.out.extend_from_slice(data.as_bytes());
            }
            None => {
                ensure!(url.starts_with("\"http"), "an image's URL is neither data nor http");
                self.next("{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":");
                self.out.extend_from_slice(url.as_bytes());
            }
        }
        self.out.extend_from_slice(b"}}");
        Ok(())
    }

    fn end(self) {
        self.out.push(b']');
    }
}

pub(crate) fn write_answer(out: &mut Vec<u8>, bytes: &[u8], identity: &Identity, model: &str) -> anyhow::Result<()> {
    let answer: Answer<'_> = serde_json::from_slice(bytes).context("the upstream's answer")?;
    out.extend_from_slice(b"{\"id\":\"chatcmpl-");
    write_number(out, identity.number);
    out.extend_from_slice(b"\",\"object\":\"chat.completion\",\"created\":");
    write_number(out, identity.created);
    write_name(out, "model");
    write_string(out, model);
    out.extend_from_slice(b",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    let mut texts =
        answer.content.iter().filter(|block| block.kind == "text").filter_map(|block| block.text).peekable();
    if texts.peek().is_some() {
        out.push(b'"');
        for text in texts {
            out.extend_from_slice(inside(text).as_bytes());
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(b"null");
    }
    for (at, call) in answer.content.iter().filter(|block| block.kind == "tool_use").enumerate() {
        out.extend_from_slice(if at == 0 { b",\"tool_calls\":[{\"id\":" } else { b",{\"id\":" });
        out.extend_from_slice(call.id.context("a call without id")?.get().as_bytes());
        out.extend_from_slice(b",\"type\":\"function\",\"function\":{\"name\":");
        out.extend_from_slice(call.name.context("a call without name")?.get().as_bytes());
        write_name(out, "arguments");
        write_string(out, call.input.map_or("{}", RawValue::get));
        out.extend_from_slice(b"}}");
    }
    if answer.content.iter().any(|block| block.kind == "tool_use") {
        out.push(b']');
    }
    out.extend_from_slice(b",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"");
    out.extend_from_slice(finish_reason(answer.stop_reason).as_bytes());
    out.extend_from_slice(b"\"}],\"usage\":");
    write_usage(out, answer.usage);
    out.push(b'}');
    Ok(())
}

pub(crate) fn write_usage(out: &mut Vec<u8>, usage: Usage) {
    let cached = usage.cache_read_input_tokens.unwrap_or(0);
    let prompt = usage.input_tokens + cached + usage.cache_creation_input_tokens.unwrap_or(0);
    for (name, number) in [
        ("{\"prompt_tokens\":", prompt),
        (",\"completion_tokens\":", usage.output_tokens),
        (",\"total_tokens\":", prompt + usage.output_tokens),
        (",\"prompt_tokens_details\":{\"cached_tokens\":", cached),
    ] {
        out.extend_from_slice(name.as_bytes());
        write_number(out, number);
    }
    out.extend_from_slice(b"}}");
}

pub(crate) fn finish_reason(stop_reason: Option<&str>) -> &'static str {
    match stop_reason {
        Some("max_tokens" | "model_context_window_exceeded") => "length",
        Some("tool_use") => "tool_calls",
        Some("refusal") => "content_filter",
        _ => "stop",
    }
}

pub(crate) fn error_message(body: &[u8]) -> String {
    serde_json::from_slice::<Failed>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |failed| failed.error.message)
}

fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

/// A JSON string without its quotes.
fn inside(string: &RawValue) -> &str {
    let text = string.get();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default()
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use serde_json::{Value, json};

    fn translated(request: &Value) -> Value {
        let text = request.to_string();
        let mut out = Vec::new();
        write_request(&mut out, &serde_json::from_str(&text).unwrap(), "claude-x").unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_request_has_its_system_texts_images_tools_and_results_where_anthropic_wants_them() {
        let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}});
        let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
        let request = json!({
            "model": "anthropic/claude-x", "max_tokens": 7, "stop": "x", "tool_choice": "required",
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
            "messages": [
                {"role": "system", "content": "be \"kind\""},
                {"role": "user", "content": [{"type": "text", "text": "see"}, image]},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "one"},
                {"role": "tool", "tool_call_id": "c2", "content": "two"},
            ],
        });
        let result = |id: &str, text: &str| json!({"type": "tool_result", "tool_use_id": id, "content": text});
        let source = json!({"type": "base64", "media_type": "image/png", "data": "AA=="});
        let expected = json!({
            "model": "claude-x", "max_tokens": 7, "stop_sequences": ["x"], "tool_choice": {"type": "any"},
            "tools": [{"name": "f", "input_schema": {"type": "object"}}], "system": "be \"kind\"",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "see"}, {"type": "image", "source": source}]},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}]},
                {"role": "user", "content": [result("c1", "one"), result("c2", "two")]},
            ],
        });
        assert_eq!(translated(&request), expected);
    }

    #[test]
    fn an_answer_keeps_text_calls_reason_and_usage() {
        let answer = json!({
            "content": [{"type": "text", "text": "a\n"}, {"type": "text", "text": "\"b\""},
                        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}],
            "stop_reason": "tool_use", "usage": {"input_tokens": 3, "output_tokens": 4},
        });
        let mut out = Vec::new();
        let identity = Identity { number: 5, created: 6 };
        write_answer(&mut out, answer.to_string().as_bytes(), &identity, "anthropic/claude-x").unwrap();
        let out: Value = serde_json::from_slice(&out).unwrap();
        let choice = &out["choices"][0];
        assert_eq!(choice["message"]["content"], "a\n\"b\"");
        assert_eq!(choice["message"]["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
        assert_eq!((&choice["finish_reason"], &out["usage"]["total_tokens"]), (&json!("tool_calls"), &json!(7)));
    }
}
