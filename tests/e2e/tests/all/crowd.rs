//! A crowd of moderate size: idle clients and live streams at one time, nothing lost, and then back to where it was.
//!
//! `just crowd` does the same with ten times as many, in processes of their own, and reports what each of them costs.

use caisson_fake_providers::FakeProvider;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use caisson_e2e::{Caisson, OPENAI};

const IDLE: usize = 1000;
const STREAMS: usize = 100;
const WORDS: usize = 5;
/// What may remain of it all in memory.
const MARGIN: u64 = 64 << 20;

#[tokio::test]
async fn a_thousand_idle_clients_and_a_hundred_streams_lose_nothing_and_leave_nothing() {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    let (caisson, fake) = OPENAI.served().await;
    // The first crowd warms up what is kept for the next: the slots of the sandboxes' pool, the allocator's arenas.
    crowd(&caisson, &fake).await;
    let before = caisson.level().await;
    crowd(&caisson, &fake).await;
    caisson.returns_to(before, MARGIN).await;
}

async fn crowd(caisson: &Caisson, fake: &FakeProvider) {
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        let mut client = TcpStream::connect(caisson.address()).await.unwrap();
        ask_health(&mut client).await;
        idle.push(client);
    }
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(OPENAI.gated_stream(caisson, fake).await);
    }
    let during = caisson.level().await;
    assert!(during.connections >= (IDLE + STREAMS) as u64 && during.sandboxes == STREAMS as u64, "{during:?}");
    for word in 0..WORDS {
        for (number, (gate, streaming)) in streams.iter_mut().enumerate() {
            let word = format!("{word} of stream {number}");
            gate.send(OPENAI.word(&word)).await;
            assert_eq!(streaming.next_text().await, word);
        }
    }
    for (gate, streaming) in streams {
        gate.send(OPENAI.ending()).await;
        drop(gate);
        assert!(streaming.rest().await.is_done());
    }
    // Nobody was closed meanwhile.
    for client in &mut idle {
        ask_health(client).await;
    }
}

/// One request on a kept connection.
async fn ask_health(client: &mut TcpStream) {
    client.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok\n") {
        assert!(client.read_buf(&mut answer).await.unwrap() > 0, "closed after {}", String::from_utf8_lossy(&answer));
    }
}
