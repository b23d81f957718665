//! OpenAI's error body: `{"error": {"message", "type", "param", "code"}}`.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::reply::Reply;

/// An error answer.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u16,
    message: String,
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Failure {
    /// With the error type that goes with the status.
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Failure {
        let kind = match status {
            429 => "requests",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        Failure { status, message: message.into(), kind, param: None, code: None }
    }

    /// What the models `fault-NNN` answer.
    pub(crate) fn of_status(status: u16) -> Failure {
        match status {
            401 => Failure::new(401, "Incorrect API key provided: fau***.").code("invalid_api_key"),
            404 => Failure::new(404, "The model does not exist.").code("model_not_found"),
            429 => Failure::new(429, "Rate limit reached for requests per min. Try again in 2s.")
                .code("rate_limit_exceeded"),
            // OpenAI has no 529: it says overloaded with a 503.
            503 | 529 => Failure::new(503, "The engine is currently overloaded, please try again later."),
            500.. => Failure::new(status, "The server had an error while processing your request."),
            _ => Failure::new(status, format!("The request failed with status {status}.")),
        }
    }

    pub(crate) fn param(mut self, param: impl Into<String>) -> Failure {
        self.param = Some(param.into());
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> Failure {
        self.code = Some(code);
        self
    }

    pub(crate) fn reply(&self) -> Reply {
        let reply = Reply::json(self.status, &self.body());
        if self.status == 429 { reply.header("retry-after", "2").header("retry-after-ms", "2000") } else { reply }
    }

    /// The error as one event of a stream.
    pub(crate) fn event(&self) -> Bytes {
        format!("data: {}\n\n", self.body()).into()
    }

    fn body(&self) -> Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}
