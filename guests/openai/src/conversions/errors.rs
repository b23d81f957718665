//! A provider's error in whichever shape it comes, as the contract's error: OpenAI's own and those
//! of vLLM, Ollama, llama.cpp, Azure and FastAPI. It decides what kind an error is; it hides
//! nothing of what the provider said.

use caisson_sdk::error::kind_of_status;
use caisson_sdk::prelude::*;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// As much of a provider's answer as an error carries.
const EXCERPT: usize = 16 * 1024;

/// Codes and types that say more than the status does.
const TELLING: [(&str, ErrorKind); 11] = [
    ("insufficient_quota", ErrorKind::QuotaExceeded),
    ("billing_hard_limit_reached", ErrorKind::QuotaExceeded),
    ("billing_not_active", ErrorKind::QuotaExceeded),
    ("context_length_exceeded", ErrorKind::ContextLength),
    ("exceed_context_size_error", ErrorKind::ContextLength),
    ("context_exceeded", ErrorKind::ContextLength),
    ("content_filter", ErrorKind::ContentFiltered),
    ("content_policy_violation", ErrorKind::ContentFiltered),
    ("responsibleaipolicyviolation", ErrorKind::ContentFiltered),
    ("model_not_found", ErrorKind::NotFound),
    ("invalid_api_key", ErrorKind::Authentication),
];

/// Codes and types that stand in for a status where there is none: inside a stream.
const STANDING_IN: [(&str, ErrorKind); 13] = [
    ("invalid_request_error", ErrorKind::InvalidRequest),
    ("badrequesterror", ErrorKind::InvalidRequest),
    ("authentication_error", ErrorKind::Authentication),
    ("authenticationerror", ErrorKind::Authentication),
    ("permission_error", ErrorKind::Permission),
    ("permissiondeniederror", ErrorKind::Permission),
    ("not_found_error", ErrorKind::NotFound),
    ("notfounderror", ErrorKind::NotFound),
    ("rate_limit_error", ErrorKind::RateLimited),
    ("rate_limit_exceeded", ErrorKind::RateLimited),
    ("ratelimiterror", ErrorKind::RateLimited),
    ("timeout", ErrorKind::Timeout),
    ("not_supported_error", ErrorKind::Unsupported),
];

/// What servers say where neither code nor type tells that the context is full.
const CONTEXT_FULL: [&str; 2] = ["maximum context length", "exceed context window"];

/// The error in an HTTP answer whose status isn't in the 200s.
pub(crate) fn from_response(response: http::Response) -> Error {
    refined(Error::from_response(response))
}

/// The error in an answer whose status said that all is well, if there is one.
pub(crate) fn in_answer(answer: &str) -> Option<Error> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
        #[serde(borrow)]
        object: Option<&'a RawValue>,
    }

    let Answer { error, object } = serde_json::from_str(answer).ok()?;
    tells_of_one(error, object).then(|| in_stream(answer))
}

/// Whether these fields of an answer say that it is an error.
pub(crate) fn tells_of_one(error: Option<&RawValue>, object: Option<&RawValue>) -> bool {
    let error = error.is_some_and(|error| !matches!(error.get(), "\"\"" | "false"));
    let object = object.is_some_and(|object| object.get() == "\"error\"");
    error || object
}

/// The error in the data of an event that is known to be one.
pub(crate) fn in_stream(data: &str) -> Error {
    let error = Error::upstream("the provider reported an error");
    refined(Error { body: Some(excerpt(data)), ..error })
}

/// The start of a provider's answer.
pub(crate) fn excerpt(answer: &str) -> String {
    answer.get(..answer.floor_char_boundary(EXCERPT)).unwrap_or_default().to_owned()
}

/// The error with all that its body says; as it was where the body is not JSON.
fn refined(error: Error) -> Error {
    let body = error.body.as_deref().unwrap_or_default();
    let Ok(said) = serde_json::from_str(body).map(|body| Said::from(&body)) else {
        return error;
    };
    // vLLM, llama.cpp and routers put an HTTP status in `code`: all there is inside a stream.
    let code_as_status = said.code.as_deref().and_then(|code| code.parse().ok());
    let status = error.status.or(code_as_status.filter(|code| (400..600).contains(code)));
    Error {
        kind: said.kind(status),
        message: said.message.unwrap_or(error.message),
        param: said.param,
        // A code that only repeats the status says nothing.
        code: said.code.filter(|_| code_as_status.is_none() || code_as_status != status),
        status,
        ..error
    }
}

/// What a provider's error body says, whatever its shape.
#[derive(Default)]
struct Said {
    message: Option<String>,
    kind: Option<String>,
    param: Option<String>,
    code: Option<String>,
    inner_code: Option<String>,
}

impl Said {
    fn from(body: &Value) -> Self {
        // Some gateways wrap the one error in a list.
        let body = body.get(0).unwrap_or(body);
        let outer = Self::in_object(body);
        let inner = match body.get("error").or_else(|| body.get("detail")) {
            Some(Value::String(message)) => Self { message: Some(message.clone()), ..Self::default() },
            Some(Value::Array(faults)) => faults.first().map(Self::in_fault).unwrap_or_default(),
            Some(object) => Self::in_object(object),
            None => Self::default(),
        };
        Self {
            message: inner.message.or(outer.message),
            kind: inner.kind.or(outer.kind),
            param: inner.param.or(outer.param),
            code: inner.code.or(outer.code),
            inner_code: inner.inner_code.or(outer.inner_code),
        }
    }

