//! Says that it has ten thousand models.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct ManyModels;

impl Adapter for ManyModels {
    fn describe() -> AdapterInfo {
        (0..10_000).fold(AdapterInfo::new("many-models", "1.0.0"), |info, number| {
            info.model(ModelInfo::new(format!("model-{number}"), &["chat"]))
        })
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<ManyModels>);
