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
        let body = whole(body).await;
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

/// A request's body as one buffer; none of one that broke off. A guest may send it in single bytes, and to keep those apart would take
/// some 70 times what they hold.
async fn whole(mut body: Incoming) -> Bytes {
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Bytes::new() };
        if let Some(data) = frame.data_ref() {
            all.extend_from_slice(data);
        }
    }
    all.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use std::sync::Arc;

    use super::super::case::{Case, Splits};
    use super::*;
    use crate::egress::{Egress, EgressError, EgressLimits, IncomingBody, Meter, Network, Patience};

    fn case(reply: &str) -> Case {
        let text = format!(
            "shows = ''\nclient = {{ body = '{{\"model\": \"m\"}}' }}\n[[exchange]]\nreply = {{ {reply} }}\n[expect]\nerror = {{}}\n"
        );
        Case::parse("test", &text).unwrap()
    }

    async fn asked(upstream: &Upstream) -> Result<Response<IncomingBody>, EgressError> {
        let grants = vec!["https://played.example".parse().unwrap()];
        let egress = Egress::new(&Network::played_by(Arc::new(upstream.clone())), grants, false, Vec::new());
        let limits = EgressLimits { requests: 9, bytes_out: 99, bytes_in: 1 << 20 };
        let body = Full::new(Bytes::from_static(b"hello")).map_err(|never| match never {}).boxed_unsync();
        let request = Request::post("https://played.example/v1?a=b").body(body).unwrap();
        egress.send(Meter::new(limits), request, Patience::default()).await
    }

    fn upstream(case: &Case) -> (Upstream, watch::Sender<String>) {
        let (client_has, watched) = watch::channel(String::new());
        (Upstream::new(case.exchanges.clone(), watched), client_has)
    }

    /// The pieces in which a reply comes, and whether it ends well.
    async fn pieces(reply: &str) -> (Vec<Bytes>, bool) {
        let case = case(reply);
        let (upstream, _client_has) = upstream(&case);
        let mut body = asked(&upstream).await.unwrap().into_body();
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => pieces.extend(frame.into_data().ok()),
                Err(_) => return (pieces, false),
            }
        }
        (pieces, true)
    }

    #[tokio::test]
    async fn a_reply_comes_in_the_pieces_of_the_case_also_inside_a_character() {
        let (came, whole) = pieces(r#"body = ["ab", { base64 = "8J8=" }, { base64 = "mIA=" }, "c"]"#).await;
        assert_eq!(
            (came, whole),
            (vec!["ab".into(), b"\xf0\x9f"[..].into(), b"\x98\x80"[..].into(), "c".into()], true)
        );
    }

    #[tokio::test]
    async fn a_broken_reply_breaks_after_what_came_before() {
        let (came, whole) = pieces(r#"body = ["ab", "c"], ends = "broken""#).await;
        assert_eq!((came.concat(), whole), (b"abc".to_vec(), false));
    }

    #[tokio::test]
    async fn a_refused_connection_is_refused_and_what_was_asked_is_known() {
        let refused = case("refused = true");
        let (upstream, _client_has) = upstream(&refused);
        assert!(matches!(asked(&upstream).await, Err(EgressError::Refused)));
        assert!(matches!(upstream.seen().0[..], [Asked::Refused]));
        // Further requests are answered, and told of.
        assert_eq!(asked(&upstream).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
        let (asked, problems) = upstream.seen();
        let Asked::Request(seen) = &asked[1] else { panic!("{asked:?}") };
        assert_eq!((&*seen.origin, &*seen.path, &*seen.body), ("https://played.example", "/v1?a=b", &b"hello"[..]));
        assert_eq!(problems, ["one more request: POST /v1?a=b"]);
    }

    #[tokio::test]
    async fn a_reply_waits_until_the_client_has_the_text() {
        let waiting = case(r#"body = ["a", { until-client-has = "a" }, "b"]"#);
        let (upstream, client_has) = upstream(&waiting);
        let mut body = asked(&upstream).await.unwrap().into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
        client_has.send_replace("so far: a".into());
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "b");
        assert_eq!(upstream.seen().1, [""; 0]);
    }

    #[tokio::test]
    async fn a_client_that_leaves_is_noticed() {
        let endless = case(r#"body = ["a"], ends = "endless""#);
        assert!(matches!(&endless.exchanges[0].reply, Reply::Answer(answer) if answer.splits == Splits::AsWritten));
        let (upstream, _client_has) = upstream(&endless);
        let response = asked(&upstream).await.unwrap();
        assert!(upstream.is_asked(Duration::from_secs(20)).await);
        drop(response);
        assert!(upstream.is_left(Duration::from_secs(20)).await);
    }
}
