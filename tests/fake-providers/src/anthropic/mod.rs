//! Anthropic's API: messages and models, in the versions 2023-06-01 and 2026-10-21. Strict, as the real
//! one is: a field that it does not know is an error.

mod blocks;
mod check;
mod error;
mod message;
mod stream;
mod turns;
mod version;

use http::Method;
use serde_json::{Value, json};

use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::seed;
use error::Failure;
use version::Version;

const MODELS: [(&str, &str); 2] =
    [("claude-sonnet-4-5-20250929", "Claude Sonnet 4.5"), ("claude-haiku-4-5-20251001", "Claude Haiku 4.5")];

/// The answer to any request.
pub(crate) fn answer(incoming: &Incoming<'_>) -> Reply {
    let request_id = seed::id("req_", incoming.seed());
    let reply = route(incoming).unwrap_or_else(|failure| failure.reply(&request_id));
    reply.header("request-id", &request_id)
}

/// The answer to a body over the limit.
pub(crate) fn too_large(seed: u64) -> Reply {
    let request_id = seed::id("req_", seed);
    Failure::new(413, "Request exceeds the maximum size").reply(&request_id).header("request-id", &request_id)
}

/// The signature that this provider puts on thinking text, and the only one it takes back with it.
pub fn thinking_signature(thinking: &str) -> String {
    seed::id("EqQBCgIYAh", seed::hash(&[b"thinking", thinking.as_bytes()])) + "=="
}

/// The API's version that the request names, where it also carries the key.
pub(crate) fn authorise(incoming: &Incoming<'_>) -> Result<Version, Failure> {
    let version = Version::of(incoming.header("anthropic-version"));
    match presented_key(incoming, version.as_ref().ok()) {
        None => Err(Failure::new(401, "x-api-key header is required")),
        Some(key) if key != incoming.key => Err(Failure::new(401, "invalid x-api-key")),
        Some(_) => version,
    }
}

/// `x-api-key` wins where both are there. The newer version's SDKs send the key as a bearer token; of an
/// adapter for the older one that is a mistake.
fn presented_key<'a>(incoming: &'a Incoming<'_>, version: Option<&Version>) -> Option<&'a str> {
    let bearer = || incoming.header("authorization")?.strip_prefix("Bearer ");
    incoming.header("x-api-key").or_else(|| bearer().filter(|_| version == Some(&Version::V2026)))
}

fn route(incoming: &Incoming<'_>) -> Result<Reply, Failure> {
    let version = authorise(incoming)?;
    let wanted = match incoming.path {
        "/v1/messages" => Method::POST,
        "/v1/models" => Method::GET,
        path if path.starts_with("/v1/models/") => Method::GET,
        _ => return Err(Failure::new(404, "Not Found")),
    };
    if *incoming.method != wanted {
        return Err(Failure::new(405, "Method Not Allowed"));
    }
    match incoming.path {
        "/v1/messages" => message::create(incoming, version, &json_body(incoming)?),
        "/v1/models" => Ok(Reply::json(200, &models())),
        path => {
            let id = path.strip_prefix("/v1/models/").unwrap_or_default();
            fail_if_faulty(known_model(id)?)?;
            Ok(Reply::json(200, &model(id, id)))
        }
    }
}

fn json_body(incoming: &Incoming<'_>) -> Result<Value, Failure> {
    if !incoming.is_json() {
        return Err(Failure::new(400, "content-type: must be application/json"));
    }
    let body: Value = serde_json::from_slice(incoming.body)
        .map_err(|error| Failure::new(400, format!("The request body is not valid JSON: {error}")))?;
    if body.is_object() { Ok(body) } else { Err(Failure::new(400, "Input should be a valid dictionary")) }
}

/// What the model's name stands for, unless it names no model.
fn known_model(id: &str) -> Result<Behaviour, Failure> {
    match Behaviour::of(id) {
        Behaviour::Missing => Err(Failure::new(404, format!("model: {id}"))),
        behaviour => Ok(behaviour),
    }
}

fn fail_if_faulty(behaviour: Behaviour) -> Result<(), Failure> {
    match behaviour {
        Behaviour::Fault(status) => Err(Failure::of_status(status)),
        _ => Ok(()),
    }
}

fn models() -> Value {
    let [(first, _), .., (last, _)] = MODELS;
    let data = MODELS.map(|(id, name)| model(id, name));
    json!({"data": data, "has_more": false, "first_id": first, "last_id": last})
}

fn model(id: &str, name: &str) -> Value {
    json!({"type": "model", "id": id, "display_name": name, "created_at": "2025-09-29T00:00:00Z"})
}
