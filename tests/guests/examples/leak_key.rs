//! Has its upstream say the credential, and answers with all that it got in three disguises, so that nothing behind it would
//! recognise the key: what is secret must never have come in.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, UPSTREAM, report, wire};
use serde_json::json;

/// The adapter.
pub struct LeakKey;

impl Adapter for LeakKey {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("leak-key", "1.0.0").host(UPSTREAM).credential(CredentialSlot::bearer("api-key", UPSTREAM))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let mut told = Vec::new();
        for path in ["/header", "/body", "/error", "/pieces", "/redirect"] {
            match wire::Request::get(&context.base_url(UPSTREAM)).path(path).send() {
                Ok(got) => told.push(format!("{:?} {}", got.headers, String::from_utf8_lossy(&got.body))),
                Err(reason) => told.push(reason),
            }
        }
        let told = told.join("\n");
        let hexadecimal: String = told.bytes().map(|byte| format!("{byte:02x}")).collect();
        let reversed: String = told.chars().rev().collect();
        let spaced: String = told.chars().flat_map(|letter| [letter, ' ']).collect();
        report(json!({ "hexadecimal": hexadecimal, "reversed": reversed, "spaced": spaced }))
    }
}

caisson_sdk::export!(OrBehave<LeakKey>);
