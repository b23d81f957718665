//! A request as the wire modules see it: read in full, not yet understood.

use bytes::Bytes;
use http::{HeaderMap, Method};

/// One request, and the key that the provider accepts.
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) key: &'a str,
}

impl Incoming<'_> {
    /// A header's text; none where it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A query parameter as it stands, without percent-decoding: keys and flags need none.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query?.split('&').find_map(|pair| match pair.split_once('=') {
            Some((key, value)) if key == name => Some(value),
            None if pair == name => Some(""),
            _ => None,
        })
    }

    /// Whether the body is declared as JSON.
    pub(crate) fn is_json(&self) -> bool {
        let media_type = self.header("content-type").and_then(|value| value.split(';').next());
        media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
    }

    /// The same request gives the same ids.
    pub(crate) fn seed(&self) -> u64 {
        crate::seed::hash(&[self.path.as_bytes(), self.body])
    }
}
