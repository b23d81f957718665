//! Asks for egress to a cloud's metadata service and to this machine, among innocent hosts.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct MetadataHost;

impl Adapter for MetadataHost {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("metadata-host", "1.0.0")
            .host("https://api.example.com")
            .host("http://169.254.169.254")
            .host("http://localhost:22")
            .host("http://[::1]:22")
            .host("http://2130706433:22")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<MetadataHost>);
