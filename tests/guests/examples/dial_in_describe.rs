//! Tries to reach a host where the host only asks what it is, and tells in its description what came of it.

use caisson_sdk::http;
use caisson_sdk::prelude::*;

/// The adapter.
pub struct DialInDescribe;

impl Adapter for DialInDescribe {
    fn describe() -> AdapterInfo {
        let outcome = match http::Request::get("http://127.0.0.1:9/").send() {
            Ok(response) => format!("reached: {}", response.status()),
            Err(error) => format!("not reached: {}", error.message),
        };
        AdapterInfo::new("dial-in-describe", "1.0.0").description(outcome)
    }
}

caisson_sdk::export!(DialInDescribe);
