//! A tiny HTTP/1.1 client on hyper: one connection a request, so that a test sees its bytes. It knows
//! which headers each wire wants and nothing else of them.

use bytes::Bytes;
use caisson_fake_providers::{FakeProvider, Wire};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    wire: Wire,
    driver: tokio::task::AbortHandle,
}

/// An answer whose body is read as it comes. Dropping it closes the connection.
pub(crate) struct Streaming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    _connection: Option<Connection>,
}

/// An answer read in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Connection {
    pub(crate) async fn open(provider: &FakeProvider) -> Connection {
        let address = provider.origin().trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(async move {
            // Broken connections are what some tests are about; the reader sees them.
            let _ = connection.await;
        });
        Connection { sender, wire: provider.wire(), driver: driver.abort_handle() }
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Streaming {
        let mut request = Request::post(path).header("host", "localhost").header("content-type", "application/json");
        for (name, value) in key_headers(self.wire) {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::from(body.to_string())).unwrap()).await
    }

    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Streaming {
        self.sender.ready().await.unwrap();
        let (head, body) = self.sender.send_request(request).await.unwrap().into_parts();
        Streaming { status: head.status, headers: head.headers, body, _connection: None }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Streaming {
    /// The next bytes; none at the end, an error where the body broke off.
    pub(crate) async fn chunk(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        let frame = self.body.frame().await?;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    }

    pub(crate) async fn whole(self) -> Answer {
        let body = self.body.collect().await.unwrap().to_bytes();
        Answer { status: self.status.as_u16(), headers: self.headers, body }
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The JSON of every `data:` line, `[DONE]` left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

pub(crate) async fn post(provider: &FakeProvider, path: &str, body: &Value) -> Answer {
    Connection::open(provider).await.post(path, body).await.whole().await
}

/// As [`post`], the body read as it comes.
pub(crate) async fn open_stream(provider: &FakeProvider, path: &str, body: &Value) -> Streaming {
    let mut connection = Connection::open(provider).await;
    let mut streaming = connection.post(path, body).await;
    streaming._connection = Some(connection);
    streaming
}

/// A request with these headers and no others but `host`.
pub(crate) async fn with_headers(
    provider: &FakeProvider,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from(body.to_owned())).unwrap();
    Connection::open(provider).await.send(request).await.whole().await
}

pub(crate) async fn get(provider: &FakeProvider, path: &str) -> Answer {
    with_headers(provider, "GET", path, key_headers(provider.wire()), "").await
}

fn key_headers(wire: Wire) -> &'static [(&'static str, &'static str)] {
    match wire {
        Wire::OpenAi => &[("authorization", "Bearer test-key")],
        Wire::Anthropic => &[("x-api-key", "test-key"), ("anthropic-version", "2023-06-01")],
        Wire::Gemini => &[("x-goog-api-key", "test-key")],
        Wire::Ollama => &[],
        Wire::Desk => &[("x-desk-session", "test-key"), ("content-type", "application/x-www-form-urlencoded")],
    }
}
