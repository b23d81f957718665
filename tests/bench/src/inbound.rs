//! Where an HTTP/1.1 request ends, and the little that the fixed upstream looks at in it. The counterpart of `answer`: no general
//! parser either.

use anyhow::{Context, ensure};
use memchr::memmem;

use crate::answer::{chunk_size, decimal, header};

/// More than any head that a proxy should send.
const MAX_HEAD: usize = 64 * 1024;

/// Follows one request through the bytes that came so far.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    head: usize,
    framing: Framing,
}

#[derive(Debug, Default)]
enum Framing {
    #[default]
    Unknown,
    /// The request ends at this offset.
    Until(usize),
    /// The next chunk's size line begins at this offset.
    Chunked(usize),
}

/// A whole request. Of a chunked one, the body is with its framing.
pub(crate) struct Request<'a> {
    head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Inbound {
    /// Whether `bytes`, all that came since the request began, hold the whole request. More may follow it.
    pub(crate) fn is_complete(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        if matches!(self.framing, Framing::Unknown) {
            let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
                ensure!(bytes.len() <= MAX_HEAD, "the request's head is longer than {MAX_HEAD} bytes");
                return Ok(false);
            };
            let head = &bytes[..end];
            self.head = end + 4;
            self.framing = match header(head, "content-length") {
                Some(length) => Framing::Until(self.head + decimal(length).context("content-length is no number")?),
                None if header(head, "transfer-encoding").is_some() => Framing::Chunked(self.head),
                None => Framing::Until(self.head),
            };
        }
        while let Framing::Chunked(at) = self.framing {
            let Some((size, after)) = chunk_size(bytes, at)? else { return Ok(false) };
            let end = after + size + 2;
            self.framing = if size > 0 { Framing::Chunked(end) } else { Framing::Until(end) };
        }
        Ok(matches!(self.framing, Framing::Until(end) if bytes.len() >= end))
    }

    /// Where it ends, once it is complete.
    pub(crate) fn length(&self) -> usize {
        match self.framing {
            Framing::Until(end) => end,
            Framing::Unknown | Framing::Chunked(_) => 0,
        }
    }

    /// The request, once it is complete.
    pub(crate) fn request<'a>(&self, bytes: &'a [u8]) -> Request<'a> {
        let (head, rest) = bytes.split_at(self.head);
        Request { head, body: &rest[..self.length() - self.head] }
    }
}

impl<'a> Request<'a> {
    /// Whether it is a POST to this path, whatever the query.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let target = self.head.strip_prefix(b"POST ").and_then(|rest| rest.strip_prefix(path.as_bytes()));
        target.is_some_and(|rest| rest.starts_with(b" ") || rest.starts_with(b"?"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&'a [u8]> {
        header(self.head, name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    #[test]
    fn a_request_is_complete_at_its_last_byte_and_what_follows_is_the_next() {
        let length = b"POST /v1/messages?beta=true HTTP/1.1\r\nX-Api-Key: k\r\nContent-Length: 5\r\n\r\nhello";
        let chunked = b"POST /v1/messages HTTP/1.1\r\ntransfer-encoding: chunked\r\nx-api-key: k\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
        for whole in [&length[..], &chunked[..]] {
            let mut inbound = Inbound::default();
            for end in 0..whole.len() {
                assert!(!inbound.is_complete(&whole[..end]).unwrap(), "{end}");
            }
            let more = [whole, b"POST"].concat();
            assert!(inbound.is_complete(&more).unwrap());
            assert_eq!(inbound.length(), whole.len());
            let request = inbound.request(&more);
            assert!(request.is_at("/v1/messages") && !request.is_at("/v1/mess"));
            assert_eq!(request.header("x-api-key"), Some(&b"k"[..]));
            assert!(request.body.starts_with(b"hello") || request.body.starts_with(b"3\r\nhel"));
        }
    }

    #[test]
    fn a_head_without_end_is_refused() {
        assert!(Inbound::default().is_complete(&vec![b'a'; MAX_HEAD + 1]).is_err());
    }
}
