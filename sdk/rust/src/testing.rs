//! Test an adapter natively, without Wasm and without a network, against recorded exchanges.
//!
//! ```
//! use caisson_sdk::http::Request;
//! use caisson_sdk::testing::{Reply, Upstream};
//!
//! let upstream = Upstream::new().reply(Reply::json(200, r#"{"answer":42}"#));
//! let answer: serde_json::Value = upstream.run(|| {
//!     Request::post("https://api.example.com/v1/ask").json(&serde_json::json!({"q": "?"})).send_ok()?.json()
//! })?;
//! assert_eq!(answer["answer"], 42);
//! assert_eq!(upstream.requests()[0].json()["q"], "?");
//! # Ok::<(), caisson_sdk::api::Error>(())
//! ```
//!
//! Each thread has its own script, so tests run side by side. Nothing sleeps: waits are recorded, and are the
//! longest they could be. The host's part is not imitated: no grants, no credentials, no checks of the answer.

mod reply;
pub(crate) mod script;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

pub use reply::Reply;

use crate::api::{Context, Event};
use crate::{EventSource, Result};
use script::Script;

/// A provider that answers with what it was told, one reply for each request, in order.
#[derive(Clone, Default)]
pub struct Upstream {
    script: Rc<RefCell<Script>>,
}

/// A request as the provider got it. The credential is not in it: the host would add that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// In capitals.
    pub method: String,
    /// Absolute, with its query.
    pub url: String,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty where there was none.
    pub body: Vec<u8>,
}

impl Upstream {
    /// One that has no reply yet: a request to it is an error that says so.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the reply to the next request.
    #[must_use]
    pub fn reply(self, reply: Reply) -> Self {
        self.script.borrow_mut().replies.push_back(reply);
        self
    }

    /// Sets what [`crate::host::original_body`] returns.
    #[must_use]
    pub fn original_body(self, body: impl Into<Vec<u8>>) -> Self {
        self.script.borrow_mut().original_body = body.into();
        self
    }

    /// Sets what [`crate::host::count_tokens`] answers to (encoding, text); without this, `None`.
    #[must_use]
    pub fn token_counter(self, counter: impl Fn(&str, &str) -> Option<u32> + 'static) -> Self {
        self.script.borrow_mut().token_counter = Some(Rc::new(counter));
        self
    }

    /// Runs `test` with this upstream standing in for the network on this thread.
    pub fn run<T>(&self, test: impl FnOnce() -> T) -> T {
        let _installed = script::install(self.script.clone());
        test()
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Sent> {
        self.script.borrow().requests.clone()
    }

    /// The replies that nothing has asked for yet.
    #[must_use]
    pub fn replies_left(&self) -> usize {
        self.script.borrow().replies.len()
    }

    /// The waits so far, between attempts.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.script.borrow().slept.clone()
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Upstream").field("requests", &self.script.borrow().requests.len()).finish()
    }
}

impl Sent {
    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is not JSON: the test that asks fails.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {}", String::from_utf8_lossy(&self.body)),
        }
    }
}

/// A context as the host would give it to a deployment with no settings.
#[must_use]
pub fn context() -> Context {
    Context { request_id: "req-test".to_owned(), timeout_ms: 60_000, ..Context::default() }
}

/// The same with these settings.
#[must_use]
pub fn context_with(settings: &[(&str, &str)]) -> Context {
    let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Context { settings, ..context() }
}

/// All events of a source. To be called inside [`Upstream::run`] where the source sends requests of its own.
///
/// # Errors
/// The error with which the source ended.
pub fn collect(mut source: Box<dyn EventSource>) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    while let Some(batch) = source.next()? {
        events.extend(batch);
    }
    Ok(events)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::http::Request;

    fn get() -> Result<crate::http::Response> {
        Request::get("https://a.example").send()
    }

    #[test]
    fn a_request_without_a_script_or_a_reply_says_so() {
        assert!(get().unwrap_err().message.contains("Upstream::run"));
        let error = Upstream::new().run(get).unwrap_err();
        assert!(error.message.contains("no reply left"), "{}", error.message);
    }

    #[test]
    fn scripts_nest_and_end_even_in_a_panic() {
        let (outer, inner) = (Upstream::new().reply(Reply::text(201, "")), Upstream::new().reply(Reply::text(202, "")));
        outer.run(|| {
            let failed =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| inner.run(|| -> () { panic!("in a test") })));
            assert!(failed.is_err());
            assert_eq!(get().unwrap().status(), 201);
        });
        assert_eq!((outer.replies_left(), inner.replies_left()), (0, 1));
        assert!(get().is_err());
    }

    #[test]
    fn the_hosts_functions_answer_from_the_script() {
        assert_eq!((crate::host::original_body(), crate::host::count_tokens("e", "t")), (Vec::new(), None));
        let upstream = Upstream::new()
            .original_body("{}")
            .token_counter(|encoding, text| (encoding == "words").then(|| text.split(' ').count().try_into().unwrap()));
        upstream.run(|| {
            assert_eq!(crate::host::original_body(), b"{}");
            assert_eq!(crate::host::count_tokens("words", "a b"), Some(2));
            assert_eq!(crate::host::count_tokens("bytes", "a b"), None);
        });
    }

    #[test]
    fn a_token_counter_may_use_the_sdk_itself() {
        let upstream = Upstream::new().token_counter(|_, _| crate::host::original_body().len().try_into().ok());
        assert_eq!(upstream.run(|| crate::host::count_tokens("", "")), Some(0));
    }
}
