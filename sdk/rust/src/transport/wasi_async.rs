//! The seam on WASI 0.3: wasi:http, wasi:clocks, wasi:random and the host interface.
//!
//! The host takes a request's body and its trailers while it answers, so all three are waited for together.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};

use super::{Answer, Call, Fault, FaultKind, Timeouts};
use crate::bindings::caisson::llm::host;
use crate::bindings::wasi::clocks::{monotonic_clock, system_clock};
use crate::bindings::wasi::http::client;
use crate::bindings::wasi::http::types::{
    ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme, Trailers,
};
use crate::bindings::wasi::random::random::get_random_u64;
use crate::bindings::{wit_future, wit_stream};

/// The most one read takes: what comes as it comes, never more.
const READ_AT_MOST: usize = 64 * 1024;

type TrailersResult = Result<Option<Trailers>, ErrorCode>;

/// Sends one request and waits for the head of its answer.
pub(crate) async fn send(call: &Call) -> Result<Answer, Fault> {
    let (request, upload) = outgoing_request(call)?;
    let mut uploading = pin!(upload.run(call.body.as_deref().unwrap_or_default()));
    let mut sending = pin!(client::send(request));
    let mut uploaded = false;
    let response = poll_fn(|cx| {
        uploaded = uploaded || uploading.as_mut().poll(cx).is_ready();
        sending.as_mut().poll(cx)
    });
    let response = response.await.map_err(|code| fault(&code))?;
    // A refusal before the last byte, such as 413: nobody wants the rest.
    if !uploaded && response.get_status_code() < 300 {
        uploading.await;
    }
    Ok(Answer::read(response))
}

fn outgoing_request(call: &Call) -> Result<(Request, Upload), Fault> {
    let malformed = |what: String| Fault::new(FaultKind::Malformed, what);
    let headers = Fields::new();
    let length = call.body.as_ref().map(|body| ("content-length".to_owned(), body.len().to_string()));
    for (name, value) in call.headers.iter().chain(&length) {
        headers
            .append(name, value.as_bytes())
            .map_err(|error| malformed(format!("header {name} can't be sent: {error}")))?;
    }
    let (body, contents) = match &call.body {
        Some(_) => {
            let (writer, reader) = wit_stream::new();
            (Some(writer), Some(reader))
        }
        None => (None, None),
    };
    let (trailers, trailers_reader) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(headers, contents, trailers_reader, Some(request_options(&call.timeouts)));
    let scheme = if call.secure { Scheme::Https } else { Scheme::Http };
    request.set_method(&method(&call.method)).map_err(|()| malformed(format!("not a method: {}", call.method)))?;
    request.set_scheme(Some(&scheme)).map_err(|()| malformed("the scheme can't be sent".to_owned()))?;
    request.set_authority(Some(&call.authority)).map_err(|()| malformed(format!("not a host: {}", call.authority)))?;
    request
        .set_path_with_query(Some(&call.path_with_query))
        .map_err(|()| malformed(format!("not a path: {}", call.path_with_query)))?;
    Ok((request, Upload { body, trailers }))
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

/// A host that can't keep one of these says so by refusing it; its own timeouts hold then.
fn request_options(timeouts: &Timeouts) -> RequestOptions {
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(timeouts.connect.map(nanoseconds));
    let _ = options.set_first_byte_timeout(timeouts.first_byte.map(nanoseconds));
    let _ = options.set_between_bytes_timeout(timeouts.between_bytes.map(nanoseconds));
    options
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What of a request is sent after its head. Write errors are not reported: the host closes the body when the request fails, and the
/// reason is in the response.
struct Upload {
    body: Option<StreamWriter<u8>>,
    trailers: FutureWriter<TrailersResult>,
}

impl Upload {
    async fn run(self, bytes: &[u8]) {
        if let Some(mut body) = self.body
            && !bytes.is_empty()
        {
            body.write_all(bytes.to_vec()).await;
        }
        // Without it the host waits for trailers.
        let _ = self.trailers.write(Ok(None)).await;
    }
}

impl Answer {
    fn read(response: Response) -> Self {
        let status = response.get_status_code();
        let headers = response
            .get_headers()
            .copy_all()
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let (processed, processed_reader) = wit_future::new(|| Ok(()));
        let (stream, trailers) = Response::consume_body(response, processed_reader);
        Self { status, headers, body: Body { stream, trailers: Some(trailers), _processed: processed } }
    }
}

/// A response body being read.
pub(crate) struct Body {
    stream: StreamReader<u8>,
    /// What came after the body, or why it ended early.
    trailers: Option<FutureReader<TrailersResult>>,
    _processed: FutureWriter<Result<(), ErrorCode>>,
}

impl Body {
    /// Waits for bytes and gives those that are there; `None` at the end.
    pub(crate) async fn read(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let (result, bytes) = self.stream.read(Vec::with_capacity(READ_AT_MOST)).await;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            if result == StreamResult::Dropped {
                break;
            }
        }
        match self.trailers.take() {
            Some(trailers) => match trailers.await {
                Ok(_) => Ok(None),
                Err(code) => Err(body_fault(&code)),
            },
            None => Ok(None),
        }
    }
}

/// Why a body ended early. The answer had begun, so sending again would be no retry any more.
fn body_fault(code: &ErrorCode) -> Fault {
    let fault = fault(code);
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
    monotonic_clock::wait_for(nanoseconds(duration)).await;
}

/// Since some fixed moment.
pub(crate) fn elapsed() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

pub(crate) fn unix_seconds() -> u64 {
    u64::try_from(system_clock::now().seconds).unwrap_or_default()
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
