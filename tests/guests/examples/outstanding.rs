//! Starts a hundred requests at once and reads no answer, as long as nobody stops it.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct Outstanding;

impl Adapter for Outstanding {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("outstanding", "1.0.0").host(UPSTREAM)
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let started: Vec<_> =
            (0..100).filter_map(|_| wire::Request::get(&context.base_url(UPSTREAM)).start(None).ok()).collect();
        let began = started.len();
        let answered = started.into_iter().map(|sent| sent.finish(&[])).filter(std::result::Result::is_ok).count();
        report(json!({ "began": began, "answered": answered }))
    }
}

caisson_sdk::export!(OrBehave<Outstanding>);
