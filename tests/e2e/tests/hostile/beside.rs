//! What may stand beside the server for an attack: an upstream that reads and writes what it likes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use caisson_e2e::Push;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What to put beside the server.
#[derive(Clone, Copy)]
pub(crate) enum Stand {
    /// Nothing.
    Nothing,
    /// An upstream of the attack's own.
    Upstream(Serve),
}

/// What an upstream does with one connection. The connection closes when the future ends.
pub(crate) type Serve = fn(Wiretap) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// What stands beside the server.
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// An upstream of the attack's own.
    Upstream(Upstream),
}

/// A listener on a free port of 127.0.0.1 until it's dropped, which also closes its connections.
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: Seen,
    accepting: AbortHandle,
}

/// One accepted connection; what is read of it is kept.
pub(crate) struct Wiretap {
    stream: TcpStream,
    number: usize,
    seen: Seen,
}

/// The bytes that each connection sent so far.
type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

impl Stand {
    /// Puts it there.
    pub(crate) async fn start(self) -> Beside {
        match self {
            Self::Nothing => Beside::Nothing,
            Self::Upstream(serve) => Beside::Upstream(Upstream::start(serve).await),
        }
    }
}

impl Beside {
    /// Where it is, as `http://127.0.0.1:PORT`.
    #[track_caller]
    pub(crate) fn origin(&self) -> String {
        match self {
            Self::Nothing => panic!("nothing stands beside the server"),
            Self::Upstream(upstream) => format!("http://{}", upstream.address),
        }
    }

    /// Grants it, and points the adapter at it.
    pub(crate) fn granted(&self, push: Push) -> Push {
        push.allow_host(&self.origin()).set("base-url", &self.origin())
    }

    /// What each connection to the upstream has sent so far, as text.
    #[track_caller]
    pub(crate) fn seen(&self) -> Vec<String> {
        match self {
            Self::Upstream(upstream) => {
                let seen = upstream.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
            }
            _ => panic!("no upstream stands beside the server"),
        }
    }
}

impl Upstream {
    async fn start(serve: Serve) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen::default();
        let accepted = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            // Owns the connections, so that all of them end with the upstream.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut seen = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push(Vec::new());
                    seen.len() - 1
                };
                connections.spawn(serve(Wiretap { stream, number, seen: Arc::clone(&accepted) }));
            }
        });
        Self { address, seen, accepting: accepting.abort_handle() }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Wiretap {
    /// Reads some bytes; none at the end, also where the connection breaks.
    pub(crate) async fn read(&mut self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 64 << 10];
        let read = self.stream.read(&mut buffer).await.unwrap_or(0);
        buffer.truncate(read);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)[self.number].extend_from_slice(&buffer);
        (read > 0).then_some(buffer)
    }

    /// Writes; whether somebody is there to read.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }
}
