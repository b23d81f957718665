//! An upstream that is no HTTP server: it reads one request from each connection, writes the bytes that a test wrote, and ends the
//! connection as the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::soon;

/// A listening upstream. It ends when it's dropped, with its connections.
pub struct RawUpstream {
    origin: String,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

/// What follows the bytes of an answer.
#[derive(Clone, Debug)]
pub enum Then {
    /// The connection is closed in good order.
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing, until the client leaves.
    Hold,
    /// This again and again, as fast as it's read, until the client leaves.
    Repeat(Bytes),
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<(Bytes, Then)>>,
    live: watch::Sender<usize>,
    accepted: watch::Sender<usize>,
    /// Whether it answers before it has read a body.
    is_hasty: bool,
}

/// One connection among the live ones.
struct Live(Arc<Shared>);

impl RawUpstream {
    pub async fn start() -> Self {
        Self::with(Shared::default()).await
    }

    /// One that reads a request's head, and leaves the body where it is.
    pub async fn start_hasty() -> Self {
        Self::with(Shared { is_hasty: true, ..Shared::default() }).await
    }

    async fn with(shared: Shared) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(shared);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Self { origin, shared, _accepting: accepting }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Sets what the next request gets; without any it gets nothing, and the connection is held.
    pub fn answer(&self, bytes: impl Into<Bytes>, then: Then) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back((bytes.into(), then));
    }

    /// Connections so far.
    pub fn accepted(&self) -> usize {
        *self.shared.accepted.borrow()
    }

    /// Waits until every connection is closed.
    pub async fn is_left(&self) {
        soon("the last connection's end", self.shared.live.subscribe().wait_for(|live| *live == 0)).await.unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        shared.live.send_modify(|live| *live += 1);
        shared.accepted.send_modify(|accepted| *accepted += 1);
        connections.spawn(serve(stream, Live(Arc::clone(&shared))));
    }
}

async fn serve(mut stream: TcpStream, live: Live) {
    stream.set_nodelay(true).unwrap();
    read_request(&mut stream, live.0.is_hasty).await;
    let answer = live.0.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (bytes, then) = answer.unwrap_or((Bytes::new(), Then::Hold));
    // Whatever fails from here on is the client's leaving.
    let written = stream.write_all(&bytes).await;
    match then {
        Then::Close => drop(stream.shutdown().await),
        Then::Reset => drop(stream.set_zero_linger()),
        Then::Hold if written.is_ok() => drop(stream.read_to_end(&mut Vec::new()).await),
        Then::Repeat(piece) => while stream.write_all(&piece).await.is_ok() {},
        Then::Hold => {}
    }
    drop(stream);
}

/// Reads a head, and a body of the length that it says unless there is no time for it.
async fn read_request(stream: &mut TcpStream, is_hasty: bool) {
    let mut read = Vec::new();
    let body = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return;
        }
    };
    if is_hasty {
        return;
    }
    let head = String::from_utf8_lossy(&read[..body]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    while read.len() < body + length && matches!(stream.read_buf(&mut read).await, Ok(1..)) {}
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.send_modify(|live| *live -= 1);
    }
}
