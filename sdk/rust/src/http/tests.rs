//! Requests as they leave and answers as they are read, against the scripted upstream.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::api::{Error, ErrorKind};
use crate::testing::{Reply, Sent, Upstream};

fn sent(request: Request) -> Sent {
    let upstream = Upstream::new().reply(Reply::json(200, "{}"));
    upstream.run(|| request.send()).unwrap();
    upstream.requests().remove(0)
}

fn answer(reply: Reply) -> Response {
    Upstream::new().reply(reply).run(|| Request::get("https://a.example").send()).unwrap()
}

#[test]
fn a_request_leaves_as_it_was_built() {
    let request = Request::post("http://a.example:81/v1?x=1")
        .query("model", "a/b")
        .header("X-Version", "7")
        .json(&json!({ "text": "ü" }))
        .timeout(Duration::from_secs(5));
    assert_eq!(
        sent(request),
        Sent {
            method: "POST".to_owned(),
            url: "http://a.example:81/v1?x=1&model=a%2Fb".to_owned(),
            headers: vec![
                ("x-version".to_owned(), "7".to_owned()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ],
            body: "{\"text\":\"ü\"}".into(),
        }
    );
}

#[test]
fn a_content_type_of_ones_own_stays() {
    let request = Request::post("https://a.example").header("content-type", "application/x-own").json(&1);
    let sent = sent(request);
    assert_eq!(sent.headers.len(), 1);
    assert_eq!(sent.header("Content-Type"), Some("application/x-own"));
}

#[test]
fn what_can_not_be_sent_is_an_internal_error_and_stays_here() {
    let post = || Request::post("https://a.example");
    let unserialisable = std::collections::BTreeMap::from([([1_u8, 2], 3)]);
    for request in [
        Request::get("a.example/path"),
        Request::get("https://user@a.example"),
        post().header("x-a", "b\r\nx-c: d"),
        post().header("x a", "b"),
        post().header("", "b"),
        post().header("Host", "b.example"),
        post().header("content-length", "3"),
        post().json(&unserialisable),
    ] {
        let upstream = Upstream::new().reply(Reply::json(200, "{}"));
        let error = upstream.run(|| request.header("x-later", "fine").send()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "{error:?}");
        assert!(upstream.requests().is_empty(), "{error:?}");
    }
}

#[test]
fn send_takes_any_status_and_send_ok_only_success() {
    for (status, ok) in [(200, true), (204, true), (302, false), (400, false), (500, false)] {
        let upstream = Upstream::new().reply(Reply::json(status, "{}")).reply(Reply::json(status, "{}"));
        let request = Request::get("https://a.example");
        assert_eq!(upstream.run(|| request.clone().send()).unwrap().status(), status);
        let outcome = upstream.run(|| request.send_ok());
        assert_eq!(outcome.is_ok(), ok, "{status}");
        assert_eq!(outcome.err().and_then(|error: Error| error.status), (!ok).then_some(status));
    }
}

#[test]
fn a_body_comes_in_its_pieces() {
    let mut response = answer(Reply::text(200, "abcde").chunk_size(2).header("X-Id", "7"));
    assert_eq!(response.header("x-ID"), Some("7"));
    let mut pieces = Vec::new();
    while let Some(piece) = response.chunk().unwrap() {
        pieces.push(piece);
    }
    assert_eq!(pieces, [b"ab".to_vec(), b"cd".to_vec(), b"e".to_vec()]);
    assert_eq!(response.chunk().unwrap(), None);
    assert_eq!(answer(Reply::text(200, b"a\xFFb".to_vec())).text().unwrap(), "a\u{FFFD}b");
}

#[test]
fn a_body_over_the_limit_is_an_error() {
    let body = || Reply::text(200, "abcde").split_at_every_byte();
    assert_eq!(answer(body()).limit(5).bytes().unwrap(), b"abcde");
    assert_eq!(answer(body()).limit(4).bytes().unwrap_err().kind, ErrorKind::Upstream);
}

#[test]
fn a_body_that_breaks_off_is_an_error() {
    let error = answer(Reply::json(200, "{}").breaks_off()).json::<serde_json::Value>().unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Upstream, "https://a.example: the answer broke off"));
}

#[test]
fn json_of_another_shape_is_the_providers_fault() {
    for body in ["", "<html>", r#"{"a":"#, r#"["x"]"#] {
        let error = answer(Reply::json(200, body)).json::<Vec<u8>>().unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::Upstream, Some(200)), "{body}");
        assert_eq!(error.body.unwrap_or_default(), body);
    }
    let deep = "[".repeat(1_000_000);
    assert!(answer(Reply::json(200, deep)).json::<serde_json::Value>().is_err());
}
