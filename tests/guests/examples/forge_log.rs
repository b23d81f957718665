//! Writes log lines that would pass for the host's own, in its formats, behind every line break that a terminal or a log reader
//! knows.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

const FORGED: [&str; 3] = [
    "2026-01-01T00:00:00.000000Z ERROR caisson::admin: FORGED the admin key was changed",
    "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"level\":\"ERROR\",\"target\":\"caisson::admin\",\"message\":\"FORGED\"}",
    "ERROR caisson: FORGED",
];

/// The adapter.
pub struct ForgeLog;

impl Adapter for ForgeLog {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("forge-log", "1.0.0")
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        for forged in FORGED {
            for line_break in [
                "\r",
                "\n",
                "\r\n",
                "\u{b}",
                "\u{c}",
                "\u{85}",
                "\u{2028}",
                "\u{2029}",
                "\u{1b}[2K\u{1b}[1G",
                "\u{9b}2K",
                "\u{8}\u{8}",
            ] {
                eprintln!("innocent{line_break}{forged}");
            }
        }
        eprintln!("\u{202e}desrever\u{202c} \u{1b}]0;forged title\u{7}");
        Ok(ChatAnswer::text("logged").into())
    }
}

caisson_sdk::export!(OrBehave<ForgeLog>);
