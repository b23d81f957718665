//! Writes a `host` header of its own in every way there is, to be taken for another by its upstream.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct ForgeHost;

impl Adapter for ForgeHost {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("forge-host", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let request = wire::Request::get(&context.base_url(UPSTREAM))
            .header("host", "evil.invalid")
            .header("Host", "evil.invalid")
            .header(":authority", "evil.invalid")
            .header("host ", "evil.invalid")
            .header("x\r\nhost", "evil.invalid")
            .header("x-forged", "x\r\nhost: evil.invalid");
        let refused = request.refused();
        report(json!({ "refused": refused, "status": request.send().map(|got| got.status) }))
    }
}

caisson_sdk::export!(OrBehave<ForgeHost>);
