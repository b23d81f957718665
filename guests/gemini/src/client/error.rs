//! Gemini's errors as the contract's: google.rpc.Status in, kind, status, code and retry time out.
//! Faults of the transport are the SDK's and never come here.

use caisson_sdk::api::{Error, ErrorKind};

use super::wire::{ErrorBody, Failure};

/// As much of a provider's body as an error carries on.
const BODY_LIMIT: usize = 4096;

/// The error of an answer whose HTTP status is 400 or more. `retry_after_ms` is what its headers
/// said; RetryInfo in the body, which Google fills, goes before it.
pub(crate) fn from_response(status: u16, retry_after_ms: Option<u32>, body: &str) -> Error {
    let mut error = match parse(body) {
        Some(failure) => from_failure(&failure, Some(status)),
        None => Error {
            kind: kind_of_http(status),
            message: format!("Gemini answered with HTTP status {status}"),
            status: Some(status),
            param: None,
            code: None,
            retry_after_ms: None,
            body: None,
        },
    };
    error.retry_after_ms = error.retry_after_ms.or(retry_after_ms);
    error.body = Some(truncated(body, BODY_LIMIT).to_owned());
    error
}

/// The error inside an answer that began well, as streams have it.
pub(crate) fn from_failure(failure: &Failure, http_status: Option<u16>) -> Error {
    let status = http_status.or((failure.code >= 400).then_some(failure.code));
    let reason = failure.details().find_map(|detail| detail.reason);
    let retry_after_ms = failure
        .details()
        .find_map(|detail| milliseconds(&detail.retry_delay?));
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

/// Some endpoints, when asked for a stream, wrap the error in an array.
fn parse(body: &str) -> Option<Failure> {
    if let Ok(body) = serde_json::from_str::<ErrorBody>(body) {
        return Some(body.error);
    }
    let bodies = serde_json::from_str::<Vec<ErrorBody>>(body).ok()?;
    Some(bodies.into_iter().next()?.error)
}

fn kind(failure: &Failure, reason: Option<&str>, status: Option<u16>) -> ErrorKind {
    match failure.status.as_str() {
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION" => {
            kind_of_bad_request(failure, reason)
        }
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
        _ => kind_of_http(status.unwrap_or(500)),
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
        .any(|violation| {
            violation.quota_id.contains("PerDay") || violation.quota_value.as_deref() == Some("0")
        })
        || message.contains("credits are depleted")
        || message.contains("spending cap")
}

fn kind_of_http(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        403 => ErrorKind::Permission,
        404 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Upstream,
    }
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

fn truncated(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, kind: ErrorKind, code: Option<&str>, retry: Option<u32>) {
        let error = from_response(status, None, body);
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
            let body =
                format!(r#"{{"error":{{"code":{status},"message":"m","status":"{name}"}}}}"#);
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
        assert_eq!(
            from_response(429, Some(5), "").retry_after_ms,
            Some(5),
            "the header counts where the body says nothing"
        );
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

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let body = "é".repeat(BODY_LIMIT);
        let error = from_response(500, None, &format!("x{body}"));
        let kept = error.body.unwrap_or_default();
        assert!(kept.len() <= BODY_LIMIT && kept.len() > BODY_LIMIT - 4);
    }
}
