//! An answer read in full, and what tests expect of one.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

/// Status, headers and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// What one request cost, as its headers or its comment in a stream say.
#[derive(Debug)]
pub struct Receipt {
    pub fuel: u64,
    pub memory: u64,
    pub revision: String,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// A header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The JSON of an answer that has this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The `error` object of an answer that has this status and code.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) -> Value {
        let error = self.expect(status)["error"].take();
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        error
    }

    /// The text of a chat completion's first choice.
    #[track_caller]
    pub fn content(&self) -> String {
        let body = self.expect(200);
        let content = &body["choices"][0]["message"]["content"];
        content.as_str().unwrap_or_else(|| panic!("no content in {body}")).to_owned()
    }

    /// The receipt in the headers.
    #[track_caller]
    pub fn receipt(&self) -> Receipt {
        let number = |name: &str| {
            self.header(name).parse().unwrap_or_else(|_| panic!("no number in {name}: {:?}", self.headers))
        };
        Receipt {
            fuel: number("x-caisson-fuel"),
            memory: number("x-caisson-memory"),
            revision: self.header("x-caisson-revision").to_owned(),
        }
    }
}
