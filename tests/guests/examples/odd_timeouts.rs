//! Asks for timeouts of nothing, of a nanosecond and of 584 years.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct OddTimeouts;

impl Adapter for OddTimeouts {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("odd-timeouts", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let outcomes = [0, 1, u64::MAX].map(|nanoseconds| {
            let sent = wire::Request::get(&context.base_url(UPSTREAM)).timeout(nanoseconds).send();
            sent.map_or_else(|reason| reason, |got| got.status.to_string())
        });
        report(json!({ "outcomes": outcomes }))
    }
}

caisson_sdk::export!(OrBehave<OddTimeouts>);
