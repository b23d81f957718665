//! The kinds of work: what is asked on each wire, and how to see that the answer is whole.
//!
//! One answer of each is taken apart before the load begins; under load only status and ending are looked at.

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fixed::{HALTING, INPUTS, PACED};
use crate::load::Task;
use crate::subject::{Subject, Wire};

/// Pieces of text in a streamed answer.
pub(crate) const PIECES: usize = 100;
const SYSTEM: &str = "You are a helpful assistant.";
const QUESTION: &str = "Say in one sentence what the quick brown fox does, and to whom.";

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// A short question, a whole answer.
    Plain,
    /// The same through OpenAI's wire on both sides.
    PassThrough,
    /// A streamed answer of 100 pieces that the upstream sends at once.
    Burst,
    /// The same, a piece each millisecond, 200 at one time.
    #[value(name = "streams-200")]
    #[serde(rename = "streams-200")]
    Streams200,
    /// The same, 500 at one time.
    #[value(name = "streams-500")]
    #[serde(rename = "streams-500")]
    Streams500,
    /// Plain, one after the other.
    OneConnection,
    /// From a request to the first token of its stream, one after the other.
    FirstToken,
    /// A whole answer to 100 KB of text.
    #[value(name = "prompt-100k")]
    #[serde(rename = "prompt-100k")]
    Prompt100K,
    /// A whole answer to an image of 1 MB.
    #[value(name = "image-1m")]
    #[serde(rename = "image-1m")]
    Image1M,
    /// Vectors of 256 texts, in base64.
    Embeddings,
}

/// Whose API the upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    Anthropic,
    OpenAi,
}

/// What an answer cost inside, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Receipt {
    pub(crate) fuel: u64,
    /// Peak memory of the sandbox in bytes.
    pub(crate) memory: u64,
}

impl Workload {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::PassThrough => "plain, passed through",
            Self::Burst => "burst of 100",
            Self::Streams200 => "200 streams, a piece per ms",
            Self::Streams500 => "500 streams, a piece per ms",
            Self::OneConnection => "plain, one connection",
            Self::FirstToken => "first token, one connection",
            Self::Prompt100K => "100 KB prompt",
            Self::Image1M => "1 MB image",
            Self::Embeddings => "256 embeddings",
        }
    }

    pub(crate) fn provider(self) -> Provider {
        match self {
            Self::PassThrough | Self::Embeddings => Provider::OpenAi,
            _ => Provider::Anthropic,
        }
    }

    /// How many connections it has at one time, where `usual` is what most have.
    pub(crate) fn connections(self, usual: u16) -> u16 {
        match self {
            Self::Streams200 => 200,
            Self::Streams500 => 500,
            Self::OneConnection | Self::FirstToken => 1,
            _ => usual,
        }
    }

    /// Whether its latency is what it is about, not its rate.
    pub(crate) fn is_latency(self) -> bool {
        matches!(self, Self::OneConnection | Self::FirstToken)
    }

    /// This work, done this way.
    pub(crate) fn task(self, subject: &Subject) -> Task {
        let provider = self.provider();
        let wire = subject.wire(provider);
        let path = match (self, wire) {
            (Self::Embeddings, _) => "/v1/embeddings",
            (_, Wire::OpenAi) => "/v1/chat/completions",
            (_, Wire::Anthropic) => "/v1/messages",
        };
        let request = subject.post(path, &self.body(subject.model(provider), wire));
        let first = (self == Self::FirstToken).then_some(match wire {
            Wire::OpenAi => "\"content\":\"You",
            Wire::Anthropic => "\"text\":\"You",
        });
        Task { address: subject.address, request, ending: self.ending(wire), first }
    }

    fn body(self, model: String, wire: Wire) -> Value {
        if self == Self::Embeddings {
            let input: Vec<String> = (0..INPUTS).map(|number| format!("text number {number}")).collect();
            return json!({"model": model, "input": input, "encoding_format": "base64"});
        }
        let content = match self {
            Self::Prompt100K => prompt(100_000).into(),
            Self::Image1M => json!([{"type": "text", "text": QUESTION}, image(wire)]),
            _ => json!(QUESTION),
        };
        let user = json!({"role": "user", "content": content});
        let mut body = match wire {
            Wire::OpenAi => {
                json!({"model": model, "messages": [{"role": "system", "content": SYSTEM}, user], "max_tokens": 1024})
            }
            Wire::Anthropic => json!({"model": model, "system": SYSTEM, "messages": [user], "max_tokens": 1024}),
        };
        if self.is_streamed() {
            body["stream"] = true.into();
        }
        // How the upstream paces an answer is said in words that every way carries on.
        let pace = match self {
            Self::Streams200 | Self::Streams500 => PACED,
            Self::FirstToken => HALTING,
            _ => return body,
        };
        let stop = match wire {
            Wire::OpenAi => "stop",
            Wire::Anthropic => "stop_sequences",
        };
        body[stop] = json!([pace.trim_matches('"')]);
        body
    }

    fn is_streamed(self) -> bool {
        matches!(self, Self::Burst | Self::Streams200 | Self::Streams500 | Self::FirstToken)
    }

    fn ending(self, wire: Wire) -> &'static str {
        match wire {
            _ if !self.is_streamed() => "}",
            Wire::OpenAi => "data: [DONE]",
            Wire::Anthropic => "message_stop",
        }
    }

    /// Takes an answer apart: is it the one that was asked for? Gives its receipt where it has one.
    pub(crate) fn check(self, wire: Wire, answer: &Answer<'_>) -> anyhow::Result<Option<Receipt>> {
        let content = String::from_utf8(answer.content()).context("the answer is no text")?;
        ensure!(answer.status == 200, "status {}: {content}", answer.status);
        let (pieces, expected) = match self {
            Self::Embeddings => (vectors(&content), INPUTS),
            _ if self.is_streamed() => (events(&content).filter(|event| is_text(wire, event)).count(), PIECES),
            _ => (usize::from(has_text(wire, &content)), 1),
        };
        ensure!(
            pieces == expected,
            "{pieces} pieces instead of {expected} in: {}",
            content.get(..2000).unwrap_or(&content)
        );
        Ok(if self.is_streamed() { comment_receipt(&content) } else { header_receipt(answer) })
    }
}

