//! Clients that do nothing, or next to nothing: before a request, amid its head or body, between requests.

use serde_json::json;

use caisson_e2e::{OPENAI, adapter, say, soon};

use super::raw::{Raw, post};
use super::{CHAT, hasty, serves_others};

#[tokio::test]
async fn a_client_that_says_nothing_is_closed() {
    let caisson = hasty().await;
    let before = caisson.level().await;
    let mut silent = Vec::new();
    for beginning in
        ["", "P", "PRI * HTTP/2.0\r\n", "GET /v1/models HT", "GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-slow: "]
    {
        silent.push(Raw::saying(caisson.address(), beginning).await);
    }
    serves_others(&caisson).await;
    for raw in silent {
        assert_eq!(String::from_utf8_lossy(&raw.until_closed().await), "");
    }
    caisson.returns_to(before, super::MARGIN).await;
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_cut_off() {
    let caisson = hasty().await;
    let mut raw = Raw::saying(caisson.address(), "GET /v1/models HTTP/1.1\r\nhost: localhost\r\n").await;
    // A byte at a time, each well within any patience: the whole head has a time all the same.
    let dribble = async {
        while raw.send("x").await {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    soon("the end of a dribbling client", dribble).await;
    serves_others(&caisson).await;
}

#[tokio::test]
async fn a_connection_may_lie_idle_for_so_long_and_no_longer() {
    let caisson = hasty().await;
    let mut raw = Raw::saying(caisson.address(), "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(raw.answer().await.unwrap().status, 200);
    // Still there for another request, then closed without a word.
    assert!(raw.send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await);
    assert_eq!(raw.answer().await.unwrap().status, 200);
    assert!(raw.answer().await.is_none());
}

#[tokio::test]
async fn a_stream_in_which_nothing_comes_is_not_idle() {
    let (caisson, fake) = tokio::join!(hasty(), OPENAI.fake());
    caisson.push("openai", adapter("openai")).upstream(&fake).await;
    let (gate, mut streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    let (mut other, second) = (Raw::connect(caisson.address()).await, post(CHAT, &say("echo/echo", "x").to_string()));
    // As long as it takes for two idle connections to be closed, one after the other.
    for _ in 0..2 {
        other.send(&second).await;
        assert_eq!(other.answer().await.unwrap().status, 200);
        assert!(other.answer().await.is_none());
        other = Raw::connect(caisson.address()).await;
    }
    gate.send(OPENAI.word("late")).await;
    assert_eq!(streaming.next_text().await, "late");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_408() {
    let caisson = hasty().await;
    let before = caisson.level().await;
    let whole = post(CHAT, &say("echo/echo", "x").to_string());
    let chunked =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n4\r\n{\"m";
    for begun in [&whole[..whole.len() - 1], chunked] {
        let mut raw = Raw::saying(caisson.address(), begun).await;
        let said = raw.answer().await.unwrap();
        assert_eq!(said.status, 408, "{said:?}");
        assert!(
            said.body.contains(r#""code":"request_timeout""#) && said.head.contains("connection: close"),
            "{said:?}"
        );
        assert!(raw.answer().await.is_none(), "what follows would be taken for the rest");
    }
    serves_others(&caisson).await;
    caisson.returns_to(before, super::MARGIN).await;
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_a_408_when_its_time_is_over() {
    let caisson = hasty().await;
    let body = json!({ "model": "echo/echo", "messages": [], "x": "y".repeat(10_000) }).to_string();
    let whole = post(CHAT, &body);
    let mut raw = Raw::connect(caisson.address()).await;
    for byte in whole.as_bytes().chunks(100) {
        if !raw.send(byte).await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(raw.answer().await.unwrap().status, 408);
    serves_others(&caisson).await;
}

#[tokio::test]
async fn an_upload_that_stops_coming_is_a_408_too() {
    let caisson = hasty().await;
    let head = format!(
        "PUT /admin/v1/adapters/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: 1000\r\n",
        caisson_e2e::ADMIN_KEY
    );
    for kind in ["application/wasm", "multipart/form-data; boundary=b"] {
        let begun = format!("{head}content-type: {kind}\r\n\r\n--b\r\n");
        let said = Raw::saying(caisson.address(), begun).await.answer().await.unwrap();
        assert_eq!(said.status, 408, "{said:?}");
        assert!(said.body.contains(r#""code":"request_timeout""#), "{said:?}");
    }
    serves_others(&caisson).await;
}
