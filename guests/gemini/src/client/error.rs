//! What Gemini's errors mean: google.rpc.Status in, kind, code and retry time out. What holds of
//! any provider's HTTP answer, the SDK has said before.

use caisson_sdk::api::{Error, ErrorKind};
use caisson_sdk::error::kind_of_status;

use super::wire::{ErrorBody, Failure};

/// Makes the SDK's reading of a refusal more exact where its body is one of Google's.
pub(crate) fn refined(error: Error) -> Error {
    let Some(failure) = error.body.as_deref().and_then(parse) else {
        return error;
    };
    let exact = from_failure(&failure, error.status);
    Error {
        // Google says it in the body; a proxy before it may say it in a header.
        retry_after_ms: exact.retry_after_ms.or(error.retry_after_ms),
        body: error.body,
        ..exact
    }
}

/// The error inside an answer that began well, as streams have it.
pub(crate) fn from_failure(failure: &Failure, http_status: Option<u16>) -> Error {
    let status = http_status.or((failure.code >= 400).then_some(failure.code));
    let reason = failure.details().find_map(|detail| detail.reason);
    let retry_after_ms = failure.details().find_map(|detail| milliseconds(&detail.retry_delay?));
    Error {
        kind: kind(failure, reason.as_deref(), status),
        message: if failure.message.is_empty() {
            "Gemini gave an error without a message".to_owned()
        } else {
            failure.message.clone()
        },
        status,
        param: None,
        code: reason.or_else(|| Some(failure.status.clone()).filter(|code| !code.is_empty())),
        retry_after_ms,
        body: None,
    }
}

/// The failure in a body. Some endpoints, when asked for a stream, wrap it in an array; that is
/// tried first, since serde would also take an array for a struct's fields.
pub(crate) fn parse(body: &str) -> Option<Failure> {
    match serde_json::from_str::<Vec<ErrorBody>>(body) {
        Ok(bodies) => bodies.into_iter().next(),
        Err(_) => serde_json::from_str::<ErrorBody>(body).ok(),
    }
    .map(|body| body.error)
}

fn kind(failure: &Failure, reason: Option<&str>, status: Option<u16>) -> ErrorKind {
    match failure.status.as_str() {
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION" => kind_of_bad_request(failure, reason),
        "UNAUTHENTICATED" => ErrorKind::Authentication,
        "PERMISSION_DENIED" => ErrorKind::Permission,
        "NOT_FOUND" => ErrorKind::NotFound,
        "ALREADY_EXISTS" | "ABORTED" => ErrorKind::Conflict,
        "RESOURCE_EXHAUSTED" => {
            if is_used_up(failure) {
                ErrorKind::QuotaExceeded
            } else {
                ErrorKind::RateLimited
            }
        }
        "UNIMPLEMENTED" => ErrorKind::Unsupported,
        "DEADLINE_EXCEEDED" => ErrorKind::Timeout,
        "INTERNAL" | "UNKNOWN" | "DATA_LOSS" | "UNAVAILABLE" | "CANCELLED" => ErrorKind::Upstream,
        _ => kind_of_status(status.unwrap_or(500)),
    }
}

/// A 400 of Google's is also how a wrong key, an over-long prompt and a too large body are said.
fn kind_of_bad_request(failure: &Failure, reason: Option<&str>) -> ErrorKind {
    if matches!(reason, Some("API_KEY_INVALID" | "API_KEY_EXPIRED")) {
        return ErrorKind::Authentication;
    }
    let message = failure.message.to_ascii_lowercase();
    if message.starts_with("api key not") || message.starts_with("api key expired") {
        ErrorKind::Authentication
    } else if message.contains("token count") && message.contains("exceeds") {
        ErrorKind::ContextLength
    } else if message.contains("payload size exceeds") {
        ErrorKind::TooLarge
    } else {
        ErrorKind::InvalidRequest
    }
}

/// Whether waiting a minute cannot help: a day's allowance gone, none at all, or no credit.
fn is_used_up(failure: &Failure) -> bool {
    let message = failure.message.to_ascii_lowercase();
    failure
        .details()
        .flat_map(|detail| detail.violations)
        .any(|violation| violation.quota_id.contains("PerDay") || violation.quota_value.as_deref() == Some("0"))
        || message.contains("credits are depleted")
        || message.contains("spending cap")
}

