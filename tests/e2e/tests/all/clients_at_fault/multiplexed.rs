//! HTTP/2 frames in numbers and orders that no client needs.

use serde_json::{Value, json};

use caisson_e2e::{OPENAI, say, soon};

use super::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, Http2, RST_STREAM, field, frame, head,
};
use super::{CHAT, MARGIN, serves_others, with_echo};

const WINDOW: u32 = 1 << 20;
/// RFC 9113, 7
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &head("GET", path, &[]))
}

fn post(stream: u32, body: &Value) -> Vec<u8> {
    let headers = head("POST", CHAT, &[("content-type", "application/json")]);
    let body = body.to_string();
    [frame(HEADERS, END_HEADERS, stream, &headers), frame(DATA, END_STREAM, stream, body.as_bytes())].concat()
}

fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes())
}

/// Sends again and again until the server has enough, and says why: the code of its GOAWAY, none where it only closed.
async fn flood(http2: &mut Http2, most: usize, mut next: impl FnMut(u32) -> Vec<u8>) -> Option<u32> {
    let mut sent = 0;
    for number in 0.. {
        let bytes = next(number);
        sent += bytes.len();
        assert!(sent < most, "{sent} bytes of it are still being taken");
        if !http2.send(&bytes).await {
            break;
        }
    }
    let goaway = http2.next_of(GOAWAY).await?;
    Some(u32::from_be_bytes(goaway.payload[4..8].try_into().unwrap()))
}

#[tokio::test]
async fn requests_on_one_connection_are_answered() {
    let caisson = with_echo().await;
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    for stream in (1..40).step_by(2) {
        http2.send(&post(stream, &say("echo/echo", "both"))).await;
    }
    let mut ended = 0;
    while ended < 20 {
        let frame = http2.next().await.unwrap();
        assert!(frame.kind == HEADERS || frame.kind == DATA, "{frame:?}");
        ended += usize::from(frame.kind == DATA && frame.flags & END_STREAM > 0);
    }
    caisson.has_no_sandbox().await;
}

#[tokio::test]
async fn a_head_in_endless_continuations_ends_the_connection() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    for piece in [field("x", "y"), field("x", &"y".repeat(10_000)), vec![]] {
        let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
        http2.send(&frame(HEADERS, END_STREAM, 1, &head("GET", "/healthz", &[]))).await;
        let said = flood(&mut http2, 64 << 20, |_| frame(CONTINUATION, 0, 1, &piece).repeat(100)).await;
        println!("{} bytes a piece: {said:?}", piece.len());
    }
    serves_others(&caisson).await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn a_head_that_is_larger_unpacked_than_sent_is_refused() {
    let caisson = with_echo().await;
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    // One entry of 2,000 bytes in the table of the compression, then named again and again by one byte each.
    let indexed = [&[0x40][..], &field("x-large", &"y".repeat(2000))[1..]].concat();
    let headers = [head("GET", "/healthz", &[]), indexed, vec![0x80 | 62; 10_000]].concat();
    http2.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &headers)).await;
    let answer = soon("a refusal", http2.next()).await;
    if let Some(frame) = answer {
        // 431 as the first of the answer's headers, reset, or the end of the connection: never 200 (which is `0x88`).
        assert!(frame.kind != HEADERS || frame.payload.first() != Some(&0x88), "{frame:?}");
    }
    serves_others(&caisson).await;
}

#[tokio::test]
async fn opening_and_resetting_without_end_is_answered_with_calm() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    let body = say("echo/echo", "x");
    let said = flood(&mut http2, 256 << 20, |number| {
        let streams = (0..200).map(|stream| 2 * (number * 200 + stream) + 1);
        streams.flat_map(|stream| [post(stream, &body), reset(stream)].concat()).collect()
    });
    assert!(matches!(said.await, None | Some(ENHANCE_YOUR_CALM)));
    serves_others(&caisson).await;
    caisson.has_no_sandbox().await;
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn more_requests_at_one_time_than_are_allowed_are_refused_one_by_one() {
    let (caisson, fake) = OPENAI.served().await;
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    for _ in 0..200 {
        fake.respond_with(caisson_fake_providers::Reply::new(200, caisson_fake_providers::Body::Silence));
    }
    for stream in (1..400).step_by(2) {
        http2.send(&post(stream, &say(OPENAI.model(), "x"))).await;
    }
    // The rest is reset at once (REFUSED_STREAM), or the whole connection is ended; those let in hold their sandboxes.
    let frame = http2.next().await;
    assert!(frame.as_ref().is_none_or(|frame| [RST_STREAM, GOAWAY].contains(&frame.kind)), "{frame:?}");
    assert!(caisson.metric("caisson_sandboxes").await <= 128);
    drop(http2);
    caisson.has_no_sandbox().await;
    soon("the upstream requests' end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
}

#[tokio::test]
async fn frames_out_of_order_end_the_connection() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let garbage: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    for bytes in [
        garbage.clone(),
        frame(DATA, 0, 1, b"for nobody"),
        frame(CONTINUATION, END_HEADERS, 1, b""),
        frame(HEADERS, END_HEADERS, 2, &head("GET", "/", &[])),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &garbage[..1000]),
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &head("GET", "/healthz", &[("Upper", "case")])),
        frame(4, 0, 0, b"12345"),
        frame(8, 0, 0, &0_u32.to_be_bytes()),
        vec![0xff; 9],
    ] {
        let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
        http2.send(&bytes).await;
        // Reset for that request, or gone with the connection; no answer.
        let came = soon("an objection", http2.next()).await;
        assert!(came.as_ref().is_none_or(|came| [RST_STREAM, GOAWAY].contains(&came.kind)), "{came:?}");
    }
    let pings = frame(6, 0, 0, b"12345678").repeat(1000);
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    // Nobody reads the answers: the server must not keep them all.
    for _ in 0..2000 {
        if tokio::time::timeout(std::time::Duration::from_secs(2), http2.send(&pings)).await != Ok(true) {
            break;
        }
    }
    serves_others(&caisson).await;
    drop(http2);
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn a_reset_request_frees_its_sandbox_and_its_upstream() {
    let (caisson, fake) = OPENAI.served().await;
    let mut http2 = Http2::connect(caisson.address(), WINDOW).await;
    for (number, stream) in [false, true].into_iter().enumerate() {
        let id = 2 * u32::try_from(number).unwrap() + 1;
        fake.respond_with(caisson_fake_providers::Reply::new(200, caisson_fake_providers::Body::Silence));
        let mut body = say(OPENAI.model(), "x");
        body["stream"] = json!(stream);
        http2.send(&post(id, &body)).await;
        soon("the request at the provider", fake.wait_for_requests(number + 1)).await;
        http2.send(&reset(id)).await;
        soon("the upstream connection's end", fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
        caisson.has_no_sandbox().await;
    }
    // The connection itself goes on.
    http2.send(&get(9, "/healthz")).await;
    assert_eq!(http2.next_of(HEADERS).await.unwrap().stream, 9);
}
