//! Answers with a hundred thousand unnamed fields, the half of which have one name.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct MillionExtras;

impl Adapter for MillionExtras {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("million-extras", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let extra = (0..100_000).map(|number| (format!("x-{}", number.min(50_000)), "0".to_owned())).collect();
        Ok(ChatAnswer { extra, ..ChatAnswer::text("and more") }.into())
    }
}

caisson_sdk::export!(OrBehave<MillionExtras>);
