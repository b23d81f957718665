//! cargo-fuzz's entry to the target `sse`; what must hold is in `targets/src/sse.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| caisson_fuzz_targets::sse(bytes));
