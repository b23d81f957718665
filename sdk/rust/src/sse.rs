//! Server-sent events, read as they arrive (WHATWG HTML §9.2.6), with two differences: an event whose closing
//! blank line is missing at the end of the stream counts, and nothing reconnects, so `retry` is ignored.
//!
//! Bytes may be split anywhere. A stream is not trusted: one event may take [`DEFAULT_LIMIT`] bytes.

use crate::Result;
use crate::api::Error;
use crate::batches::{Incremental, next_batch};
use crate::http::Response;
use crate::lines::{Lines, TooLong, text};

/// What one event may take, lines being read included: 16 MiB, room for an inline image.
pub const DEFAULT_LIMIT: usize = 16 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its `event` field; `None` where it has none, which the standard calls `message`.
    pub event: Option<String>,
    /// Its `data` lines, joined with line feeds.
    pub data: String,
    /// Its own `id` field; a later event does not inherit it.
    pub id: Option<String>,
}

impl Event {
    /// Whether this is the `[DONE]` with which OpenAI, and who follows it, ends a stream.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.data.trim() == "[DONE]"
    }
}

/// Makes events of bytes. Pure: reads and waits for nothing.
#[derive(Clone, Debug)]
pub struct Parser {
    lines: Lines,
    event: Event,
    has_data: bool,
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

    /// A parser of which one event may take this many bytes.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self { lines: Lines::default(), event: Event::default(), has_data: false, limit: bytes, failed: false }
    }

    /// All events that these bytes complete.
    ///
    /// # Errors
    /// Where an event is over the limit; events before it are given first, the error on the next call.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        while !self.failed {
            let room = self.limit.saturating_sub(self.held());
            match self.lines.next(&mut bytes, room) {
                Ok(Some(line)) => events.extend(self.line(&line)),
                Ok(None) => return Ok(events),
                Err(TooLong) => self.fail(),
            }
        }
        if events.is_empty() { Err(self.too_long()) } else { Ok(events) }
    }

    /// The last event, where the stream ended without its blank line.
    ///
    /// # Errors
    /// As [`Parser::push`].
    pub fn finish(&mut self) -> Result<Option<Event>> {
        if self.failed {
            return Err(self.too_long());
        }
        let last = self.lines.finish().and_then(|line| self.line(&line));
        Ok(last.or_else(|| self.dispatch()))
    }

    fn held(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        self.event.data.len() + optional(&self.event.event) + optional(&self.event.id)
    }

    fn line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            return self.dispatch();
        }
        // A field's name is short: its end is found sooner so than by a search made for long texts.
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.has_data = true;
                self.event.data.push_str(&text(value));
            }
            b"event" => self.event.event = Some(text(value).into_owned()).filter(|name| !name.is_empty()),
            b"id" if !value.contains(&0) => self.event.id = Some(text(value).into_owned()),
            // A comment, which begins with the colon, or a field of no meaning here.
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(event)
    }

    fn fail(&mut self) {
        *self = Self { failed: true, ..Self::with_limit(self.limit) };
    }

    fn too_long(&self) -> Error {
        Error::upstream(format!("an event of the provider's stream is over {} bytes", self.limit))
    }
}

/// The events of a response.
#[derive(Debug)]
pub struct Stream {
    response: Option<Response>,
    parser: Parser,
}

impl Stream {
    pub(crate) fn new(response: Response) -> Self {
        Self { response: Some(response), parser: Parser::default() }
    }

    /// Sets what one event may take. To be called before reading.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.parser = Parser::with_limit(bytes);
        self
    }

    /// Waits until at least one event is complete and gives all that are; `None` once the stream is over.
    ///
    /// # Errors
    /// Where the body breaks off, or an event is over the limit; the stream is over then.
    pub fn next_batch(&mut self) -> Result<Option<Vec<Event>>> {
        next_batch(&mut self.response, &mut self.parser)
    }
}

impl Incremental for Parser {
    type Item = Event;

    fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>> {
        Parser::push(self, bytes)
    }

    fn finish(&mut self) -> Result<Option<Event>> {
        Parser::finish(self)
    }
}

#[cfg(test)]
mod tests;
