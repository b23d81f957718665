//! Takes all the memory that it can get, counts the bytes in it that are not zero, and leaves its own mark on every one of them
//! for whoever comes next.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, memory, report};
use serde_json::json;

/// The adapter.
pub struct Residue;

impl Adapter for Residue {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("residue", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let (mut grown, mut found) = (0, 0);
        while let Some(fresh) = memory::grow() {
            found += fresh.iter().filter(|byte| **byte != 0).count();
            fresh.fill(0xA5);
            grown += fresh.len();
        }
        report(json!({ "grown": grown, "found": found }))
    }
}

caisson_sdk::export!(OrBehave<Residue>);
