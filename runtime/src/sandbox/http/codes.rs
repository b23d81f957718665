//! What a failure on the way out is called in `wasi:http`.

use super::types::{DnsErrorPayload, ErrorCode};
use crate::egress::EgressError;

/// The nearest of its codes.
pub(super) fn code(error: &EgressError) -> ErrorCode {
    tracing::debug!(error = error as &dyn std::error::Error, "egress failed");
    match error {
        EgressError::Denied => ErrorCode::HttpRequestDenied,
        EgressError::Invalid(_) => ErrorCode::HttpRequestUriInvalid,
        EgressError::TooManyRequests { .. } | EgressError::TooManyAtOnce { .. } | EgressError::TooManyConnections => {
            ErrorCode::ConnectionLimitReached
        }
        EgressError::TooManyBytesOut { limit } => ErrorCode::HttpRequestBodySize(Some(*limit)),
        EgressError::TooManyBytesIn { limit } => ErrorCode::HttpResponseBodySize(Some(*limit)),
        EgressError::NotResolved => ErrorCode::DnsError(DnsErrorPayload { rcode: None, info_code: None }),
        EgressError::NotResolvedInTime => ErrorCode::DnsTimeout,
        EgressError::Refused => ErrorCode::ConnectionRefused,
        EgressError::NotConnectedInTime => ErrorCode::ConnectionTimeout,
        EgressError::TimedOut => ErrorCode::HttpResponseTimeout,
        EgressError::Tls => ErrorCode::TlsCertificateError,
        EgressError::Unscrubbable => ErrorCode::HttpResponseContentCoding(None),
        EgressError::Garbled => ErrorCode::HttpProtocolError,
        EgressError::HeadTooLarge => ErrorCode::HttpResponseHeaderSectionSize(None),
        EgressError::Connection(_) => ErrorCode::ConnectionTerminated,
    }
}
