//! Answers one input with a million vectors, all of them empty.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct MillionVectors;

impl Adapter for MillionVectors {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("million-vectors", "1.0.0")
    }

    fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        Ok(EmbedResponse { vectors: vec![Vec::new(); 1_000_000], ..EmbedResponse::default() })
    }
}

caisson_sdk::export!(OrBehave<MillionVectors>);
