//! The versions of the API: which one a request names, and what 2026-10-21 refuses that 2023-06-01 took.

use serde_json::Value;

use super::check::Checked;
use super::error::Failure;

/// A value of the `anthropic-version` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 2023-06-01
    V2023,
    /// 2026-10-21
    V2026,
}

impl Version {
    pub(crate) fn of(header: Option<&str>) -> Result<Version, Failure> {
        match header {
            None => Err(Failure::new(400, "anthropic-version: header is required")),
            Some("2023-06-01") => Ok(Version::V2023),
            Some("2026-10-21") => Ok(Version::V2026),
            Some(other) => Err(Failure::new(400, format!("anthropic-version: {other:?} is not a valid version"))),
        }
    }

    /// Sampling parameters, documents that an assistant sends, and citations that a user does.
    pub(crate) fn check(self, body: &Value) -> Checked {
        if self == Version::V2023 {
            return Ok(());
        }
        for name in ["temperature", "top_p", "top_k"] {
            if body.get(name).is_some() {
                return Err(Failure::field(name, "Extra inputs are not permitted"));
            }
        }
        for (index, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
            let blocks = message["content"].as_array().into_iter().flatten();
            for (position, block) in blocks.enumerate() {
                let at = format!("messages.{index}.content.{position}");
                match (message["role"].as_str(), block["type"].as_str()) {
                    (Some("assistant"), Some("document")) => {
                        return Err(Failure::field(&at, "`document` blocks are not permitted in assistant messages"));
                    }
                    (Some("user"), _) if cites(block) => {
                        return Err(Failure::field(&at, "`citations` are not permitted in user messages"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// A text block with citations, or a search result that holds one.
fn cites(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("text") => block["citations"].as_array().is_some_and(|citations| !citations.is_empty()),
        Some("search_result") => block["content"].as_array().into_iter().flatten().any(cites),
        _ => false,
    }
}
