//! Clients that leave: after every so many bytes of their request, after every so many of their answer, or with one half only.

use std::time::Duration;

use caisson_fake_providers::{Body, FakeProvider, Reply};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use caisson_e2e::{Caisson, Level, OPENAI, say, soon};

use super::raw::{Raw, post};
use super::{CHAT, MARGIN};

/// Leaves after each further so many bytes sent.
const SENT: usize = 16;
/// Leaves after each further so many bytes received.
const RECEIVED: usize = 32;

fn asked(stream: bool) -> String {
    let mut body = say(OPENAI.model(), "one two three four five six seven");
    body["stream"] = stream.into();
    post(CHAT, &body.to_string())
}

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    Closing,
    /// With a TCP reset.
    Resetting,
}

impl Leaving {
    fn leave(self, raw: Raw) {
        if let Self::Resetting = self {
            raw.stream.set_zero_linger().unwrap();
        }
    }
}

/// Nothing of them is left: no sandbox, no upstream connection in use, others are served, and the level is what it was.
async fn nothing_is_left(caisson: &Caisson, fake: FakeProvider, before: Level) {
    caisson.has_no_sandbox().await;
    soon("the upstream requests' end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
    assert!(caisson.chat(say(OPENAI.model(), "the next one")).await.content().contains("the next one"));
    // With it go the connections that are kept for another request to it.
    drop(fake);
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn a_client_may_leave_after_any_byte_that_it_sent() {
    let (caisson, fake) = OPENAI.served().await;
    let before = caisson.level().await;
    for stream in [false, true] {
        let request = asked(stream);
        for end in (0..=request.len()).step_by(SENT).chain([request.len() - 1, request.len()]) {
            for leaving in [Leaving::Closing, Leaving::Resetting] {
                leaving.leave(Raw::saying(caisson.address(), &request[..end]).await);
            }
        }
    }
    nothing_is_left(&caisson, fake, before).await;
}

#[tokio::test]
async fn a_client_may_leave_after_any_byte_that_it_received() {
    let (caisson, fake) = OPENAI.served().await;
    let before = caisson.level().await;
    for stream in [false, true] {
        let length = caisson.chat(say(OPENAI.model(), "one two three four five six seven")).await.body.len();
        let most = if stream { 16 * length } else { 3 * length };
        for (number, end) in (0..most).step_by(RECEIVED).enumerate() {
            let leaving = if number % 2 == 0 { Leaving::Closing } else { Leaving::Resetting };
            let mut raw = Raw::saying(caisson.address(), asked(stream)).await;
            let mut read = 0;
            while read < end {
                match tokio::time::timeout(Duration::from_secs(5), raw.up_to(end - read)).await {
                    Ok(Some(more)) => read += more,
                    // The answer is over, and its connection is kept.
                    Ok(None) | Err(_) => break,
                }
                if raw.is_whole(stream) {
                    break;
                }
            }
            let whole = raw.is_whole(stream);
            leaving.leave(raw);
            if whole {
                break;
            }
        }
    }
    nothing_is_left(&caisson, fake, before).await;
}

#[tokio::test]
async fn a_client_may_leave_at_any_event_of_its_provider() {
    let (caisson, fake) = OPENAI.served().await;
    let before = caisson.level().await;
    let bodies = [
        || Body::Silence,
        || Body::Hang,
        || Body::Forever { first: vec![OPENAI.opening()], then: OPENAI.word("more "), every: Duration::from_millis(5) },
        || Body::Forever { first: vec![], then: ": keep-alive\n\n".into(), every: Duration::from_millis(5) },
    ];
    let mut asked_for = fake.requests().len();
    for body in bodies {
        for leaving in [Leaving::Closing, Leaving::Resetting] {
            fake.respond_with(Reply::event_stream(body()));
            let raw = Raw::saying(caisson.address(), asked(true)).await;
            asked_for += 1;
            soon("the request at the provider", fake.wait_for_requests(asked_for)).await;
            leaving.leave(raw);
            soon("the upstream connection's end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
        }
    }
    nothing_is_left(&caisson, fake, before).await;
}

#[tokio::test]
async fn a_client_that_shuts_its_side_counts_as_gone() {
    let (caisson, fake) = OPENAI.served().await;
    let before = caisson.level().await;
    for stream in [false, true] {
        fake.respond_with(Reply::new(200, Body::Silence));
        let seen = fake.requests().len();
        let mut raw = Raw::saying(caisson.address(), asked(stream)).await;
        soon("the request at the provider", fake.wait_for_requests(seen + 1)).await;
        raw.stream.shutdown().await.unwrap();
        soon("the upstream connection's end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
        assert!(raw.until_closed().await.is_empty());
    }
    // Amid its request as well.
    let mut raw = Raw::saying(caisson.address(), &asked(false)[..100]).await;
    raw.stream.shutdown().await.unwrap();
    let said = String::from_utf8_lossy(&raw.until_closed().await).into_owned();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400 "), "{said}");
    nothing_is_left(&caisson, fake, before).await;
}

#[tokio::test]
async fn an_operator_may_leave_amid_an_upload() {
    let caisson = super::with_echo().await;
    let before = caisson.level().await;
    let component = caisson_e2e::adapter("echo");
    let head = format!(
        "PUT /admin/v1/adapters/half HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        caisson_e2e::ADMIN_KEY,
        component.len()
    );
    for part in 0..8 {
        let mut raw = Raw::saying(caisson.address(), &head).await;
        raw.send(&component[..component.len() * part / 8]).await;
        drop(raw);
    }
    super::serves_others(&caisson).await;
    let listed = caisson.control("GET", "/adapters").answer().await.expect(200);
    assert_eq!(listed["adapters"].as_array().unwrap().len(), 1, "{}", json!(listed));
    caisson.returns_to(before, MARGIN).await;
}
