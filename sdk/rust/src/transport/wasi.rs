//! The seam on WASI 0.2: wasi:http, wasi:clocks, wasi:random and the host interface.
//!
//! Order matters here. A resource traps when dropped before its children, so handles live in the order
//! stream, body, response, and a pollable goes before what it was taken from.

use std::time::Duration;

use super::{Answer, Call, Fault, FaultKind, Timeouts};
use crate::bindings::caisson::llm::host;
use crate::bindings::wasi::clocks::{monotonic_clock, wall_clock};
use crate::bindings::wasi::http::outgoing_handler::handle;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme, http_error_code,
};
use crate::bindings::wasi::io::error::Error as IoError;
use crate::bindings::wasi::io::poll::poll;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};
use crate::bindings::wasi::random::random::get_random_u64;

/// The most one read takes: what comes as it comes, never more.
const READ_AT_MOST: u64 = 64 * 1024;

/// Sends one request and waits for the head of its answer.
pub(crate) async fn send(call: &Call) -> Result<Answer, Fault> {
    let request = outgoing_request(call)?;
    let options = request_options(&call.timeouts);
    let mut upload = match &call.body {
        Some(bytes) => Some(Upload::start(&request, bytes)?),
        None => None,
    };
    // What fits the host's buffer is there before the request starts, and the rest follows it.
    if let Some(upload) = &mut upload {
        upload.write_what_fits();
        upload.finish_if_written();
    }
    let future = handle(request, options).map_err(|code| fault(&code))?;
    let early = upload.and_then(|upload| upload.run(&future));
    let response = match early {
        Some(outcome) => outcome?,
        None => wait(&future)?,
    };
    drop(future);
    Answer::read(response)
}

fn outgoing_request(call: &Call) -> Result<OutgoingRequest, Fault> {
    let malformed = |what: String| Fault::new(FaultKind::Malformed, what);
    let headers = fields(call).map_err(malformed)?;
    let request = OutgoingRequest::new(headers);
    let scheme = if call.secure { Scheme::Https } else { Scheme::Http };
    request.set_method(&method(&call.method)).map_err(|()| malformed(format!("not a method: {}", call.method)))?;
    request.set_scheme(Some(&scheme)).map_err(|()| malformed("the scheme can't be sent".to_owned()))?;
    request.set_authority(Some(&call.authority)).map_err(|()| malformed(format!("not a host: {}", call.authority)))?;
    request
        .set_path_with_query(Some(&call.path_with_query))
        .map_err(|()| malformed(format!("not a path: {}", call.path_with_query)))?;
    Ok(request)
}

/// All of a request's headers, in one call to the host.
fn fields(call: &Call) -> Result<Fields, String> {
    let mut headers: Vec<(String, Vec<u8>)> =
        call.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    if let Some(body) = &call.body {
        headers.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    }
    Fields::from_list(&headers).map_err(|error| {
        let is_at_fault = |(name, value): &&(String, Vec<u8>)| Fields::new().append(name, value).is_err();
        let name = headers.iter().find(is_at_fault).map_or("content-length", |(name, _)| name);
        format!("header {name} can't be sent: {error}")
    })
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

/// None where nothing is asked for. A host that can't keep one of these says so by refusing it; its own timeouts hold then.
fn request_options(timeouts: &Timeouts) -> Option<RequestOptions> {
    if *timeouts == Timeouts::default() {
        return None;
    }
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(timeouts.connect.map(nanoseconds));
    let _ = options.set_first_byte_timeout(timeouts.first_byte.map(nanoseconds));
    let _ = options.set_between_bytes_timeout(timeouts.between_bytes.map(nanoseconds));
    Some(options)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A request body being written; the stream is dropped before the body. Write errors are not reported: the host closes the body when the request
/// fails, and the reason is in the response.
struct Upload<'a> {
    stream: Option<OutputStream>,
    body: Option<OutgoingBody>,
    left: &'a [u8],
}

impl<'a> Upload<'a> {
    fn start(request: &OutgoingRequest, bytes: &'a [u8]) -> Result<Self, Fault> {
        let taken = |()| Fault::new(FaultKind::Malformed, "the request has no body to write");
        let body = request.body().map_err(taken)?;
        let stream = body.write().map_err(taken)?;
        Ok(Self { stream: Some(stream), body: Some(body), left: bytes })
    }

    /// Writes without waiting.
    fn write_what_fits(&mut self) {
        while let Some(stream) = &self.stream
            && !self.left.is_empty()
        {
            let room = match stream.check_write() {
                Ok(0) => return,
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX).min(self.left.len()),
                Err(_) => return self.abandon(),
            };
            let (now, later) = self.left.split_at(room);
            if stream.write(now).is_err() {
                return self.abandon();
            }
            self.left = later;
        }
    }

    fn finish_if_written(&mut self) {
        if !self.left.is_empty() {
            return;
        }
        // What is written needs no flush: the host sends it on by itself.
        self.stream = None;
        if let Some(body) = self.body.take() {
            let _ = OutgoingBody::finish(body, None);
        }
    }

    fn abandon(&mut self) {
        self.left = &[];
        self.stream = None;
        self.body = None;
    }

    /// Writes what is left while the request runs. Gives the response if it came first.
    fn run(mut self, future: &FutureIncomingResponse) -> Option<Result<IncomingResponse, Fault>> {
        let mut early = None;
        while !self.left.is_empty() {
            let Some(stream) = &self.stream else { break };
            if early.is_none() {
                let (writable, answered) = (stream.subscribe(), future.subscribe());
                let _ = poll(&[&writable, &answered]);
                early = future.get().map(flatten);
            } else {
                stream.subscribe().block();
            }
            // A refusal before the last byte, such as 413: nobody wants the rest.
            if early.as_ref().is_some_and(|outcome| outcome.as_ref().map_or(true, |response| response.status() >= 300))
            {
                self.abandon();
                break;
            }
            self.write_what_fits();
        }
        self.finish_if_written();
        early
    }
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, Fault> {
    loop {
        if let Some(outcome) = future.get() {
            return flatten(outcome);
        }
        future.subscribe().block();
    }
}

fn flatten(outcome: Result<Result<IncomingResponse, ErrorCode>, ()>) -> Result<IncomingResponse, Fault> {
    match outcome {
        Ok(outcome) => outcome.map_err(|code| fault(&code)),
        Err(()) => Err(Fault::new(FaultKind::Broken, "the response was already taken")),
    }
}

impl Answer {
    fn read(response: IncomingResponse) -> Result<Self, Fault> {
        let status = response.status();
        let headers = response
            .headers()
            .entries()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let taken = |()| Fault::new(FaultKind::Broken, "the response has no body to read");
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok(Self { status, headers, body: Body { stream, _body: body, _response: response } })
    }
}

/// A response body being read. Fields are dropped in this order, children first.
pub(crate) struct Body {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Body {
    /// Waits for bytes and gives those that are there; `None` at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            match self.stream.blocking_read(READ_AT_MOST) {
                Ok(bytes) if bytes.is_empty() => self.stream.subscribe().block(),
                Ok(bytes) => return Ok(Some(bytes)),
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => return Err(body_fault(&error)),
            }
        }
    }
}

