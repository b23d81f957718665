//! Streams batches without an event in them, for ever: nothing ever reaches the client, and nothing ends.

use caisson_sdk::events;
use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct EmptyBatches;

impl Adapter for EmptyBatches {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("empty-batches", "1.0.0")
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(events::from_iter(std::iter::repeat_with(|| Ok(Vec::new()))))
    }
}

caisson_sdk::export!(OrBehave<EmptyBatches>);
