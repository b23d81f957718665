//! One scripted reply: an answer with its body in pieces, or a fault.

use crate::transport::{Fault, FaultKind};

/// What the upstream does with one request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) outcome: Result<(u16, Vec<(String, String)>), Fault>,
    pub(super) chunks: Vec<Vec<u8>>,
    /// How the body ends, where not well.
    pub(super) ending: Option<Fault>,
}

impl Reply {
    /// Answers with this status and body.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { outcome: Ok((status, headers)), chunks: vec![body.into()], ending: None }
    }

    /// Answers with JSON.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// Answers with plain text.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain", body)
    }

    /// Answers 200 with server-sent events.
    #[must_use]
    pub fn sse(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream", body)
    }

    /// Answers 200 with lines of JSON.
    #[must_use]
    pub fn ndjson(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "application/x-ndjson", body)
    }

    /// Doesn't answer: nobody listens there.
    #[must_use]
    pub fn connection_refused() -> Self {
        Self::fault(FaultKind::Unreachable, "connection refused")
    }

    /// Doesn't answer: the host has no grant for it.
    #[must_use]
    pub fn denied() -> Self {
        Self::fault(FaultKind::Denied, "not granted to this deployment")
    }

    /// Doesn't answer in time.
    #[must_use]
    pub fn timeout() -> Self {
        Self::fault(FaultKind::Timeout, "the answer took too long")
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok((_, headers)) = &mut self.outcome {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        self
    }

    /// Sends the body in these pieces, whatever it was.
    #[must_use]
    pub fn chunks(mut self, chunks: Vec<Vec<u8>>) -> Self {
        self.chunks = chunks;
        self
    }

    /// Sends the body in pieces of this many bytes; 0 counts as 1.
    #[must_use]
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunks = self.chunks.concat().chunks(bytes.max(1)).map(<[u8]>::to_vec).collect();
        self
    }

    /// Sends each byte of the body alone.
    #[must_use]
    pub fn split_at_every_byte(self) -> Self {
        self.chunk_size(1)
    }

    /// Breaks the connection after the body sent so far.
    #[must_use]
    pub fn breaks_off(mut self) -> Self {
        self.ending = Some(Fault::new(FaultKind::Broken, "the answer broke off"));
        self
    }

    fn fault(kind: FaultKind, what: &str) -> Self {
        Self { outcome: Err(Fault::new(kind, what)), chunks: Vec::new(), ending: None }
    }
}
