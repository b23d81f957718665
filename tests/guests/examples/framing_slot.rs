//! Wants its credential in the header that says how long the body is.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM};

/// The adapter.
pub struct FramingSlot;

impl Adapter for FramingSlot {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("framing-slot", "1.0.0").host(UPSTREAM).credential(CredentialSlot::header(
            "api-key",
            UPSTREAM,
            "Content-Length",
        ))
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<FramingSlot>);
