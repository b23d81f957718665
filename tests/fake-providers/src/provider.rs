//! The server: accepts connections, records requests, and answers each with what a test queued or
//! with the wire's canned answer. It knows no provider's JSON.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming as RequestBody;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::connection::{Connection, Counted, ResetSwitch};
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;
use crate::reply::{Body, Reply};
use crate::{Wire, anthropic, bench, desk, gemini, ollama, openai};

/// As Anthropic documents it; the others' limits are near.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// The demo serves for days: older requests are forgotten.
const MAX_RECORDED: usize = 1024;

/// A provider that listens on a free port of 127.0.0.1 until it is dropped, which also closes its
/// connections.
#[derive(Debug)]
pub struct FakeProvider {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: AbortHandle,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// What follows the `?`, still percent-encoded.
    pub query: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, without its transfer encoding.
    pub body: Bytes,
    /// Which of the provider's connections it came on, from 1.
    pub connection_id: u64,
}

#[derive(Debug)]
struct Shared {
    wire: Wire,
    key: String,
    queue: Mutex<VecDeque<Reply>>,
    /// The queue's length, so that the usual request takes no lock.
    queued: AtomicUsize,
    recorded: Mutex<VecDeque<Recorded>>,
    recorded_total: watch::Sender<usize>,
    connections: watch::Sender<usize>,
    requests: watch::Sender<usize>,
    last_connection: AtomicU64,
}

impl FakeProvider {
    /// Starts a provider that accepts the key `test-key`.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start(wire: Wire) -> io::Result<FakeProvider> {
        FakeProvider::start_with_key(wire, "test-key").await
    }

    /// Starts a provider that accepts this key alone.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start_with_key(wire: Wire, key: &str) -> io::Result<FakeProvider> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            wire,
            key: key.to_owned(),
            queue: Mutex::default(),
            queued: AtomicUsize::new(0),
            recorded: Mutex::default(),
            recorded_total: watch::Sender::new(0),
            connections: watch::Sender::new(0),
            requests: watch::Sender::new(0),
            last_connection: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone())).abort_handle();
        Ok(FakeProvider { shared, address, accepting })
    }

    /// The wire it speaks.
    pub fn wire(&self) -> Wire {
        self.shared.wire
    }

    /// The key it accepts.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the provider's own SDK takes as its base URL: OpenAI's ends in `/v1`, the others are the origin.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.origin(), self.shared.wire.base_path())
    }

    /// The requests so far, the oldest first: the last 1,024, without those of the model `bench`.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.recorded).iter().cloned().collect()
    }

    /// Waits until this many requests have arrived in all, and gives [`FakeProvider::requests`].
    /// Dropping the future loses nothing.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<Recorded> {
        let mut total = self.shared.recorded_total.subscribe();
        // The sender lives in `self`, so this can't fail.
        let _ = total.wait_for(|total| *total >= count).await;
        self.requests()
    }

    /// Queues an answer: each queued one goes to one request, in order, before any check of that request.
    pub fn respond_with(&self, reply: Reply) {
        let mut queue = lock(&self.shared.queue);
        queue.push_back(reply);
        self.shared.queued.store(queue.len(), Ordering::Release);
    }

    /// How many connections are open, to await a change of.
    pub fn live_connections(&self) -> watch::Receiver<usize> {
        self.shared.connections.subscribe()
    }

    /// How many requests are being answered, to await a change of: from the request's last byte to the
    /// answer's last byte, or until the client left.
    pub fn live_requests(&self) -> watch::Receiver<usize> {
        self.shared.requests.subscribe()
    }

    /// How many connections there have been.
    pub fn connections_accepted(&self) -> u64 {
        self.shared.last_connection.load(Ordering::Acquire)
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        // The task owns the listener and every connection's task.
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error concerns that one connection, or passes (no descriptors left).
                let Ok((stream, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let reset = ResetSwitch::default();
                let live = Counted::new(&shared.connections);
                if let Ok(connection) = Connection::new(stream, reset.clone(), live) {
                    connections.spawn(serve(connection, reset, shared.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(connection: Connection, reset: ResetSwitch, shared: Arc<Shared>) {
    let connection_id = shared.last_connection.fetch_add(1, Ordering::AcqRel) + 1;
    let service = service_fn(move |request| respond(request, connection_id, reset.clone(), shared.clone()));
    // An error means that the client left or that a test wanted the connection broken.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

async fn respond(
    request: Request<RequestBody>,
    connection_id: u64,
    reset: ResetSwitch,
    shared: Arc<Shared>,
) -> Result<Response<Outgoing>, Infallible> {
    let (head, body) = request.into_parts();
    // A body that breaks off has no reader left for the answer, so what fails here is the limit.
    let collected = Limited::new(body, MAX_BODY).collect().await.map(|body| body.to_bytes());
    let over_limit = collected.is_err();
    let body = collected.unwrap_or_default();
    let live = Counted::new(&shared.requests);
    let incoming = Incoming {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        body: &body,
        key: &shared.key,
    };
    let reply = match shared.queued_reply() {
        Some(reply) => {
            shared.record(&incoming, connection_id);
            reply
        }
        None => match bench::answer(shared.wire, &incoming) {
            Some(reply) => reply,
            None => {
                shared.record(&incoming, connection_id);
                match shared.wire {
                    _ if over_limit => too_large(shared.wire, incoming.seed()),
                    Wire::OpenAi => openai::answer(&incoming),
                    Wire::Anthropic => anthropic::answer(&incoming),
                    Wire::Gemini => gemini::answer(&incoming),
                    Wire::Ollama => ollama::answer(&incoming),
                    Wire::Desk => desk::answer(&incoming),
                }
            }
        },
    };
    if matches!(reply.body, Body::Silence) {
        // Until the client leaves, which drops this future and `live` with it.
        std::future::pending::<()>().await;
    }
    let mut response = Response::new(Outgoing::new(reply.body, reset, live));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    Ok(response)
}

fn too_large(wire: Wire, seed: u64) -> Reply {
    match wire {
        Wire::OpenAi => openai::too_large(seed),
        Wire::Anthropic => anthropic::too_large(seed),
        Wire::Gemini => gemini::too_large(),
        Wire::Ollama => ollama::too_large(),
        Wire::Desk => desk::too_large(),
    }
}

impl Shared {
    fn queued_reply(&self) -> Option<Reply> {
        if self.queued.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut queue = lock(&self.queue);
        let reply = queue.pop_front();
        self.queued.store(queue.len(), Ordering::Release);
        reply
    }

    fn record(&self, incoming: &Incoming<'_>, connection_id: u64) {
        let mut recorded = lock(&self.recorded);
        if recorded.len() == MAX_RECORDED {
            recorded.pop_front();
        }
        recorded.push_back(Recorded {
            method: incoming.method.clone(),
            path: incoming.path.to_owned(),
            query: incoming.query.map(str::to_owned),
            headers: incoming.headers.clone(),
            body: incoming.body.clone(),
            connection_id,
        });
        drop(recorded);
        self.recorded_total.send_modify(|total| *total += 1);
    }
}

impl Recorded {
    /// The body as JSON; null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// A header's text; none where it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A poisoned lock only says that a test's thread panicked; the data is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
