//! What the tests are told in: a [`Caisson`] that serves, a [`Push`] to it, its [`Answer`]s and [`Streaming`]s, the command line.
//!
//! It knows how to start, reach and stop the binary, and expects nothing of an answer but what a test asks it to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]
#![allow(missing_docs, reason = "the names make the sentences that tests are told in")]

mod answer;
mod artifacts;
mod command_line;
mod dev;
mod level;
mod name_server;
mod official_clients;
mod output;
mod process;
mod provider;
mod push;
mod raw_upstream;
mod request;
mod streaming;

pub use answer::Answer;
pub use artifacts::{adapter, adapters, async_guest, build_folder, guest, root, world_flags};
pub use command_line::{CommandLine, Ran};
pub use dev::Dev;
pub use level::Level;
pub use name_server::{NameServer, Says};
pub use official_clients::{AI_SDK, NODE, PYTHON, SCRIPTS, run_script};
pub use process::{ADMIN_KEY, Caisson, Setup};
pub use provider::{ANTHROPIC, ANTHROPIC_PY, ANTHROPIC_TS, GEMINI, OPENAI, PROVIDERS, Provider};
pub use push::{Made, Push};
pub use raw_upstream::{RawUpstream, Then};
pub use request::{Asking, ask};
pub use streaming::{Item, Streaming, Transcript};

use std::time::Duration;

use serde_json::{Value, json};

/// Longer than anything takes on a busy machine: reaching it is a failure, not a measurement.
const PATIENCE: Duration = Duration::from_secs(180);

/// The same for what may install a toolchain first.
const LONG_PATIENCE: Duration = Duration::from_secs(1200);

/// Awaits what has to happen; a test that waits in vain fails with `what`.
#[track_caller]
pub fn soon<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    within(PATIENCE, what, future)
}

#[track_caller]
fn within<T>(patience: Duration, what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(patience, future).await {
            Ok(value) => value,
            Err(_) => panic!("waited {patience:?} for {what} ({place})"),
        }
    }
}

/// A chat request with one user message.
pub fn say(model: &str, text: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": text }] })
}

/// A chat request with a tool, which every fake provider calls.
pub fn asking_for_weather(model: &str) -> Value {
    let mut request = say(model, "How warm is it in Paris?");
    request["tools"] = json!([{
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Says how warm it is",
            "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
        },
    }]);
    request
}
