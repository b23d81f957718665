//! Starts requests, forgets every handle of theirs without closing one, and answers.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, wire, wire::Method};

/// The adapter.
pub struct ForgetRequests;

impl Adapter for ForgetRequests {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("forget-requests", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        for _ in 0..8 {
            let sent = wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post).start(Some(()));
            let mut sent = sent.map_err(Error::upstream)?;
            sent.write(b"unfinished").map_err(Error::upstream)?;
            std::mem::forget(sent);
        }
        Ok(ChatAnswer::text("forgot").into())
    }
}

caisson_sdk::export!(OrBehave<ForgetRequests>);
