//! Where an HTTP/1.1 answer ends, and what the load generator looks at in it.
//!
//! Only what servers of kept connections send: a `content-length` or chunked encoding. The body stays as it came; it is taken out of
//! its chunks for the one answer that is looked into before the load begins. It is no general parser: interim answers, trailers with
//! content and answers to HEAD are not known to it.

use std::ops::Range;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use memchr::memmem;

/// More than any head that a proxy should send.
const MAX_HEAD: usize = 64 * 1024;
/// More than any answer that a workload expects.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// How much of an answer's end is searched for what it must end in.
const TAIL: usize = 512;

/// Follows one answer through the bytes that came so far.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    status: u16,
    head: usize,
    framing: Framing,
}

#[derive(Debug, Default)]
enum Framing {
    #[default]
    Unknown,
    /// The body ends at this offset.
    Length(usize),
    /// The next chunk's size line begins at this offset.
    Chunked(usize),
    /// The last chunk and its empty line end at this offset.
    ChunkedTo(usize),
}

/// A whole answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    /// When the words came that were waited for.
    pub(crate) first: Option<Instant>,
    head: &'a [u8],
    body: &'a [u8],
    chunked: bool,
}

impl Reader {
    /// Whether `bytes`, all that came since the answer began, hold the whole answer.
    pub(crate) fn is_complete(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        if matches!(self.framing, Framing::Unknown) && !self.read_head(bytes)? {
            ensure!(bytes.len() <= MAX_HEAD, "the answer's head is longer than {MAX_HEAD} bytes");
            return Ok(false);
        }
        while let Framing::Chunked(at) = self.framing {
            let Some((size, after)) = chunk_size(bytes, at)? else { break };
            let end = after + size + 2;
            if size > 0 {
                self.framing = Framing::Chunked(end);
            } else if bytes.len() >= end {
                ensure!(bytes.get(after..end) == Some(b"\r\n"), "the answer has trailers");
                self.framing = Framing::ChunkedTo(end);
            } else {
                break;
            }
        }
        ensure!(bytes.len() <= MAX_ANSWER, "the answer is longer than {MAX_ANSWER} bytes");
        match self.framing {
            Framing::Length(end) | Framing::ChunkedTo(end) => {
                ensure!(bytes.len() <= end, "bytes follow the answer");
                Ok(bytes.len() == end)
            }
            Framing::Unknown | Framing::Chunked(_) => Ok(false),
        }
    }

    /// The answer, once it is complete.
    pub(crate) fn answer<'a>(&self, bytes: &'a [u8]) -> Answer<'a> {
        let (head, body) = bytes.split_at(self.head.min(bytes.len()));
        Answer { status: self.status, first: None, head, body, chunked: matches!(self.framing, Framing::ChunkedTo(_)) }
    }

    fn read_head(&mut self, bytes: &[u8]) -> anyhow::Result<bool> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(false) };
        let head = &bytes[..end];
        self.head = end + 4;
        let status = head.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(decimal);
        self.status = status.and_then(|status| u16::try_from(status).ok()).context("no HTTP/1.1 answer")?;
        let chunked = header(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
        self.framing = match header(head, "content-length").map(decimal) {
            _ if chunked => Framing::Chunked(self.head),
            Some(Some(length)) if length <= MAX_ANSWER => Framing::Length(self.head + length),
            Some(_) => bail!("the answer's content-length is no number up to {MAX_ANSWER}"),
            None => bail!("the answer ends with its connection: nothing to keep alive"),
        };
        Ok(true)
    }
}

impl Answer<'_> {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(header(self.head, name)?).ok()
    }

    /// Whether these words stand at the body's end, give or take what follows them in its framing.
    pub(crate) fn ends_in(&self, words: &[u8]) -> bool {
        let tail = &self.body[self.body.len().saturating_sub(TAIL)..];
        memmem::rfind(tail, words).is_some()
    }

    /// The body without its transfer encoding.
    pub(crate) fn content(&self) -> Vec<u8> {
        if !self.chunked {
            return self.body.to_vec();
        }
        let (mut content, mut at) = (Vec::with_capacity(self.body.len()), 0);
        while let Ok(Some((size, after))) = chunk_size(self.body, at) {
            content.extend_from_slice(self.body.get(after..after + size).unwrap_or_default());
            at = after + size + 2;
        }
        content
    }
}

/// A header's value in a head.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (field, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":").filter(|_| field.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(value.trim_ascii())
    })
}

/// The size of the chunk whose size line begins at `at`, and where its content begins. None where more bytes are needed.
pub(crate) fn chunk_size(bytes: &[u8], at: usize) -> anyhow::Result<Option<(usize, usize)>> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(length) = memchr::memchr(b'\n', rest) else { return Ok(None) };
    let line = rest[..length].trim_ascii();
    let digits: Range<usize> = 0..memchr::memchr(b';', line).unwrap_or(line.len());
    let size = std::str::from_utf8(&line[digits]).ok().and_then(|digits| usize::from_str_radix(digits.trim(), 16).ok());
    let size = size.filter(|size| *size <= MAX_ANSWER).context("a chunk's size is no number, or too large")?;
    Ok(Some((size, at + length + 1)))
}

pub(crate) fn decimal(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-caisson-fuel: 42\r\n\r\nhello";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 502 Bad Gateway\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";

    #[test]
    fn an_answer_is_complete_at_its_last_byte_however_it_is_split() {
        for whole in [WHOLE, CHUNKED] {
            let mut reader = Reader::default();
            for end in 0..whole.len() {
                assert!(!reader.is_complete(&whole[..end]).unwrap(), "{end}");
            }
            assert!(reader.is_complete(whole).unwrap());
            assert_eq!(reader.answer(whole).content(), b"hello");
        }
    }

    #[test]
    fn status_headers_and_ending_are_found() {
        let mut reader = Reader::default();
        assert!(reader.is_complete(WHOLE).unwrap());
        let answer = reader.answer(WHOLE);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("X-Caisson-Fuel"), Some("42"));
        assert_eq!(answer.header("x-caisson"), None);
        assert!(answer.ends_in(b"lo") && !answer.ends_in(b"200"));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for (bad, why) in [
            ("SMTP ready\r\n\r\n", "no HTTP/1.1 answer"),
            ("HTTP/1.1 200 OK\r\n\r\n", "ends with its connection"),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "content-length"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab", "bytes follow"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "chunk's size"),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n", "chunk's size"),
        ] {
            let error = Reader::default().is_complete(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{bad:?}: {error}");
        }
    }

    #[test]
    fn a_head_without_end_is_refused() {
        let endless = vec![b'a'; MAX_HEAD + 1];
        assert!(Reader::default().is_complete(&endless).is_err());
    }
}
