//! Google's error body: `{"error": {"code", "message", "status", "details"}}`.

use bytes::Bytes;
use serde_json::{Value, json};

use super::JSON;
use crate::reply::{Body, Reply};

/// An error answer.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u16,
    message: String,
    details: Vec<Value>,
}

impl Failure {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into(), details: Vec::new() }
    }

    /// JSON that does not fit the request's message; `at` is empty at its top.
    pub(crate) fn payload(at: &str, message: String) -> Failure {
        let violation = match at {
            "" => json!({"description": message}),
            at => json!({"field": at, "description": message}),
        };
        let details = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]});
        Failure { status: 400, message, details: vec![details] }
    }

    /// A request that fits its message but not the method's rules: `* Path: what is wrong`.
    pub(crate) fn rule(at: &str, message: &str) -> Failure {
        Failure::new(400, format!("* GenerateContentRequest.{at}: {message}\n"))
    }

    pub(crate) fn invalid_key() -> Failure {
        let message = "API key not valid. Please pass a valid API key.";
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"}
        });
        let localised = json!({
            "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
            "locale": "en-US",
            "message": message
        });
        Failure { status: 400, message: message.to_owned(), details: vec![info, localised] }
    }

    /// What the models `fault-NNN` answer.
    pub(crate) fn of_status(status: u16) -> Failure {
        match status {
            429 => {
                let mut failure = Failure::new(429, "You exceeded your current quota.\nPlease retry in 2s.");
                let quota = json!({"quotaMetric": "generate_content_requests", "quotaValue": "10"});
                failure.details = vec![
                    json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]}),
                    json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}),
                ];
                failure
            }
            // Google has no 529: it says overloaded with a 503.
            503 | 529 => Failure::new(503, "The model is overloaded. Please try again later."),
            500 => Failure::new(500, "An internal error has occurred. Please retry."),
            _ => Failure::new(status, format!("The request failed with status {status}.")),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let reply = Reply::typed(self.status, JSON, Body::Whole(format!("{:#}\n", self.body()).into()));
        // Google says it in RetryInfo; the header is what its front ends add.
        if self.status == 429 { reply.header("retry-after", "2") } else { reply }
    }

    /// The error as one event of a stream.
    pub(crate) fn event(&self) -> Bytes {
        format!("data: {}\r\n\r\n", self.body()).into()
    }

    fn body(&self) -> Value {
        let status = match self.status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        let mut error = json!({"code": self.status, "message": self.message, "status": status});
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        json!({"error": error})
    }
}
