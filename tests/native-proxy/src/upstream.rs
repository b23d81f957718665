//! Kept connections to one upstream address, the last used first. A request that meets a connection which was closed meanwhile is
//! sent again on a new one; nothing else is retried.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// One path at one address.
pub(crate) struct Upstream {
    address: SocketAddr,
    path: Uri,
    headers: HeaderMap,
    idle: Arc<Idle>,
}

type Idle = Mutex<Vec<SendRequest<Full<Bytes>>>>;

/// A connection in use. To be given back once the answer's body was read to its end; dropping it closes the connection.
pub(crate) struct Lease {
    sender: SendRequest<Full<Bytes>>,
    idle: Arc<Idle>,
}

impl Upstream {
    pub(crate) fn new(address: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> anyhow::Result<Self> {
        let mut all = HeaderMap::new();
        all.insert(http::header::HOST, HeaderValue::try_from(address.to_string())?);
        all.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::try_from(value)?);
        }
        Ok(Self { address, path: path.parse()?, headers: all, idle: Arc::default() })
    }

    pub(crate) async fn send(&self, body: Bytes) -> anyhow::Result<(Response<Incoming>, Lease)> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (mut sender, is_kept) = match kept {
                Some(sender) => (sender, true),
                None => (self.connect().await?, false),
            };
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, Lease { sender, idle: Arc::clone(&self.idle) })),
                Err(mut error) => match error.take_message() {
                    Some(unsent) if is_kept => request = unsent,
                    _ => return Err(error.into_error()).context("the upstream gave no answer"),
                },
            }
        }
    }

    async fn connect(&self) -> anyhow::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.address).await.context("no connection to the upstream")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

impl Lease {
    pub(crate) fn give_back(self) {
        let Self { sender, idle } = self;
        idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
    }
}
