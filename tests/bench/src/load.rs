//! Closed-loop load: so many connections, each with one request under way, for a bounded time.
//!
//! Closed loop means that a slower server is asked less often: latencies are those of a server that is kept busy, not those of one that
//! is overrun.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use tokio::task::JoinSet;

use crate::client::Connection;

/// How long after its time a round may still wait for answers.
const GRACE: Duration = Duration::from_secs(15);
/// How much of an unexpected answer is shown.
const SHOWN: usize = 400;

/// What each connection does, again and again.
#[derive(Clone)]
pub(crate) struct Task {
    pub(crate) address: SocketAddr,
    pub(crate) request: Bytes,
    /// What the last bytes of every answer must hold.
    pub(crate) ending: &'static str,
    /// The answer's first token. Where there is one, it's what is waited for, and not the answer's end.
    pub(crate) first: Option<&'static str>,
}

/// When the load ends.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) connections: u16,
    pub(crate) time: Duration,
    pub(crate) answers: u32,
}

/// What came of it.
pub(crate) struct Round {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Each answer's time, in microseconds.
    pub(crate) latencies: Vec<u32>,
}

/// Drives the load. One answer that isn't as expected fails the whole: numbers over errors mean nothing.
pub(crate) async fn drive(task: &Task, bounds: Bounds) -> anyhow::Result<Round> {
    let mut connections = Vec::new();
    for _ in 0..bounds.connections {
        connections.push(Connection::open(task.address).await?);
    }
    let begun = Instant::now();
    let sent = Arc::new(AtomicU32::new(0));
    let mut running = JoinSet::new();
    for connection in connections {
        running.spawn(repeat(connection, task.clone(), begun, bounds, Arc::clone(&sent)));
    }
    let ended = tokio::time::timeout(bounds.time + GRACE, async {
        let mut latencies = Vec::new();
        while let Some(done) = running.join_next().await {
            latencies.append(&mut done??);
        }
        anyhow::Ok(latencies)
    });
    let latencies = ended.await.context("answers are missing long after the round's end")??;
    ensure!(!latencies.is_empty(), "no answer in time");
    Ok(Round { elapsed: begun.elapsed(), latencies })
}

async fn repeat(
    mut connection: Connection,
    task: Task,
    begun: Instant,
    bounds: Bounds,
    sent: Arc<AtomicU32>,
) -> anyhow::Result<Vec<u32>> {
    let mut latencies = Vec::with_capacity(1 << 16);
    let mut last = begun;
    while last.duration_since(begun) < bounds.time && sent.fetch_add(1, Ordering::Relaxed) < bounds.answers {
        let answer = connection.exchange_until(&task.request, task.first).await?;
        if answer.status != 200 || !answer.ends_in(task.ending.as_bytes()) {
            let content = answer.content();
            let shown = String::from_utf8_lossy(&content[..content.len().min(SHOWN)]);
            anyhow::bail!("an answer under load has status {} and is not as expected: {shown}", answer.status);
        }
        let now = Instant::now();
        latencies.push(u32::try_from((answer.first.unwrap_or(now) - last).as_micros()).unwrap_or(u32::MAX));
        last = now;
    }
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "fixed values in tests")]
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    /// A server that gives this answer to whatever comes.
    async fn server(answer: &'static str) -> Task {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = vec![0; REQUEST.len()];
                    while stream.read_exact(&mut request).await.is_ok() {
                        stream.write_all(answer.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Task { address, request: Bytes::from_static(REQUEST), ending: "done", first: None }
    }

    fn bounds(answers: u32) -> Bounds {
        Bounds { connections: 3, time: Duration::from_secs(20), answers }
    }

    #[tokio::test]
    async fn a_round_ends_after_the_answers_it_may_have() {
        let task = server("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await;
        assert_eq!(drive(&task, bounds(50)).await.unwrap().latencies.len(), 50);
    }

    #[tokio::test]
    async fn a_round_ends_after_its_time() {
        let task = server("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await;
        let bounds = Bounds { time: Duration::from_millis(20), ..bounds(u32::MAX) };
        let round = drive(&task, bounds).await.unwrap();
        assert!(round.elapsed >= bounds.time && !round.latencies.is_empty());
    }

    #[tokio::test]
    async fn an_error_or_a_cut_answer_fails_the_round_with_its_text() {
        for answer in [
            "HTTP/1.1 503 Full\r\ncontent-length: 9\r\n\r\nfull done",
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfull",
        ] {
            let error = drive(&server(answer).await, bounds(50)).await.err().expect("no error").to_string();
            assert!(error.contains("full"), "{error}");
        }
    }
}
