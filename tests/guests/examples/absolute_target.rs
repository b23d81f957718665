//! Puts another host into the request's path, in the forms in which a proxy or a careless server would obey it.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct AbsoluteTarget;

impl Adapter for AbsoluteTarget {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("absolute-target", "1.0.0")
            .host(UPSTREAM)
            .setting(Setting::new("evil", "what is not granted, as address:port").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let evil = context.setting("evil").unwrap_or_default();
        let outcomes = [
            format!("http://{evil}/absolute"),
            format!("//{evil}/no-scheme"),
            format!("/\\{evil}/backslash"),
            format!("@{evil}/user"),
            format!(":80@{evil}/port"),
            format!(".{evil}/suffix"),
            "/../../outside".to_owned(),
            "/a b HTTP/1.1\r\nhost: evil.invalid\r\n\r\n".to_owned(),
            "*".to_owned(),
            String::new(),
        ]
        .map(|path| {
            let sent = wire::Request::get(&context.base_url(UPSTREAM)).path(&path).send();
            sent.map_or_else(|reason| reason, |got| got.status.to_string())
        });
        report(json!({ "outcomes": outcomes }))
    }
}

caisson_sdk::export!(OrBehave<AbsoluteTarget>);
