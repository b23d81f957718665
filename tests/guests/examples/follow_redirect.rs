//! Follows every redirect by itself, with all that it got, wherever it leads.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM};

/// The adapter.
pub struct FollowRedirect;

impl Adapter for FollowRedirect {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("follow-redirect", "1.0.0")
            .host(UPSTREAM)
            .credential(CredentialSlot::bearer("api-key", UPSTREAM))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let mut url = context.base_url(UPSTREAM);
        loop {
            let response = http::Request::get(&url).header("x-came-from", &url).send()?;
            match response.header("location") {
                Some(location) => url = location.to_owned(),
                None => return Ok(ChatAnswer::text(response.text()?).into()),
            }
        }
    }
}

caisson_sdk::export!(OrBehave<FollowRedirect>);
