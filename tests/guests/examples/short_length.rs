//! Says that its body has five bytes, and writes a second request behind them: an upstream that believed both would serve what
//! nobody checked.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire, wire::Method};
use serde_json::json;

/// The adapter.
pub struct ShortLength;

impl Adapter for ShortLength {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("short-length", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request =
            wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post).header("content-length", "5");
        let outcome =
            request.send_body(b"helloGET /smuggled HTTP/1.1\r\nhost: evil.invalid\r\n\r\n").map(|got| got.status);
        report(json!({ "outcome": outcome }))
    }
}

caisson_sdk::export!(OrBehave<ShortLength>);
