//! cargo-fuzz's entry to the target `structure`; what must hold is in `targets/src/structure.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| caisson_fuzz_targets::structure(bytes));
