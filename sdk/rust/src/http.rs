//! HTTP to the provider: build a [`Request`], read a [`Response`] as its bytes arrive.
//!
//! ```no_run
//! # fn ask() -> caisson_sdk::Result<()> {
//! use caisson_sdk::http::Request;
//!
//! let answer: serde_json::Value = Request::post("https://api.example.com/v1/answer")
//!     .json(&serde_json::json!({ "question": "why?" }))
//!     .send_ok()?
//!     .json()?;
//! # Ok(()) }
//! ```
//!
//! The host decides where a request may go and adds the credential; it follows no redirect and neither does
//! this client. Connections, TLS and compression are the host's as well.

mod request;
mod response;
mod url;

pub use request::Request;
pub use response::Response;

/// A string as one segment of a URL's path: everything but letters, digits and `-._~` is percent-encoded, so
/// that a model's name can't leave its place. Keep `:` and the like outside of it.
#[must_use]
pub fn path_segment(text: &str) -> String {
    // A dot segment is resolved away even where its dots are encoded, so there is no way to send one.
    match text {
        "." | ".." => url::encode(&text.replace('.', "%2E")),
        _ => url::encode(text),
    }
}

#[cfg(test)]
mod tests;
