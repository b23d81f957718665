//! A sandbox serves one request, and has nothing but what the contract gives it.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use caisson_e2e::{Caisson, ask, guest, say};

#[tokio::test]
async fn every_request_has_a_fresh_sandbox() {
    let caisson = Caisson::start().await;
    caisson.push("counter", guest("counter")).await;
    for _ in 0..10 {
        assert_eq!(caisson.chat(say("counter/x", "x")).await.content(), "1");
        assert_eq!(caisson.stream(say("counter/x", "x")).await.rest().await.content(), "1");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_have_a_sandbox_each() {
    let caisson = Caisson::start().await;
    caisson.push("counter", guest("counter")).await;
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        asking.spawn(ask(caisson.address(), "POST", "/v1/chat/completions").json(&say("counter/x", "x")).answer());
    }
    for answer in asking.join_all().await {
        assert_eq!(answer.content(), "1");
    }
}

#[tokio::test]
async fn a_guest_finds_no_environment_no_files_and_no_sockets() {
    let caisson = Caisson::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The grant is for HTTP through the host: it opens no socket.
    let push = caisson.push("pry", guest("pry")).set("address", &address.to_string());
    push.allow_host(&format!("http://{address}")).await;
    let found: Value = serde_json::from_str(&caisson.chat(say("pry/x", "x")).await.content()).unwrap();
    let nothing = json!({
        "variables": 0, "arguments": 0, "files": 0, "written": false, "connected": false, "name resolved": false,
    });
    assert_eq!(found, nothing);
}

#[tokio::test]
async fn more_requests_than_sandboxes_are_told_to_come_back() {
    let caisson = Caisson::prepare().config("max-sandboxes = 2").start().await;
    caisson.push("midstream", guest("midstream")).set("then", "wait").await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = caisson.stream(say("midstream/x", "x")).await;
        stream.next_text().await;
        held.push(stream);
    }
    let answer = caisson.stream(say("midstream/x", "x")).await.whole().await;
    answer.expect_error(503, "overloaded");
    assert_eq!((answer.header("retry-after"), answer.header("retry-after-ms")), ("1", "1000"));
}

#[tokio::test]
async fn a_guests_log_is_limited_and_can_forge_no_line() {
    let caisson = Caisson::start().await;
    caisson.push("chatty", guest("chatty")).await;
    assert_eq!(caisson.chat(say("chatty/x", "x")).await.content(), "said enough");
    let said = caisson.finished().await;
    assert!(said.contains("to standard output") && said.contains("chatter chatter"), "{said}");
    assert!(said.contains("log limit reached"), "{said}");
    assert!(said.len() < 256 << 10, "{} bytes of log", said.len());
    assert!(!said.lines().any(|line| line.starts_with("ERROR caisson: forged")), "{said}");
    assert!(!said.contains("\u{1b}[31mred"), "{said}");
}
