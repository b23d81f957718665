//! An answer being read: in pieces as they arrive, or whole within a limit.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::api::Error;
use crate::transport::{self, Answer, Body, Headers};
use crate::{Result, error, ndjson, sse};

/// What [`Response::bytes`] and its like read at most, unless told otherwise: 32 MiB.
const DEFAULT_LIMIT: usize = 32 << 20;

/// An answer whose head has arrived. Dropping it closes the exchange.
pub struct Response {
    origin: String,
    status: u16,
    headers: Headers,
    body: Option<Body>,
    limit: usize,
}

impl Response {
    pub(super) fn new(origin: String, answer: Answer) -> Self {
        Self { origin, status: answer.status, headers: answer.headers, body: Some(answer.body), limit: DEFAULT_LIMIT }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All headers in order, names in lower case.
    #[must_use]
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Sets how many bytes [`Response::bytes`], [`Response::text`] and [`Response::json`] read at most.
    /// Streams have limits of their own.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Waits for bytes of the body and gives those that are there, up to 64 KiB; `None` once it is over.
    ///
    /// # Errors
    /// Where the body breaks off or takes too long; it is over then.
    pub fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let outcome = transport::wait(body.read());
        if !matches!(outcome, Ok(Some(_))) {
            self.body = None;
        }
        outcome.map_err(|fault| Error::from_fault(&self.origin, fault))
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`Response::chunk`], and where it is over the limit.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk()? {
            if chunk.len() > self.limit.saturating_sub(bytes.len()) {
                return Err(Error::upstream(format!("the answer of {} is over {} bytes", self.origin, self.limit)));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The whole body as text; what is not UTF-8 becomes replacement characters.
    ///
    /// # Errors
    /// As [`Response::bytes`].
    pub fn text(self) -> Result<String> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The whole body, read as JSON.
    ///
    /// # Errors
    /// As [`Response::bytes`], and where it is not JSON of this shape.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        let (origin, status) = (self.origin.clone(), self.status);
        let bytes = self.bytes()?;
        serde_json::from_slice(&bytes).map_err(|error| {
            let message = format!("the answer of {origin} is not the JSON expected: {error}");
            Error { body: error::excerpt(&bytes), ..Error::upstream(message).status(status) }
        })
    }

    /// The body as server-sent events, read as they arrive.
    #[must_use]
    pub fn sse(self) -> sse::Stream {
        sse::Stream::new(self)
    }

    /// The body as lines of JSON, read as they arrive.
    #[must_use]
    pub fn ndjson(self) -> ndjson::Stream {
        ndjson::Stream::new(self)
    }

    /// Up to this many bytes of the body, and whatever came of it: for answers that are errors already.
    pub(crate) fn beginning(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < most
            && let Ok(Some(chunk)) = self.chunk()
        {
            bytes.extend_from_slice(&chunk);
        }
        bytes.truncate(most);
        bytes
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Response").field("origin", &self.origin).field("status", &self.status).finish()
    }
}
