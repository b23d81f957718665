//! Logs 16 MiB, with lines that try to pass for the host's own, and then answers.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Chatty;

impl Adapter for Chatty {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("chatty", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        println!("to standard output");
        eprintln!("\u{1b}[31mred\u{1b}[0m\rERROR caisson: forged");
        let line = "chatter ".repeat(128);
        for _ in 0..16 * 1024 {
            eprintln!("{line}");
        }
        Ok(ChatAnswer::text("said enough").into())
    }
}

caisson_sdk::export!(Chatty);
