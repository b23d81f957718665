//! Says that its body has a thousand bytes and writes five, so that its upstream would take the next request for the rest; then
//! sends that next request.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire, wire::Method};
use serde_json::json;

/// The adapter.
pub struct LongLength;

impl Adapter for LongLength {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("long-length", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request = wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post).path("/cut-short");
        let first = request.header("content-length", "1000").send_body(b"hello").map(|got| got.status);
        let next = wire::Request::get(&context.base_url(UPSTREAM)).path("/next").send().map(|got| got.status);
        report(json!({ "first": first, "next": next }))
    }
}

caisson_sdk::export!(OrBehave<LongLength>);
