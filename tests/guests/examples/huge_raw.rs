//! Answers with 32 megabytes of JSON of its own.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct HugeRaw;

impl Adapter for HugeRaw {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("huge-raw", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatResponse::Raw(huge("message")))
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once(vec![Event::Raw(huge("delta"))]))
    }
}

caisson_sdk::export!(OrBehave<HugeRaw>);

fn huge(place: &str) -> String {
    format!("{{\"choices\":[{{\"index\":0,\"{place}\":{{\"content\":\"{}\"}}}}]}}", "x".repeat(32 << 20))
}
