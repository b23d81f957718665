//! Counts its calls in a global and answers with the count: 1, as long as every request has a fresh sandbox.

use std::sync::atomic::{AtomicU32, Ordering};

use caisson_sdk::events;
use caisson_sdk::prelude::*;

static CALLS: AtomicU32 = AtomicU32::new(0);

/// The adapter.
pub struct Counter;

impl Adapter for Counter {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("counter", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text(count()).into())
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(events::from_iter(std::iter::once(Ok(vec![Event::text(0, count())]))))
    }
}

caisson_sdk::export!(Counter);

fn count() -> String {
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1).to_string()
}
