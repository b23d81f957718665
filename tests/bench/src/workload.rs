//! The kinds of work: what is asked on each wire, and how to see that the answer is whole.
//!
//! One answer of each is taken apart before the load begins; under load only status and ending are looked at.

use anyhow::{Context, ensure};
use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::load::Task;
use crate::subject::{Subject, Wire};

/// Pieces of text in a burst.
const BURST: usize = 100;
const SYSTEM: &str = "You are a helpful assistant.";
const QUESTION: &str = "Say in one sentence what the quick brown fox does, and to whom.";

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// A short question, a whole answer.
    Plain,
    /// A streamed answer of 100 pieces that the upstream sends at once.
    Burst,
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
            Self::Burst => "burst of 100",
        }
    }

    /// This work, done this way.
    pub(crate) fn task(self, subject: &Subject) -> Task {
        let user = json!({"role": "user", "content": QUESTION});
        let mut body = match subject.wire {
            Wire::OpenAi => {
                json!({"model": subject.model, "messages": [{"role": "system", "content": SYSTEM}, user], "max_tokens": 1024})
            }
            Wire::Anthropic => {
                json!({"model": subject.model, "system": SYSTEM, "messages": [user], "max_tokens": 1024})
            }
        };
        // The fake provider gives its fixed answers where these words stand in a body; an adapter passes on a field it doesn't know.
        body["fake_provider"] = json!({"model": "bench"});
        if self == Self::Burst {
            body["stream"] = true.into();
        }
        Task { address: subject.address, request: subject.post(&body), ending: self.ending(subject.wire) }
    }

    fn ending(self, wire: Wire) -> &'static str {
        match (self, wire) {
            (Self::Plain, _) => "}",
            (Self::Burst, Wire::OpenAi) => "data: [DONE]",
            (Self::Burst, Wire::Anthropic) => "message_stop",
        }
    }

    /// Takes an answer apart: is it the one that was asked for? Gives its receipt where it has one.
    pub(crate) fn check(self, wire: Wire, answer: &Answer<'_>) -> anyhow::Result<Option<Receipt>> {
        let content = String::from_utf8(answer.content()).context("the answer is no text")?;
        ensure!(answer.status == 200, "status {}: {content}", answer.status);
        let (pieces, expected) = match self {
            Self::Plain => (usize::from(has_text(wire, &content)), 1),
            Self::Burst => (events(&content).filter(|event| is_text(wire, event)).count(), BURST),
        };
        ensure!(pieces == expected, "{pieces} pieces of text instead of {expected} in: {content}");
        Ok(match self {
            Self::Plain => header_receipt(answer),
            Self::Burst => comment_receipt(&content),
        })
    }
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
        let good = check(Workload::Burst, Wire::OpenAi, "", &(piece.repeat(BURST) + end));
        assert_eq!(good.unwrap(), Some(Receipt { fuel: 7, memory: 9 }));
        let error = check(Workload::Burst, Wire::OpenAi, "", &(piece.repeat(BURST - 1) + end)).unwrap_err();
        assert!(error.to_string().starts_with("99 pieces"), "{error}");
    }
}
