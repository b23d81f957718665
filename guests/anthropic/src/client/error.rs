//! The provider's refusals → the contract's errors, from a status or out of a stream.
//! The type that the provider names decides; the status is for answers that name none,
//! as a proxy in between gives.

use caisson_sdk::api::{Error, ErrorKind};
use caisson_sdk::http::Response;

use super::answer::{Failure, FailureDetail};

/// Enough for any message of the provider's; a proxy's page of HTML is cut.
const BODY_BYTES: usize = 4 << 10;

/// The error of an answer with a status of 400 or above.
pub(super) fn of_response(response: Response) -> Error {
    let request_id = response.header("request-id").map(str::to_owned);
    let mut error = Error::from_response(response);
    let failure = error.body.as_deref().and_then(|body| serde_json::from_str::<Failure>(body).ok());
    if let Some(Failure { error: detail, request_id: named }) = failure {
        error.kind = kind(&detail).unwrap_or(error.kind);
        error.message = message(&detail, named.or(request_id).as_deref());
        error.code = Some(detail.kind);
    }
    error.body = error.body.map(|body| cut(&body).to_owned());
    error
}

/// The error that an `error` event of a stream brings, with the status it would have had.
pub(crate) fn in_stream(failure: Failure, data: &str) -> Error {
    let Failure { error: detail, request_id } = failure;
    let mut error = Error::new(kind(&detail).unwrap_or(ErrorKind::Upstream), message(&detail, request_id.as_deref()));
    error.status = status(&detail.kind);
    error.body = Some(cut(data).to_owned());
    error.code = Some(detail.kind);
    error
}

fn kind(detail: &FailureDetail) -> Option<ErrorKind> {
    Some(match detail.kind.as_str() {
        "invalid_request_error" => kind_of_invalid(detail.message.as_deref().unwrap_or_default()),
        "authentication_error" => ErrorKind::Authentication,
        "billing_error" => ErrorKind::QuotaExceeded,
        "permission_error" => ErrorKind::Permission,
        "not_found_error" => ErrorKind::NotFound,
        "conflict_error" => ErrorKind::Conflict,
        "request_too_large" => ErrorKind::TooLarge,
        "rate_limit_error" => ErrorKind::RateLimited,
        "timeout_error" => ErrorKind::Timeout,
        "api_error" | "overloaded_error" => ErrorKind::Upstream,
        _ => return None,
    })
}

/// One type covers what the contract keeps apart; only the message tells.
fn kind_of_invalid(message: &str) -> ErrorKind {
    let says = |words: &str| message.contains(words);
    if says("prompt is too long") || says("exceed context limit") {
        ErrorKind::ContextLength
    } else if says("credit balance is too low") || says("API usage limits") {
        ErrorKind::QuotaExceeded
    } else {
        ErrorKind::InvalidRequest
    }
}

fn status(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "api_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

/// The provider's words, with the id that its support asks for.
fn message(detail: &FailureDetail, request_id: Option<&str>) -> String {
    let words = detail.message.as_deref().filter(|words| !words.is_empty()).unwrap_or(&detail.kind);
    match request_id {
        Some(id) => format!("{} (request {})", cut(words), cut(id)),
        None => cut(words).to_owned(),
    }
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(BODY_BYTES);
    text.get(..end).unwrap_or_default()
}
