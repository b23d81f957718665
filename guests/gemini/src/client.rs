//! Gemini over HTTP: addresses, calls, refusals. The types of the wire are in `wire`, how a
//! refusal reads to the client is in `error`. What requests mean is not known here, and no key
//! passes through: the host adds `x-goog-api-key` on the way out.

pub(crate) mod error;
pub(crate) mod wire;

use caisson_sdk::api::{Context, Error};
use caisson_sdk::http::{Request, Response};
use caisson_sdk::retry::Retry;
use caisson_sdk::{Result, sse};
use serde::Serialize;

/// Where Google's own SDK sends its calls.
pub(crate) const DEFAULT_BASE_URL: &str = "https://generativelanguage.googleapis.com";

pub(crate) const DEFAULT_API_VERSION: &str = "v1beta";

/// Headers that are ours to set; the credential is the host's.
const OWN_HEADERS: [&str; 4] = ["accept", "content-length", "content-type", "host"];

/// The longest model name Google allows is far shorter; this bounds the address.
const MODEL_LIMIT: usize = 128;

pub(crate) struct Client<'a> {
    context: &'a Context,
    /// The API's root, its version included.
    root: String,
    retry: Retry,
}

impl<'a> Client<'a> {
    pub(crate) fn new(context: &'a Context) -> Result<Self> {
        let version = context.setting("api-version").unwrap_or(DEFAULT_API_VERSION);
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(wrong_setting("api-version", version));
        }
        Ok(Self {
            context,
            root: format!("{}/{version}", context.base_url(DEFAULT_BASE_URL)),
            retry: Retry::configured(context)?,
        })
    }

    /// A whole answer to `method`, such as `generateContent`.
    pub(crate) fn call(&self, model: &ModelPath, method: &str, body: &impl Serialize) -> Result<String> {
        self.send(Request::post(self.url(model, method)), body)?.text()
    }

    /// The answer to `streamGenerateContent`, yet to be read.
    pub(crate) fn stream(&self, model: &ModelPath, body: &impl Serialize) -> Result<sse::Stream> {
        let url = self.url(model, "streamGenerateContent");
        let response = self.send(Request::post(url).query("alt", "sse"), body)?;
        let content_type = response.header("content-type").unwrap_or_default();
        if content_type.starts_with("application/json") {
            // Whatever answers so did not understand that events were wanted, or has failed.
            let failure = error::parse(&response.text()?);
            return Err(match failure {
                Some(failure) => error::from_failure(&failure, None),
                None => Error::upstream("Gemini did not answer with a stream"),
            });
        }
        Ok(response.sse())
    }

    fn url(&self, model: &ModelPath, method: &str) -> String {
        format!("{}/{}:{method}", self.root, model.0)
    }

    fn send(&self, mut request: Request, body: &impl Serialize) -> Result<Response> {
        for (name, value) in &self.context.headers {
            if !OWN_HEADERS.contains(&&*name.to_ascii_lowercase()) {
                request = request.header(name, value);
            }
        }
        if let Some(traceparent) = &self.context.traceparent {
            request = request.header("traceparent", traceparent);
        }
        let response = request.json(body).retry(self.retry).send()?;
        if (200..300).contains(&response.status()) {
            return Ok(response);
        }
        Err(error::refined(Error::from_response(response)))
    }
}

/// A model's path below the API's root, as in `models/gemini-2.5-pro`.
#[derive(Debug)]
pub(crate) struct ModelPath(String);

impl ModelPath {
    /// Refuses every name that could say more in an address than a model: it comes from the client.
    pub(crate) fn new(model: &str) -> Result<Self> {
        let (collection, name) = match model.split_once('/') {
            Some((collection @ ("models" | "tunedModels"), name)) => (collection, name),
            _ => ("models", model),
        };
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_name = name.bytes().all(harmless) && !name.starts_with('.');
        if name.is_empty() || name.len() > MODEL_LIMIT || !is_name {
            return Err(Error::invalid_request("not the name of a Gemini model").param("model"));
        }
        Ok(Self(format!("{collection}/{name}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn wrong_setting(name: &str, value: &str) -> Error {
    Error::internal(format!("the deployment's setting `{name}` cannot be `{value}`"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_models_name_becomes_its_path() {
        for (model, path) in [
            ("gemini-2.5-pro", "models/gemini-2.5-pro"),
            ("models/gemma-4-31b-it", "models/gemma-4-31b-it"),
            ("tunedModels/my_own-1", "tunedModels/my_own-1"),
        ] {
            assert_eq!(ModelPath::new(model).unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_hostile_name_is_refused() {
        let long = "a".repeat(MODEL_LIMIT + 1);
        for model in [
            "",
            "..",
            ".",
            "models/",
            "models/..",
            "../x?key=",
            "a/b",
            "a?b",
            "a#b",
            "a:b",
            "a%2fb",
            "a b",
            "a\r\nx: y",
            "gémini",
            "models/models/a",
            "files/a",
            "a\\b",
            &long,
        ] {
            let error = ModelPath::new(model).unwrap_err();
            assert_eq!(error.param.as_deref(), Some("model"), "{model:?}");
        }
    }
}
