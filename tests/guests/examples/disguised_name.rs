//! Gives itself names that would move a terminal's cursor, colour its text and turn its direction around.

use caisson_sdk::prelude::*;
use caisson_test_guests::OrBehave;

const ODD: &str = "x\u{1b}[31mFORGED\u{1b}[0m\r\n\u{202e}desrever\u{9b}2K\u{7}\u{0}";

/// The adapter.
pub struct DisguisedName;

impl Adapter for DisguisedName {
    fn describe() -> AdapterInfo {
        AdapterInfo::new(ODD, ODD)
            .description(ODD)
            .model(ModelInfo::new(ODD, &[ODD]))
            .model(ModelInfo::new("*", &["chat"]))
            .setting(Setting::new(ODD, ODD))
            .credential(CredentialSlot::bearer(ODD, "https://api.example.com").description(ODD))
    }

    fn complete(_context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(ChatAnswer::text("behaved").into())
    }
}

caisson_sdk::export!(OrBehave<DisguisedName>);
