//! Answers with what can't be put on the wire: JSON text that is none, no choice at all, too few vectors.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct BadAnswer;

impl Adapter for BadAnswer {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("bad-answer", "1.0.0").setting(Setting::new("how", "json, shape or choices").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(match context.setting("how") {
            Some("json") => ChatResponse::Raw("{\"choices\": [".to_owned()),
            Some("shape") => ChatResponse::Raw("[1, 2, 3]".to_owned()),
            _ => ChatAnswer { choices: Vec::new(), ..ChatAnswer::default() }.into(),
        })
    }

    fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        Ok(EmbedResponse { vectors: vec![vec![1.0]], ..EmbedResponse::default() })
    }
}

caisson_sdk::export!(BadAnswer);
