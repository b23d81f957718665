//! What a failure on the way out is called in `wasi:http`.

use super::types::{DnsErrorPayload, ErrorCode};
use crate::egress::EgressError;

/// The nearest of a version's codes, which are the same in each, but for the shape of one.
macro_rules! nearest {
    ($error:expr, $Code:ident, $not_resolved:expr) => {{
        tracing::debug!(error = $error as &dyn std::error::Error, "egress failed");
        match $error {
            EgressError::Denied => $Code::HttpRequestDenied,
            EgressError::Invalid(_) => $Code::HttpRequestUriInvalid,
            EgressError::TooManyRequests { .. }
            | EgressError::TooManyAtOnce { .. }
            | EgressError::TooManyConnections => $Code::ConnectionLimitReached,
            EgressError::TooManyBytesOut { limit } => $Code::HttpRequestBodySize(Some(*limit)),
            EgressError::TooManyBytesIn { limit } => $Code::HttpResponseBodySize(Some(*limit)),
            EgressError::NotResolved => $not_resolved,
            EgressError::NotResolvedInTime => $Code::DnsTimeout,
            EgressError::Refused => $Code::ConnectionRefused,
            EgressError::NotConnectedInTime => $Code::ConnectionTimeout,
            EgressError::TimedOut => $Code::HttpResponseTimeout,
            EgressError::Tls => $Code::TlsCertificateError,
            EgressError::Unscrubbable => $Code::HttpResponseContentCoding(None),
            EgressError::Garbled => $Code::HttpProtocolError,
            EgressError::HeadTooLarge => $Code::HttpResponseHeaderSectionSize(None),
            EgressError::Connection(_) => $Code::ConnectionTerminated,
        }
    }};
}
pub(in crate::sandbox) use nearest;

pub(super) fn code(error: &EgressError) -> ErrorCode {
    nearest!(error, ErrorCode, ErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None }))
}
