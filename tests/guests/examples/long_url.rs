//! Sends requests to URLs of 64 KiB and of 8 MiB.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct LongUrl;

impl Adapter for LongUrl {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("long-url", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let outcomes = [64 << 10, 8 << 20].map(|length: usize| {
            let path = format!("/?{}", "q".repeat(length));
            let sent = wire::Request::get(&context.base_url(UPSTREAM)).path(&path).send();
            sent.map_or_else(|reason| reason, |got| got.status.to_string())
        });
        report(json!({ "outcomes": outcomes }))
    }
}

caisson_sdk::export!(OrBehave<LongUrl>);
