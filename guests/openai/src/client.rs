//! The wire to the provider: addresses, headers, the deployment's settings, and which answers are
//! errors. It knows nothing of what is in a body.

use caisson_sdk::prelude::*;
use caisson_sdk::retry::Retry;
use caisson_sdk::{log, sse};

use crate::conversions::errors;

/// What OpenAI's own SDK takes for `base_url`.
const BASE_URL: &str = "https://api.openai.com/v1";
/// Headers of the connection and of the body, which are no client's to set.
const CONNECTION: [&str; 9] =
    ["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

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
            let error = Error::upstream("the provider did not answer with a stream");
            Error { body: Some(errors::excerpt(&answer)), ..error }
        }));
    }
    Ok(response.sse())
}

/// The setting `embedding-encoding`.
pub(crate) fn embedding_encoding(context: &Context) -> Result<&'static str> {
    match filled(context, "embedding-encoding") {
        None | Some("base64") => Ok("base64"),
        Some("float") => Ok("float"),
        Some(other) => Err(Error::internal(format!("setting embedding-encoding is {other:?}, not base64 or float"))),
    }
}

fn send(context: &Context, path: &str, body: Vec<u8>, accept: &str) -> Result<http::Response> {
    let url = format!("{}{path}", context.base_url(BASE_URL));
    let mut request = http::Request::post(url).retry(Retry::configured(context)?);
    if let Some(version) = filled(context, "api-version") {
        request = request.query("api-version", version);
    }
    for (name, value) in headers(context, accept) {
        request = request.header(name, value);
    }
    let response = request.body(body, "application/json").send()?;
    if (200..300).contains(&response.status()) {
        return Ok(response);
    }
    if let Some(id) = response.header("x-request-id") {
        log::warn(format!("status {} for the provider's request {id}", response.status()));
    }
    Err(errors::from_response(response))
}

/// The adapter's own headers, then those of the client's that don't contradict them.
fn headers<'a>(context: &'a Context, accept: &'a str) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("accept", Some(accept)),
        ("content-type", Some("application/json")),
        ("openai-organization", filled(context, "organization")),
        ("openai-project", filled(context, "project")),
        ("traceparent", context.traceparent.as_deref()),
    ];
    let mut headers: Vec<_> = own.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let own = headers.len();
    for (name, value) in &context.headers {
        let set = headers.iter().take(own).any(|(set, _)| set.eq_ignore_ascii_case(name));
        if !set && !CONNECTION.iter().any(|header| header.eq_ignore_ascii_case(name)) {
            headers.push((name, value));
        }
    }
    headers
}

/// A setting that isn't empty.
fn filled<'a>(context: &'a Context, setting: &str) -> Option<&'a str> {
    context.setting(setting).filter(|value| !value.is_empty())
}
