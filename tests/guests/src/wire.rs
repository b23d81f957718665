//! `wasi:http` without the SDK's manners: nothing is checked, completed or put right before the host sees it.
//!
//! What fails is told as text, for a report. Not for adapters: the SDK's client is.

#[cfg(feature = "async")]
mod client;
#[cfg(not(feature = "async"))]
mod handler;

use caisson_sdk::bindings::wasi::http::types::{ErrorCode, Fields, RequestOptions, Scheme};

pub use caisson_sdk::bindings::wasi::http::types::Method;
#[cfg(feature = "async")]
pub use client::Sent;
#[cfg(not(feature = "async"))]
pub use handler::Sent;

/// A request being put together.
pub struct Request {
    method: Method,
    scheme: Scheme,
    authority: String,
    path: String,
    fields: Fields,
    refused: Vec<String>,
    timeout: Option<u64>,
}

/// An answer.
pub struct Got {
    /// The status.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// Why the body broke off, if it did.
    pub broken: Option<String>,
}

impl Request {
    /// A GET of this URL, which is cut at its third slash and looked at no further.
    #[must_use]
    pub fn get(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self {
            method: Method::Get,
            scheme: if scheme == "https" { Scheme::Https } else { Scheme::Http },
            authority: authority.to_owned(),
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            fields: Fields::new(),
            refused: Vec::new(),
            timeout: None,
        }
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// With this path and query instead of the URL's.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Adds a header, or notes that the host refused it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if self.fields.append(name, value.as_bytes()).is_err() {
            self.refused.push(name.to_owned());
        }
        self
    }

    /// Asks for all three timeouts to be this many nanoseconds.
    #[must_use]
    pub fn timeout(mut self, nanoseconds: u64) -> Self {
        self.timeout = Some(nanoseconds);
        self
    }

    /// The headers that the host refused so far.
    #[must_use]
    pub fn refused(&self) -> Vec<String> {
        self.refused.clone()
    }

    /// Sends it without a body, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn send(self) -> Result<Got, String> {
        self.start(None)?.finish(&[])
    }

    /// Sends it with a body, whatever its headers say of the length, and reads the answer.
    ///
    /// # Errors
    /// What the host said instead.
    pub fn send_body(self, body: &[u8]) -> Result<Got, String> {
        let mut sent = self.start(Some(()))?;
        let written = sent.write(body);
        let got = sent.finish(&[]);
        written.and(got)
    }

    fn options(&self) -> Option<RequestOptions> {
        let timeout = self.timeout?;
        let options = RequestOptions::new();
        let _ = options.set_connect_timeout(Some(timeout));
        let _ = options.set_first_byte_timeout(Some(timeout));
        let _ = options.set_between_bytes_timeout(Some(timeout));
        Some(options)
    }
}

fn text(code: &ErrorCode) -> String {
    format!("{code:?}")
}
