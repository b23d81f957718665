//! Refusals: each of the provider's error types, and answers that are not its own.

use anthropic::Anthropic;
use caisson_sdk::Adapter;
use caisson_sdk::api::{Error, ErrorKind};
use caisson_sdk::testing::{self, Reply, Upstream};

use crate::{answer_to, request};

fn body(kind: &str, message: &str) -> String {
    format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_7"}}"#)
}

fn refusal(status: u16, body: &str) -> Error {
    answer_to(Reply::json(status, body)).unwrap_err()
}

#[test]
fn every_error_type_keeps_its_status_code_and_words() {
    for (status, kind, expected) in [
        (400, "invalid_request_error", ErrorKind::InvalidRequest),
        (401, "authentication_error", ErrorKind::Authentication),
        (402, "billing_error", ErrorKind::QuotaExceeded),
        (403, "permission_error", ErrorKind::Permission),
        (404, "not_found_error", ErrorKind::NotFound),
        (409, "conflict_error", ErrorKind::Conflict),
        (413, "request_too_large", ErrorKind::TooLarge),
        (429, "rate_limit_error", ErrorKind::RateLimited),
        (500, "api_error", ErrorKind::Upstream),
        (504, "timeout_error", ErrorKind::Timeout),
        (529, "overloaded_error", ErrorKind::Upstream),
    ] {
        let sent = body(kind, "Come back later");
        let error = refusal(status, &sent);
        assert_eq!(error.kind, expected, "{kind}");
        assert_eq!(error.status, Some(status));
        assert_eq!(error.code.as_deref(), Some(kind));
        assert_eq!(error.message, "Come back later (request req_7)");
        assert_eq!(error.body.as_deref(), Some(sent.as_str()));
    }
}

#[test]
fn some_invalid_requests_are_known_by_their_words() {
    for (message, expected) in [
        ("prompt is too long: 215000 tokens > 200000 maximum", ErrorKind::ContextLength),
        ("input length and `max_tokens` exceed context limit: 1 + 2 > 2", ErrorKind::ContextLength),
        ("Your credit balance is too low to access the API", ErrorKind::QuotaExceeded),
        ("max_tokens: must be positive", ErrorKind::InvalidRequest),
    ] {
        assert_eq!(refusal(400, &body("invalid_request_error", message)).kind, expected, "{message}");
    }
}

#[test]
fn a_refusal_without_words_keeps_its_type() {
    for message in ["null", "\"\""] {
        let sent = format!(r#"{{"type":"error","error":{{"type":"rate_limit_error","message":{message}}}}}"#);
        let error = refusal(429, &sent);
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::RateLimited, "rate_limit_error"), "{message}");
    }
}

#[test]
fn the_wait_that_the_provider_asks_for_is_carried() {
    let reply = Reply::json(429, body("rate_limit_error", "Slow")).header("retry-after", "17");
    assert_eq!(answer_to(reply).unwrap_err().retry_after_ms, Some(17_000));
}

#[test]
fn the_request_id_is_found_in_the_header_too() {
    let plain = r#"{"type":"error","error":{"type":"api_error","message":"Internal"}}"#;
    let reply = Reply::json(500, plain).header("request-id", "req_8");
    assert_eq!(answer_to(reply).unwrap_err().message, "Internal (request req_8)");
}

#[test]
fn a_proxys_page_is_bounded_and_judged_by_its_status() {
    let page = format!("<html>{}</html>", "⚓".repeat(100_000));
    let error = refusal(503, &page);
    assert_eq!((error.kind, error.status), (ErrorKind::Upstream, Some(503)));
    assert!(error.body.map_or(0, |body| body.len()) <= 4096);
    assert!(error.message.len() <= 8192, "{} bytes", error.message.len());
}

#[test]
fn a_refused_connection_is_an_upstream_error() {
    let error = answer_to(Reply::connection_refused()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Upstream);
}

#[test]
fn a_failed_request_is_sent_again_only_if_the_operator_says_so() {
    let overloaded = || Reply::json(529, body("overloaded_error", "Overloaded"));
    let message = || Reply::json(200, include_str!("../../fixtures/message.json"));

    let upstream = Upstream::new().reply(overloaded()).reply(message());
    assert!(upstream.run(|| Anthropic::complete(testing::context_with(&[]), request())).is_err());
    assert_eq!(upstream.requests().len(), 1);

    let upstream = Upstream::new().reply(overloaded()).reply(message());
    let context = testing::context_with(&[("max-retries", "2")]);
    assert!(upstream.run(|| Anthropic::complete(context, request())).is_ok());
    assert_eq!(upstream.requests().len(), 2);
}
