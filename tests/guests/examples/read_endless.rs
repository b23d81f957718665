//! Reads its upstream's answer into memory, however long it goes on.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM};

/// The adapter.
pub struct ReadEndless;

impl Adapter for ReadEndless {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("read-endless", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let mut response = http::Request::get(context.base_url(UPSTREAM)).send()?;
        let mut all = Vec::new();
        while let Some(chunk) = response.chunk()? {
            all.extend(chunk);
        }
        Ok(ChatAnswer::text(format!("{} bytes", all.len())).into())
    }
}

caisson_sdk::export!(OrBehave<ReadEndless>);