/// Why a body ended early. The answer had begun, so sending again would be no retry any more.
fn body_fault(error: &IoError) -> Fault {
    if let Some(code) = http_error_code(error) {
        return late(fault(&code));
    }
    // A host may keep the code of a body's error to itself; its text at least tells a timeout.
    let text = error.to_debug_string();
    let kind = if text.contains("timeout") { FaultKind::Timeout } else { FaultKind::Broken };
    Fault::new(kind, format!("the answer broke off ({text})"))
}

/// A fault once the answer had begun.
fn late(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Unreachable => Fault::new(FaultKind::Broken, format!("the answer broke off ({})", fault.what)),
        _ => fault,
    }
}

fn fault(code: &ErrorCode) -> Fault {
    use FaultKind::{Broken, Denied, Malformed, Timeout, Unreachable};
    let (kind, what) = match code {
        ErrorCode::HttpRequestDenied => (Denied, "not granted to this deployment"),
        ErrorCode::DestinationIpProhibited => (Denied, "its address is not granted to this deployment"),
        ErrorCode::DnsTimeout => (Timeout, "looking up the name took too long"),
        ErrorCode::ConnectionTimeout => (Timeout, "connecting took too long"),
        ErrorCode::ConnectionReadTimeout => (Timeout, "waiting for bytes took too long"),
        ErrorCode::ConnectionWriteTimeout => (Timeout, "sending took too long"),
        ErrorCode::HttpResponseTimeout => (Timeout, "the answer took too long"),
        ErrorCode::DnsError(_) => (Unreachable, "the name was not found"),
        ErrorCode::DestinationNotFound => (Unreachable, "the destination was not found"),
        ErrorCode::DestinationUnavailable => (Unreachable, "the destination is not available"),
        ErrorCode::DestinationIpUnroutable => (Unreachable, "there is no route to the address"),
        ErrorCode::ConnectionRefused => (Unreachable, "connection refused"),
        ErrorCode::ConnectionTerminated => (Unreachable, "the connection was closed"),
        ErrorCode::HttpResponseIncomplete => (Unreachable, "the answer broke off"),
        ErrorCode::ConnectionLimitReached => (Broken, "too many connections"),
        ErrorCode::TlsProtocolError => (Broken, "TLS failed"),
        ErrorCode::TlsCertificateError => (Broken, "the TLS certificate is not trusted"),
        ErrorCode::TlsAlertReceived(_) => (Broken, "TLS was refused"),
        ErrorCode::HttpRequestUriInvalid => (Malformed, "the URL is not valid"),
        ErrorCode::HttpRequestMethodInvalid => (Malformed, "the method is not valid"),
        ErrorCode::HttpProtocolError => (Broken, "no HTTP answer came"),
        ErrorCode::InternalError(Some(what)) => return Fault::new(Broken, what.as_str()),
        other => return Fault::new(Broken, format!("{other:?}")),
    };
    Fault::new(kind, what)
}

pub(crate) async fn sleep(duration: Duration) {
    monotonic_clock::subscribe_duration(nanoseconds(duration)).block();
}

/// Since some fixed moment.
pub(crate) fn elapsed() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

pub(crate) fn unix_seconds() -> u64 {
    wall_clock::now().seconds
}

/// Evenly spread over 0 to 1.
pub(crate) fn fraction() -> f64 {
    // 53 bits are what a double holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "both sides fit in 53 bits")]
    let fraction = (get_random_u64() >> 11) as f64 / ((1_u64 << 53) - 1) as f64;
    fraction
}

pub(crate) fn original_body() -> Vec<u8> {
    host::original_body()
}

pub(crate) fn count_tokens(encoding: &str, text: &str) -> Option<u32> {
    host::count_tokens(encoding, text)
}
