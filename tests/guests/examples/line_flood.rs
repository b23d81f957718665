//! Logs a million lines of one byte each.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct LineFlood;

impl Adapter for LineFlood {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("line-flood", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let lines = "x\n".repeat(10_000);
        for _ in 0..100 {
            eprint!("{lines}");
        }
        Ok(ChatAnswer::text("logged").into())
    }
}

caisson_sdk::export!(OrBehave<LineFlood>);
