//! Waits by a clock for an hour: no fuel is used meanwhile, so that only a deadline ends it. The
//! model `behave` doesn't wait.

use std::time::Duration;

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Wait;

impl Adapter for Wait {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("wait", "1.0.0")
    }

    fn complete(_context: Context, request: ChatRequest) -> Result<ChatResponse> {
        if request.model != "behave" {
            std::thread::sleep(Duration::from_secs(3600));
        }
        Ok(ChatAnswer::text("behaved").into())
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        std::thread::sleep(Duration::from_secs(3600));
        Err(Error::internal("an hour later"))
    }
}

caisson_sdk::export!(Wait);
