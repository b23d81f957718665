//! Says more about itself than anybody wants to keep: a description of 16 MiB.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct BigDescribe;

impl Adapter for BigDescribe {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("big-describe", "1.0.0").description("words ".repeat((16 << 20) / 6))
    }
}

caisson_sdk::export!(BigDescribe);
