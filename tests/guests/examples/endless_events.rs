//! Streams single letters for ever, as fast as they are taken.

use caisson_sdk::events;
use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct EndlessEvents;

impl Adapter for EndlessEvents {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("endless-events", "1.0.0")
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(events::from_iter(std::iter::repeat_with(|| Ok(vec![Event::text(0, "x")]))))
    }
}

caisson_sdk::export!(OrBehave<EndlessEvents>);
