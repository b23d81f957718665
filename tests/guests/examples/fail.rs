//! Fails with the error that its settings describe, in every export.

use caisson_sdk::prelude::*;

/// The adapter.
pub struct Fail;

impl Adapter for Fail {
    fn describe() -> AdapterInfo {
        ["kind", "message", "status", "param", "code", "retry-after-ms", "body"]
            .into_iter()
            .fold(AdapterInfo::new("fail", "1.0.0"), |info, name| {
                info.setting(Setting::new(name, "a field of the error"))
            })
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        Err(error(&context))
    }

    fn open_stream(context: Context, _request: ChatRequest) -> Result<Box<dyn EventSource>> {
        Err(error(&context))
    }

    fn embed(context: Context, _request: EmbedRequest) -> Result<EmbedResponse> {
        Err(error(&context))
    }
}

caisson_sdk::export!(Fail);

fn error(context: &Context) -> Error {
    let text = |name: &str| context.setting(name).map(str::to_owned);
    Error {
        kind: kind(context.setting("kind").unwrap_or_default()),
        message: text("message").unwrap_or_else(|| "as it is made to".to_owned()),
        status: context.setting("status").and_then(|status| status.parse().ok()),
        param: text("param"),
        code: text("code"),
        retry_after_ms: context.setting("retry-after-ms").and_then(|wait| wait.parse().ok()),
        body: text("body"),
    }
}

fn kind(name: &str) -> ErrorKind {
    match name {
        "invalid-request" => ErrorKind::InvalidRequest,
        "authentication" => ErrorKind::Authentication,
        "permission" => ErrorKind::Permission,
        "not-found" => ErrorKind::NotFound,
        "conflict" => ErrorKind::Conflict,
        "too-large" => ErrorKind::TooLarge,
        "rate-limited" => ErrorKind::RateLimited,
        "quota-exceeded" => ErrorKind::QuotaExceeded,
        "context-length" => ErrorKind::ContextLength,
        "content-filtered" => ErrorKind::ContentFiltered,
        "unsupported" => ErrorKind::Unsupported,
        "timeout" => ErrorKind::Timeout,
        "upstream" => ErrorKind::Upstream,
        _ => ErrorKind::Internal,
    }
}
