//! The adapter against a scripted upstream: what it sends, byte for byte, and what it makes of the
//! answers in `fixtures/`. No Wasm and no host: those have their own tests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod chat;
mod describe;
mod embeddings;
mod errors;
mod requests;
mod streams;

use caisson_sdk::prelude::*;
use caisson_sdk::testing::Upstream;

/// A client's chat request as the adapter gets it from the host: parsed and as it came.
fn chat_request() -> ChatRequest {
    ChatRequest { model: "gpt-4.1-mini".into(), messages: vec![Message::user("Hi")], ..ChatRequest::default() }
}

const CHAT_BODY: &str = r#"{"model":"prod/gpt-4.1-mini","messages":[{"role":"user","content":"Hi"}]}"#;

fn complete(upstream: &Upstream, context: Context) -> Result<ChatResponse> {
    upstream.run(|| openai::OpenAi::complete(context, chat_request()))
}
