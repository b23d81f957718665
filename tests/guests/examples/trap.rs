//! Panics, which is a trap in Wasm; the model `behave` does not.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Trap;

impl Adapter for Trap {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("trap", "1.0.0")
    }

    fn complete(_context: Context, request: ChatRequest) -> Result<ChatResponse> {
        match request.model.as_str() {
            "behave" => Ok(ChatAnswer::text("behaved").into()),
            _ => panic!("as it is made to"),
        }
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        panic!("as it is made to")
    }
}

caisson_sdk::export!(Trap);
