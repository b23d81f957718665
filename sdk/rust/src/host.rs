//! What the host offers beside WASI. Natively the answers come from the `testing` script.

/// The client's request body as it came, for adapters that pass it through. Empty in `describe`.
#[must_use]
pub fn original_body() -> Vec<u8> {
    crate::transport::original_body()
}

/// Tokens of the text in an encoding (`o200k_base`, `cl100k_base`, …) or for a model's name; `None` where
/// the encoding is unknown.
#[must_use]
pub fn count_tokens(encoding: &str, text: &str) -> Option<u32> {
    crate::transport::count_tokens(encoding, text)
}
