//! `wasi:http` without the SDK's manners: nothing is checked, completed or put right before the host sees it.
//!
//! What fails is told as text, for a report. Not for adapters: the SDK's client is.

use caisson_sdk::bindings::wasi::http::outgoing_handler::handle;
use caisson_sdk::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use caisson_sdk::bindings::wasi::io::streams::{OutputStream, StreamError};

pub use caisson_sdk::bindings::wasi::http::types::Method;

/// The most that one blocking write takes.
const WRITE_AT_MOST: usize = 4096;

/// A request being put together.
pub struct Request {
    method: Method,
    scheme: Scheme,
    authority: String,
    path: String,
    fields: Fields,
    refused: Vec<String>,
    timeout: Option<u64>,
}

/// A request on its way. Fields are dropped in this order, as the host wants it.
pub struct Sent {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
    pending: FutureIncomingResponse,
}

/// An answer.
pub struct Got {
    /// The status.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// Why the body broke off, if it did.
    pub broken: Option<String>,
}

impl Request {
    /// A GET of this URL, which is cut at its third slash and looked at no further.
    #[must_use]
    pub fn get(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self {
            method: Method::Get,
            scheme: if scheme == "https" { Scheme::Https } else { Scheme::Http },
            authority: authority.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            fields: Fields::new(),
            refused: Vec::new(),
            timeout: None,
        }
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// With this path and query instead of the URL's.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Adds a header, or notes that the host refused it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if self.fields.append(name, value.as_bytes()).is_err() {
            self.refused.push(name.to_owned());
        }
        self
    }

    /// Asks for all three timeouts to be this many nanoseconds.
    #[must_use]
    pub fn timeout(mut self, nanoseconds: u64) -> Self {
        self.timeout = Some(nanoseconds);
        self
    }

    /// The headers that the host refused so far.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.refused.clone()
    }

    /// Sends it without a body, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn send(self) -> Result<Got, String> {
        self.start(None)?.finish(&[])
    }

    /// Sends it with a body, whatever its headers say of the length, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn send_body(self, body: &[u8]) -> Result<Got, String> {
        let mut sent = self.start(Some(()))?;
        let written = sent.write(body);
        let got = sent.finish(&[]);
        written.and(got)
    }

    /// Starts it; with `body`, one is still to be written.
    ///
    /// # Errors
    /// The part that the host took for none.
    pub fn start(self, body: Option<()>) -> Result<Sent, String> {
        let request = OutgoingRequest::new(self.fields);
        request.set_method(&self.method).map_err(|()| "no method".to_owned())?;
        request.set_scheme(Some(&self.scheme)).map_err(|()| "no scheme".to_owned())?;
        request.set_authority(Some(&self.authority)).map_err(|()| "no authority".to_owned())?;
        request.set_path_with_query(Some(&self.path)).map_err(|()| "no path".to_owned())?;
        let body = match body {
            Some(()) => Some(request.body().map_err(|()| "no body".to_owned())?),
            None => None,
        };
        let stream = body.as_ref().and_then(|body| body.write().ok());
        let options = self.timeout.map(|timeout| {
            let options = RequestOptions::new();
            let _ = options.set_connect_timeout(Some(timeout));
            let _ = options.set_first_byte_timeout(Some(timeout));
            let _ = options.set_between_bytes_timeout(Some(timeout));
            options
        });
        let pending = handle(request, options).map_err(|code| text(&code))?;
        Ok(Sent { stream, body, pending })
    }
}

impl Sent {
    /// Writes to the body, and waits until the host took it.
    ///
    /// # Errors
    /// Why the host takes no more.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(stream) = &self.stream else { return Err("there is no body".to_owned()) };
        for piece in bytes.chunks(WRITE_AT_MOST) {
            stream.blocking_write_and_flush(piece).map_err(|error| broken(&error))?;
        }
        Ok(())
    }

    /// Ends the body with these trailers, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn finish(mut self, trailers: &[(&str, &str)]) -> Result<Got, String> {
        drop(self.stream.take());
        if let Some(body) = self.body.take() {
            let fields = Fields::new();
            for (name, value) in trailers {
                // One that is refused here is one less; those that are not are what the test looks for.
                let _ = fields.append(name, value.as_bytes());
            }
            OutgoingBody::finish(body, Some(fields)).map_err(|code| text(&code))?;
        }
        self.pending.subscribe().block();
        let response = match self.pending.get() {
            Some(Ok(Ok(response))) => response,
            Some(Ok(Err(code))) => return Err(text(&code)),
            _ => return Err("the answer was taken before".to_owned()),
        };
        let headers = response.headers().entries().into_iter();
        let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
        let (status, incoming) = (response.status(), response.consume());
        let (body, broken) = incoming.map_or_else(|()| (Vec::new(), None), |incoming| read(&incoming));
        Ok(Got { status, headers, body, broken })
    }
}

fn read(incoming: &IncomingBody) -> (Vec<u8>, Option<String>) {
    let mut bytes = Vec::new();
    let Ok(stream) = incoming.stream() else { return (bytes, None) };
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return (bytes, None),
            Err(error) => return (bytes, Some(broken(&error))),
        }
    }
}

fn text(code: &ErrorCode) -> String {
    format!("{code:?}")
}

fn broken(error: &StreamError) -> String {
    match error {
        StreamError::Closed => "closed".to_owned(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    }
}
