//! Bytes that come in any pieces, cut into lines ended by LF, CR or CRLF. Holds at most one unfinished line,
//! and that only up to the room it is given. What a line means is for `sse` and `ndjson`.

use std::borrow::Cow;

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The state between two pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    held: Vec<u8>,
    /// The last piece ended in CR: an LF that comes now belongs to it.
    after_cr: bool,
    begun: bool,
}

/// A line is longer than the room for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Bytes as text; what is not UTF-8 becomes replacement characters.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Looks at several bytes at a time, which the other doesn't.
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

impl Lines {
    /// Takes the next line off `bytes`, without its end. `None` once only an unfinished line is left, which
    /// is kept for the next piece.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8], room: usize) -> Result<Option<Cow<'a, [u8]>>, TooLong> {
        if std::mem::take(&mut self.after_cr) {
            match bytes.first() {
                Some(b'\n') => *bytes = bytes.split_first().map_or(&[], |(_, rest)| rest),
                Some(_) => {}
                None => self.after_cr = true,
            }
        }
        let end = memchr2(b'\n', b'\r', bytes);
        let (head, tail) = bytes.split_at(end.unwrap_or(bytes.len()));
        if head.len() > room.saturating_sub(self.held.len()) {
            return Err(TooLong);
        }
        *bytes = match tail {
            [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.after_cr = true;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => {
                self.held.extend_from_slice(head);
                return Ok(None);
            }
        };
        if self.held.is_empty() {
            return Ok(Some(Cow::Borrowed(head.get(self.mark_at_start(head)..).unwrap_or(head))));
        }
        self.held.extend_from_slice(head);
        Ok(self.take_held().map(Cow::Owned))
    }

    /// The last line, where its end is missing.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        self.after_cr = false;
        self.take_held()
    }

    fn take_held(&mut self) -> Option<Vec<u8>> {
        let mut line = std::mem::take(&mut self.held);
        if line.is_empty() {
            return None;
        }
        line.drain(..self.mark_at_start(&line));
        Some(line)
    }

    /// The length of a byte order mark, which only the very first line may begin with.
    fn mark_at_start(&mut self, line: &[u8]) -> usize {
        let first = !std::mem::replace(&mut self.begun, true);
        if first && line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
    }
}
