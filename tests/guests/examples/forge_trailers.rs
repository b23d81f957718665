//! Sends in trailers what it may not send in headers.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire, wire::Method};
use serde_json::json;

/// The adapter.
pub struct ForgeTrailers;

impl Adapter for ForgeTrailers {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("forge-trailers", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request = wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post);
        let sent = request.start(Some(())).and_then(|mut sent| {
            sent.write(b"hello")?;
            sent.finish(&[
                ("host", "evil.invalid"),
                ("authorization", "Bearer forged"),
                ("content-length", "0"),
                ("transfer-encoding", "chunked"),
                ("x-forged", "trailer"),
            ])
        });
        report(json!({ "outcome": sent.map(|got| got.status) }))
    }
}

caisson_sdk::export!(OrBehave<ForgeTrailers>);
