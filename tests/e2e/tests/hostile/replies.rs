//! What a client got, and what holds of every error: a sentence for people, and nothing of the host's inside.

use caisson_e2e::{Answer, Item, Transcript};
use serde_json::Value;

/// An answer, whichever way it was asked for.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A whole one.
    Whole(Answer),
    /// A stream, to its end.
    Streamed(Transcript),
    /// The first item of a stream that was left.
    Left(Option<Item>),
}

impl Reply {
    /// The error in it, with the HTTP status that the client saw.
    pub(crate) fn error(&self) -> Option<(u16, Value)> {
        match self {
            Self::Whole(answer) if answer.status == 200 => None,
            Self::Whole(answer) => Some((answer.status, answer.json()["error"].clone())),
            Self::Streamed(transcript) => match transcript.items.last() {
                Some(Item::Chunk(chunk)) if chunk.get("error").is_some() => Some((200, chunk["error"].clone())),
                _ => None,
            },
            Self::Left(_) => None,
        }
    }

    /// The text of the first choice.
    #[track_caller]
    pub(crate) fn content(&self) -> String {
        match self {
            Self::Whole(answer) => answer.content(),
            Self::Streamed(transcript) => transcript.content(),
            Self::Left(item) => panic!("the client left after {item:?}"),
        }
    }

    /// All that the client saw.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Whole(answer) => format!("{:?}\n{}", answer.headers, answer.text()),
            Self::Streamed(transcript) => transcript.items.iter().map(|item| format!("{item:?}\n")).collect(),
            Self::Left(item) => format!("{item:?}"),
        }
    }
}

/// Checks that an error has a code and a message for people, and gives the code.
#[track_caller]
pub(crate) fn check_error(error: &Value) -> String {
    let code = error["code"].as_str().unwrap_or_else(|| panic!("an error without a code: {error}"));
    let message = error["message"].as_str().unwrap_or_else(|| panic!("an error without a message: {error}"));
    assert!(message.split_whitespace().count() >= 3, "no sentence: {message:?}");
    assert!(message.len() <= MESSAGE_BYTES, "{} bytes of message", message.len());
    assert!(!message.chars().any(|character| character.is_control() && character != '\n'), "{message:?}");
    for inside in ["internal error", "panicked", "wasm backtrace", "wasmtime", "unwrap()", ".rs:", "/work/", "/tmp/"] {
        assert!(!message.contains(inside), "the host's inside ({inside:?}) in {message:?}");
    }
    code.to_owned()
}

/// An error is to be read, not to carry data; the runtime cuts what a guest says at 8 KiB.
const MESSAGE_BYTES: usize = 9 << 10;
