//! Refusals in the shapes that providers use, and what each becomes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::http::Request;
use crate::testing::{Reply, Upstream};

#[test]
fn each_status_has_its_kind() {
    use ErrorKind::*;
    for (status, kind) in [
        (302, Upstream),
        (400, InvalidRequest),
        (401, Authentication),
        (402, QuotaExceeded),
        (403, Permission),
        (404, NotFound),
        (405, InvalidRequest),
        (408, Timeout),
        (409, Conflict),
        (413, TooLarge),
        (422, InvalidRequest),
        (429, RateLimited),
        (500, Upstream),
        (503, Upstream),
        (504, Timeout),
        (529, Upstream),
    ] {
        assert_eq!(kind_of_status(status), kind, "{status}");
    }
}

#[test]
fn the_shapes_in_use_are_read() {
    for (status, body, message, code, param) in [
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"tools[0]","code":"bad_tool"}}"#,
            "m",
            Some("bad_tool"),
            Some("tools[0]"),
        ),
        (400, r#"{"error":{"message":"m","type":"t","param":null,"code":null}}"#, "m", Some("t"), None),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
            "m",
            Some("overloaded_error"),
            None,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}"#,
            "m",
            Some("INVALID_ARGUMENT"),
            None,
        ),
        (400, r#"[{"error":{"code":400,"message":"m","status":"X"}}]"#, "m", Some("X"), None),
        (400, r#"{"error":{"code":1301,"message":"m"}}"#, "m", Some("1301"), None),
        (404, r#"{"error":"m"}"#, "m", None, None),
        (404, r#"{"error":"m","code":"c"}"#, "m", Some("c"), None),
        (400, r#"{"message":"m","type":"t","error":null}"#, "m", Some("t"), None),
        (400, r#"{"detail":"m"}"#, "m", None, None),
        (422, r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#, "m", None, None),
        (400, r#"{"errors":[{"message":"m"}]}"#, "m", None, None),
        (500, "it burns\nstack trace", "the provider answered with status 500: it burns", None, None),
        (502, "<html>Bad Gateway</html>", "the provider answered with status 502", None, None),
        (503, "", "the provider answered with status 503", None, None),
        (500, "{}", "the provider answered with status 500", None, None),
        (500, "null", "the provider answered with status 500", None, None),
        (302, "", "the provider answered with a redirect (status 302), and none is followed", None, None),
    ] {
        let error = Error::from_answer(status, body.as_bytes());
        assert_eq!(error.message, message, "{body}");
        assert_eq!((error.code.as_deref(), error.param.as_deref()), (code, param), "{body}");
        assert_eq!(error.status, Some(status), "{body}");
        assert_eq!(error.body.as_deref(), Some(body).filter(|body| !body.is_empty()), "{body}");
    }
}

#[test]
fn a_known_code_says_more_than_the_status() {
    for (status, code, kind) in [
        (429, "insufficient_quota", ErrorKind::QuotaExceeded),
        (400, "context_length_exceeded", ErrorKind::ContextLength),
        (400, "content_policy_violation", ErrorKind::ContentFiltered),
        (400, "anything_else", ErrorKind::InvalidRequest),
    ] {
        let body = format!(r#"{{"error":{{"message":"m","code":"{code}"}}}}"#);
        assert_eq!(Error::from_answer(status, body.as_bytes()).kind, kind, "{code}");
    }
    let body = br#"{"message":"This model's maximum context length is 4096 tokens"}"#;
    assert_eq!(Error::from_answer(400, body).kind, ErrorKind::ContextLength);
}

#[test]
fn a_response_brings_its_wait() {
    let send = |reply| Upstream::new().reply(reply).run(|| Request::get("https://a.example").send_ok()).unwrap_err();
    let error = send(Reply::json(429, r#"{"error":"slow down"}"#).header("Retry-After", "1.5").split_at_every_byte());
    assert_eq!((error.message.as_str(), error.retry_after_ms), ("slow down", Some(1500)));
    assert_eq!(send(Reply::json(429, "{}").header("retry-after", "1e30")).retry_after_ms, Some(u32::MAX));
    assert_eq!(send(Reply::json(500, "{}")).retry_after_ms, None);
}

#[test]
fn a_huge_refusal_is_cut_on_a_character() {
    let text = "\u{fc}".repeat(100_000);
    let error = Error::from_answer(400, format!(r#"{{"error":"a{text}"}}"#).as_bytes());
    assert!(error.message.len() <= MESSAGE_AT_MOST && error.message.ends_with('\u{fc}'));
    assert!(error.body.unwrap().len() <= BODY_AT_MOST + 3);
    let reply = Reply::text(500, text);
    let error = Upstream::new().reply(reply).run(|| Request::get("https://a.example").send_ok()).unwrap_err();
    assert!(error.message.len() < 600);
}

#[test]
fn a_refusal_that_breaks_off_is_still_that_refusal() {
    let reply = Reply::text(401, "no").breaks_off();
    let error = Upstream::new().reply(reply).run(|| Request::get("https://a.example").send_ok()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Authentication, Some(401)));
}

#[test]
fn faults_name_the_origin_and_what_happened() {
    for (reply, kind, message, code) in [
        (
            Reply::denied(),
            ErrorKind::Upstream,
            "egress denied: https://a.example:8443: not granted to this deployment",
            Some("egress_denied"),
        ),
        (Reply::timeout(), ErrorKind::Timeout, "https://a.example:8443: the answer took too long", None),
        (
            Reply::connection_refused(),
            ErrorKind::Upstream,
            "could not reach https://a.example:8443: connection refused",
            None,
        ),
    ] {
        let error =
            Upstream::new().reply(reply).run(|| Request::get("https://a.example:8443/x?key=y").send()).unwrap_err();
        assert_eq!((error.kind, error.message.as_str(), error.code.as_deref()), (kind, message, code));
    }
}
