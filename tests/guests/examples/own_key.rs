//! Writes its credentials' header and query parameter itself, often and in other spellings, to choose the key or to have two.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct OwnKey;

impl Adapter for OwnKey {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("own-key", "1.0.0")
            .host(UPSTREAM)
            .credential(CredentialSlot::header("in-header", UPSTREAM, "x-secret"))
            .credential(CredentialSlot::new("in-query", UPSTREAM, Placement::Query("secret".to_owned())))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let path = "/?secret=mine&%73ecret=mine&s%65cret=mine&SECRET=mine&x=1#secret=mine";
        let request = wire::Request::get(&context.base_url(UPSTREAM))
            .path(path)
            .header("x-secret", "mine")
            .header("X-Secret", "mine")
            .header("X-SECRET", "mine");
        report(json!({ "status": request.send().map(|got| got.status) }))
    }
}

caisson_sdk::export!(OrBehave<OwnKey>);
