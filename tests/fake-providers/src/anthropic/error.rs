//! Anthropic's error body: `{"type": "error", "error": {"type", "message"}, "request_id"}`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::reply::Reply;

/// An error answer.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u16,
    message: String,
}

impl Failure {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }

    /// A field that does not hold: Anthropic names it by its path.
    pub(crate) fn field(path: &str, message: &str) -> Failure {
        Failure::new(400, format!("{path}: {message}"))
    }

    /// What the models `fault-NNN` answer.
    pub(crate) fn of_status(status: u16) -> Failure {
        let message = match status {
            401 => "invalid x-api-key",
            403 => "Your API key does not have permission to use the specified resource",
            404 => "model: fault-404",
            413 => "Request exceeds the maximum size",
            429 => "This request would exceed your organization's rate limit",
            500 => "Internal server error",
            529 => "Overloaded",
            _ => "The request failed",
        };
        Failure::new(status, message)
    }

    pub(crate) fn reply(&self, request_id: &str) -> Reply {
        let mut body = self.body();
        body["request_id"] = json!(request_id);
        let reply = Reply::json(self.status, &body);
        if self.status == 429 { reply.header("retry-after", "2") } else { reply }
    }

    /// The error as one event of a stream.
    pub(crate) fn event(&self) -> Bytes {
        format!("event: error\ndata: {}\n\n", self.body()).into()
    }

    fn body(&self) -> Value {
        let kind = match self.status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": kind, "message": self.message}})
    }
}
