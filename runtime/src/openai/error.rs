//! Where data-plane errors become HTTP: `{"error":{"message","type","param","code"}}` with the status that OpenAI's clients act on.
//!
//! Four kinds stay apart, by `code`: the request is wrong; the provider said no (`provider_error`, with its own words and status);
//! the adapter is at fault (`adapter_…`, a limit's name, `egress_denied`); the host has no room. What the client reads says nothing
//! about the host's inside.

use std::fmt;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{BadRequest, MalformedAnswer};
use crate::chat::{Error as AdapterError, ErrorKind};
use crate::dispatch::{Failed, Refusal};
use crate::intake::IntakeError;
use crate::sandbox::{Fault, Receipt};

/// The longest message and provider's body that are passed on, in bytes: an error is to be read, not to carry data.
const MAX_TEXT: usize = 8 << 10;
/// The longest code and parameter, in bytes.
const MAX_WORD: usize = 512;

/// Why a data-plane request got no answer.
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The body can't be read as what it should be.
    BadRequest(BadRequest),
    /// The body wasn't read.
    Unread(IntakeError),
    /// Keys are configured, and this is none of them.
    InvalidKey {
        /// Whether there was one at all.
        given: bool,
    },
    /// No key is configured, and the caller is on another machine.
    LoopbackOnly,
    /// No such path.
    UnknownPath,
    /// The path takes another method.
    WrongMethod,
    /// Nothing serves the model, or no slot is free.
    Refused(Refusal),
    /// The sandbox gave no answer.
    Failed(Failed),
    /// The adapter's answer can't be put on the wire.
    Malformed {
        /// What is wrong with it.
        answer: MalformedAnswer,
        /// What it cost.
        receipt: Receipt,
        /// Who gave it.
        revision: String,
    },
    /// The answer has more bytes than it may.
    TooLong {
        /// How many it may have.
        limit: u64,
        /// What it cost.
        receipt: Receipt,
        /// Who gave it.
        revision: String,
    },
}

/// The JSON body of an error.
#[derive(Serialize)]
struct Body {
    error: Inner,
}

#[derive(Serialize)]
struct Inner {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<String>,
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Provider>,
}

/// What the provider said, where it was the provider.
#[derive(Serialize)]
struct Provider {
    status: Option<u16>,
    code: Option<String>,
    body: Option<String>,
}

/// The status, type and code of an error.
struct Verdict<'a> {
    status: StatusCode,
    kind: &'static str,
    code: &'a str,
}

impl ApiError {
    /// The error as JSON: the same in a whole answer and in a stream.
    pub(crate) fn to_json(&self) -> String {
        let Verdict { kind, code, .. } = self.verdict();
        let (param, position) = match self {
            Self::BadRequest(error) => (error.param.as_deref(), error.position),
            Self::Refused(Refusal::NotFound(_)) => (Some("model"), None),
            _ => (self.adapter_error().and_then(|error| error.param.as_deref()), None),
        };
        let provider = self.adapter_error().filter(|error| error.status.is_some()).map(|error| Provider {
            status: error.status,
            code: error.code.as_deref().map(word),
            body: error.body.as_deref().map(|body| presentable(body, MAX_TEXT)),
        });
        let message = presentable(&self.to_string(), MAX_TEXT);
        let param = param.map(word);
        let code = word(code);
        let body = Body { error: Inner { message, kind, param, code, position, provider } };
        // Strings and numbers always serialise.
        serde_json::to_string(&body).unwrap_or_default()
    }

