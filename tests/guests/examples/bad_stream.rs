//! Streams what no client should see: the role again and again, two finishes, words after the end, tool calls under odd
//! indexes and without ids. With `how` set to `choice`, a choice that nobody asked for.

use caisson_sdk::events;
use caisson_sdk::prelude::*;

/// The adapter.
pub struct BadStream;

impl Adapter for BadStream {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("bad-stream", "1.0.0").setting(Setting::new("how", "choice, or nothing"))
    }

    fn open_stream(context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let batches = match context.setting("how") {
            Some("choice") => vec![vec![Event::text(0, "mine")], vec![Event::text(7, "nobody's")]],
            _ => vec![
                vec![role(), Event::text(0, "hello"), role(), Event::text(0, " there")],
                vec![call(5, Some("first"), "{\"a\":"), call(5, None, "1}"), call(9, Some("second"), "{}")],
                vec![Event::finish(0, FinishReason::Stop), Event::finish(0, FinishReason::Length)],
                vec![Event::text(0, "after the end")],
            ],
        };
        Ok(events::from_iter(batches.into_iter().map(Ok)))
    }
}

caisson_sdk::export!(BadStream);

fn role() -> Event {
    Event::Other(OtherDelta { choice: 0, extra: vec![("role".to_owned(), "\"assistant\"".to_owned())] })
}

fn call(index: u32, name: Option<&str>, arguments: &str) -> Event {
    Event::Tool(ToolDelta {
        index,
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
        ..ToolDelta::default()
    })
}
