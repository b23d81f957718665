//! Computes without end, in every export that a client reaches; the model `behave` does not.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Spin;

impl Adapter for Spin {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("spin", "1.0.0")
    }

    fn complete(_context: Context, request: ChatRequest) -> Result<ChatResponse> {
        match request.model.as_str() {
            "behave" => Ok(ChatAnswer::text("behaved").into()),
            _ => spin(),
        }
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        spin()
    }

    fn embed(_context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        spin()
    }
}

caisson_sdk::export!(Spin);

fn spin() -> ! {
    let mut turns = 0_u64;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}