/// Text with what text has: words, quotes and lines.
fn prompt(bytes: usize) -> String {
    let line = "The fox said: \"I jump over the lazy dog, and over the café's fence.\"\n";
    let mut text = line.repeat(bytes / line.len() + 1);
    // Beyond the last whole line nothing is cut in the middle of a character.
    text.truncate(bytes / line.len() * line.len());
    text
}

/// An image that takes 1 MB, in base64 as both wires want it. No image at all: nobody looks.
fn image(wire: Wire) -> Value {
    let data = "iVBORw0KGgoAAAAN".repeat(1_000_000 / 12);
    match wire {
        Wire::OpenAi => json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}}),
        Wire::Anthropic => {
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
        }
    }
}

fn vectors(content: &str) -> usize {
    let body: Value = serde_json::from_str(content).unwrap_or_default();
    let all = body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|item| item["embedding"].as_str().is_some_and(|vector| !vector.is_empty())).count()
}

fn has_text(wire: Wire, content: &str) -> bool {
    let body: Value = serde_json::from_str(content).unwrap_or_default();
    let text = match wire {
        Wire::OpenAi => &body["choices"][0]["message"]["content"],
        Wire::Anthropic => &body["content"][0]["text"],
    };
    text.as_str().is_some_and(|text| !text.is_empty())
}

fn events(content: &str) -> impl Iterator<Item = Value> {
    content.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
}

fn is_text(wire: Wire, event: &Value) -> bool {
    let text = match wire {
        Wire::OpenAi => &event["choices"][0]["delta"]["content"],
        Wire::Anthropic => &event["delta"]["text"],
    };
    text.as_str().is_some_and(|text| !text.is_empty())
}

fn header_receipt(answer: &Answer<'_>) -> Option<Receipt> {
    let number = |name| answer.header(name)?.parse().ok();
    Some(Receipt { fuel: number("x-caisson-fuel")?, memory: number("x-caisson-memory")? })
}

/// The receipt of a stream: `: caisson fuel=N memory=N …`.
fn comment_receipt(content: &str) -> Option<Receipt> {
    let line = content.lines().find(|line| line.starts_with(": caisson "))?;
    let number = |name| line.split(' ').find_map(|word| word.strip_prefix(name)?.parse().ok());
    Some(Receipt { fuel: number("fuel=")?, memory: number("memory=")? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use crate::answer::Reader;

    fn check(workload: Workload, wire: Wire, headers: &str, body: &str) -> anyhow::Result<Option<Receipt>> {
        let bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        let mut reader = Reader::default();
        assert!(reader.is_complete(bytes.as_bytes()).unwrap());
        workload.check(wire, &reader.answer(bytes.as_bytes()))
    }

    #[test]
    fn a_plain_answer_must_have_text() {
        let headers = "x-caisson-fuel: 7\r\nx-caisson-memory: 9\r\n";
        let good = check(Workload::Plain, Wire::OpenAi, headers, r#"{"choices":[{"message":{"content":"hi"}}]}"#);
        assert_eq!(good.unwrap(), Some(Receipt { fuel: 7, memory: 9 }));
        assert_eq!(check(Workload::Plain, Wire::Anthropic, "", r#"{"content":[{"text":"hi"}]}"#).unwrap(), None);
        assert!(check(Workload::Plain, Wire::OpenAi, "", r#"{"choices":[{"message":{"content":""}}]}"#).is_err());
        assert!(check(Workload::Plain, Wire::Anthropic, "", "{}").is_err());
    }

    #[test]
    fn a_burst_must_have_all_its_pieces() {
        let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        let end = ": caisson fuel=7 memory=9 bytes-out=1\n\ndata: [DONE]\n\n";
        let good = check(Workload::Burst, Wire::OpenAi, "", &(piece.repeat(PIECES) + end));
        assert_eq!(good.unwrap(), Some(Receipt { fuel: 7, memory: 9 }));
        let error = check(Workload::Burst, Wire::OpenAi, "", &(piece.repeat(PIECES - 1) + end)).unwrap_err();
        assert!(error.to_string().starts_with("99 pieces"), "{error}");
    }
}
