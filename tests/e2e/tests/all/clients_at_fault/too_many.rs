//! More clients than there is room for: who is idle makes room, who works is left alone, and the rest waits its turn.

use std::time::Duration;

use caisson_e2e::{Caisson, OPENAI, adapter, say, soon};
use rustix::process::{Resource, Rlimit};

use super::raw::{Raw, post};
use super::{CHAT, MARGIN, serves_others, with_echo};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn with_room_for_four() -> (Caisson, caisson_fake_providers::FakeProvider) {
    let (caisson, fake) = tokio::join!(Caisson::prepare().config("max-connections = 4").start(), OPENAI.fake());
    caisson.push("openai", adapter("openai")).upstream(&fake).await;
    caisson.push("echo", adapter("echo")).await;
    (caisson, fake)
}

/// Four clients that are idle, the first for longest. They are all that there is room for: a connection of the harness, which the server
/// may not have seen the end of, would have cost one of them its place.
async fn four_idle(caisson: &Caisson) -> Vec<Raw> {
    let mut idle = Vec::new();
    loop {
        while idle.len() < 4 {
            idle.push(Raw::connect(caisson.address()).await);
        }
        let mut answered = Vec::new();
        for mut raw in std::mem::take(&mut idle) {
            raw.send(HEALTH).await;
            answered.extend(raw.answer().await.filter(|said| said.status == 200).map(|_| raw));
        }
        idle = answered;
        if idle.len() == 4 {
            return idle;
        }
    }
}

#[tokio::test]
async fn the_one_idle_for_longest_makes_room() {
    let (caisson, _fake) = with_room_for_four().await;
    let mut idle = four_idle(&caisson).await;
    // The first asks again, so that the second is the one.
    idle[0].send(HEALTH).await;
    assert_eq!(idle[0].answer().await.unwrap().status, 200);
    let mut newcomer = Raw::saying(caisson.address(), HEALTH).await;
    assert_eq!(newcomer.answer().await.unwrap().status, 200);
    assert!(idle.remove(1).answer().await.is_none());
    for raw in &mut idle {
        raw.send(HEALTH).await;
        assert_eq!(raw.answer().await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn silent_clients_in_any_number_keep_nobody_out() {
    let (caisson, _fake) = with_room_for_four().await;
    let before = caisson.level().await;
    let mut silent = Vec::new();
    for number in 0..200 {
        silent.push(Raw::saying(caisson.address(), ["", "GET /v1/mod", "POST / HTTP/1.1\r\nx:"][number % 3]).await);
        if number % 10 == 0 {
            serves_others(&caisson).await;
        }
    }
    assert!(caisson.metric("caisson_connections").await <= 4);
    drop(silent);
    caisson.returns_to(before, MARGIN).await;
}

#[tokio::test]
async fn where_all_are_at_work_the_next_waits_its_turn() {
    let (caisson, fake) = with_room_for_four().await;
    let mut working = Vec::new();
    for _ in 0..4 {
        working.push(OPENAI.gated_stream(&caisson, &fake).await);
    }
    let mut next = Raw::saying(caisson.address(), post(CHAT, &say("echo/echo", "at last").to_string())).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(500), next.answer()).await.is_err(),
        "there was room for a fifth"
    );
    for (gate, streaming) in &mut working {
        gate.send(OPENAI.word("undisturbed")).await;
        assert_eq!(streaming.next_text().await, "undisturbed");
    }
    drop(working.pop());
    assert!(next.answer().await.unwrap().body.contains("at last"));
    for (gate, streaming) in &mut working {
        gate.send(OPENAI.word("still")).await;
        assert_eq!(streaming.next_text().await, "still");
    }
}

#[tokio::test]
async fn a_control_plane_of_its_own_is_reached_however_full_the_other_is() {
    let config = "max-connections = 1\nadmin-listen = \"127.0.0.1:0\"";
    let caisson = Caisson::prepare().config(config).start().await;
    let line = caisson.output().line_with("control plane http://").await;
    let control = line.split("control plane http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    // A request that stays: its body doesn't come.
    let held =
        Raw::saying(caisson.address(), "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n")
            .await;
    let listed = caisson_e2e::ask(control.parse().unwrap(), "GET", "/admin/v1/adapters").key(caisson_e2e::ADMIN_KEY);
    listed.answer().await.expect(200);
    drop(held);
}

#[tokio::test]
async fn a_server_out_of_descriptors_recovers() {
    let caisson = with_echo().await;
    let before = caisson.level().await;
    let process = rustix::process::Pid::from_raw(caisson.process_id().try_into().unwrap());
    let limit = |most: u64| {
        let was = rustix::process::getrlimit(Resource::Nofile);
        rustix::process::prlimit(process, Resource::Nofile, Rlimit { current: Some(most), ..was }).unwrap();
    };
    limit(before.descriptors + 4);
    let mut crowd = Vec::new();
    for _ in 0..50 {
        crowd.push(Raw::saying(caisson.address(), HEALTH).await);
    }
    soon("a word about it", caisson.output().line_with("no connection accepted")).await;
    // Even now: those that are idle make room, one after another.
    let mut answered = 0;
    for raw in &mut crowd {
        answered += usize::from(raw.answer().await.is_some_and(|said| said.status == 200));
    }
    assert!(answered > 0);
    limit(1000);
    serves_others(&caisson).await;
    drop(crowd);
    caisson.returns_to(before, MARGIN).await;
}
