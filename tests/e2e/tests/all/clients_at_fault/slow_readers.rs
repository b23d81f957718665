//! Clients that ask and don't read: what they hold is taken from them.

use std::time::Duration;

use caisson_fake_providers::{Body, FakeProvider, Reply};
use serde_json::{Value, json};

use caisson_e2e::{Caisson, OPENAI, adapter, say, soon};

use super::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, Http2, frame, head};
use super::raw::{Raw, post};
use super::{CHAT, MARGIN};

/// Larger than what sockets hold on their way.
const LARGE: usize = 24 << 20;

async fn hasty_openai() -> (Caisson, FakeProvider) {
    let config = "client-stall-seconds = 1";
    let (caisson, fake) = tokio::join!(Caisson::prepare().config(config).start(), OPENAI.fake());
    let pushed = caisson.push("openai", adapter("openai")).upstream(&fake);
    pushed.limit("egress-bytes-in", 1 << 40).limit("fuel", 1 << 50).limit("memory-bytes", 512 << 20).await;
    (caisson, fake)
}

fn large_answer() -> Reply {
    let message = json!({ "role": "assistant", "content": "x".repeat(LARGE) });
    Reply::json(
        200,
        &json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-x",
            "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
        }),
    )
}

fn endless() -> Reply {
    let then = OPENAI.word(&"more ".repeat(1000));
    Reply::event_stream(Body::Forever { first: vec![OPENAI.opening()], then, every: Duration::ZERO })
}

fn asked(stream: bool) -> Value {
    let mut body = say(OPENAI.model(), "x");
    body["stream"] = stream.into();
    body
}

async fn nothing_is_left(caisson: &Caisson, fake: &FakeProvider) {
    soon("the upstream requests' end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
    caisson.has_no_sandbox().await;
    assert!(caisson.chat(say(OPENAI.model(), "the next one")).await.content().contains("the next one"));
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut_off() {
    let (caisson, fake) = hasty_openai().await;
    let before = caisson.level().await;
    for (stream, reply) in [(false, large_answer as fn() -> Reply), (true, endless)] {
        let mut deaf = Vec::new();
        for number in 0..3 {
            fake.respond_with(reply());
            let seen = fake.requests().len();
            deaf.push(Raw::saying(caisson.address(), post(CHAT, &asked(stream).to_string())).await);
            soon("the request at the provider", fake.wait_for_requests(seen + 1)).await;
            assert!(number < 3);
        }
        nothing_is_left(&caisson, &fake).await;
        drop(deaf);
    }
    // Memory that guests and answers took, as far as the allocator gives it back.
    caisson.returns_to(before, 3 * MARGIN).await;
}

#[tokio::test]
async fn a_client_that_shuts_its_window_is_cut_off_and_keeps_its_connection() {
    let (caisson, fake) = hasty_openai().await;
    let before = caisson.level().await;
    // No byte of any answer may be sent, and yet the connection is alive: it answers pings.
    let mut http2 = Http2::connect(caisson.address(), 0).await;
    let mut id = 1;
    for (stream, reply) in [(false, large_answer as fn() -> Reply), (true, endless)] {
        fake.respond_with(reply());
        let seen = fake.requests().len();
        let body = asked(stream).to_string();
        http2.send(&frame(HEADERS, END_HEADERS, id, &head("POST", CHAT, &[]))).await;
        http2.send(&frame(DATA, END_STREAM, id, body.as_bytes())).await;
        soon("the request at the provider", fake.wait_for_requests(seen + 1)).await;
        assert_eq!(http2.next_of(HEADERS).await.unwrap().stream, id);
        nothing_is_left(&caisson, &fake).await;
        id += 2;
    }
    http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, id, &head("GET", "/healthz", &[]))).await;
    assert_eq!(http2.next_of(HEADERS).await.unwrap().stream, id);
    drop(http2);
    caisson.returns_to(before, 3 * MARGIN).await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_all_of_it() {
    let (caisson, fake) = hasty_openai().await;
    fake.respond_with(large_answer());
    let mut raw = Raw::saying(caisson.address(), post(CHAT, &asked(false).to_string())).await;
    let mut read = 0;
    // Slower than the sockets' buffers fill, and never as slow as the patience.
    while read < LARGE {
        read += soon("more of a large answer", raw.up_to(2 << 20)).await.expect("it breaks off");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(raw);
    nothing_is_left(&caisson, &fake).await;
}
