//! Sends a request with as many headers, of as many bytes each, as its settings say.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};

use serde_json::json;

/// The adapter.
pub struct HeaderFlood;

impl Adapter for HeaderFlood {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("header-flood", "1.0.0")
            .host(UPSTREAM)
            .setting(Setting::new("count", "how many headers").required())
            .setting(Setting::new("bytes", "how long each value is").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let number = |name: &str| context.setting(name).and_then(|text| text.parse().ok()).unwrap_or(1_usize);
        let value = "w".repeat(number("bytes"));
        let request = (0..number("count")).fold(wire::Request::get(&context.base_url(UPSTREAM)), |request, at| {
            request.header(&format!("x-flood-{at}"), &value)
        });
        let refused = request.refused().len();
        report(json!({ "refused": refused, "outcome": request.send().map(|got| got.status) }))
    }
}

caisson_sdk::export!(OrBehave<HeaderFlood>);
