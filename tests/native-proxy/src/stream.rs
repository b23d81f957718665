//! Anthropic's events turned into OpenAI's chunks as they come: all events of one read become one write.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use memchr::{memchr, memrchr};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::anthropic::{Block, Usage, finish_reason, write_usage};
use crate::openai::{write_number, write_string};
use crate::proxy::Identity;
use crate::upstream::Lease;

/// The body of a translated stream.
pub(crate) struct Translated {
    body: Incoming,
    lease: Option<Lease>,
    chunks: Chunks,
    /// What came of a line that isn't whole yet.
    rest: Vec<u8>,
    ended: bool,
}

/// Writes chunks.
pub(crate) struct Chunks {
    /// What each begins with, up to its delta.
    head: Vec<u8>,
    /// The same, up to its choices.
    choices_at: usize,
    include_usage: bool,
    usage: Usage,
    calls: u32,
    begun: bool,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    content_block: Option<Block<'a>>,
    message: Option<Begun>,
    usage: Option<Usage>,
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Begun {
    usage: Usage,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    partial_json: Option<&'a RawValue>,
    stop_reason: Option<&'a str>,
}

impl Translated {
    pub(crate) fn new(body: Incoming, lease: Lease, chunks: Chunks) -> Self {
        Self { body, lease: Some(lease), chunks, rest: Vec::new(), ended: false }
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        while !self.ended {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()? {
                Some(frame) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let mut out = Vec::with_capacity(data.len() + 256);
                    self.feed(&data, &mut out);
                    if !out.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(out.into()))));
                    }
                }
                None => {
                    self.ended = true;
                    self.lease.take().into_iter().for_each(Lease::give_back);
                }
            }
        }
        Poll::Ready(None)
    }

    fn feed(&mut self, data: &[u8], out: &mut Vec<u8>) {
        let Some(last) = memrchr(b'\n', data) else { return self.rest.extend_from_slice(data) };
        let (mut lines, rest) = data.split_at(last + 1);
        if !self.rest.is_empty() {
            let first = memchr(b'\n', lines).unwrap_or(last);
            self.rest.extend_from_slice(&lines[..first]);
            self.chunks.line(&self.rest, out);
            self.rest.clear();
            lines = &lines[first + 1..];
        }
        while let Some(end) = memchr(b'\n', lines) {
            self.chunks.line(&lines[..end], out);
            lines = &lines[end + 1..];
        }
        self.rest.extend_from_slice(rest);
    }
}

impl Chunks {
    pub(crate) fn new(identity: Identity, model: &str, include_usage: bool) -> Self {
        let mut head = b"data: {\"id\":\"chatcmpl-".to_vec();
        write_number(&mut head, identity.number);
        head.extend_from_slice(b"\",\"object\":\"chat.completion.chunk\",\"created\":");
        write_number(&mut head, identity.created);
        head.extend_from_slice(b",\"model\":");
        write_string(&mut head, model);
        if include_usage {
            head.extend_from_slice(b",\"usage\":null");
        }
        let choices_at = head.len();
        head.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":{");
        Self { head, choices_at, include_usage, usage: Usage::default(), calls: 0, begun: false }
    }

    /// Takes one line of the upstream's stream. What is no event that we know says nothing.
    fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(data) = line.strip_prefix(b"data: ") else { return };
        let Ok(event) = serde_json::from_slice::<Event<'_>>(data.trim_ascii_end()) else { return };
        match (event.kind, &event.delta, &event.content_block) {
            ("content_block_delta", Some(delta), _) => {
                if let Some(text) = delta.text {
                    self.chunk(out, &[b"\"content\":", text.get().as_bytes()]);
                } else if let Some(json) = delta.partial_json {
                    self.call(out, &[b"\"function\":{\"arguments\":", json.get().as_bytes(), b"}}]"]);
                }
            }
            ("content_block_start", _, Some(Block { kind: "tool_use", id: Some(id), name: Some(name), .. })) => {
                self.calls += 1;
                let (id, name) = (id.get().as_bytes(), name.get().as_bytes());
                let function: [&[u8]; 5] = [
                    b"\"id\":",
                    id,
                    b",\"type\":\"function\",\"function\":{\"name\":",
                    name,
                    b",\"arguments\":\"\"}}]",
                ];
                self.call(out, &function);
            }
            ("message_start", ..) => {
                self.usage = event.message.map(|message| message.usage).unwrap_or_default();
                self.chunk(out, &[b"\"content\":\"\""]);
            }
            ("message_delta", Some(delta), _) => {
                self.usage.output_tokens = event.usage.map_or(0, |usage| usage.output_tokens);
                out.extend_from_slice(&self.head);
                out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":\"");
                out.extend_from_slice(finish_reason(delta.stop_reason).as_bytes());
                out.extend_from_slice(b"\"}]}\n\n");
            }
            ("message_stop", ..) => {
                if self.include_usage {
                    // Without the `"usage":null` of the others.
                    let shared = self.choices_at - b",\"usage\":null".len();
                    out.extend_from_slice(&self.head[..shared]);
                    out.extend_from_slice(b",\"choices\":[],\"usage\":");
                    write_usage(out, self.usage);
                    out.extend_from_slice(b"}\n\n");
                }
                out.extend_from_slice(b"data: [DONE]\n\n");
            }
            ("error", ..) => {
                out.extend_from_slice(b"data: {\"error\":");
                out.extend_from_slice(event.error.map_or("null", RawValue::get).as_bytes());
                out.extend_from_slice(b"}\n\n");
            }
            _ => {}
        }
    }

    fn call(&mut self, out: &mut Vec<u8>, parts: &[&[u8]]) {
        let mut index = itoa::Buffer::new();
        let index = index.format(self.calls.saturating_sub(1)).as_bytes();
        let opening: [&[u8]; 3] = [b"\"tool_calls\":[{\"index\":", index, b","];
        self.chunk(out, &[&opening, parts].concat());
    }

    fn chunk(&mut self, out: &mut Vec<u8>, delta: &[&[u8]]) {
        out.extend_from_slice(&self.head);
        if !std::mem::replace(&mut self.begun, true) {
            out.extend_from_slice(b"\"role\":\"assistant\",");
        }
        for part in delta {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use serde_json::Value;

    #[test]
    fn events_become_chunks_with_one_role_one_reason_and_usage_at_the_end() {
        let events = [
            r#"{"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\n"}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"c","name":"f","input":{}}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":4}}"#,
            r#"{"type":"message_stop"}"#,
        ];
        let mut chunks = Chunks::new(Identity { number: 1, created: 2 }, "anthropic/x", true);
        let mut out = Vec::new();
        for event in events {
            chunks.line(b"event: ignored", &mut out);
            chunks.line(format!("data: {event}").as_bytes(), &mut out);
        }
        let out = String::from_utf8(out).unwrap();
        let said: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let (last, said) = said.split_last().unwrap();
        assert_eq!(*last, "[DONE]");
        let said: Vec<Value> = said.iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        let text: String = said.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        let calls: Vec<&Value> = said.iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).collect();
        assert_eq!((text.as_str(), said.len()), ("a\n", 6));
        assert_eq!(said.iter().filter(|chunk| chunk["choices"][0]["delta"]["role"].is_string()).count(), 1);
        assert_eq!((&calls[2]["id"], &calls[3]["function"]["arguments"]), (&"c".into(), &"{}".into()));
        assert_eq!(said[4]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!((&said[5]["usage"]["total_tokens"], said[5]["choices"].as_array().unwrap().len()), (&7.into(), 0));
    }
}
