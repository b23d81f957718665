//! Takes credentials out of what an upstream sends back.
//!
//! An upstream may echo the key it was given: in a header, an error message, or a debugging endpoint. The guest must not learn it
//! that way, so each secret (and its percent-encoded form) is replaced by a placeholder, also where it is cut by chunk boundaries.
//! The promise is for echoes: the value as it was sent, or as a query or JSON would write it, in a header's name or value or in the
//! body. It isn't for an upstream that works with the guest: that one has the key anyway, and can tell it in any code it likes.
//! Bytes are held back only while they could be the beginning of a secret, so a stream keeps flowing. It can't see through
//! compression or encryption: `egress` asks for neither and refuses an answer that is compressed all the same.

use std::cmp::Reverse;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::MIN_SECRET_BYTES;

/// What stands in a response where a credential stood.
pub(crate) const PLACEHOLDER: &[u8] = b"[credential]";

/// The secrets to look for, prepared once per revision.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<[Needle]>);

struct Needle {
    secret: Zeroizing<Vec<u8>>,
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
            let encoded: Zeroizing<String> =
                Zeroizing::new(url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
            let json = Zeroizing::new(serde_json::to_string(value).unwrap_or_default());
            for form in [value, &encoded, json.trim_matches('"')] {
                if needles.iter().all(|needle| needle.secret.as_slice() != form.as_bytes()) {
                    needles.push(Needle { secret: Zeroizing::new(form.as_bytes().to_vec()) });
                }
            }
        }
        // The longest first: a secret that begins with another must not leave its tail behind.
        needles.sort_by_key(|needle| Reverse(needle.secret.len()));
        Self(needles.into())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A whole text with every secret replaced; none where there was nothing to replace.
    pub(crate) fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        let (replaced, end) = self.replace(text);
        let rest = &text[end..];
        let held = self.beginning_at_end(rest);
        if replaced.is_none() && held < MIN_SECRET_BYTES {
            return None;
        }
        let mut clean = replaced.unwrap_or_default();
        clean.extend_from_slice(&rest[..rest.len() - held]);
        clean.extend_from_slice(cut_off(&rest[rest.len() - held..]));
        Some(clean)
    }

    /// Whether a header's name holds a secret; names are case-insensitive, and come in lower case.
    pub(crate) fn is_in_name(&self, name: &str) -> bool {
        self.0.iter().any(|needle| {
            let secret = needle.secret.as_slice();
            name.as_bytes().windows(secret.len()).any(|part| part.eq_ignore_ascii_case(secret))
        })
    }

    /// The text up to some end with its secrets replaced, if there are any, and that end: behind the last secret.
    fn replace(&self, text: &[u8]) -> (Option<Vec<u8>>, usize) {
        let mut clean = None;
        let mut end = 0;
        // Made for each piece, at little cost: one that is kept would hold a copy of the secret which is never zeroised.
        let finders: Vec<Finder<'_>> = self.0.iter().map(|needle| Finder::new(&*needle.secret)).collect();
        // Where each secret stands next; looked for anew only once passed, so that the whole takes linear time.
        let mut next: Vec<Option<usize>> = finders.iter().map(|finder| finder.find(text)).collect();
        loop {
            for (finder, at) in finders.iter().zip(&mut next) {
                if at.is_some_and(|at| at < end) {
                    *at = finder.find(&text[end..]).map(|at| end + at);
                }
            }
            let found = self.0.iter().zip(&next).filter_map(|(needle, at)| Some(((*at)?, needle.secret.len())));
            let Some((at, length)) = found.min_by_key(|(at, length)| (*at, Reverse(*length))) else {
                return (clean, end);
            };
            if self
                .0
                .iter()
                .any(|longer| longer.secret.len() > text.len() - at && longer.secret.starts_with(&text[at..]))
            {
                // It may yet turn out to be the beginning of a longer one.
                return (clean, end);
            }
            let clean = clean.get_or_insert_with(|| Vec::with_capacity(text.len()));
            clean.extend_from_slice(&text[end..at]);
            clean.extend_from_slice(PLACEHOLDER);
            end = at + length;
        }
    }

    /// How many bytes at the end of `text` could be the beginning of a secret.
    fn beginning_at_end(&self, text: &[u8]) -> usize {
        let longest = |needle: &Needle| {
            let secret = needle.secret.as_slice();
            (1..secret.len().min(text.len() + 1)).rev().find(|n| text.ends_with(&secret[..*n])).unwrap_or(0)
        };
        self.0.iter().map(longest).max().unwrap_or(0)
    }
}

/// The end of a text which begins like a secret and breaks off: a placeholder where that would tell too much of it.
fn cut_off(held: &[u8]) -> &[u8] {
    if held.len() < MIN_SECRET_BYTES { held } else { PLACEHOLDER }
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
        let mut joined = if self.held.is_empty() {
            chunk
        } else {
            self.held.extend_from_slice(&chunk);
            self.held.split().freeze()
        };
        let (replaced, end) = self.secrets.replace(&joined);
        let held = joined.split_off(joined.len() - self.secrets.beginning_at_end(&joined[end..]));
        self.held.extend_from_slice(&held);
        match replaced {
            None => joined,
            Some(mut clean) => {
                clean.extend_from_slice(&joined[end..]);
                clean.into()
            }
        }
    }

    /// What is left once the body has ended.
    pub(crate) fn finish(&mut self) -> Option<Bytes> {
        if self.held.is_empty() { None } else { Some(Bytes::copy_from_slice(cut_off(&self.held.split()))) }
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
        assert_eq!(scrubbed(&["sk-abcdefgh"], &[b"sk-abc", b"xyz sk-", b"sk-abcd"]), "sk-abcxyz sk-sk-abcd");
    }

    #[test]
    fn a_header_name_holds_a_secret_in_any_case() {
        let secrets = Secrets::new(["SK-Abcdefgh"].into_iter());
        assert!(secrets.is_in_name("x-sk-abcdefgh-y"));
        assert!(!secrets.is_in_name("x-sk-abcdefg"));
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

    #[test]
    fn a_secret_that_breaks_off_at_the_end_does_not_tell_its_beginning() {
        assert_eq!(scrubbed(&["sk-abcdefgh"], &[b"key: sk-abcdef", b"g"]), "key: [credential]");
        let secrets = Secrets::new(["sk-abcdefgh"].into_iter());
        assert_eq!(secrets.scrub(b"key: sk-abcdefg").as_deref(), Some(&b"key: [credential]"[..]));
        assert_eq!(secrets.scrub(b"key: sk-abc"), None);
    }

    #[test]
    fn a_secret_that_another_begins_with_leaves_no_tail_behind_wherever_it_is_cut() {
        let body = b"x secret-1-extended y";
        for cut in 0..=body.len() {
            let clean = scrubbed(&["secret-1", "secret-1-extended"], &[&body[..cut], &body[cut..]]);
            assert_eq!(clean, "x [credential] y", "cut at {cut}");
        }
    }

    #[test]
    fn a_body_of_nothing_but_secrets_is_scrubbed_in_linear_time() {
        let body = "sk-abcdefgh".repeat(100_000);
        assert_eq!(scrubbed(&["sk-abcdefgh", "another-secret"], &[body.as_bytes()]).len(), PLACEHOLDER.len() * 100_000);
    }
}
