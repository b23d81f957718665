//! Sends a request with a thousand headers, one with ten thousand, and one with a header of a megabyte.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct HeaderFlood;

impl Adapter for HeaderFlood {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("header-flood", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let base_url = context.base_url(UPSTREAM);
        let many = |count: u32| {
            let request = (0..count).fold(wire::Request::get(&base_url), |request, number| {
                request.header(&format!("x-flood-{number}"), "water")
            });
            request.send().map_or_else(|reason| reason, |got| got.status.to_string())
        };
        let long = wire::Request::get(&base_url).header("x-flood", &"water".repeat(1 << 18));
        let refused = long.refused();
        let long = long.send().map_or_else(|reason| reason, |got| got.status.to_string());
        report(json!({ "thousand": many(1_000), "ten thousand": many(10_000), "long": long, "refused": refused }))
    }
}

caisson_sdk::export!(OrBehave<HeaderFlood>);