    fn verdict(&self) -> Verdict<'_> {
        use StatusCode as S;
        let (status, kind, code) = match self {
            Self::BadRequest(_) | Self::Unread(IntakeError::Incomplete) => {
                (S::BAD_REQUEST, "invalid_request_error", "invalid_request")
            }
            Self::Unread(IntakeError::TooLarge { .. }) => {
                (S::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large")
            }
            Self::Unread(IntakeError::TooSlow) => (S::REQUEST_TIMEOUT, "invalid_request_error", "request_timeout"),
            Self::Unread(IntakeError::Full) => (S::SERVICE_UNAVAILABLE, "server_error", "overloaded"),
            Self::InvalidKey { .. } => (S::UNAUTHORIZED, "invalid_request_error", "invalid_api_key"),
            Self::LoopbackOnly => (S::FORBIDDEN, "invalid_request_error", "loopback_only"),
            Self::UnknownPath => (S::NOT_FOUND, "invalid_request_error", "unknown_url"),
            Self::WrongMethod => (S::METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed"),
            Self::Refused(refusal) if refusal.is_the_operators() => {
                (S::SERVICE_UNAVAILABLE, "server_error", "deployment_unavailable")
            }
            Self::Refused(Refusal::NotFound(_)) => (S::NOT_FOUND, "invalid_request_error", "model_not_found"),
            Self::TooLong { .. } => (S::BAD_GATEWAY, "server_error", "answer_too_large"),
            Self::Refused(Refusal::Busy | Refusal::DeploymentBusy(_)) => {
                (S::SERVICE_UNAVAILABLE, "server_error", "overloaded")
            }
            Self::Malformed { .. } => (S::BAD_GATEWAY, "server_error", "malformed_answer"),
            Self::Failed(failed) => return fault_verdict(&failed.fault),
        };
        Verdict { status, kind, code }
    }

    fn adapter_error(&self) -> Option<&AdapterError> {
        match self {
            Self::Failed(Failed { fault: Fault::Adapter(error), .. }) => Some(error),
            _ => None,
        }
    }

    fn receipt(&self) -> Option<(&Receipt, &str)> {
        match self {
            Self::Failed(failed) => Some((&failed.receipt, &failed.revision)),
            Self::Malformed { receipt, revision, .. } | Self::TooLong { receipt, revision, .. } => {
                Some((receipt, revision))
            }
            _ => None,
        }
    }

    fn retry_after_ms(&self) -> Option<u32> {
        match self {
            Self::Refused(Refusal::Busy | Refusal::DeploymentBusy(_))
            | Self::Unread(IntakeError::Full)
            | Self::Failed(Failed { fault: Fault::Full, .. }) => Some(1000),
            _ => self.adapter_error().and_then(|error| error.retry_after_ms),
        }
    }
}

fn fault_verdict(fault: &Fault) -> Verdict<'_> {
    use StatusCode as S;
    let (status, kind, code) = match fault {
        Fault::Adapter(error) => return adapter_verdict(error),
        Fault::EgressDenied(_) => (S::BAD_GATEWAY, "server_error", "egress_denied"),
        Fault::EgressExhausted => (S::BAD_GATEWAY, "server_error", "egress_exhausted"),
        Fault::Trap(_) | Fault::Misfit(_) => (S::BAD_GATEWAY, "server_error", "adapter_trap"),
        Fault::Fuel => (S::BAD_GATEWAY, "server_error", "fuel_exhausted"),
        Fault::Memory => (S::BAD_GATEWAY, "server_error", "memory_exhausted"),
        Fault::Deadline => (S::GATEWAY_TIMEOUT, "server_error", "deadline_exceeded"),
        Fault::Full => (S::SERVICE_UNAVAILABLE, "server_error", "overloaded"),
    };
    Verdict { status, kind, code }
}

