//! Sends a GET to the URL in its settings, with a header from its settings, and answers with what it got. A request that
//! fails is its own error, or with `report` set, its answer.
//!
//! It wants one credential in each place that a credential can have, all for its first host.

use caisson_sdk::http;
use caisson_sdk::prelude::*;
use serde_json::{Map, Value, json};

const HOST: &str = "http://upstream.invalid";

/// The adapter.
pub struct Reach;

impl Adapter for Reach {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("reach", "1.0.0")
            .host(HOST)
            .credential(CredentialSlot::bearer("in-bearer", HOST).optional())
            .credential(CredentialSlot::header("in-header", HOST, "x-secret").optional())
            .credential(CredentialSlot::new("in-query", HOST, Placement::Query("secret".to_owned())).optional())
            .setting(Setting::new("url", "where to"))
            .setting(Setting::new("header", "one more header, as in `name: value`"))
            .setting(Setting::new("report", "whether a failure is an answer"))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let got = match fetch(&context) {
            Err(error) if context.setting("report").is_some() => json!({ "error": error.message, "code": error.code }),
            other => other?,
        };
        Ok(ChatAnswer::text(got.to_string()).into())
    }
}

caisson_sdk::export!(Reach);

fn fetch(context: &Context) -> Result<Value> {
    let mut request = http::Request::get(context.setting("url").unwrap_or(&context.base_url(HOST)));
    if let Some((name, value)) = context.setting("header").and_then(|header| header.split_once(": ")) {
        request = request.header(name, value);
    }
    let response = request.send()?;
    let status = response.status();
    let headers: Map<String, Value> =
        response.headers().iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    Ok(json!({ "status": status, "headers": headers, "body": response.text()? }))
}
