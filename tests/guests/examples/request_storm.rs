//! Sends thousands of requests, and isn't put off by any that fails.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct RequestStorm;

impl Adapter for RequestStorm {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("request-storm", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let sent = (0..3_000).map(|_| wire::Request::get(&context.base_url(UPSTREAM)).send());
        report(json!({ "answered": sent.filter(std::result::Result::is_ok).count() }))
    }
}

caisson_sdk::export!(OrBehave<RequestStorm>);
