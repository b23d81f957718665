//! A client that leaves: everything up to the connection with the provider is closed at once.

use std::time::{Duration, Instant};

use caisson_fake_providers::{Body, FakeProvider, Reply};
use serde_json::json;

use caisson_e2e::{Caisson, OPENAI, PROVIDERS, ask, say, soon};

/// Waits until the provider has no connection left, and prints how long that took: 100 ms is the promise, which a busy machine may not
/// keep, so that only its being kept at all is checked.
async fn upstream_closed(fake: &FakeProvider, what: &str) {
    let left = Instant::now();
    soon("the upstream connection's end", fake.live_connections().wait_for(|live| *live == 0)).await.unwrap();
    println!(
        "{what}: upstream connection closed {:.1} ms after the client left",
        left.elapsed().as_secs_f64() * 1000.0
    );
}

async fn check_still_serves(caisson: &Caisson, model: &str) {
    assert!(caisson.chat(say(model, "the next one")).await.content().contains("the next one"));
    let counted = caisson.get("/metrics").await.text();
    assert!(counted.contains("outcome=\"cancelled\"} 1"), "{counted}");
    assert!(counted.contains("caisson_sandboxes 0"), "{counted}");
}

#[tokio::test]
async fn leaving_a_stream_while_nothing_comes_closes_the_upstream() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        let (gate, mut streaming) = provider.gated_stream(&caisson, &fake).await;
        gate.send(provider.word("one")).await;
        assert_eq!(streaming.next_text().await, "one");
        drop(streaming);
        upstream_closed(&fake, &format!("{}, silent", provider.name)).await;
        check_still_serves(&caisson, provider.model()).await;
    }
}

#[tokio::test]
async fn leaving_a_stream_in_full_flow_closes_the_upstream() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        let endless =
            Body::Forever { first: vec![provider.opening()], then: provider.word("more "), every: Duration::ZERO };
        fake.respond_with(Reply::event_stream(endless));
        let mut streaming = caisson.stream(say(provider.model(), "x")).await;
        for _ in 0..100 {
            assert_eq!(streaming.next_text().await, "more ");
        }
        drop(streaming);
        upstream_closed(&fake, &format!("{}, flowing", provider.name)).await;
        check_still_serves(&caisson, provider.model()).await;
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_holds_nothing_beyond_the_deadline() {
    let (caisson, fake) = OPENAI.served().await;
    let limits = json!({ "timeout-ms": 1000, "egress-bytes-in": 1_u64 << 40, "fuel": 1_u64 << 50 });
    caisson.control("PUT", "/adapters/openai/limits").json(&limits).answer().await.expect(200);
    let endless = Body::Forever { first: vec![OPENAI.opening()], then: OPENAI.word("more "), every: Duration::ZERO };
    fake.respond_with(Reply::event_stream(endless));
    // Held open, and not read from any more: what is on its way fills the sockets, and then everything waits for this client.
    let mut streaming = caisson.stream(say(OPENAI.model(), "x")).await;
    streaming.next_text().await;
    soon("the upstream connection's end", fake.live_connections().wait_for(|live| *live == 0)).await.unwrap();
    assert!(caisson.chat(say(OPENAI.model(), "the next one")).await.content().contains("the next one"));
    drop(streaming);
}

#[tokio::test]
async fn leaving_before_the_first_byte_closes_the_upstream() {
    for provider in PROVIDERS {
        for is_stream in [false, true] {
            let (caisson, fake) = provider.served().await;
            // No head for one, a head and no body for the other.
            let body = if is_stream { Body::Silence } else { Body::Hang };
            fake.respond_with(Reply::new(200, body));
            let mut request = say(provider.model(), "x");
            request["stream"] = is_stream.into();
            let asking = tokio::spawn(ask(caisson.address(), "POST", "/v1/chat/completions").json(&request).answer());
            soon("the request at the provider", fake.wait_for_requests(1)).await;
            asking.abort();
            assert!(asking.await.unwrap_err().is_cancelled());
            upstream_closed(&fake, &format!("{}, {}", provider.name, if is_stream { "no head" } else { "no body" }))
                .await;
            check_still_serves(&caisson, provider.model()).await;
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_provider_back() {
    let (caisson, fake) = OPENAI.served().await;
    let (gate, streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    let word = OPENAI.word(&"word ".repeat(64 << 10));
    let mut sent = 0_usize;
    // Until the sockets on the way are full: the next piece finds no taker.
    while tokio::time::timeout(Duration::from_secs(2), gate.send(word.clone())).await.is_ok() {
        sent += word.len();
        assert!(sent < 256 << 20, "nobody reads, and all is taken");
    }
    drop(streaming);
    upstream_closed(&fake, "held back").await;
}
