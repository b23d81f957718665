//! Wants its credential in the header that names the host.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM};

/// The adapter.
pub struct HostSlot;

impl Adapter for HostSlot {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("host-slot", "1.0.0")
            .host(UPSTREAM)
            .credential(CredentialSlot::header("api-key", UPSTREAM, "Host"))
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<HostSlot>);
