//! Answers with JSON of its own that is nested 100,000 levels deep.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct DeepRaw;

impl Adapter for DeepRaw {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("deep-raw", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatResponse::Raw(deep()))
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once(vec![Event::Raw(deep())]))
    }
}

caisson_sdk::export!(OrBehave<DeepRaw>);

fn deep() -> String {
    let levels = 100_000;
    let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    format!("{{\"choices\":[{{\"index\":0,\"delta\":{{}},\"message\":{{\"content\":\"x\"}},\"deep\":{nested}}}]}}")
}
