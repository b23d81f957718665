//! What all wires share: queued replies, records, counts of what lives, and when bytes go out.

use std::time::Duration;

use bytes::Bytes;
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::client::{Connection, open_stream, post};

const CHAT: &str = "/v1/chat/completions";

fn chat(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
}

async fn provider() -> FakeProvider {
    FakeProvider::start(Wire::OpenAi).await.unwrap()
}

async fn until(mut count: watch::Receiver<usize>, wanted: usize) {
    let reached = count.wait_for(|count| *count == wanted);
    tokio::time::timeout(Duration::from_secs(10), reached).await.expect("the count never got there").unwrap();
}

#[tokio::test]
async fn base_urls_are_what_each_sdk_takes() {
    for (wire, path) in [(Wire::OpenAi, "/v1"), (Wire::Anthropic, ""), (Wire::Gemini, "")] {
        let provider = FakeProvider::start(wire).await.unwrap();
        assert!(provider.origin().starts_with("http://127.0.0.1:"));
        assert_eq!(provider.base_url(), format!("{}{path}", provider.origin()));
    }
}

#[tokio::test]
async fn a_provider_with_a_key_of_its_own_takes_no_other() {
    let provider = FakeProvider::start_with_key(Wire::OpenAi, "sesame").await.unwrap();
    assert_eq!(provider.key(), "sesame");
    assert_eq!(post(&provider, CHAT, &chat("m", false)).await.status, 401);
}

#[tokio::test]
async fn requests_are_recorded_with_their_connection() {
    let provider = provider().await;
    let mut connection = Connection::open(&provider).await;
    connection.post("/v1/chat/completions?a=b", &chat("m", false)).await.whole().await;
    connection.post(CHAT, &chat("m", false)).await.whole().await;
    post(&provider, CHAT, &chat("n", false)).await;
    let requests = provider.wait_for_requests(3).await;
    assert_eq!(requests.iter().map(|request| request.connection_id).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!((requests[0].path.as_str(), requests[0].query.as_deref()), (CHAT, Some("a=b")));
    assert_eq!(requests[2].json()["model"], "n");
    assert_eq!(requests[0].header("authorization"), Some("Bearer test-key"));
    assert_eq!(provider.connections_accepted(), 2);
}

#[tokio::test]
async fn only_the_newest_requests_are_kept() {
    let provider = provider().await;
    let mut connection = Connection::open(&provider).await;
    for number in 0..1030 {
        connection.post(&format!("/v1/nowhere?{number}"), &json!(null)).await.whole().await;
    }
    let requests = provider.wait_for_requests(1030).await;
    let first = requests.first().and_then(|request| request.query.clone());
    assert_eq!((requests.len(), first.as_deref()), (1024, Some("6")));
}

#[tokio::test]
async fn queued_replies_go_out_in_order_and_then_the_canned_answer() {
    let provider = provider().await;
    provider.respond_with(Reply::json(418, &json!({"tea": true})).header("x-pot", "round"));
    provider.respond_with(Reply::new(200, Body::Chunks(vec![Bytes::from("a"), Bytes::from("b")])));
    let first = post(&provider, CHAT, &chat("bench", false)).await;
    assert_eq!((first.status, first.header("x-pot"), first.text().as_str()), (418, "round", "{\"tea\":true}"));
    assert_eq!(post(&provider, CHAT, &chat("m", false)).await.text(), "ab");
    assert_eq!(post(&provider, CHAT, &chat("m", false)).await.json()["object"], "chat.completion");
}

#[tokio::test]
async fn a_gated_body_sends_each_chunk_when_the_test_does() {
    let provider = provider().await;
    let (sender, receiver) = mpsc::channel(1);
    provider.respond_with(Reply::event_stream(Body::Gated(receiver)));
    let mut stream = open_stream(&provider, CHAT, &chat("m", true)).await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    for text in ["data: 1\n\n", "data: 2\n\n"] {
        sender.send(Bytes::from(text)).await.unwrap();
        assert_eq!(stream.chunk().await.unwrap().unwrap(), text);
    }
    assert_eq!(*provider.live_requests().borrow(), 1);
    drop(sender);
    assert!(stream.chunk().await.is_none());
    until(provider.live_requests(), 0).await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_request_and_connection_in_every_kind_of_body() {
    let (_sender, receiver) = mpsc::channel(1);
    let endless = Body::Forever { first: vec![Bytes::from("a")], then: Bytes::from("b"), every: Duration::ZERO };
    for body in [Body::Hang, Body::Gated(receiver), endless] {
        let provider = provider().await;
        provider.respond_with(Reply::new(200, body));
        let stream = open_stream(&provider, CHAT, &chat("m", true)).await;
        until(provider.live_connections(), 1).await;
        until(provider.live_requests(), 1).await;
        drop(stream);
        until(provider.live_connections(), 0).await;
        until(provider.live_requests(), 0).await;
    }
}

#[tokio::test]
async fn silence_holds_the_request_until_the_client_leaves() {
    let provider = provider().await;
    provider.respond_with(Reply::new(200, Body::Silence));
    let request = chat("m", false);
    {
        let mut connection = Connection::open(&provider).await;
        let answer = connection.post(CHAT, &request);
        tokio::select! {
            _ = answer => panic!("silence answered"),
            () = until(provider.live_requests(), 1) => {}
        }
    }
    until(provider.live_requests(), 0).await;
    until(provider.live_connections(), 0).await;
}

#[tokio::test]
async fn a_reset_comes_after_the_bytes_before_it() {
    let provider = provider().await;
    provider.respond_with(Reply::event_stream(Body::Reset(Bytes::from("data: 1\n\n"))));
    let mut stream = open_stream(&provider, CHAT, &chat("m", true)).await;
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    let error = stream.chunk().await.unwrap().unwrap_err();
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
    assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::ConnectionReset), "{error:?}");
    until(provider.live_connections(), 0).await;
}

