//! The clients' connections: accepted while there is room, served, and closed when they have been quiet for too long.
//!
//! At most so many are open at one time. When they are, room is made by closing the one that has been quiet for longest, at once;
//! where all of them have requests running, the next client waits and the ones after it queue in the kernel's backlog. So neither
//! silent nor dribbling clients keep others out, and neither takes more memory or descriptors than was set aside. What HTTP allows a
//! client to ask for is bounded in [`protocol`]. Nothing here reads a body or knows a path.
//!
//! A client that shuts down its side of the connection counts as gone, even if it might still read: nothing else tells at once that
//! a client left while its adapter thinks, and whoever leaves must free its sandbox (invariant 6).

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::Peer;
use super::activity::{Activity, Answer};
use super::stall::Stalling;
use crate::telemetry::Metrics;

/// After a failed `accept`: out of file descriptors, most often.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The largest request head of HTTP/1, in bytes, and what is buffered of a connection in each direction.
const HEAD_BYTES: usize = 64 << 10;
/// The largest request head of HTTP/2, in bytes; uncompressed, so that compression doesn't multiply it.
const HEADER_LIST_BYTES: u32 = 16 << 10;
/// Requests at one time on one connection of HTTP/2.
const STREAMS: u32 = 128;
/// What HTTP/2 buffers of one answer that its client doesn't take, in bytes.
const SEND_BYTES: usize = 64 << 10;
/// What an HTTP/2 client may send ahead of what is read, in bytes: of one body, and of all on its connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Streams that an HTTP/2 client may open and reset before they were looked at (rapid reset, CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// Streams that we may have to reset for an HTTP/2 client's errors before the connection is closed.
const LOCAL_RESETS: usize = 128;
/// How often an HTTP/2 client is asked whether it's still there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(30);
const PONG: Duration = Duration::from_secs(20);

/// A listener's clients.
#[derive(Clone)]
pub(super) struct Clients {
    routes: Router,
    builder: Arc<auto::Builder<TokioExecutor>>,
    room: Arc<Room>,
    patience: Patience,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<()>,
}

/// How long clients may do nothing.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Amid a request or an answer.
    pub(super) stall: Duration,
    /// Between requests.
    pub(super) idle: Duration,
}

/// Places for connections.
struct Room {
    free: Arc<Semaphore>,
    /// Wakes the connection that has been quiet for longest, so that it leaves. What wakes nobody is kept for the next to be quiet,
    /// which looks whether it's still wanted.
    wanted: Notify,
    /// Who wants a place.
    wanting: AtomicUsize,
}

/// Somebody who wants a place.
struct Wanting<'a>(&'a Room);

/// Turns a connection's requests over to the routes.
struct Requests {
    routes: TowerToHyperService<Router>,
    peer: Peer,
    activity: Arc<Activity>,
}

impl Clients {
    pub(super) fn new(
        routes: Router,
        most: usize,
        patience: Patience,
        metrics: Arc<Metrics>,
        stop: watch::Receiver<()>,
    ) -> Self {
        let free = Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        let room = Arc::new(Room { free, wanted: Notify::new(), wanting: AtomicUsize::new(0) });
        Self { routes, builder: Arc::new(protocol(patience)), room, patience, metrics, stop }
    }

    /// Accepts connections for ever.
    pub(super) async fn accept(self, listener: &TcpListener) {
        let mut failing = false;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    failing = false;
                    let place = self.room.place().await;
                    tokio::spawn(self.clone().serve(stream, peer, place));
                }
                // That one client left before its turn.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "no connection accepted; trying again until it works");
                    }
                    failing = true;
                    let _wanting = self.room.want();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve(mut self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // A token is smaller than a segment; it should leave at once.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        self.metrics.connections.inc();
        let activity = Arc::new(Activity::default());
        let stream = Stalling::new(stream, self.patience.stall, Arc::clone(&activity));
        let routes = TowerToHyperService::new(self.routes);
        let requests = Requests { routes, peer: Peer(peer), activity: Arc::clone(&activity) };
        {
            let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), requests));
            let mut quiet = pin!(quiet_for_too_long(&activity, &self.room, self.patience.idle));
            let mut untaken = pin!(give_up_untaken(&activity, self.patience.stall));
            let mut stopping = false;
            let ended = loop {
                tokio::select! {
                    // First, since the others look at what it did.
                    biased;
                    ended = connection.as_mut() => break ended,
                    () = quiet.as_mut() => {
                        connection.as_mut().graceful_shutdown();
                        // Whatever is left to say (HTTP/2's GOAWAY) is said now, or not.
                        break poll_fn(|cx| match connection.as_mut().poll(cx) {
                            Poll::Ready(ended) => Poll::Ready(ended),
                            Poll::Pending => Poll::Ready(Ok(())),
                        }).await;
                    }
                    () = untaken.as_mut() => {}
                    _ = self.stop.changed(), if !stopping => {
                        stopping = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, %peer, "connection ended");
            }
        }
        self.metrics.connections.dec();
        // The descriptor is closed by now.
        drop(place);
    }
}

impl Room {
    /// Waits for a place, and sees to it that one is made.
    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
                return place;
            }
            let _wanting = self.want();
            if let Ok(place) = Arc::clone(&self.free).acquire_owned().await {
                return place;
            }
        }
    }

    /// Has the connection leave that has been quiet for longest, or the first to be quiet while this is held.
    fn want(&self) -> Wanting<'_> {
        self.wanting.fetch_add(1, Ordering::Relaxed);
        self.wanted.notify_one();
        Wanting(self)
    }

    fn is_wanted(&self) -> bool {
        self.wanting.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Wanting<'_> {
    fn drop(&mut self) {
        self.0.wanting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let running = self.activity.begin();
        request.extensions_mut().insert(self.peer);
        let answered = self.routes.call(request);
        Box::pin(async move { Ok(answered.await?.map(|body: Body| Answer::new(body, running))) })
    }
}

/// What a client may ask of HTTP. Beyond these, hyper and h2 have bounds of their own: 100 headers, 16 KiB of chunk extensions and of
/// trailers, as few CONTINUATION frames as a head of [`HEADER_LIST_BYTES`] needs, no CONNECT.
fn protocol(patience: Patience) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The clock runs from the last answer: a silence that is allowed, then the head.
        .header_read_timeout(patience.idle + patience.stall)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIST_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS);
    builder
}

/// Resolves once the connection has been quiet for `idle`, or quiet for longer than any other when its place is wanted.
///
/// It must be polled whenever the connection is, which is what tells it of a change.
async fn quiet_for_too_long(activity: &Activity, room: &Room, idle: Duration) {
    loop {
        let silence = poll_fn(|_| activity.silence().map_or(Poll::Pending, Poll::Ready)).await;
        let broken = poll_fn(|_| if activity.silence() == Some(silence) { Poll::Pending } else { Poll::Ready(()) });
        tokio::select! {
            biased;
            () = broken => {}
            // Those who wait are woken in the order in which they began to.
            () = room.wanted.notified() => if room.is_wanted() { return },
            () = tokio::time::sleep(idle) => return,
        }
    }
}

/// Gives up answers that their client doesn't take, for ever. To be polled whenever the connection is.
async fn give_up_untaken(activity: &Activity, patience: Duration) {
    loop {
        poll_fn(|_| if activity.has_begun_answers() { Poll::Ready(()) } else { Poll::Pending }).await;
        tokio::time::sleep(patience / 4).await;
        activity.give_up_untaken(patience);
    }
}
