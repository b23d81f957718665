//! Takes memory without end; the model `behave` does not.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Hog;

impl Adapter for Hog {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("hog", "1.0.0")
    }

    fn complete(_context: Context, request: ChatRequest) -> Result<ChatResponse> {
        match request.model.as_str() {
            "behave" => Ok(ChatAnswer::text("behaved").into()),
            _ => hog(),
        }
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        hog()
    }
}

caisson_sdk::export!(Hog);

fn hog() -> ! {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    loop {
        kept.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}
