//! The upstream that a case plays: one HTTP/1.1 connection after another over pipes, each request answered as the next exchange says.
//!
//! It takes down what it was asked. What it doesn't do is judge: whether a request is the expected one is found out afterwards, so
//! that a case shows all that is wrong with it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::watch;

use super::case::{Answer, Ends, Exchange, Piece, Reply};
use crate::egress::StandIn;

/// What a pipe holds in each direction before its writer waits.
const PIPE_BYTES: usize = 64 << 10;
/// How long a reply waits for something to have reached the client.
const CLIENT_TIME: Duration = Duration::from_secs(5);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The upstream of one case.
#[derive(Clone)]
pub(super) struct Upstream(Arc<Shared>);

struct Shared {
    played: Mutex<Played>,
    /// The text that the client has so far.
    client_has: watch::Receiver<String>,
    open: watch::Sender<usize>,
}

#[derive(Default)]
struct Played {
    left: VecDeque<Exchange>,
    asked: Vec<Asked>,
    problems: Vec<String>,
}

/// What the upstream was asked, one for each exchange played.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// A connection, which was refused.
    Refused,
    Request(Seen),
}

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) origin: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Upstream {
    /// Plays these exchanges in order.
    pub(super) fn new(exchanges: Vec<Exchange>, client_has: watch::Receiver<String>) -> Self {
        let played = Played { left: exchanges.into(), ..Played::default() };
        Self(Arc::new(Shared { played: Mutex::new(played), client_has, open: watch::Sender::new(0) }))
    }

    /// The requests that came, and what the upstream itself found wrong.
    pub(super) fn seen(&self) -> (Vec<Asked>, Vec<String>) {
        let played = self.played();
        (played.asked.clone(), played.problems.clone())
    }

    /// Waits until it was asked something, or for that long.
    pub(super) async fn is_asked(&self, within: Duration) -> bool {
        let mut open = self.0.open.subscribe();
        tokio::time::timeout(within, open.wait_for(|open| *open > 0)).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Waits until no connection to it is open, or for that long.
    pub(super) async fn is_left(&self, within: Duration) -> bool {
        let mut open = self.0.open.subscribe();
        tokio::time::timeout(within, open.wait_for(|open| *open == 0)).await.is_ok_and(|waited| waited.is_ok())
    }

    fn played(&self) -> std::sync::MutexGuard<'_, Played> {
        self.0.played.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next exchange; the last one that repeats stays.
    fn next(played: &mut Played) -> Option<Exchange> {
        match played.left.front() {
            Some(exchange) if exchange.repeats => Some(exchange.clone()),
            _ => played.left.pop_front(),
        }
    }

    async fn answer(self, origin: String, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let (parts, body) = request.into_parts();
        // A body that broke off is what came of it.
        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let seen = Seen { origin, method: parts.method.to_string(), path, headers: parts.headers, body };
        let exchange = {
            let mut played = self.played();
            let exchange = Self::next(&mut played);
            if exchange.is_none() {
                played.problems.push(format!("one more request: {} {}", seen.method, seen.path));
            }
            played.asked.push(Asked::Request(seen));
            exchange
        };
        Ok(match exchange.map(|exchange| exchange.reply) {
            Some(Reply::Answer(answer)) => self.reply(answer),
            // Refusals are for connections; on one that is open already the next best is to say so.
            Some(Reply::Refusal) => plain(StatusCode::SERVICE_UNAVAILABLE, "refused"),
            None => plain(StatusCode::INTERNAL_SERVER_ERROR, "the case has no further exchange"),
        })
    }

    fn reply(self, answer: Answer) -> Response<Body> {
        let Answer { status, headers, pieces, ends, .. } = answer;
        let body = match (&*pieces, ends) {
            ([], Ends::Whole) => Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync(),
            ([Piece::Bytes(whole)], Ends::Whole) => {
                Full::new(whole.clone()).map_err(|never| match never {}).boxed_unsync()
            }
            _ => StreamBody::new(self.pieces(pieces, ends)).boxed_unsync(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn pieces(self, pieces: Vec<Piece>, ends: Ends) -> impl Stream<Item = Result<Frame<Bytes>, io::Error>> + Send {
        let pieces: Arc<[Piece]> = pieces.into();
        stream::unfold(Some((self, pieces, 0)), move |state| async move {
            let (this, pieces, mut at) = state?;
            loop {
                let Some(piece) = pieces.get(at) else {
                    match ends {
                        Ends::Whole => return None,
                        Ends::Broken => {
                            // What came before is to be on its way, as it would be on a network.
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            return Some((Err(io::Error::other("broken off, as the case says")), None));
                        }
                        Ends::Endless => {
                            at = 0;
                            continue;
                        }
                    }
                };
                at += 1;
                match piece {
                    Piece::Bytes(bytes) => {
                        // One piece is to be sent before the next comes.
                        tokio::task::yield_now().await;
                        return Some((Ok(Frame::data(bytes.clone())), Some((this, pieces, at))));
                    }
                    Piece::Pause(pause) => tokio::time::sleep(*pause).await,
                    Piece::UntilClientHas(text) => this.until_client_has(text).await,
                }
            }
        })
    }

    async fn until_client_has(&self, text: &str) {
        let mut client_has = self.0.client_has.clone();
        let waiting = client_has.wait_for(|so_far| so_far.contains(text));
        if tokio::time::timeout(CLIENT_TIME, waiting).await.is_err() {
            let so_far = self.0.client_has.borrow().clone();
            let problem = format!("`{text}` didn't reach the client before the rest of the reply; it had `{so_far}`");
            self.played().problems.push(problem);
        }
    }
}

impl StandIn for Upstream {
    fn dial(&self, origin: &str) -> io::Result<DuplexStream> {
        {
            let mut played = self.played();
            if let Some(Exchange { reply: Reply::Refusal, .. }) = played.left.front() {
                Self::next(&mut played);
                played.asked.push(Asked::Refused);
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
        }
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let (this, origin) = (self.clone(), origin.to_owned());
        let service = hyper::service::service_fn(move |request| this.clone().answer(origin.clone(), request));
        let open = Open::count(Arc::clone(&self.0));
        // Ends when the other end of the pipe is dropped, and that with the case.
        tokio::spawn(async move {
            let _open = open;
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(ours), service).await;
        });
        Ok(theirs)
    }
}

/// An open connection.
struct Open(Arc<Shared>);

impl Open {
    fn count(shared: Arc<Shared>) -> Self {
        shared.open.send_modify(|open| *open += 1);
        Self(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response =
        Response::new(Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}
