//! What a client gets for a request that can't be right.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use caisson_e2e::{Caisson, adapter, guest, say, soon};

const CHAT: &str = "/v1/chat/completions";

async fn with_echo() -> Caisson {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson
}

#[tokio::test]
async fn bad_json_is_told_the_byte_where_it_stops_being_json() {
    let caisson = with_echo().await;
    for (body, position) in [
        (r#"{"model": "echo/echo", "messages": [}"#, 36),
        (r#"{"model": "echo/echo""#, 21),
        ("", 0),
        ("\u{feff}{}", 0),
        (r#"{"model": "echo/echo"} {}"#, 23),
    ] {
        let error = caisson.ask("POST", CHAT).text(body).answer().await.expect_error(400, "invalid_request");
        assert_eq!(error["type"], "invalid_request_error", "{body}");
        assert_eq!(error["position"], position, "{body}: {error}");
        assert!(error["message"].as_str().unwrap().contains(&format!("byte {position}")), "{error}");
    }
    let bad = Bytes::from_static(b"{\"model\": \"\xff\"}");
    let error =
        caisson.ask("POST", CHAT).bytes("application/json", bad).answer().await.expect_error(400, "invalid_request");
    assert_eq!(error["position"], 11, "{error}");
}

#[tokio::test]
async fn a_missing_or_mistyped_field_is_named_by_its_path() {
    let caisson = with_echo().await;
    let user = json!({ "role": "user", "content": "x" });
    let typed = |content: Value| json!({ "role": "user", "content": content });
    for (body, param) in [
        (json!({}), "model"),
        (json!({ "model": "echo/echo" }), "messages"),
        (json!({ "model": "", "messages": [user] }), "model"),
        (json!({ "model": 7, "messages": [user] }), "model"),
        (json!({ "model": "echo/echo", "messages": "x" }), "messages"),
        (json!({ "model": "echo/echo", "messages": [user, user, typed(json!(7))] }), "messages[2].content"),
        (
            json!({ "model": "echo/echo", "messages": [typed(json!([{ "type": "text", "text": 7 }]))] }),
            "messages[0].content[0].text",
        ),
        (json!({ "model": "echo/echo", "messages": [{ "content": "x" }] }), "messages[0].role"),
        (json!({ "model": "echo/echo", "messages": [user], "temperature": "hot" }), "temperature"),
        (json!({ "model": "echo/echo", "messages": [user], "tools": [{ "type": "function" }] }), "tools[0].function"),
        (json!({ "model": "echo/echo", "messages": [user], "stream": "yes" }), "stream"),
    ] {
        let answer = caisson.ask("POST", CHAT).json(&body).answer().await;
        let error = answer.expect_error(400, "invalid_request");
        assert_eq!(
            (&error["type"], &error["param"]),
            (&json!("invalid_request_error"), &json!(param)),
            "{body}: {error}"
        );
    }
    let error =
        caisson.embed(json!({ "model": "echo/echo", "input": [true] })).await.expect_error(400, "invalid_request");
    assert_eq!(error["param"], "input[0]", "{error}");
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let caisson = with_echo().await;
    for body in ["[]", "null", "7", "\"text\""] {
        caisson.ask("POST", CHAT).text(body).answer().await.expect_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn an_unknown_deployment_or_model_is_told_what_there_is() {
    let caisson = Caisson::start().await;
    let error = caisson.chat(say("gpt-4o", "x")).await.expect_error(404, "model_not_found");
    assert!(error["message"].as_str().unwrap().contains("no adapter is deployed yet"), "{error}");
    caisson.push("echo", adapter("echo")).await;
    caisson.push("tell", guest("tell")).await;

    for model in ["gpt-4o", "nobody/gpt-4o", "echo", "echo/", "/echo"] {
        let error = caisson.chat(say(model, "x")).await.expect_error(404, "model_not_found");
        assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &json!("model")), "{model}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("echo/echo") && message.contains("tell/one"), "{message}");
    }
    let error = caisson.chat(say("tell/two", "x")).await.expect_error(404, "model_not_found");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("`two`") && message.contains("one") && message.contains("family-*"), "{message}");
    caisson.embed(json!({ "model": "nobody/x", "input": "x" })).await.expect_error(404, "model_not_found");
    caisson.get("/v1/models/nobody/x").await.expect_error(404, "model_not_found");
}

#[tokio::test]
async fn an_alias_stands_for_a_model() {
    let caisson = Caisson::prepare().config("[aliases]\n\"gpt-4o\" = \"tell/one\"").start().await;
    caisson.push("tell", guest("tell")).await;
    let told: Value = serde_json::from_str(&caisson.chat(say("gpt-4o", "x")).await.content()).unwrap();
    assert_eq!(told["model"], "one");
    let listed = caisson.get("/v1/models").await.expect(200);
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["tell/one", "gpt-4o"]);
}

#[tokio::test]
async fn a_body_announced_too_large_is_refused_before_it_comes() {
    let caisson = Caisson::start().await;
    let length = (32 << 20) + 1;
    let mut connection = TcpStream::connect(caisson.address()).await.unwrap();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        caisson.address()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // Nothing of the body is sent, and the answer comes all the same.
    let mut answer = String::new();
    soon("a refusal", connection.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains(r#""code":"request_too_large""#), "{answer}");
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_refused_at_the_first_byte_beyond() {
    let caisson = Caisson::prepare().config("max-body-bytes = 1000").start().await;
    caisson.push("echo", adapter("echo")).await;
    let body = Unfinished(Some(Bytes::from(vec![b' '; 1001])));
    let error =
        caisson.ask("POST", CHAT).body(body.boxed_unsync()).answer().await.expect_error(413, "request_too_large");
    assert!(error["message"].as_str().unwrap().contains("1000"), "{error}");

    let mut fits = say("echo/echo", "").to_string();
    fits.push_str(&" ".repeat(1000 - fits.len()));
    assert_eq!(caisson.ask("POST", CHAT).text(&fits).answer().await.status, 200);
    fits.push(' ');
    caisson.ask("POST", CHAT).text(&fits).answer().await.expect_error(413, "request_too_large");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_openai_errors_too() {
    let caisson = Caisson::start().await;
    caisson.get("/v1/completions").await.expect_error(404, "unknown_url");
    caisson.ask("POST", "/").answer().await.expect_error(404, "unknown_url");
    caisson.get(CHAT).await.expect_error(405, "method_not_allowed");
}

#[tokio::test]
async fn every_answer_has_its_own_request_id() {
    let caisson = with_echo().await;
    let good = caisson.chat(say("echo/echo", "x")).await;
    let bad = caisson.ask("POST", CHAT).text("{").answer().await;
    let (good, bad) = (good.header("x-request-id"), bad.header("x-request-id"));
    assert!(good.starts_with("req_") && bad.starts_with("req_") && good != bad, "{good} {bad}");
}

/// A body that sends some bytes and then nothing, and doesn't end.
struct Unfinished(Option<Bytes>);

impl Body for Unfinished {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}
