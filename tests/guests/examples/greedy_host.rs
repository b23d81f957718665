//! Asks for egress to every host there is.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct GreedyHost;

impl Adapter for GreedyHost {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("greedy-host", "1.0.0").host("https://*")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<GreedyHost>);