#[tokio::test]
async fn a_paced_body_waits_before_each_chunk_but_the_first() {
    let provider = provider().await;
    let pause = Duration::from_millis(150);
    provider.respond_with(Reply::new(200, Body::Every(pause, vec![Bytes::from("a"), Bytes::from("b")])));
    let start = tokio::time::Instant::now();
    let mut stream = open_stream(&provider, CHAT, &chat("m", true)).await;
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "a");
    assert_eq!(stream.chunk().await.unwrap().unwrap(), "b");
    assert!(start.elapsed() >= pause, "only a bound from below: the machine may be busy");
}

#[tokio::test]
async fn dropping_the_provider_closes_its_connections() {
    let provider = provider().await;
    let connections = provider.live_connections();
    provider.respond_with(Reply::new(200, Body::Hang));
    let mut stream = open_stream(&provider, CHAT, &chat("m", true)).await;
    drop(provider);
    let end = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await.expect("the connection stayed open");
    assert!(end.is_none_or(|chunk| chunk.is_err()));
    assert_eq!(*connections.borrow(), 0);
}

#[tokio::test]
async fn endless_and_cut_and_leaking_models_do_as_they_are_named() {
    let provider = provider().await;
    for stream in [true, false] {
        let mut endless = open_stream(&provider, CHAT, &chat("endless", stream)).await;
        let mut read = Vec::new();
        while read.len() < 300_000 {
            read.extend_from_slice(&endless.chunk().await.unwrap().unwrap());
        }
        assert!(String::from_utf8_lossy(&read).contains("hello"), "{stream}");
        let mut cut = open_stream(&provider, CHAT, &chat("fault-cut", stream)).await;
        let end = loop {
            match cut.chunk().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        };
        assert!(matches!(end, Some(Err(_))), "{stream}");
        let slow = post(&provider, CHAT, &chat("slow", stream)).await;
        assert!(slow.text().contains("40"));
    }
    let leak = post(&provider, CHAT, &chat("leak", false)).await.json();
    assert_eq!(leak["choices"][0]["message"]["content"], "Your key is test-key");
}

#[tokio::test]
async fn bench_is_fixed_unrecorded_and_a_hundred_chunks() {
    let provider = provider().await;
    let plain = post(&provider, CHAT, &chat("bench", false)).await;
    assert!(plain.json()["choices"][0]["message"]["content"].as_str().unwrap().starts_with("You said: the quick"));
    let stream = post(&provider, CHAT, &chat("bench", true)).await.events();
    let texts = stream
        .iter()
        .filter(|event| event["choices"][0]["delta"]["content"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(texts.count(), 100);
    assert!(stream.iter().all(|event| event.get("usage").is_none()));
    let mut with_usage = chat("bench", true);
    with_usage["stream_options"] = json!({"include_usage": true});
    assert!(post(&provider, CHAT, &with_usage).await.events().last().unwrap()["usage"].is_object());
    assert!(provider.requests().is_empty());
    let other_key = FakeProvider::start_with_key(Wire::OpenAi, "sesame").await.unwrap();
    assert_eq!(post(&other_key, CHAT, &chat("bench", false)).await.status, 401);

    let anthropic = FakeProvider::start(Wire::Anthropic).await.unwrap();
    let request =
        json!({"model": "bench", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "x"}]});
    let events = post(&anthropic, "/v1/messages", &request).await.events();
    assert_eq!(events.iter().filter(|event| event["delta"]["type"] == "text_delta").count(), 100);
    let gemini = FakeProvider::start(Wire::Gemini).await.unwrap();
    let request = json!({"contents": [{"parts": [{"text": "x"}]}]});
    let events = post(&gemini, "/v1beta/models/bench:streamGenerateContent?alt=sse", &request).await.events();
    assert_eq!(events.len(), 100);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let anthropic = FakeProvider::start(Wire::Anthropic).await.unwrap();
    let request = json!({"padding": "x".repeat(33 * 1024 * 1024)});
    let answer = post(&anthropic, "/v1/messages", &request).await;
    assert_eq!((answer.status, &answer.json()["error"]["type"]), (413, &json!("request_too_large")));
}
