//! Newline-delimited JSON, read as it arrives. Gives each line's text; parsing it is the adapter's.
//!
//! Bytes may be split anywhere; blank lines are skipped; the last line may lack its end. A stream is not
//! trusted: one line may take [`DEFAULT_LIMIT`] bytes.

use crate::Result;
use crate::api::Error;
use crate::batches::{Incremental, next_batch};
use crate::http::Response;
use crate::lines::{self, Lines, TooLong};

/// What one line may take: 16 MiB, room for an inline image.
pub const DEFAULT_LIMIT: usize = 16 << 20;

/// Makes lines of bytes. Pure: reads and waits for nothing.
#[derive(Clone, Debug)]
pub struct Parser {
    lines: Lines,
    limit: usize,
    failed: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }
}

impl Parser {
    /// A parser with the default limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A parser of which one line may take this many bytes.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self { lines: Lines::default(), limit: bytes, failed: false }
    }

    /// All lines that these bytes complete, without spaces around them.
    ///
    /// # Errors
    /// Where a line is over the limit; lines before it are given first, the error on the next call.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        while !self.failed {
            match self.lines.next(&mut bytes, self.limit) {
                Ok(Some(line)) => lines.extend(text(&line)),
                Ok(None) => return Ok(lines),
                Err(TooLong) => *self = Self { failed: true, ..Self::with_limit(self.limit) },
            }
        }
        if lines.is_empty() { Err(self.too_long()) } else { Ok(lines) }
    }

    /// The last line, where its end is missing.
    ///
    /// # Errors
    /// As [`Parser::push`].
    pub fn finish(&mut self) -> Result<Option<String>> {
        if self.failed {
            return Err(self.too_long());
        }
        Ok(self.lines.finish().and_then(|line| text(&line)))
    }

    fn too_long(&self) -> Error {
        Error::upstream(format!("a line of the provider's stream is over {} bytes", self.limit))
    }
}

fn text(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    (!line.is_empty()).then(|| lines::text(line).into_owned())
}

/// The lines of a response.
#[derive(Debug)]
pub struct Stream {
    response: Option<Response>,
    parser: Parser,
}

impl Stream {
    pub(crate) fn new(response: Response) -> Self {
        Self { response: Some(response), parser: Parser::default() }
    }

    /// Sets what one line may take. To be called before reading.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.parser = Parser::with_limit(bytes);
        self
    }

    /// Waits until at least one line is complete and gives all that are; `None` once the stream is over.
    ///
    /// # Errors
    /// Where the body breaks off, or a line is over the limit; the stream is over then.
    pub fn next_batch(&mut self) -> Result<Option<Vec<String>>> {
        next_batch(&mut self.response, &mut self.parser)
    }
}

impl Incremental for Parser {
    type Item = String;

    fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>> {
        Parser::push(self, bytes)
    }

    fn finish(&mut self) -> Result<Option<String>> {
        Parser::finish(self)
    }
}

#[cfg(test)]
mod tests;
