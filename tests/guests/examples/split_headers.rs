//! Puts line breaks and headers into every field of an error that could become a header, and into the words of its model.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

/// The adapter.
pub struct SplitHeaders;

impl Adapter for SplitHeaders {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("split-headers", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let text = "x\r\nset-cookie: forged=1\r\n\r\nforged body";
        Err(Error {
            param: Some(text.to_owned()),
            body: Some(text.to_owned()),
            retry_after_ms: Some(0),
            ..Error::upstream(text).code(text)
        })
    }
}

caisson_sdk::export!(OrBehave<SplitHeaders>);
