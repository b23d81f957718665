//! Bodies that are too much: together, in depth, in number.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::Value;

use caisson_e2e::{Caisson, adapter, say};

use super::raw::Raw;
use super::{CHAT, MARGIN, serves_others, with_echo};

#[tokio::test]
async fn bodies_share_one_budget_and_uploads_have_their_own() {
    let caisson = Caisson::prepare().config("max-buffered-bytes = 1048576").start().await;
    caisson.push("echo", adapter("echo")).await;
    let before = caisson.level().await;
    // Not much of what they announce has come: that alone takes no room.
    let announced = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n");
    let mut idle = Vec::new();
    for _ in 0..8 {
        idle.push(Raw::saying(caisson.address(), announced.clone() + "{").await);
    }
    serves_others(&caisson).await;

    let mut held = Raw::saying(caisson.address(), &announced).await;
    held.send(" ".repeat(999_999)).await;
    caisson.buffers(1_000_000).await;
    let refused = caisson.ask("POST", CHAT).text(&" ".repeat(200_000)).answer().await;
    refused.expect_error(503, "overloaded");
    assert_eq!((refused.header("retry-after"), refused.header("retry-after-ms")), ("1", "1000"));
    assert!(caisson.push("second", adapter("echo")).await.is_active());
    serves_others(&caisson).await;

    held.send("x").await;
    assert_eq!(held.answer().await.unwrap().status, 400);
    let large = caisson.ask("POST", CHAT).text(&" ".repeat(600_000)).answer().await;
    large.expect_error(400, "invalid_request");
    drop((idle, held));
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn json_made_to_be_dear_is_read_or_refused_and_the_memory_comes_back() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let body =
        |inside: &str| format!(r#"{{"model":"echo/echo","messages":[{{"role":"user","content":"x"}}],"x":{inside}}}"#);
    let mut keys = String::from("{");
    for key in 0..300_000 {
        let _ = write!(keys, r#""k{key}":0,"#);
    }
    keys.push_str(r#""last":0}"#);
    for (dear, status) in [
        ("[".repeat(8 << 20), 400),
        (body(&"[".repeat(1 << 20)), 400),
        (body(&format!("{}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))), 400),
        (body(&keys), 200),
        (body(&format!("[{}0]", "0,".repeat(1 << 20))), 200),
        (body(&format!("\"{}\"", "\\u0041".repeat(1 << 20))), 200),
        (body(&"9".repeat(1 << 20)), 200),
        (body("0").replacen("echo/echo", &"m".repeat(4 << 20), 1), 404),
    ] {
        let answer = caisson.ask("POST", CHAT).bytes("application/json", Bytes::from(dear.clone())).answer().await;
        let shown = &dear[..dear.len().min(100)];
        // What the adapter makes of it is its own; what must not be is a failure of the host's.
        assert!(
            answer.status == status || (status == 200 && answer.status == 400),
            "{} for {shown}: {}",
            answer.status,
            answer.text()
        );
        let said: Value = answer.json();
        assert!(
            said.get("error").is_none_or(|error| error["message"].as_str().is_some_and(|message| message.len() < 9000))
        );
    }
    assert!(caisson.chat(say("echo/echo", "x")).await.content().contains('x'));
    caisson.returns_to(before, 2 * MARGIN).await;
}
