//! The adapter against recorded exchanges, through the same functions that the host
//! calls: what it sends, what it makes of answers, streams and refusals. No Wasm and no
//! network here; the end-to-end tests have both.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod answer;
mod conversation;
mod describe;
mod error;
mod options;
mod stream;
mod thinking;

use anthropic::Anthropic;
use caisson_sdk::api::{ChatAnswer, ChatRequest, ChatResponse, Context, Error, Message};
use caisson_sdk::testing::{self, Reply, Sent, Upstream};
use caisson_sdk::{Adapter, Result};
use serde_json::Value;

/// A request of one user message.
fn request() -> ChatRequest {
    ask(vec![Message::user("Ahoy?")])
}

fn ask(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { model: "claude-sonnet-5-5".to_owned(), messages, ..ChatRequest::default() }
}

/// The contract's `pairs`.
fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What the provider gets to see of a request.
fn exchange(context: Context, request: ChatRequest) -> Sent {
    let upstream = Upstream::new().reply(Reply::json(200, include_str!("../../fixtures/message.json")));
    upstream.run(|| Anthropic::complete(context, request)).unwrap();
    upstream.requests().remove(0)
}

fn sent(request: ChatRequest) -> Value {
    exchange(testing::context(), request).json()
}

/// The error of a request that never reaches the provider.
fn refused(request: ChatRequest) -> Error {
    let upstream = Upstream::new();
    let error = upstream.run(|| Anthropic::complete(testing::context(), request)).unwrap_err();
    assert!(upstream.requests().is_empty(), "{error:?}");
    error
}

fn answer_to(reply: Reply) -> Result<ChatAnswer> {
    let upstream = Upstream::new().reply(reply);
    match upstream.run(|| Anthropic::complete(testing::context(), request()))? {
        ChatResponse::Answer(answer) => Ok(answer),
        ChatResponse::Raw(raw) => panic!("raw: {raw}"),
    }
}