/// A google.protobuf.Duration such as `13s` or `37.826s`, rounded up: too early is refused again.
fn milliseconds(duration: &str) -> Option<u32> {
    let seconds: f64 = duration.strip_suffix('s')?.parse().ok()?;
    if !seconds.is_finite() || seconds < 0.0 {
        return None;
    }
    // A cast from a float saturates.
    Some((seconds * 1000.0).ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, kind: ErrorKind, code: Option<&str>, retry: Option<u32>) {
        let error = refined(Error::from_answer(status, body.as_bytes()));
        assert_eq!(error.kind, kind, "{body}");
        assert_eq!(error.code.as_deref(), code, "{body}");
        assert_eq!(error.retry_after_ms, retry, "{body}");
        assert_eq!(error.status, Some(status), "{body}");
    }

    #[test]
    fn recorded_errors_keep_their_meaning() {
        check(
            400,
            include_str!("../../fixtures/error_key_invalid.json"),
            ErrorKind::Authentication,
            Some("API_KEY_INVALID"),
            None,
        );
        check(
            429,
            include_str!("../../fixtures/error_rate_limited.json"),
            ErrorKind::RateLimited,
            Some("RESOURCE_EXHAUSTED"),
            Some(37_827),
        );
        check(
            429,
            include_str!("../../fixtures/error_daily_quota.json"),
            ErrorKind::QuotaExceeded,
            Some("RESOURCE_EXHAUSTED"),
            Some(13_000),
        );
        check(
            400,
            include_str!("../../fixtures/error_context_length_array.json"),
            ErrorKind::ContextLength,
            Some("INVALID_ARGUMENT"),
            None,
        );
    }

    #[test]
    fn every_status_has_its_kind() {
        for (name, status, kind) in [
            ("INVALID_ARGUMENT", 400, ErrorKind::InvalidRequest),
            ("FAILED_PRECONDITION", 400, ErrorKind::InvalidRequest),
            ("UNAUTHENTICATED", 401, ErrorKind::Authentication),
            ("PERMISSION_DENIED", 403, ErrorKind::Permission),
            ("NOT_FOUND", 404, ErrorKind::NotFound),
            ("ABORTED", 409, ErrorKind::Conflict),
            ("RESOURCE_EXHAUSTED", 429, ErrorKind::RateLimited),
            ("INTERNAL", 500, ErrorKind::Upstream),
            ("UNIMPLEMENTED", 501, ErrorKind::Unsupported),
            ("UNAVAILABLE", 503, ErrorKind::Upstream),
            ("DEADLINE_EXCEEDED", 504, ErrorKind::Timeout),
        ] {
            let body = format!(r#"{{"error":{{"code":{status},"message":"m","status":"{name}"}}}}"#);
            check(status, &body, kind, Some(name), None);
        }
    }

    #[test]
    fn a_body_that_is_not_googles_is_judged_by_its_status() {
        for (status, kind) in [
            (401, ErrorKind::Authentication),
            (413, ErrorKind::TooLarge),
            (429, ErrorKind::RateLimited),
            (502, ErrorKind::Upstream),
        ] {
            check(status, "<html>no</html>", kind, None, None);
        }
    }

    #[test]
    fn the_bodys_retry_time_goes_before_the_headers() {
        let google = |body: &str| Error { retry_after_ms: Some(5), ..Error::from_answer(429, body.as_bytes()) };
        let silent = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#;
        assert_eq!(refined(google(silent)).retry_after_ms, Some(5));
        let fixture = include_str!("../../fixtures/error_rate_limited.json");
        assert_eq!(refined(google(fixture)).retry_after_ms, Some(37_827));
        assert_eq!(refined(google(fixture)).body.as_deref(), Some(fixture));
    }

    #[test]
    fn a_detail_of_unknown_shape_does_not_hide_the_error() {
        let body = r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED",
            "details":[7,{"violations":"x"},{"retryDelay":"2s"}]}}"#;
        check(429, body, ErrorKind::RateLimited, Some("RESOURCE_EXHAUSTED"), Some(2000));
    }

    #[test]
    fn hostile_retry_delays_are_not_believed() {
        assert_eq!(milliseconds("13s"), Some(13_000));
        assert_eq!(milliseconds("0.0001s"), Some(1));
        for delay in ["-1s", "NaNs", "infs", "s", "13", ""] {
            assert_eq!(milliseconds(delay), None, "{delay}");
        }
        assert_eq!(milliseconds("1e300s"), Some(u32::MAX));
    }
}
