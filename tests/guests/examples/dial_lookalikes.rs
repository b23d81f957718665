//! Dials what looks like the host in its settings and is another: with a user name before it, a suffix behind it, another port or
//! scheme; then the host itself in other spellings. Answers with what it reached.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, get_each, report};
use serde_json::json;

/// The adapter.
pub struct DialLookalikes;

impl Adapter for DialLookalikes {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("dial-lookalikes", "1.0.0")
            .setting(Setting::new("host", "what is granted, as name:port").required())
            .setting(Setting::new("evil", "what is not, as address:port").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let (host, port) = context.setting("host").and_then(|host| host.split_once(':')).unwrap_or_default();
        let evil = context.setting("evil").unwrap_or_default();
        let lookalikes = [
            format!("http://{host}:{port}@{evil}/"),
            format!("http://{host}@{evil}/"),
            format!("http://{evil}\\@{host}:{port}/"),
            format!("http://{evil}#@{host}:{port}/"),
            format!("http://{evil}?@{host}:{port}/"),
            format!("http://{host}.{evil}/"),
            format!("http://x{host}:{port}/"),
            format!("http://x.{host}:{port}/"),
            format!("http://{host}..:{port}/"),
            format!("http://{host}%2e:{port}/"),
            format!("http://{host}%00.{evil}/"),
            format!("http://{host}:{port}{port}/"),
            format!("http://{host}/"),
            format!("https://{host}:{port}/"),
            format!("http://127.0.0.1:{port}/"),
        ];
        let same = [format!("http://{}:{port}/", host.to_uppercase()), format!("http://{host}.:{port}/")];
        report(json!({ "lookalikes": get_each(lookalikes), "same": get_each(same) }))
    }
}

caisson_sdk::export!(OrBehave<DialLookalikes>);
