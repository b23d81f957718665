//! Anthropic over HTTP: one endpoint, its headers, its failures. The key is not here:
//! the host adds it. What the bodies mean is in `conversions`.

pub(crate) mod answer;
pub(crate) mod error;
pub(crate) mod fields;
pub(crate) mod request;

use caisson_sdk::Result;
use caisson_sdk::api::{Context, Error};
use caisson_sdk::http::{Request, Response};
use caisson_sdk::retry::Retry;

use request::MessagesRequest;

/// Where the API lives; what Anthropic's own SDK takes as its base URL.
pub(crate) const HOST: &str = "https://api.anthropic.com";
/// The version of the API that the wire types here follow.
pub(crate) const VERSION: &str = "2023-06-01";
/// Anthropic wants a cap on every answer; this is for requests without one.
pub(crate) const DEFAULT_MAX_TOKENS: u32 = 4_096;

/// Sends a request; a refusal is an error with what the provider said.
pub(crate) fn send(context: &Context, body: &MessagesRequest) -> Result<Response> {
    let mut request = Request::post(context.base_url(HOST) + "/v1/messages")
        .header("anthropic-version", context.setting("anthropic-version").unwrap_or(VERSION))
        .retry(Retry::configured(context)?)
        .json(body);
    if let Some(features) = beta_features(context) {
        request = request.header("anthropic-beta", &features);
    }
    if let Some(trace) = &context.traceparent {
        request = request.header("traceparent", trace);
    }
    let response = request.send()?;
    if response.status() >= 300 {
        return Err(error::of_response(response));
    }
    Ok(response)
}

/// The cap for requests that set none.
pub(crate) fn default_max_tokens(context: &Context) -> Result<u32> {
    let setting = "default-max-tokens";
    match context.setting(setting).map(str::trim) {
        None | Some("") => Ok(DEFAULT_MAX_TOKENS),
        Some(text) => {
            text.parse().map_err(|_| Error::internal(format!("setting {setting} is {text:?}, not a whole number")))
        }
    }
}

/// The deployment's features, and the client's where the deployment lets them pass.
fn beta_features(context: &Context) -> Option<String> {
    let both = [context.setting("anthropic-beta"), context.header("anthropic-beta")];
    let named: Vec<&str> = both.into_iter().flatten().filter(|names| !names.is_empty()).collect();
    (!named.is_empty()).then(|| named.join(","))
}
