//! Sends the headers that belong to a connection, and one that names a credential's header as such, so that the next proxy would
//! take it off.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

const HEADERS: [(&str, &str); 12] = [
    ("connection", "authorization, x-nominated"),
    ("Connection", "upgrade"),
    ("x-nominated", "kept"),
    ("expect", "100-continue"),
    ("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA"),
    ("keep-alive", "timeout=100000"),
    ("proxy-authorization", "Basic Zm9yZ2Vk"),
    ("proxy-connection", "keep-alive"),
    ("te", "trailers"),
    ("trailer", "x-late"),
    ("transfer-encoding", "chunked"),
    ("upgrade", "websocket"),
];

/// The adapter.
pub struct HopByHop;

impl Adapter for HopByHop {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("hop-by-hop", "1.0.0").host(UPSTREAM).credential(CredentialSlot::bearer("api-key", UPSTREAM))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request = HEADERS.iter().fold(wire::Request::get(&context.base_url(UPSTREAM)), |request, (name, value)| {
            request.header(name, value)
        });
        let refused = request.refused();
        report(json!({ "refused": refused, "status": request.send().map(|got| got.status) }))
    }
}

caisson_sdk::export!(OrBehave<HopByHop>);
