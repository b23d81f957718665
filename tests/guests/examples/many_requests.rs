//! Sends one request after another to its base URL until one fails, and reports that failure.

use caisson_sdk::http;
use caisson_sdk::prelude::*;

const HOST: &str = "http://upstream.invalid";

/// The adapter.
pub struct ManyRequests;

impl Adapter for ManyRequests {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("many-requests", "1.0.0").host(HOST)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        loop {
            http::Request::get(context.base_url(HOST)).send()?.bytes()?;
        }
    }
}

caisson_sdk::export!(ManyRequests);
