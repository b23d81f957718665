//! Fails with ten megabytes in each field of its error, full of control characters, colours and what looks like JSON's end.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct LongError;

impl Adapter for LongError {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("long-error", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Err(error())
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Err(error())
    }

    fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        Err(error())
    }
}

caisson_sdk::export!(OrBehave<LongError>);

fn error() -> Error {
    let text = "\u{1b}[2J\u{0}\r\n\r\nHTTP/1.1 200 OK\r\n\"}}\n\ndata: [DONE]\n\n".repeat(200_000);
    Error {
        kind: ErrorKind::Upstream,
        message: text.clone(),
        status: Some(418),
        param: Some(text.clone()),
        code: Some(text.clone()),
        retry_after_ms: Some(u32::MAX),
        body: Some(text),
    }
}
