//! From failures to the contract's [`Error`]: constructors, and the mapping from a provider's answer.
//!
//! The mapping knows HTTP and the error shapes that many providers share. What only one provider does
//! belongs into its adapter, which may change the result before returning it.

use serde_json::Value;

use crate::api::{Error, ErrorKind};
use crate::http::Response;
use crate::retry;
use crate::transport::{Fault, FaultKind};

/// How much of a refusal's body is read.
const READ_AT_MOST: usize = 64 << 10;
/// How much of it goes into [`Error::body`].
const BODY_AT_MOST: usize = 16 << 10;
/// How much of it goes into [`Error::message`].
const MESSAGE_AT_MOST: usize = 4 << 10;

impl Error {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), status: None, param: None, code: None, retry_after_ms: None, body: None }
    }

    /// The adapter itself is wrong, or its settings are.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The client asked for something that can't be; add [`Error::param`] where a field is at fault.
    #[must_use]
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// The adapter lacks this. `what` is a plural, as in "embeddings".
    #[must_use]
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::Unsupported, format!("this adapter does not support {what}"))
    }

    /// The provider failed or could not be reached.
    #[must_use]
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Upstream, message)
    }

    /// Names the request's field at fault, as a path.
    #[must_use]
    pub fn param(mut self, path: impl Into<String>) -> Self {
        self.param = Some(path.into());
        self
    }

    /// Carries the provider's own code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Carries the HTTP status that the provider answered with.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// What a provider's refusal means: its status, message, code and param, its `retry-after`, and the
    /// beginning of its body.
    #[must_use]
    pub fn from_response(mut response: Response) -> Self {
        let body = response.beginning(READ_AT_MOST);
        let wait = retry::asked_wait(response.headers());
        let retry_after_ms = wait.map(|wait| u32::try_from(wait.as_millis()).unwrap_or(u32::MAX));
        Self { retry_after_ms, ..Self::from_answer(response.status(), &body) }
    }

    /// The same for an answer that is already read; no `retry-after`.
    #[must_use]
    pub fn from_answer(status: u16, body: &[u8]) -> Self {
        let said = Said::read(status, body);
        let message = said.message.as_deref().filter(|message| !message.is_empty());
        let message = match message {
            Some(message) => cut(message, MESSAGE_AT_MOST).to_owned(),
            None if (300..400).contains(&status) => {
                format!("the provider answered with a redirect (status {status}), and none is followed")
            }
            None => format!("the provider answered with status {status}"),
        };
        let kind = said.kind().unwrap_or_else(|| kind_of_status(status));
        Self {
            status: Some(status),
            code: said.code,
            param: said.param,
            body: excerpt(body),
            ..Self::new(kind, message)
        }
    }

    pub(crate) fn from_fault(origin: &str, fault: Fault) -> Self {
        let what = fault.what;
        match fault.kind {
            FaultKind::Denied => Self::upstream(format!("egress denied: {origin}: {what}")).code("egress_denied"),
            FaultKind::Timeout => Self::new(ErrorKind::Timeout, format!("{origin}: {what}")),
            FaultKind::Unreachable => Self::upstream(format!("could not reach {origin}: {what}")),
            FaultKind::Broken => Self::upstream(format!("{origin}: {what}")),
            FaultKind::Malformed => Self::internal(format!("the request to {origin} can't be sent: {what}")),
        }
    }
}

/// What a provider's HTTP status means where nothing else is known.
#[must_use]
pub fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Authentication,
        402 => ErrorKind::QuotaExceeded,
        403 => ErrorKind::Permission,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::Timeout,
        409 => ErrorKind::Conflict,
        413 => ErrorKind::TooLarge,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Upstream,
    }
}

/// The beginning of a body, for [`Error::body`].
pub(crate) fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body.get(..BODY_AT_MOST).unwrap_or(body)).into_owned();
    (!text.trim().is_empty()).then_some(text)
}

fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// What a refusal's body says.
#[derive(Default)]
struct Said {
    message: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

impl Said {
    fn read(status: u16, body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::read_json(status, &value),
            Err(_) => Self { message: plain_text(status, body), ..Self::default() },
        }
    }

    /// The shapes in use: `{"error":{…}}`, `{"error":"…"}`, the same in a list, and flat objects.
    fn read_json(status: u16, value: &Value) -> Self {
        let value = value.get(0).unwrap_or(value);
        let inner = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        if let Some(message) = inner.as_str() {
            return Self { message: Some(message.to_owned()), code: text_of(value.get("code"), status), param: None };
        }
        let first_of = |names: &[&str]| names.iter().find_map(|name| text_of(inner.get(name), status));
        let in_list = |list: &str, name: &str| text_of(inner.get(list).and_then(|list| list.get(0))?.get(name), status);
        Self {
            message: first_of(&["message", "detail", "error_description", "error_message", "msg"])
                .or_else(|| in_list("errors", "message"))
                .or_else(|| in_list("detail", "msg")),
            code: first_of(&["code", "type", "status"]),
            param: first_of(&["param"]),
        }
    }

    /// A kind more exact than the status, where the code names one that many providers share.
    fn kind(&self) -> Option<ErrorKind> {
        let by_code = self.code.as_deref().and_then(|code| match code {
            "insufficient_quota" | "quota_exceeded" | "billing_hard_limit_reached" => Some(ErrorKind::QuotaExceeded),
            "context_length_exceeded" => Some(ErrorKind::ContextLength),
            "content_filter" | "content_policy_violation" => Some(ErrorKind::ContentFiltered),
            "model_not_found" => Some(ErrorKind::NotFound),
            "invalid_api_key" => Some(ErrorKind::Authentication),
            "rate_limit_exceeded" => Some(ErrorKind::RateLimited),
            _ => None,
        });
        let too_long = || self.message.as_deref().is_some_and(|message| message.contains("maximum context length"));
        by_code.or_else(|| too_long().then_some(ErrorKind::ContextLength))
    }
}

/// A string as it is; a number as text, unless it only repeats the status.
fn text_of(value: Option<&Value>, status: u16) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) if number.as_u64() != Some(u64::from(status)) => Some(number.to_string()),
        _ => None,
    }
}

/// A short plain text is a message; a page of HTML from some proxy is not.
fn plain_text(status: u16, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') {
        return None;
    }
    let text = cut(text.lines().next().unwrap_or_default(), 500);
    Some(format!("the provider answered with status {status}: {text}"))
}

#[cfg(test)]
mod tests;
