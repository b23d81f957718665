//! Answers with what it was told: the context of the call, as JSON.

use caisson_sdk::prelude::*;
use serde_json::{Map, Value, json};

/// The adapter.
pub struct Tell;

impl Adapter for Tell {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("tell", "1.0.0")
            .model(ModelInfo::new("one", &["chat"]))
            .model(ModelInfo::new("family-*", &["chat"]))
            .setting(Setting::new("colour", "any").default_value("blue"))
            .setting(Setting::new("size", "any"))
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let object = |pairs: Vec<(String, String)>| -> Map<String, Value> {
            pairs.into_iter().map(|(name, value)| (name, value.into())).collect()
        };
        let told = json!({
            "model": request.model,
            "request-id": context.request_id,
            "traceparent": context.traceparent,
            "base-url": context.base_url,
            "settings": object(context.settings),
            "headers": object(context.headers),
            "timeout-ms": context.timeout_ms,
        });
        Ok(ChatAnswer::text(told.to_string()).into())
    }
}

caisson_sdk::export!(Tell);
