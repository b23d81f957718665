//! Gives one event that is larger than everything a stream has room for.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct HugeEvent;

impl Adapter for HugeEvent {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("huge-event", "1.0.0")
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once(vec![Event::text(0, "x".repeat(80 << 20))]))
    }
}

caisson_sdk::export!(OrBehave<HugeEvent>);
