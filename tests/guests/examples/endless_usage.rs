//! Counts more tokens than a number holds, in its own words and in the host's.

use caisson_sdk::prelude::*;
use caisson_test_guests::{OrBehave, once};

/// The adapter.
pub struct EndlessUsage;

impl Adapter for EndlessUsage {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("endless-usage", "1.0.0").setting(Setting::new("raw", "a usage object, as JSON"))
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Ok(match context.setting("raw") {
            Some(usage) => ChatResponse::Raw(format!(
                "{{\"choices\":[{{\"index\":0,\"message\":{{\"content\":\"x\"}}}}],\"usage\":{usage}}}"
            )),
            None => ChatAnswer { usage: Some(most()), ..ChatAnswer::text("x") }.into(),
        })
    }

    fn open_stream(_context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Ok(once((0..100).map(|_| Event::Usage(most())).collect()))
    }
}

caisson_sdk::export!(OrBehave<EndlessUsage>);

fn most() -> Usage {
    Usage {
        input: u32::MAX,
        output: u32::MAX,
        total: 0,
        cached_input: Some(u32::MAX),
        cache_write_input: Some(u32::MAX),
        audio_input: Some(u32::MAX),
        reasoning_output: Some(u32::MAX),
        audio_output: Some(u32::MAX),
        extra: vec![("prompt_tokens".to_owned(), "-1".to_owned()), ("cost".to_owned(), "-1e308".to_owned())],
    }
}
