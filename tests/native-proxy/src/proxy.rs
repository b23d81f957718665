//! The server: which upstream a request goes to, and what comes back. Everything that has a name here is one small step.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::answer::Answer;
use crate::openai::{ChatRequest, Named};
use crate::stream::{Chunks, Translated};
use crate::upstream::Upstream;
use crate::{anthropic, openai};

pub(crate) struct Proxy {
    pub(crate) anthropic: Upstream,
    pub(crate) chat: Upstream,
    pub(crate) embeddings: Upstream,
}

/// What an answer says of itself.
pub(crate) struct Identity {
    pub(crate) number: u64,
    pub(crate) created: u64,
}

/// What the client is told went wrong.
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

pub(crate) async fn serve(listener: TcpListener, proxy: Arc<Proxy>) -> anyhow::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let proxy = Arc::clone(&proxy);
                async move { Ok::<_, Infallible>(proxy.respond(request).await) }
            });
            // An error means that the client left.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Proxy {
    async fn respond(&self, request: Request<Incoming>) -> Response<Answer> {
        self.answer(request).await.unwrap_or_else(|Refusal(status, message)| {
            let mut body = b"{\"error\":{\"message\":".to_vec();
            openai::write_string(&mut body, &message);
            body.extend_from_slice(b",\"type\":\"proxy_error\",\"param\":null,\"code\":null}}");
            typed(status, JSON, Answer::whole(body.into()))
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Answer>, Refusal> {
        if request.method() != Method::POST {
            return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, "this takes POST alone".into()));
        }
        let is_chat = match request.uri().path() {
            "/v1/chat/completions" => true,
            "/v1/embeddings" => false,
            _ => return Err(Refusal(StatusCode::NOT_FOUND, "there is nothing at this path".into())),
        };
        let body = request.into_body().collect().await.map_err(bad_request)?.to_bytes();
        let named: Named<'_> = serde_json::from_slice(&body).map_err(bad_request)?;
        match named.route() {
            Some(("anthropic", model)) if is_chat => self.translate(&body, model).await,
            Some(("openai", _)) => {
                let upstream = if is_chat { &self.chat } else { &self.embeddings };
                pass(upstream, named.without_route(&body)).await
            }
            _ => Err(Refusal(StatusCode::NOT_FOUND, "there is no such model".into())),
        }
    }

    async fn translate(&self, body: &[u8], model: &str) -> Result<Response<Answer>, Refusal> {
        let request: ChatRequest<'_> = serde_json::from_slice(body).map_err(bad_request)?;
        let mut out = Vec::with_capacity(body.len() + 128);
        anthropic::write_request(&mut out, &request, model).map_err(bad_request)?;
        let (response, lease) = self.anthropic.send(out.into()).await.map_err(bad_gateway)?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() && request.stream {
            let chunks = Chunks::new(Identity::new(), request.model, request.includes_usage());
            return Ok(typed(status, EVENTS, Answer::Translated(Translated::new(body, lease, chunks))));
        }
        let answer = body.collect().await.map_err(bad_gateway)?.to_bytes();
        lease.give_back();
        if !status.is_success() {
            return Err(Refusal(status, anthropic::error_message(&answer)));
        }
        let mut out = Vec::with_capacity(answer.len() + 256);
        anthropic::write_answer(&mut out, &answer, &Identity::new(), request.model).map_err(bad_gateway)?;
        Ok(typed(status, JSON, Answer::whole(out.into())))
    }
}

/// Passes a request on, and the answer back as it comes.
async fn pass(upstream: &Upstream, body: Bytes) -> Result<Response<Answer>, Refusal> {
    let (response, lease) = upstream.send(body).await.map_err(bad_gateway)?;
    let (head, body) = response.into_parts();
    let mut answer = Response::new(Answer::passed(body, lease));
    *answer.status_mut() = head.status;
    if let Some(kind) = head.headers.get(CONTENT_TYPE) {
        answer.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    Ok(answer)
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

fn typed(status: StatusCode, kind: HeaderValue, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn bad_request(error: impl std::fmt::Display) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, error.to_string())
}

fn bad_gateway(error: impl std::fmt::Display) -> Refusal {
    Refusal(StatusCode::BAD_GATEWAY, error.to_string())
}

impl Identity {
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { number: LAST.fetch_add(1, Ordering::Relaxed), created }
    }
}
