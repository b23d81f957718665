//! What a test may have the provider say instead of the canned answer. Nothing here knows a wire
//! format: bodies are bytes, and when they go out.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::mpsc;

/// One answer to one request.
#[derive(Debug)]
pub struct Reply {
    /// The status line.
    pub status: StatusCode,
    /// Headers, beside the `date` and the framing that the server adds.
    pub headers: HeaderMap,
    /// The body, and when its bytes go out.
    pub body: Body,
}

/// A body, and when its bytes go out. All but [`Body::Whole`] are sent in chunked encoding; each
/// [`Bytes`] is a chunk of its own.
#[derive(Debug)]
pub enum Body {
    /// All at once, with a `content-length`.
    Whole(Bytes),
    /// All at once, in several chunks.
    Chunks(Vec<Bytes>),
    /// Each chunk when the test sends it; the body ends when the sender is dropped.
    Gated(mpsc::Receiver<Bytes>),
    /// The first chunk at once, and each further one after this long.
    Every(Duration, Vec<Bytes>),
    /// `first`, then `then` again and again until the client leaves, with this long between them
    /// (zero: as fast as the client reads).
    Forever {
        /// Sent at once.
        first: Vec<Bytes>,
        /// Sent without end.
        then: Bytes,
        /// The time between two of them.
        every: Duration,
    },
    /// The head, then nothing, until the client leaves.
    Hang,
    /// These bytes, then a TCP reset.
    Reset(Bytes),
    /// Not even a head, until the client leaves.
    Silence,
}

impl Reply {
    /// An answer with this status and body and no headers.
    pub fn new(status: u16, body: Body) -> Reply {
        Reply {
            // An impossible status is the test's mistake; 500 makes it visible without a panic.
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: HeaderMap::new(),
            body,
        }
    }

    /// A whole JSON body.
    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::new(status, Body::Whole(value.to_string().into())).header("content-type", "application/json")
    }

    /// A server-sent event stream; the chunks are sent as they are, framing included.
    pub fn event_stream(body: Body) -> Reply {
        Reply::new(200, body).header("content-type", "text/event-stream")
    }

    /// Adds a header. A name or value that no header may have is left out.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.append(name, value);
        }
        self
    }

    pub(crate) fn typed(status: u16, content_type: &'static str, body: Body) -> Reply {
        let mut reply = Reply::new(status, body);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }
}
