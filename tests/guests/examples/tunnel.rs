//! Asks its upstream for a tunnel, for its own request back, and for methods that are a second request in disguise.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire, wire::Method};
use serde_json::json;

/// The adapter.
pub struct Tunnel;

impl Adapter for Tunnel {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("tunnel", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let methods = [
            Method::Connect,
            Method::Trace,
            Method::Other("CONNECT".to_owned()),
            Method::Other("GET /first HTTP/1.1\r\nx: y\r\n\r\nGET".to_owned()),
            Method::Other(String::new()),
        ];
        let outcomes = methods.map(|method| {
            let sent = wire::Request::get(&context.base_url(UPSTREAM)).method(method).send();
            sent.map_or_else(|reason| reason, |got| got.status.to_string())
        });
        report(json!({ "outcomes": outcomes }))
    }
}

caisson_sdk::export!(OrBehave<Tunnel>);
