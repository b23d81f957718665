//! Asks for egress to a cloud's metadata service and to this machine, among innocent hosts, and dials this machine.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct MetadataHost;

impl Adapter for MetadataHost {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("metadata-host", "1.0.0")
            .host("https://api.example.com")
            .host("http://169.254.169.254")
            .host("http://localhost:9")
            .host("http://[::1]:9")
            .host("http://2130706433:9")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        // Only this machine: a host that lets it through must not send a test to somebody else.
        Ok(ChatAnswer::text(http::Request::get("http://localhost:9/").send()?.status().to_string()).into())
    }
}

caisson_sdk::export!(OrBehave<MetadataHost>);
