//! Answers with choices under the highest index there is, twice each, and streams one under it.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct ChoiceIndexes;

impl Adapter for ChoiceIndexes {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("choice-indexes", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let choices = [u32::MAX, u32::MAX, 7, 7].map(|index| Choice { index, ..choice() });
        Ok(ChatAnswer { choices: choices.to_vec(), ..ChatAnswer::default() }.into())
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once(vec![Event::text(u32::MAX, "far out")]))
    }
}

caisson_sdk::export!(OrBehave<ChoiceIndexes>);

fn choice() -> Choice {
    Choice { message: Message::assistant("one of many"), ..Choice::default() }
}
