//! Asks for egress to a host that reads like another.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct DisguisedHost;

impl Adapter for DisguisedHost {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("disguised-host", "1.0.0").host("https://api.example.com@evil.invalid")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<DisguisedHost>);
