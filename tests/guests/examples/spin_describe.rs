//! Computes without end where the host asks what it is.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct SpinDescribe;

impl Adapter for SpinDescribe {
    fn describe() -> AdapterInfo {
        let mut turns = 0_u64;
        loop {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
    }
}

caisson_sdk::export!(SpinDescribe);