/// An adapter's error: the provider's status where there is one, else what the kind stands for.
fn adapter_verdict(error: &AdapterError) -> Verdict<'_> {
    use StatusCode as S;
    let (by_kind, kind, own_code) = match error.kind {
        ErrorKind::Internal => (S::BAD_GATEWAY, "server_error", "adapter_error"),
        ErrorKind::InvalidRequest => (S::BAD_REQUEST, "invalid_request_error", "invalid_request"),
        ErrorKind::Authentication => (S::UNAUTHORIZED, "authentication_error", "authentication_failed"),
        ErrorKind::Permission => (S::FORBIDDEN, "permission_error", "permission_denied"),
        ErrorKind::NotFound => (S::NOT_FOUND, "invalid_request_error", "not_found"),
        ErrorKind::Conflict => (S::CONFLICT, "invalid_request_error", "conflict"),
        ErrorKind::TooLarge => (S::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large"),
        ErrorKind::RateLimited => (S::TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded"),
        ErrorKind::QuotaExceeded => (S::TOO_MANY_REQUESTS, "insufficient_quota", "insufficient_quota"),
        ErrorKind::ContextLength => (S::BAD_REQUEST, "invalid_request_error", "context_length_exceeded"),
        ErrorKind::ContentFiltered => (S::BAD_REQUEST, "invalid_request_error", "content_filter"),
        ErrorKind::Unsupported => (S::BAD_REQUEST, "invalid_request_error", "unsupported"),
        ErrorKind::Timeout => (S::GATEWAY_TIMEOUT, "server_error", "upstream_timeout"),
        ErrorKind::Upstream => (S::BAD_GATEWAY, "server_error", "upstream_error"),
    };
    // Only an error status may come from outside: a guest must not turn its failure into a success or a redirect.
    let said = error
        .status
        .and_then(|status| S::from_u16(status).ok())
        .filter(|status| status.is_client_error() || status.is_server_error());
    match said {
        Some(status) => Verdict { status, kind, code: "provider_error" },
        None => Verdict { status: by_kind, kind, code: error.code.as_deref().unwrap_or(own_code) },
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadRequest(error) => error.fmt(f),
            Self::Unread(IntakeError::Incomplete) => f.write_str("the request's body broke off"),
            Self::Unread(IntakeError::TooLarge { limit }) => write!(f, "the request's body is larger than {limit} bytes"),
            Self::Unread(IntakeError::TooSlow) => f.write_str("the request's body came too slowly; send it again"),
            Self::Unread(IntakeError::Full) => {
                f.write_str("the requests being read take all the memory set aside for them; try again in a moment")
            }
            Self::InvalidKey { given: true } => f.write_str("the API key is unknown or was revoked"),
            Self::InvalidKey { given: false } => f.write_str("an API key is needed, sent as `authorization: Bearer …`"),
            Self::LoopbackOnly => f.write_str(
                "no caller key exists yet, and until then only this machine is served, by its loopback name: \
                 make one with `caisson key create`",
            ),
            Self::UnknownPath => f.write_str(
                "no such path; there are POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models and GET /v1/models/{id}",
            ),
            Self::WrongMethod => f.write_str("this path doesn't take that method"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Failed(Failed { fault: Fault::Adapter(error), .. }) => {
                f.write_str(&presentable(&error.message, MAX_TEXT))
            }
            Self::Failed(failed) => match &failed.fault {
                Fault::EgressDenied(reason) => write!(f, "egress_denied: {reason}"),
                fault => fault.fmt(f),
            },
            Self::TooLong { limit, .. } => write!(f, "the adapter's answer is longer than its limit of {limit} bytes"),
            Self::Malformed { answer, .. } if answer.field.is_empty() => write!(f, "the adapter's answer is malformed: {}", answer.problem),
            Self::Malformed { answer, .. } => write!(f, "the adapter's answer is malformed at `{}`: {}", answer.field, answer.problem),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.verdict().status;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some((receipt, revision)) = self.receipt() {
            write_receipt(&mut headers, receipt, revision);
        }
        if let Some(after) = self.retry_after_ms() {
            headers.insert("retry-after-ms", HeaderValue::from(after));
            headers.insert(RETRY_AFTER, HeaderValue::from(after.div_ceil(1000)));
        }
        match self {
            Self::InvalidKey { .. } => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            // The rest of the body was not read.
            Self::Unread(_) => drop(headers.insert(CONNECTION, HeaderValue::from_static("close"))),
            _ => {}
        }
        tracing::debug!(status = status.as_u16(), error = %self, "refused");
        (status, headers, self.to_json()).into_response()
    }
}

/// What a request cost, as headers.
pub(super) fn write_receipt(headers: &mut HeaderMap, receipt: &Receipt, revision: &str) {
    headers.insert("x-caisson-fuel", HeaderValue::from(receipt.fuel));
    headers.insert("x-caisson-memory", HeaderValue::from(receipt.memory));
    headers.insert("x-caisson-bytes-out", HeaderValue::from(receipt.bytes_out));
    headers.insert("x-caisson-bytes-in", HeaderValue::from(receipt.bytes_in));
    headers.insert("x-caisson-time-ms", HeaderValue::from(u64::try_from(receipt.time.as_millis()).unwrap_or(u64::MAX)));
    if let Ok(revision) = HeaderValue::from_str(revision) {
        headers.insert("x-caisson-revision", revision);
    }
}

/// A code or parameter that others chose: one line of it.
fn word(text: &str) -> String {
    presentable(text, MAX_WORD).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What others said, as a client gets it: cut, and without characters that would steer the terminal of whoever reads it.
fn presentable(text: &str, most: usize) -> String {
    let text = &text[..text.floor_char_boundary(most)];
    text.chars().filter(|character| !character.is_control() || matches!(character, '\n' | '\t')).collect()
}

impl From<BadRequest> for ApiError {
    fn from(error: BadRequest) -> Self {
        Self::BadRequest(error)
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> Self {
        Self::Unread(error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    fn adapter(kind: ErrorKind, status: Option<u16>, code: Option<&str>) -> ApiError {
        let error = AdapterError {
            kind,
            message: "as the provider put it".into(),
            status,
            param: Some("messages[0]".into()),
            code: code.map(str::to_owned),
            retry_after_ms: Some(1500),
            body: Some("{}".into()),
        };
        ApiError::Failed(Failed {
            fault: Fault::Adapter(Box::new(error)),
            receipt: Receipt::default(),
            revision: "a@1".into(),
        })
    }

    #[test]
    fn a_providers_error_keeps_its_status_and_message_and_says_whose_it_is() {
        let error = adapter(ErrorKind::Upstream, Some(529), Some("overloaded_error"));
        assert_eq!(error.verdict().status.as_u16(), 529);
        assert_eq!(
            error.to_json(),
            r#"{"error":{"message":"as the provider put it","type":"server_error","param":"messages[0]","code":"provider_error","provider":{"status":529,"code":"overloaded_error","body":"{}"}}}"#
        );
        let response = error.into_response();
        assert_eq!(response.headers()["retry-after-ms"], "1500");
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["x-caisson-revision"], "a@1");
    }

    #[test]
    fn an_adapters_own_error_gets_the_status_of_its_kind() {
        for (kind, status, code) in [
            (ErrorKind::Internal, 502, "adapter_error"),
            (ErrorKind::InvalidRequest, 400, "invalid_request"),
            (ErrorKind::RateLimited, 429, "rate_limit_exceeded"),
            (ErrorKind::ContextLength, 400, "context_length_exceeded"),
            (ErrorKind::Unsupported, 400, "unsupported"),
            (ErrorKind::Timeout, 504, "upstream_timeout"),
        ] {
            let error = adapter(kind, None, None);
            assert_eq!((error.verdict().status.as_u16(), error.verdict().code), (status, code));
        }
    }

    #[test]
    fn a_guest_cannot_report_a_success_as_its_error() {
        assert_eq!(adapter(ErrorKind::Upstream, Some(200), None).verdict().status.as_u16(), 502);
        assert_eq!(adapter(ErrorKind::Upstream, Some(302), None).verdict().status.as_u16(), 502);
    }

    #[test]
    fn no_field_of_a_guests_error_is_endless_or_steers_a_terminal() {
        let text = "é\u{1b}[2J\r\u{9b}\n".repeat(1 << 18);
        let error = AdapterError {
            kind: ErrorKind::Internal,
            message: text.clone(),
            status: Some(500),
            param: Some(text.clone()),
            code: Some(text.clone()),
            retry_after_ms: None,
            body: Some(text),
        };
        let failed =
            Failed { fault: Fault::Adapter(Box::new(error)), receipt: Receipt::default(), revision: String::new() };
        let json = ApiError::Failed(failed).to_json();
        assert!(json.len() < 3 * MAX_TEXT, "{} bytes", json.len());
        let error: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(error["error"]["message"].as_str().unwrap().starts_with("é[2J\né[2J\n"), "{json}");
        assert!(!error["error"]["provider"]["code"].as_str().unwrap().contains('\n'), "{json}");
        for odd in ["\\u001b", "\\r", "\u{9b}"] {
            assert!(!json.contains(odd), "{odd} in {json}");
        }
    }
}
