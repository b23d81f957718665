//! A small HTTP/1.1 client: one connection for each request, so that dropping an answer is leaving.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::answer::Answer;
use crate::soon;
use crate::streaming::Streaming;

/// A body of any kind, also one that never ends.
pub(crate) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// A request being put together.
pub struct Asking {
    address: SocketAddr,
    method: String,
    path: String,
    headers: HeaderMap,
    body: RequestBody,
}

/// An answer's head, its body still to come. Dropping it closes the connection.
pub(crate) struct Opened {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Incoming,
    pub connection: Connection,
}

/// The task that drives a connection; dropping it closes the connection.
pub(crate) struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A request to a server at `address`, which is also its `host`.
pub fn ask(address: SocketAddr, method: &str, path: &str) -> Asking {
    let mut headers = HeaderMap::new();
    headers.insert("host", address.to_string().parse().unwrap());
    Asking { address, method: method.into(), path: path.into(), headers, body: whole(Bytes::new()) }
}

impl Asking {
    /// Sets a header, also `host`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        self
    }

    /// A key, as OpenAI's clients send it.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn json(self, body: &Value) -> Self {
        self.text(&body.to_string())
    }

    /// A body that says it is JSON, and may not be.
    pub fn text(self, body: &str) -> Self {
        self.bytes("application/json", Bytes::copy_from_slice(body.as_bytes()))
    }

    pub fn bytes(mut self, content_type: &str, body: Bytes) -> Self {
        self.body = whole(body);
        self.header("content-type", content_type)
    }

    /// Any body, sent in chunks.
    pub fn body(mut self, body: RequestBody) -> Self {
        self.body = body;
        self
    }

    /// Sends it and reads the answer in full.
    pub async fn answer(self) -> Answer {
        let what = format!("an answer to {} {}", self.method, self.path);
        soon(&what, async {
            let opened = self.open().await;
            let body = opened.body.collect().await.unwrap().to_bytes();
            Answer { status: opened.status, headers: opened.headers, body }
        })
        .await
    }

    /// Sends it to a server that may be gone before it has answered: none where no whole answer came.
    pub async fn attempt(self) -> Option<Answer> {
        let what = format!("an answer to {} {}, or its end", self.method, self.path);
        soon(&what, async {
            let opened = self.try_open().await.ok()?;
            let body = opened.body.collect().await.ok()?.to_bytes();
            Some(Answer { status: opened.status, headers: opened.headers, body })
        })
        .await
    }

    /// Sends it and reads the answer as it comes.
    pub async fn streaming(self) -> Streaming {
        Streaming::of(soon("an answer's head", self.open()).await)
    }

    async fn open(self) -> Opened {
        self.try_open().await.unwrap()
    }

    async fn try_open(self) -> Result<Opened, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = Connection(
            tokio::spawn(async move {
                // A connection that breaks is what some tests are about; whoever reads the answer sees it.
                let _ = driver.await;
            })
            .abort_handle(),
        );
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = self.path.parse().unwrap();
        *request.headers_mut() = self.headers;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Opened { status: head.status.as_u16(), headers: head.headers, body, connection })
    }
}

fn whole(body: Bytes) -> RequestBody {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}
