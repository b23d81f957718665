//! What both seams on Wasm share: WASI 0.2 and 0.3 have the same types here, and one of them is built in.

use std::cell::LazyCell;
use std::time::Duration;

use super::{Call, Fault, FaultKind, Headers, Timeouts};
use crate::bindings::caisson::llm::host;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::types::{ErrorCode, Fields, Method, RequestOptions, Scheme};
use crate::bindings::wasi::random::random::get_random_u64;

pub(super) fn malformed(what: String) -> Fault {
    Fault::new(FaultKind::Malformed, what)
}

/// All of a request's headers, in one call to the host.
pub(super) fn fields(call: &Call) -> Result<Fields, Fault> {
    let mut headers: Vec<(String, Vec<u8>)> =
        call.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    if let Some(body) = &call.body {
        headers.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
    }
    Fields::from_list(&headers).map_err(|error| {
        let is_at_fault = |(name, value): &&(String, Vec<u8>)| Fields::new().append(name, value).is_err();
        let name = headers.iter().find(is_at_fault).map_or("content-length", |(name, _)| name);
        malformed(format!("header {name} can't be sent: {error}"))
    })
}

pub(super) fn headers(entries: impl FnOnce() -> Vec<(String, Vec<u8>)> + 'static) -> Headers {
    let text = |(name, value): (String, Vec<u8>)| {
        let value =
            String::from_utf8(value).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        (name.to_ascii_lowercase(), value)
    };
    LazyCell::new(Box::new(move || entries().into_iter().map(text).collect()))
}

pub(super) fn method(name: &str) -> Method {
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

pub(super) fn scheme(call: &Call) -> Scheme {
    if call.secure { Scheme::Https } else { Scheme::Http }
}

/// None where nothing is asked for. A host that can't keep one of these says so by refusing it; its own timeouts hold then.
pub(super) fn request_options(timeouts: &Timeouts) -> Option<RequestOptions> {
    if *timeouts == Timeouts::default() {
        return None;
    }
    let options = RequestOptions::new();
    let _ = options.set_connect_timeout(timeouts.connect.map(nanoseconds));
    let _ = options.set_first_byte_timeout(timeouts.first_byte.map(nanoseconds));
    let _ = options.set_between_bytes_timeout(timeouts.between_bytes.map(nanoseconds));
    Some(options)
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A fault once the answer had begun: sending again would be no retry any more.
pub(super) fn late(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Unreachable => Fault::new(FaultKind::Broken, format!("the answer broke off ({})", fault.what)),
        _ => fault,
    }
}

pub(super) fn fault(code: &ErrorCode) -> Fault {
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

/// Since some fixed moment.
pub(crate) fn elapsed() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
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
