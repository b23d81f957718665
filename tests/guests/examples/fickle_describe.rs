//! Describes itself differently each time it is asked.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct FickleDescribe;

impl Adapter for FickleDescribe {
    fn describe() -> AdapterInfo {
        AdapterInfo::new(format!("fickle-{}", number()), number().to_string())
            .host(format!("https://host-{}.example.com", number()))
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<FickleDescribe>);

fn number() -> u64 {
    caisson_sdk::bindings::wasi::random::random::get_random_u64()
}
