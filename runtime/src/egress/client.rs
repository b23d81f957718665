//! HTTP for one revision: sends a request over a connection that was kept, or over a new one.
//!
//! A connection of HTTP/1.1 has no task. Whoever uses it drives it: first the request's future, then the answer's body. So an answer
//! is read where it's wanted, without a turn through the scheduler, and a body that nobody reads stays with its upstream. There is
//! one exception: an upstream that answers before it has taken the whole request gets a task, since a guest may write on without
//! reading. Such a connection isn't used again.
//!
//! Connections of HTTP/2 are shared by requests and have a task each. What is kept, and for how long, is the [`Pool`]'s matter; that
//! a request may leave at all was decided before.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::JoinSet;
use tower_service::Service;

use super::grant::Target;
use super::pool::Pool;
use super::stand_in::{Dialler, Line};
use super::{EgressError, OutgoingBody};

const MAX_ANSWER_HEADERS: usize = 100;
const MAX_ANSWER_HEAD_BYTES: usize = 64 * 1024;

/// Sends requests within one revision's grants.
pub(super) struct Client {
    dialler: Dialler,
    pool: Arc<Pool>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum ClientError {
    /// No connection was made.
    Connect(Box<dyn std::error::Error + Send + Sync>),
    /// It broke, or what came is no HTTP.
    Http(hyper::Error),
}

/// A connection to send a request over.
pub(super) enum Route {
    Driven(Connection),
    Shared(http2::SendRequest<Upload>),
}

/// A connection of HTTP/1.1, which goes on while somebody polls it.
pub(super) struct Connection {
    sender: http1::SendRequest<Upload>,
    /// None once it is closed.
    line: Option<Pin<Box<http1::Connection<Line, Upload>>>>,
}

/// One that brings an answer's body. When it no longer does, it's kept if it can serve again.
struct Driven {
    /// None only while it is being dropped.
    connection: Option<Connection>,
    target: Target,
    pool: Arc<Pool>,
}

/// A request's body, and a way to see that it was sent or given up.
pub(super) struct Upload {
    body: OutgoingBody,
    sent: Arc<()>,
}

/// An answer's body.
pub(super) struct Download {
    // Dropped first: what is left of a body that nobody will read is then passed over, if it has come.
    body: Incoming,
    /// What brings it, where that has no task.
    driven: Option<Driven>,
}

type Unsent = TrySendError<Request<Upload>>;

impl Client {
    pub(super) fn new(dialler: Dialler) -> Self {
        Self { dialler, pool: Arc::default() }
    }

    /// Sends a request whose URI is absolute and leads to `target`.
    pub(super) async fn send(
        &self,
        target: &Target,
        request: Request<OutgoingBody>,
    ) -> Result<Response<Download>, ClientError> {
        // Held until the answer is there, and by its body from then on: it is swept for as long.
        let pool = Arc::clone(&self.pool);
        let uri = request.uri().clone();
        let (parts, body) = request.into_parts();
        let mut request = Request::from_parts(parts, Upload { body, sent: Arc::default() });
        loop {
            let kept = pool.take(target);
            let is_kept = kept.is_some();
            let route = match kept {
                Some(route) => route,
                None => self.connect(target, &uri).await?,
            };
            let sent = match route {
                Route::Driven(mut connection) => connection.send(to_origin(request, &uri)).await.map(|response| {
                    let driven =
                        Driven { connection: Some(connection), target: target.clone(), pool: Arc::clone(&pool) };
                    response.map(|body| Download { driven: (!body.is_end_stream()).then_some(driven), body })
                }),
                Route::Shared(mut sender) => sender
                    .try_send_request(to_any(request, &uri))
                    .await
                    .map(|response| response.map(|body| Download { body, driven: None })),
            };
            match sent {
                Ok(response) => return Ok(response),
                Err(mut unsent) => match unsent.take_message() {
                    // It was closed while it was kept, and took nothing of the request.
                    Some(message) if is_kept => request = message,
                    _ => return Err(ClientError::Http(unsent.into_error())),
                },
            }
        }
    }

    async fn connect(&self, target: &Target, uri: &Uri) -> Result<Route, ClientError> {
        let line = apart(self.dialler.clone().call(uri.clone())).await.map_err(ClientError::Connect)?;
        self.pool.have_swept();
        if line.connected().is_negotiated_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_header_list_size(MAX_ANSWER_HEAD_BYTES as u32)
                .handshake(line)
                .await
                .map_err(ClientError::Http)?;
            tokio::spawn(connection);
            self.pool.share(target, &sender);
            return Ok(Route::Shared(sender));
        }
        let (sender, connection) = http1::Builder::new()
            .max_headers(MAX_ANSWER_HEADERS)
            .max_buf_size(MAX_ANSWER_HEAD_BYTES)
            .handshake(line)
            .await
            .map_err(ClientError::Http)?;
        Ok(Route::Driven(Connection { sender, line: Some(Box::pin(connection)) }))
    }
}

impl Connection {
    async fn send(&mut self, request: Request<Upload>) -> Result<Response<Incoming>, Unsent> {
        let sent = Arc::clone(&request.body().sent);
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let response = std::future::poll_fn(|cx| {
            let _ = self.poll(cx);
            answer.as_mut().poll(cx)
        })
        .await?;
        // Nobody else holds it once the body is sent.
        if Arc::strong_count(&sent) > 1 {
            self.line.take().map(tokio::spawn);
        }
        Ok(response)
    }

    /// Goes on; ready once it is closed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(line) = &mut self.line {
            // A failure is told to whoever waits for the answer or reads its body.
            let _closed = std::task::ready!(line.as_mut().poll(cx));
            self.line = None;
        }
        Poll::Ready(())
    }

    /// Whether another request may be sent over it.
    pub(super) fn is_idle(&mut self) -> bool {
        self.poll(&mut Context::from_waker(Waker::noop())).is_pending() && self.sender.is_ready()
    }
}

impl Driven {
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection {
            let _ = connection.poll(cx);
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take()
            && connection.is_idle()
        {
            self.pool.keep(&self.target, connection);
        }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let Self { body, driven } = &mut *self;
        let mut polled = Pin::new(&mut *body).poll_frame(cx);
        if let (Poll::Pending, Some(driven)) = (&polled, driven) {
            driven.poll(cx);
            polled = Pin::new(body).poll_frame(cx);
        }
        if polled.is_ready() && self.body.is_end_stream() {
            self.driven = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs in a task of its own, which ends when nobody waits for it. Dialling takes more stack than all else that a request does, and a
/// guest's stack keeps what was ever used of it.
async fn apart<T: Send + 'static>(dialling: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = JoinSet::new();
    task.spawn(dialling);
    match task.join_next().await {
        Some(Ok(dialled)) => dialled,
        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // Ended with its runtime, and so is whoever waits.
        _ => std::future::pending().await,
    }
}

/// As HTTP/1.1 wants it: the path alone, and the host in its header (RFC 9112 §3.2.1).
fn to_origin(mut request: Request<Upload>, uri: &Uri) -> Request<Upload> {
    let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    *request.uri_mut() = uri.path_and_query().map_or_else(Uri::default, |path| Uri::from(path.clone()));
    request
}

/// As HTTP/2 wants it: the whole URI, and no host beside it.
fn to_any(mut request: Request<Upload>, uri: &Uri) -> Request<Upload> {
    request.headers_mut().remove(HOST);
    *request.uri_mut() = uri.clone();
    request
}
