//! cargo-fuzz's entry to the target `address`; what must hold is in `targets/src/address.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| caisson_fuzz_targets::address(bytes));
