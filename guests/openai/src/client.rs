//! The wire to the provider: addresses, headers, the deployment's settings, and which answers are
//! errors. It knows nothing of what is in a body.

use std::time::Duration;

use caisson_sdk::prelude::*;
use caisson_sdk::retry::Retry;
use caisson_sdk::{log, sse};

use crate::conversions::errors;

/// What OpenAI's own SDK takes for `base_url`.
const BASE_URL: &str = "https://api.openai.com/v1";
/// Beyond this a request would outlive every client's patience.
const MOST_RETRIES: u32 = 10;
/// Headers that are this adapter's to set; the credential's are the host's.
const OWN_HEADERS: [&str; 4] = ["accept", "content-length", "content-type", "host"];

/// Sends a JSON body and gives the answer, which has a status in the 200s.
pub(crate) fn post(context: &Context, path: &str, body: Vec<u8>) -> Result<http::Response> {
    send(context, path, body, "application/json")
}

/// Sends a JSON body and gives the stream of server-sent events that answers it.
///
/// A server that answers with plain JSON instead has either failed or not understood `stream`.
pub(crate) fn open(context: &Context, path: &str, body: Vec<u8>) -> Result<sse::Stream> {
    let response = send(context, path, body, "text/event-stream")?;
    let is_json = response
        .header("content-type")
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"));
    if is_json {
        let answer = response.text()?;
        return Err(errors::in_answer(&answer).unwrap_or_else(|| {
            Error { body: Some(errors::excerpt(&answer)), ..Error::upstream("the provider did not answer with a stream") }
        }));
    }
    Ok(response.sse())
}

/// The setting `embedding-encoding`.
pub(crate) fn embedding_encoding(context: &Context) -> Result<&'static str> {
    match context.setting("embedding-encoding") {
        None | Some("base64") => Ok("base64"),
        Some("float") => Ok("float"),
        Some(other) => Err(misconfigured("embedding-encoding", other, "base64 or float")),
    }
}

fn send(context: &Context, path: &str, body: Vec<u8>, accept: &str) -> Result<http::Response> {
    let url = format!("{}{path}", context.base_url(BASE_URL));
    let mut request = http::Request::post(url)
        .header("accept", accept)
        .body(body, "application/json")
        .retry(retry(context)?);
    if let Some(version) = context.setting("api-version") {
        request = request.query("api-version", version);
    }
    for (setting, header) in [("organization", "openai-organization"), ("project", "openai-project")] {
        if let Some(value) = context.setting(setting) {
            request = request.header(header, value);
        }
    }
    if let Some(trace) = &context.traceparent {
        request = request.header("traceparent", trace);
    }
    for (name, value) in &context.headers {
        if !OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    let response = request.send()?;
    if (200..300).contains(&response.status()) {
        return Ok(response);
    }
    if let Some(id) = response.header("x-request-id") {
        log::warn(format!("status {} for the provider's request {id}", response.status()));
    }
    Err(errors::from_response(response))
}

fn retry(context: &Context) -> Result<Retry> {
    let times = match context.setting("max-retries") {
        None => 0,
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|times| *times <= MOST_RETRIES)
            .ok_or_else(|| misconfigured("max-retries", text, "a number from 0 to 10"))?,
    };
    Ok(Retry::times(times).within(Duration::from_millis(context.timeout_ms.into())))
}

fn misconfigured(setting: &str, value: &str, takes: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("setting {setting} is {value:?}, but takes {takes}"))
}
