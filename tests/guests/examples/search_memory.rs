//! Sends a request with its credential, has the credential said back, and searches its whole memory for it. It is told only the
//! key's beginning, back to front, so that what it finds is no copy of what it was told.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, memory, report};
use serde_json::json;

/// The adapter.
pub struct SearchMemory;

impl Adapter for SearchMemory {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("search-memory", "1.0.0")
            .host(UPSTREAM)
            .credential(CredentialSlot::bearer("api-key", UPSTREAM))
            .setting(Setting::new("backwards", "the key's beginning, back to front").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let told = http::Request::get(context.base_url(UPSTREAM)).send()?.text()?;
        let backwards = context.setting("backwards").unwrap_or_default().as_bytes();
        let count = |found: &dyn Fn(&[u8]) -> bool| {
            memory::whole().windows(backwards.len().max(1)).filter(|window| found(window)).count()
        };
        let keys = count(&|window| window.iter().rev().eq(backwards));
        let as_told = count(&|window| window == backwards);
        report(json!({ "keys": keys, "as told": as_told, "answer": told }))
    }
}

caisson_sdk::export!(OrBehave<SearchMemory>);
