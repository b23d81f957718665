//! The seam off Wasm: everything is answered by the `testing` script of this thread. Opens no socket.

use std::time::Duration;

use super::{Answer, Call, Fault};
use crate::testing::script;

pub(crate) use crate::testing::script::ScriptedBody as Body;

pub(crate) async fn send(call: &Call) -> Result<Answer, Fault> {
    script::answer(call)
}

/// Moves the script's clock; really sleeps never.
pub(crate) async fn sleep(duration: Duration) {
    script::with(|script| script.slept.push(duration));
}

pub(crate) fn elapsed() -> Duration {
    script::with(|script| script.slept.iter().sum()).unwrap_or_default()
}

pub(crate) fn unix_seconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map(|since| since.as_secs()).unwrap_or_default()
}

/// No chance in tests: each wait is the longest it could be.
pub(crate) fn fraction() -> f64 {
    1.0
}

pub(crate) fn original_body() -> Vec<u8> {
    script::with(|script| script.original_body.clone()).unwrap_or_default()
}

pub(crate) fn count_tokens(encoding: &str, text: &str) -> Option<u32> {
    let counter = script::with(|script| script.token_counter.clone()).flatten()?;
    counter(encoding, text)
}
