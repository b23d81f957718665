//! Every shape of error that OpenAI and the servers that speak its API answer with.

use caisson_sdk::prelude::*;
use caisson_sdk::testing::{self, Reply, Upstream};

use crate::{CHAT_BODY, complete};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/errors/", $name))
    };
}

fn error(reply: Reply) -> Error {
    complete(&Upstream::new().original_body(CHAT_BODY).reply(reply), testing::context()).unwrap_err()
}

/// Status and body give this kind, message (its beginning), param and code.
#[track_caller]
fn check(status: u16, body: &str, kind: ErrorKind, message: &str, param: Option<&str>, code: Option<&str>) {
    let error = error(Reply::json(status, body));
    assert_eq!(error.kind, kind);
    assert_eq!(error.status, Some(status));
    assert!(error.message.starts_with(message), "{}", error.message);
    assert_eq!(error.param.as_deref(), param);
    assert_eq!(error.code.as_deref(), code);
    assert_eq!(error.body.as_deref(), Some(body));
}

#[test]
fn openais_shape_is_understood() {
    use ErrorKind::{Authentication, ContextLength, QuotaExceeded, RateLimited};
    check(401, fixture!("openai-401.json"), Authentication, "Incorrect API key", None, Some("invalid_api_key"));
    check(429, fixture!("openai-quota-429.json"), QuotaExceeded, "You exceeded", None, Some("insufficient_quota"));
    check(429, fixture!("openai-rate-429.json"), RateLimited, "Rate limit reached", None, Some("rate_limit_exceeded"));
    check(
        400,
        fixture!("openai-context-400.json"),
        ContextLength,
        "This model's maximum",
        Some("messages"),
        Some("context_length_exceeded"),
    );
}

#[test]
fn vllms_shapes_are_understood() {
    check(400, fixture!("vllm-400.json"), ErrorKind::ContextLength, "This model's maximum", None, None);
    check(404, fixture!("vllm-404.json"), ErrorKind::NotFound, "The model `nope`", Some("model"), None);
}

#[test]
fn llama_cpps_shape_is_understood() {
    check(400, fixture!("llama-cpp-400.json"), ErrorKind::ContextLength, "request (4390 tokens)", None, None);
    check(503, fixture!("llama-cpp-503.json"), ErrorKind::Upstream, "Loading model", None, None);
}

#[test]
fn ollamas_plain_text_is_understood() {
    check(404, fixture!("ollama-404.json"), ErrorKind::NotFound, "model 'nope' not found", None, None);
}

#[test]
fn azures_shapes_are_understood() {
    use ErrorKind::{Authentication, ContentFiltered};
    check(
        400,
        fixture!("azure-filter-400.json"),
        ContentFiltered,
        "The response was filtered",
        Some("prompt"),
        Some("content_filter"),
    );
    check(401, fixture!("azure-gateway-401.json"), Authentication, "Access denied", None, None);
}

#[test]
fn fastapis_shapes_are_understood() {
    use ErrorKind::{InvalidRequest, NotFound};
    check(422, fixture!("fastapi-422.json"), InvalidRequest, "Field required", Some("messages[0].content"), None);
    check(404, fixture!("fastapi-404.json"), NotFound, "Not Found", None, None);
}

#[test]
fn an_error_wrapped_in_a_list_is_understood() {
    check(
        403,
        fixture!("gateway-list-403.json"),
        ErrorKind::Permission,
        "This project may not use the API",
        None,
        Some("PERMISSION_DENIED"),
    );
}

#[test]
fn a_proxys_page_leaves_only_the_status() {
    check(502, fixture!("proxy-502.html"), ErrorKind::Upstream, "the provider answered with status 502", None, None);
}

#[test]
fn the_wait_that_the_provider_asks_for_is_carried_on() {
    let body = fixture!("openai-rate-429.json");
    for (name, value, milliseconds) in [("retry-after-ms", "250", 250), ("retry-after", "3", 3000)] {
        let error = error(Reply::json(429, body).header(name, value));
        assert_eq!(error.retry_after_ms, Some(milliseconds), "{name}");
    }
    assert_eq!(error(Reply::json(429, body)).retry_after_ms, None);
}

#[test]
fn a_redirect_is_not_followed() {
    let error = error(Reply::json(307, "").header("location", "https://elsewhere.example/v1"));
    assert_eq!((error.kind, error.status), (ErrorKind::Upstream, Some(307)));
}

#[test]
fn an_upstream_out_of_reach_is_an_upstream_error() {
    assert_eq!(error(Reply::connection_refused()).kind, ErrorKind::Upstream);
}

#[test]
fn a_host_that_is_not_granted_is_told_apart() {
    assert!(error(Reply::denied()).message.contains("egress denied"));
}
