//! Streams calls of tools at the highest indexes there are, and again at each after it was done with.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct ToolIndexes;

impl Adapter for ToolIndexes {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("tool-indexes", "1.0.0")
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let call = |index: u32, id: Option<&str>| {
            Event::Tool(ToolDelta {
                index,
                id: id.map(str::to_owned),
                name: id.map(|_| "act".to_owned()),
                arguments: "{}".to_owned(),
                ..ToolDelta::default()
            })
        };
        let indexes = [u32::MAX, 0, u32::MAX - 1, 1 << 31, u32::MAX, 0];
        let named = indexes.iter().enumerate().map(|(at, index)| call(*index, (at < 4).then_some("same id")));
        Ok(once(named.collect()))
    }
}

caisson_sdk::export!(OrBehave<ToolIndexes>);