    fn in_object(object: &Value) -> Self {
        let field = |name: &str| object.get(name).and_then(scalar);
        Self {
            message: field("message").or_else(|| field("msg")).or_else(|| field("details")),
            kind: field("type").or_else(|| field("error_type")),
            param: field("param"),
            code: field("code"),
            inner_code: object.pointer("/innererror/code").and_then(scalar),
        }
    }

    /// FastAPI's: `{"loc":["body","messages",0],"msg":"…","type":"…"}`.
    fn in_fault(fault: &Value) -> Self {
        Self { param: fault.get("loc").and_then(path), ..Self::in_object(fault) }
    }

    fn kind(&self, status: Option<u16>) -> ErrorKind {
        if let Some(kind) = self.named_in(&TELLING) {
            return kind;
        }
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        if CONTEXT_FULL.iter().any(|words| message.contains(words)) {
            return ErrorKind::ContextLength;
        }
        match status {
            Some(status) => kind_of_status(status),
            None => self.named_in(&STANDING_IN).unwrap_or(ErrorKind::Upstream),
        }
    }

    fn named_in(&self, kinds: &[(&str, ErrorKind)]) -> Option<ErrorKind> {
        let names = [&self.code, &self.inner_code, &self.kind];
        names
            .into_iter()
            .flatten()
            .find_map(|name| kinds.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .map(|(_, kind)| *kind)
    }
}

/// A string or number as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `["body", "messages", 0, "content"]` as `messages[0].content`.
fn path(location: &Value) -> Option<String> {
    let mut path = String::new();
    for step in location.as_array()? {
        match step {
            Value::String(name) if path.is_empty() && name == "body" => {}
            Value::String(name) if path.is_empty() => path.push_str(name),
            Value::String(name) => {
                path.push('.');
                path.push_str(name);
            }
            step => path.push_str(&format!("[{step}]")),
        }
    }
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn from_body(status: u16, body: &str) -> Error {
        refined(Error::from_answer(status, body.as_bytes()))
    }

    #[test]
    fn a_status_decides_the_kind_where_no_code_says_more() {
        let kinds = [
            (400, ErrorKind::InvalidRequest),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Permission),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Conflict),
            (413, ErrorKind::TooLarge),
            (422, ErrorKind::InvalidRequest),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Upstream),
            (503, ErrorKind::Upstream),
            (302, ErrorKind::Upstream),
        ];
        for (status, kind) in kinds {
            let error = from_body(status, r#"{"error":{"message":"m","type":"t","code":"c"}}"#);
            assert_eq!((error.kind, error.status), (kind, Some(status)), "{status}");
        }
    }

    #[test]
    fn a_telling_code_type_or_inner_code_outweighs_the_status() {
        let bodies = [
            (429, r#"{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}"#, ErrorKind::QuotaExceeded),
            (400, r#"{"error":{"code":"context_length_exceeded"}}"#, ErrorKind::ContextLength),
            (500, r#"{"error":{"code":500,"type":"exceed_context_size_error"}}"#, ErrorKind::ContextLength),
            (400, r#"{"error":{"code":"content_filter"}}"#, ErrorKind::ContentFiltered),
            (
                400,
                r#"{"error":{"code":"BadRequest","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                ErrorKind::ContentFiltered,
            ),
        ];
        for (status, body, kind) in bodies {
            assert_eq!(from_body(status, body).kind, kind, "{body}");
        }
    }

    #[test]
    fn inside_a_stream_the_code_or_type_stands_in_for_the_status() {
        let error = in_stream(r#"{"error":{"code":429,"message":"slow down"}}"#);
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(429)));
        let error = in_stream(r#"{"error":{"type":"BadRequestError","message":"no"}}"#);
        assert_eq!((error.kind, error.status), (ErrorKind::InvalidRequest, None));
        let error = in_stream(r#"{"error":{"type":"server_error","code":12,"message":"no"}}"#);
        assert_eq!((error.kind, error.status), (ErrorKind::Upstream, None));
    }

    #[test]
    fn an_answer_is_an_error_only_if_it_says_so() {
        for answer in [
            r#"{"error":{"message":"m"}}"#,
            r#"{"error":"m"}"#,
            r#"{"object":"error","message":"m"}"#,
            r#"{"error":{"message":"m"},"choices":[]}"#,
        ] {
            assert_eq!(in_answer(answer).unwrap().message, "m", "{answer}");
        }
        for answer in
            [r#"{"error":null,"choices":[]}"#, r#"{"error":"","choices":[]}"#, r#"{"object":"list"}"#, "x", "[]"]
        {
            assert!(in_answer(answer).is_none(), "{answer}");
        }
    }

    #[test]
    fn an_excerpt_ends_on_a_whole_character() {
        let long = "é".repeat(EXCERPT);
        assert_eq!(excerpt(&format!("x{long}")).len(), EXCERPT - 1);
        assert_eq!(excerpt(&long).len(), EXCERPT);
    }

    #[test]
    fn hostile_bodies_do_not_panic() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "null",
            "[]",
            "[[[]]]",
            "{\"error\":[]}",
            "{\"error\":{\"code\":{}}}",
            "{\"detail\":[{\"loc\":[[]]}]}",
            &deep,
        ] {
            let error = from_body(500, body);
            assert_eq!(error.kind, ErrorKind::Upstream, "{}", excerpt(body));
            assert!(!error.message.is_empty());
        }
    }
}
