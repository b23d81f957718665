//! cargo-fuzz's entry to the target `request`; what must hold is in `targets/src/request.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| caisson_fuzz_targets::request(bytes));
