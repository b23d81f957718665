//! Says twice how long its body is, differently, and in forms that readers of HTTP disagree on; with a chunked body in the body.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire, wire::Method};
use serde_json::json;

const LENGTHS: [&[(&str, &str)]; 6] = [
    &[("content-length", "5"), ("content-length", "62")],
    &[("content-length", "5, 62")],
    &[("content-length", "+5")],
    &[("content-length", "0x3e")],
    &[("content-length", "-1")],
    &[("content-length", "5"), ("transfer-encoding", "chunked"), ("Transfer-Encoding", " chunked")],
];

/// The adapter.
pub struct TwoLengths;

impl Adapter for TwoLengths {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("two-lengths", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let outcomes = LENGTHS.map(|lengths| {
            let request = wire::Request::get(&context.base_url(UPSTREAM)).method(Method::Post);
            let request = lengths.iter().fold(request, |request, (name, value)| request.header(name, value));
            let body = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: evil.invalid\r\n\r\n";
            request.send_body(body).map_or_else(|reason| reason, |got| got.status.to_string())
        });
        report(json!({ "outcomes": outcomes }))
    }
}

caisson_sdk::export!(OrBehave<TwoLengths>);
