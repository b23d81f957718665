//! Answers one input with a vector of a billion dimensions, or as many as it gets memory for.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct VastVector;

impl Adapter for VastVector {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("vast-vector", "1.0.0")
    }

    fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        let mut vector = Vec::new();
        while vector.len() < 1_000_000_000 && vector.try_reserve(1 << 20).is_ok() {
            vector.resize(vector.len() + (1 << 20), 0.5_f32);
        }
        Ok(EmbedResponse { vectors: vec![vector], ..EmbedResponse::default() })
    }
}

caisson_sdk::export!(OrBehave<VastVector>);
