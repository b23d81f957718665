//! A request being built and sent, again where its [`Retry`] says so. Reading the answer is `response`'s.

use std::io;
use std::time::Duration;

use serde::Serialize;

use super::response::Response;
use super::url;
use crate::Result;
use crate::api::Error;
use crate::retry::{self, Retry};
use crate::transport::{self, Call, FaultKind, Timeouts};

/// A request. What is wrong with its parts is reported when it is sent.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before it is sent"]
pub struct Request {
    call: Result<Call>,
    retry: Retry,
}

impl Request {
    /// A GET of this absolute URL.
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new("GET", url)
    }

    /// A POST to this absolute URL.
    pub fn post(url: impl AsRef<str>) -> Self {
        Self::new("POST", url)
    }

    /// Any method, in capitals.
    pub fn new(method: &str, url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        let call = match url::parse(url) {
            Ok(parts) => Ok(Call {
                method: method.to_owned(),
                secure: parts.secure,
                authority: parts.authority,
                path_with_query: parts.path_with_query,
                headers: Vec::new(),
                body: matches!(method, "POST" | "PUT" | "PATCH").then(Vec::new),
                timeouts: Timeouts::default(),
            }),
            Err(what) => Err(Error::internal(format!("{url:?} is no URL to send to: {what}"))),
        };
        Self { call, retry: Retry::default() }
    }

    /// Adds a header. The host adds `host`, the credential and what concerns the connection.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.and_then(|call| {
            check_header(name, value)?;
            call.headers.push((name.to_ascii_lowercase(), value.to_owned()));
            Ok(())
        })
    }

    /// Adds a query parameter, percent-encoded.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.and_then(|call| {
            url::push_query(&mut call.path_with_query, name, value);
            Ok(())
        })
    }

    /// Sends this as JSON.
    pub fn json(self, value: &impl Serialize) -> Self {
        let mut body = Body(Vec::with_capacity(ROOM));
        match serde_json::to_writer(&mut body, value) {
            Ok(()) => self.body(body.0, "application/json"),
            Err(error) => self.and_then(|_| Err(Error::internal(format!("the request does not become JSON: {error}")))),
        }
    }

    /// Sends these bytes. A `content-type` set with [`Request::header`] is kept.
    pub fn body(self, bytes: impl Into<Vec<u8>>, content_type: &str) -> Self {
        let request = if self.has_header("content-type") { self } else { self.header("content-type", content_type) };
        request.and_then(|call| {
            call.body = Some(bytes.into());
            Ok(())
        })
    }

    /// How long to wait for the connection, then for the answer's first byte, then for each next piece of it.
    /// The host's own limits and the call's deadline hold besides.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.connect_timeout(timeout).first_byte_timeout(timeout).between_bytes_timeout(timeout)
    }

    /// How long to wait for the connection.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        self.and_then(|call| {
            call.timeouts.connect = Some(timeout);
            Ok(())
        })
    }

    /// How long to wait for the answer's first byte once the request is sent.
    pub fn first_byte_timeout(self, timeout: Duration) -> Self {
        self.and_then(|call| {
            call.timeouts.first_byte = Some(timeout);
            Ok(())
        })
    }

    /// How long the answer may pause.
    pub fn between_bytes_timeout(self, timeout: Duration) -> Self {
        self.and_then(|call| {
            call.timeouts.between_bytes = Some(timeout);
            Ok(())
        })
    }

    /// Sends it again where that may help. Without this it is sent once.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sends it and waits for the answer's head, whatever its status.
    ///
    /// # Errors
    /// Kind `timeout` where time ran out, `upstream` where nobody answered or the host
    /// refused (code `egress_denied`), `internal` where the request is not one that can be sent.
    pub fn send(self) -> Result<Response> {
        transport::wait(self.attempt())
    }

    async fn attempt(self) -> Result<Response> {
        let call = self.call?;
        let mut attempts = self.retry.start();
        loop {
            let outcome = transport::send(&call).await;
            let again = match &outcome {
                // Leaves the headers unread where nothing can come of it.
                Ok(answer) if answer.status < 400 || attempts.are_over() => None,
                Ok(answer) => {
                    retry::may_help(answer.status, &answer.headers).then(|| retry::asked_wait(&answer.headers))
                }
                Err(fault) => (fault.kind == FaultKind::Unreachable).then_some(None),
            };
            let wait = again.and_then(|asked| attempts.next_wait(asked));
            let Some(wait) = wait else {
                return match outcome {
                    Ok(answer) => Ok(Response::new(call.origin(), answer)),
                    Err(fault) => Err(Error::from_fault(&call.origin(), fault)),
                };
            };
            // Closes the connection of a refused attempt before waiting for the next.
            drop(outcome);
            transport::sleep(wait).await;
        }
    }

    /// Like [`Request::send`], but any status outside 2xx is an error made with [`Error::from_response`]; a
    /// redirect too, as none is followed.
    ///
    /// # Errors
    /// As [`Request::send`], and what the provider's status maps to.
    pub fn send_ok(self) -> Result<Response> {
        let response = self.send()?;
        if (200..300).contains(&response.status()) { Ok(response) } else { Err(Error::from_response(response)) }
    }

    fn and_then(mut self, change: impl FnOnce(&mut Call) -> Result<()>) -> Self {
        if let Ok(call) = &mut self.call
            && let Err(error) = change(call)
        {
            self.call = Err(error);
        }
        self
    }

    fn has_header(&self, name: &str) -> bool {
        self.call.as_ref().is_ok_and(|call| call.headers.iter().any(|(key, _)| key == name))
    }
}

/// What there is room for behind a long text.
const ROOM: usize = 1024;

/// A body being written. A vector would double for what comes behind a long text, and memory that no call used before is dear.
struct Body(Vec<u8>);

impl Body {
    /// By half at least, so that many long texts are not moved for each.
    #[cold]
    fn grow(&mut self, bytes: usize) {
        self.0.reserve_exact((bytes + ROOM).max(self.0.capacity() / 2));
    }
}

impl io::Write for Body {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > self.0.capacity() - self.0.len() {
            self.grow(bytes.len());
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What concerns the connection and the body's framing.
const HOSTS_OWN: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

fn is_token(byte: u8) -> bool {
    let is_mark = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~');
    is_mark || byte.is_ascii_alphanumeric()
}

/// A value often comes from a client, and a line break in it would be a header of its own.
fn check_header(name: &str, value: &str) -> Result<()> {
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(Error::internal(format!("{name:?} is no header name")));
    }
    if HOSTS_OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err(Error::internal(format!("header {name} is not for an adapter to set")));
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return Err(Error::internal(format!("the value of header {name} has control characters")));
    }
    Ok(())
}
