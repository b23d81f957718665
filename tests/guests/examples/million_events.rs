//! Gives a million events in one batch: few bytes each here, and hundreds on the client's wire.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct MillionEvents;

impl Adapter for MillionEvents {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("million-events", "1.0.0")
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once((0..1_000_000).map(|_| Event::text(0, "x")).collect()))
    }
}

caisson_sdk::export!(OrBehave<MillionEvents>);
