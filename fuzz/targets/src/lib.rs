//! What must hold of any bytes whatever: one function for each fuzz target, which panics where something doesn't hold.
//!
//! They are apart from cargo-fuzz, so that the ordinary tests run them, too, over the seeds and a bounded number of mutations.

#![allow(clippy::expect_used, reason = "a failed expectation is what fuzzing looks for")]

mod address;
mod request;
mod sse;
mod structure;

/// The value of a JSON text. None where it has half of a surrogate pair, as `\ud800`, or a number such as `1e999`: by the grammar both
/// are JSON, and some readers take them.
fn json(text: &[u8]) -> Option<serde_json::Value> {
    let error = match serde_json::from_slice(text) {
        Ok(value) => return Some(value),
        Err(error) => error.to_string(),
    };
    serde_json::from_slice::<serde::de::IgnoredAny>(text).expect("it's JSON by the grammar");
    let excused = ["out of range", "hex escape", "surrogate"].iter().any(|excuse| error.contains(excuse));
    assert!(excused, "it can't be read ({error}): {}", text.escape_ascii());
    None
}

/// A property of bytes.
pub type Target = fn(&[u8]);

/// All targets by name, which is also that of their folder of seeds.
pub const TARGETS: [(&str, Target); 4] = [
    ("address", address::address),
    ("request", request::request),
    ("sse", sse::sse),
    ("structure", structure::structure),
];

pub use address::address;
pub use request::request;
pub use sse::sse;
pub use structure::structure;
