//! What a client gets when an adapter traps or reaches a limit, and that nobody else notices.

use caisson_fake_providers::{Body, Reply};
use serde_json::json;

use caisson_e2e::{Caisson, Item, OPENAI, adapter, guest, say, soon};

/// A guest's fault, and what becomes of it.
struct Case {
    guest: &'static str,
    limit: Option<(&'static str, u64)>,
    status: u16,
    code: &'static str,
}

const FUEL: u64 = 50_000_000;
const MEMORY: u64 = 16 << 20;

const CASES: [Case; 5] = [
    Case { guest: "trap", limit: None, status: 502, code: "adapter_trap" },
    Case { guest: "spin", limit: Some(("fuel", FUEL)), status: 502, code: "fuel_exhausted" },
    Case { guest: "hog", limit: Some(("memory-bytes", MEMORY)), status: 502, code: "memory_exhausted" },
    Case { guest: "wait", limit: Some(("timeout-ms", 500)), status: 504, code: "deadline_exceeded" },
    // A guest that never waits is stopped by the clock all the same.
    Case { guest: "spin", limit: Some(("timeout-ms", 500)), status: 504, code: "deadline_exceeded" },
];

impl Case {
    async fn push(&self, caisson: &Caisson, name: &str, then: Option<&str>) {
        let component = if then.is_some() { "midstream" } else { self.guest };
        let mut push = caisson.push(name, guest(component)).limit("fuel", 1_000_000_000_000);
        if let Some(then) = then {
            push = push.set("then", then);
        }
        if let Some((limit, value)) = self.limit {
            push = push.limit(limit, value);
        }
        push.await;
    }
}

async fn with_neighbour() -> Caisson {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson
}

/// The same deployment serves its next request, and so does another.
async fn check_next_requests(caisson: &Caisson, same: &str) {
    assert!(!caisson.chat(say(same, "x")).await.content().is_empty());
    assert!(caisson.chat(say("echo/echo", "next door")).await.content().contains("next door"));
}

#[tokio::test]
async fn a_fault_in_a_whole_answer_is_this_clients_error_alone() {
    let caisson = with_neighbour().await;
    for (number, case) in CASES.iter().enumerate() {
        let name = format!("case-{number}");
        case.push(&caisson, &name, None).await;
        let answer = caisson.chat(say(&format!("{name}/x"), "x")).await;
        let error = answer.expect_error(case.status, case.code);
        assert_eq!(error["type"], "server_error");
        let receipt = answer.receipt();
        assert_eq!(receipt.revision, format!("{name}@1"));
        assert!(receipt.fuel > 0 && receipt.memory > 0, "{receipt:?}");
        match case.code {
            "fuel_exhausted" => assert!((FUEL..FUEL + FUEL / 10).contains(&receipt.fuel), "{receipt:?}"),
            "memory_exhausted" => assert!((MEMORY / 2..=MEMORY).contains(&receipt.memory), "{receipt:?}"),
            _ => {}
        }
        check_next_requests(&caisson, &format!("{name}/behave")).await;
    }
}

#[tokio::test]
async fn a_fault_before_the_first_event_is_still_an_http_status() {
    let caisson = with_neighbour().await;
    for (number, case) in CASES.iter().enumerate() {
        let name = format!("case-{number}");
        case.push(&caisson, &name, None).await;
        let answer = caisson.stream(say(&format!("{name}/x"), "x")).await.whole().await;
        answer.expect_error(case.status, case.code);
        assert_eq!(answer.receipt().revision, format!("{name}@1"));
        check_next_requests(&caisson, &format!("{name}/behave")).await;
    }
}

#[tokio::test]
async fn a_fault_amid_a_stream_is_its_last_event() {
    let caisson = with_neighbour().await;
    for (number, case) in CASES.iter().enumerate() {
        let name = format!("case-{number}");
        case.push(&caisson, &name, Some(case.guest)).await;
        let streaming = caisson.stream(say(&format!("{name}/x"), "x")).await;
        assert_eq!(
            (streaming.status, streaming.headers["x-caisson-revision"].to_str().unwrap()),
            (200, &*format!("{name}@1"))
        );
        let transcript = streaming.rest().await;
        assert_eq!(transcript.content(), "one two", "{}", case.guest);
        let error = transcript.expect_error(case.code);
        assert_eq!(error["type"], "server_error");
        assert!(transcript.finish_reasons().is_empty(), "{transcript:?}");

        let behaved = caisson.stream(say(&format!("{name}/behave"), "x")).await.rest().await;
        assert!(behaved.is_done() && behaved.content() == "one two", "{behaved:?}");
        assert!(caisson.chat(say("echo/echo", "next door")).await.content().contains("next door"));
    }
}

#[tokio::test]
async fn an_error_of_the_adapters_own_amid_a_stream_is_its_last_event() {
    let caisson = with_neighbour().await;
    caisson.push("midstream", guest("midstream")).set("then", "error").await;
    let transcript = caisson.stream(say("midstream/x", "x")).await.rest().await;
    assert_eq!(transcript.content(), "one two");
    let error = transcript.expect_error("provider_error");
    assert_eq!((&error["message"], &error["provider"]["status"]), (&json!("the provider hung up"), &json!(529)));
}

#[tokio::test]
async fn embeddings_fail_the_same_way() {
    let caisson = with_neighbour().await;
    caisson.push("spin", guest("spin")).limit("fuel", FUEL).await;
    let answer = caisson.embed(json!({ "model": "spin/x", "input": "x" })).await;
    answer.expect_error(502, "fuel_exhausted");
    assert_eq!(answer.receipt().revision, "spin@1");
}

#[tokio::test]
async fn a_deadline_also_ends_a_wait_for_the_provider() {
    let (caisson, fake) = tokio::join!(Caisson::start(), OPENAI.fake());
    caisson.push("openai", adapter("openai")).upstream(&fake).limit("timeout-ms", 500).await;
    fake.respond_with(Reply::new(200, Body::Silence));
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(504, "deadline_exceeded");
    let mut connections = fake.live_connections();
    soon("the upstream connection's end", connections.wait_for(|live| *live == 0)).await.unwrap();
    assert!(caisson.chat(say(OPENAI.model(), "again")).await.content().contains("again"));
}

#[tokio::test]
async fn neighbours_are_served_while_a_guest_spins() {
    let caisson = with_neighbour().await;
    caisson.push("spin", guest("spin")).limit("fuel", 1_000_000_000_000_000).await;
    caisson.push("midstream", guest("midstream")).set("then", "spin").limit("fuel", 1_000_000_000_000_000).await;
    // More of them than the machine has cores.
    let mut spinning = Vec::new();
    for _ in 0..8 {
        let mut stream = caisson.stream(say("midstream/x", "x")).await;
        assert!(matches!(stream.next().await, Some(Item::Chunk(_))));
        assert!(matches!(stream.next().await, Some(Item::Chunk(_))));
        spinning.push(stream);
    }
    for _ in 0..8 {
        assert!(caisson.chat(say("echo/echo", "ahoy")).await.content().contains("ahoy"));
    }
    drop(spinning);
}
