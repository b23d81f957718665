//! Answers a request for one choice with a million.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct MillionChoices;

impl Adapter for MillionChoices {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("million-choices", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let choices = (0..1_000_000).map(|index| Choice { index, ..Choice::default() }).collect();
        Ok(ChatAnswer { choices, ..ChatAnswer::default() }.into())
    }
}

caisson_sdk::export!(OrBehave<MillionChoices>);
