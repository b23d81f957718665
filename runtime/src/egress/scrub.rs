//! Takes credentials out of what an upstream sends back.
//!
//! An upstream may echo the key it was given: in a header, an error message, or a debugging endpoint. The guest must not learn it
//! that way, so each secret (and its percent-encoded form) is replaced by a placeholder, also where it is cut by chunk boundaries.
//! Bytes are held back only while they could be the beginning of a secret, so a stream keeps flowing. It can't see through
//! compression or encryption: `egress` asks for neither and refuses an answer that is compressed all the same.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

/// What stands in a response where a credential stood.
pub(crate) const PLACEHOLDER: &[u8] = b"[credential]";

/// The secrets to look for, prepared once per revision.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<[Needle]>);

struct Needle {
    secret: Zeroizing<Vec<u8>>,
    finder: Finder<'static>,
}

/// Scrubs one body, chunk after chunk.
pub(crate) struct Scrubber {
    secrets: Secrets,
    held: BytesMut,
}

impl Secrets {
    /// Prepares the search for these values in each form in which they may come back.
    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut needles: Vec<Needle> = Vec::new();
        for value in values {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let json = serde_json::to_string(value).unwrap_or_default();
            for form in [value, &encoded, json.trim_matches('"')] {
                if needles.iter().all(|needle| needle.secret.as_slice() != form.as_bytes()) {
                    needles.push(Needle {
                        secret: Zeroizing::new(form.as_bytes().to_vec()),
                        finder: Finder::new(form.as_bytes()).into_owned(),
                    });
                }
            }
        }
        // The longest first: a secret that begins with another must not leave its tail behind.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.secret.len()));
        Self(needles.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with every secret replaced; none where there was nothing to replace.
    pub(crate) fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.earliest(text)?;
        let mut clean = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((at, length)) = self.earliest(rest) {
            clean.extend_from_slice(&rest[..at]);
            clean.extend_from_slice(PLACEHOLDER);
            rest = &rest[at + length..];
        }
        clean.extend_from_slice(rest);
        Some(clean)
    }

    fn earliest(&self, text: &[u8]) -> Option<(usize, usize)> {
        let found = self.0.iter().filter_map(|needle| needle.finder.find(text).map(|at| (at, needle.secret.len())));
        found.min_by_key(|(at, length)| (*at, std::cmp::Reverse(*length)))
    }

    /// How many bytes at the end of `text` could be the beginning of a secret.
    fn held_back(&self, text: &[u8]) -> usize {
        let longest = |needle: &Needle| {
            let secret = needle.secret.as_slice();
            (1..secret.len().min(text.len() + 1)).rev().find(|n| text.ends_with(&secret[..*n])).unwrap_or(0)
        };
        self.0.iter().map(longest).max().unwrap_or(0)
    }
}

impl Scrubber {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self { secrets, held: BytesMut::new() }
    }

    /// The part of the body that is now known to be clean.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.secrets.is_empty() {
            return chunk;
        }
        let joined = if self.held.is_empty() {
            chunk
        } else {
            self.held.extend_from_slice(&chunk);
            self.held.split().freeze()
        };
        let mut joined = self.secrets.scrub(&joined).map_or(joined, Bytes::from);
        let held = joined.split_off(joined.len() - self.secrets.held_back(&joined));
        self.held.extend_from_slice(&held);
        joined
    }

    /// What was held back, once the body has ended: no secret after all.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        if self.held.is_empty() { None } else { Some(self.held.split().freeze()) }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn scrubbed(secrets: &[&str], chunks: &[&[u8]]) -> String {
        let mut scrubber = Scrubber::new(Secrets::new(secrets.iter().copied()));
        let mut clean: Vec<u8> = Vec::new();
        for chunk in chunks {
            clean.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(chunk)));
        }
        clean.extend(scrubber.finish().into_iter().flatten());
        String::from_utf8(clean).expect("the tests write text")
    }

    #[test]
    fn a_secret_is_replaced_wherever_chunks_cut_it() {
        let body = b"{\"key\":\"sk-abcdefgh\",\"again\":\"sk-abcdefgh\"}";
        for first in 0..=body.len() {
            for second in first..=body.len() {
                let chunks = [&body[..first], &body[first..second], &body[second..]];
                assert_eq!(
                    scrubbed(&["sk-abcdefgh"], &chunks),
                    "{\"key\":\"[credential]\",\"again\":\"[credential]\"}"
                );
            }
        }
    }

    #[test]
    fn text_that_only_begins_like_a_secret_is_kept() {
        assert_eq!(scrubbed(&["sk-abcdefgh"], &[b"sk-abc", b"xyz sk-", b"sk-abcdefg"]), "sk-abcxyz sk-sk-abcdefg");
    }

    #[test]
    fn nothing_is_held_back_that_can_be_sent() {
        let mut scrubber = Scrubber::new(Secrets::new(["sk-abcdefgh"].into_iter()));
        assert_eq!(scrubber.push(Bytes::from_static(b"data: token\n\n")), "data: token\n\n");
        assert_eq!(scrubber.push(Bytes::from_static(b"data: s")), "data: ");
    }

    #[test]
    fn percent_encoded_and_json_escaped_forms_are_replaced_too() {
        assert_eq!(scrubbed(&["a/b+c=d&e"], &[b"?key=a%2Fb%2Bc%3Dd%26e"]), "?key=[credential]");
        assert_eq!(scrubbed(&["quote\"back\\slash"], &[b"\"quote\\\"back\\\\slash\""]), "\"[credential]\"");
    }

    #[test]
    fn the_longer_of_two_overlapping_secrets_wins() {
        assert_eq!(
            scrubbed(&["secret-1", "secret-1-extended"], &[b"x secret-1-extended y secret-1 z"]),
            "x [credential] y [credential] z"
        );
    }
}
