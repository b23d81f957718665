//! Claims a conformance suite that there is none of, and its author's own; asks nobody anything.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct UnknownSuite;

impl Adapter for UnknownSuite {
    fn describe() -> AdapterInfo {
        AdapterInfo {
            suites: vec!["opnai".into(), "acme".into()],
            ..AdapterInfo::new("unknown-suite", "1.0.0").model(ModelInfo::new("any", &["chat"]))
        }
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("ahoy").into())
    }
}

caisson_sdk::export!(UnknownSuite);
