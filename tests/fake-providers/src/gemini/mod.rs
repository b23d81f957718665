//! Gemini's API (`v1beta`, and `v1`, which its newest SDKs ask for): generateContent and its stream,
//! embeddings and models. Strict, as the real one is: a field that it does not know is an error. Like
//! every Google API it takes the names of fields in camelCase and in snake_case.

mod check;
mod content;
mod embeddings;
mod error;
mod fields;
mod parts;
mod schema;

use http::Method;
use serde_json::{Value, json};

use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::{Body, Reply};
use error::Failure;

const JSON: &str = "application/json; charset=UTF-8";
const MODELS: [(&str, &[&str]); 3] = [
    ("gemini-2.5-flash", &["generateContent", "countTokens"]),
    ("gemini-3-flash-preview", &["generateContent", "countTokens"]),
    ("gemini-embedding-001", &["embedContent", "batchEmbedContents"]),
];

/// The answer to any request.
pub(crate) fn answer(incoming: &Incoming<'_>) -> Reply {
    let reply = match route(incoming) {
        Some(Ok(reply)) => reply,
        Some(Err(failure)) => failure.reply(),
        None => not_found(incoming.path),
    };
    reply.header("x-content-type-options", "nosniff").header("vary", "Origin")
}

/// The answer to a body over the limit.
pub(crate) fn too_large() -> Reply {
    Failure::new(400, "Request payload size exceeds the limit: 33554432 bytes.").reply()
}

/// Whether the request carries the key, in its header or its query, and the answer where it doesn't.
/// A missing key is a 403 and a wrong one a 400, as at Google.
pub(crate) fn authorise(incoming: &Incoming<'_>) -> Result<(), Failure> {
    match presented_key(incoming) {
        None => Err(Failure::new(403, "The request carries no API key and no other identity of its caller.")),
        Some(key) if key != incoming.key => Err(Failure::invalid_key()),
        Some(_) => Ok(()),
    }
}

fn presented_key<'a>(incoming: &'a Incoming<'_>) -> Option<&'a str> {
    incoming.header("x-goog-api-key").or_else(|| incoming.query("key"))
}

/// None where Google's front end knows no such address.
fn route(incoming: &Incoming<'_>) -> Option<Result<Reply, Failure>> {
    let path = incoming.path.strip_prefix("/v1beta/").or_else(|| incoming.path.strip_prefix("/v1/"))?;
    let path = path.strip_prefix("models")?;
    if path.is_empty() || (*incoming.method == Method::GET && !path.contains(':')) {
        let name = path.strip_prefix('/').unwrap_or_default();
        return (*incoming.method == Method::GET).then(|| authorise(incoming).and_then(|()| models(name)));
    }
    let (model, call) = path.strip_prefix('/')?.rsplit_once(':')?;
    if *incoming.method != Method::POST {
        return None;
    }
    let known = ["generateContent", "streamGenerateContent", "batchEmbedContents", "embedContent"];
    known.contains(&call).then(|| run(incoming, model, call))
}

fn run(incoming: &Incoming<'_>, model: &str, call: &str) -> Result<Reply, Failure> {
    authorise(incoming)?;
    let body = json_body(incoming)?;
    match call {
        "batchEmbedContents" => embeddings::batch(model, &body),
        "embedContent" => embeddings::single(model, &body),
        _ => content::generate(incoming, model, &body, call == "streamGenerateContent"),
    }
}

fn json_body(incoming: &Incoming<'_>) -> Result<Value, Failure> {
    let invalid = || Failure::new(400, "Invalid JSON payload received. The body is not a JSON object.");
    if !incoming.is_json() {
        return Err(invalid());
    }
    serde_json::from_slice(incoming.body).ok().filter(Value::is_object).ok_or_else(invalid)
}

/// What the model's name stands for, unless it names no model.
fn known_model(model: &str, method: &str) -> Result<Behaviour, Failure> {
    match Behaviour::of(model) {
        Behaviour::Missing => {
            let message =
                format!("models/{model} is not found for API version v1beta, or is not supported for {method}.");
            Err(Failure::new(404, message))
        }
        behaviour => Ok(behaviour),
    }
}

fn fail_if_faulty(behaviour: Behaviour) -> Result<(), Failure> {
    match behaviour {
        Behaviour::Fault(status) => Err(Failure::of_status(status)),
        _ => Ok(()),
    }
}

fn models(name: &str) -> Result<Reply, Failure> {
    if name.is_empty() {
        return Ok(json_reply(&json!({"models": MODELS.map(|(name, methods)| model(name, methods))})));
    }
    fail_if_faulty(known_model(name, "generateContent")?)?;
    let methods = MODELS.iter().find(|(known, _)| *known == name).map_or(MODELS[0].1, |(_, methods)| methods);
    Ok(json_reply(&model(name, methods)))
}

fn model(name: &str, methods: &[&str]) -> Value {
    json!({
        "name": format!("models/{name}"),
        "version": "001",
        "displayName": name,
        "description": "A fake model",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": methods,
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2
    })
}

/// Indented, as Google's answers are.
fn json_reply(value: &Value) -> Reply {
    Reply::typed(200, JSON, Body::Whole(format!("{value:#}\n").into()))
}

/// Addresses outside the API are answered with a page, not with JSON.
fn not_found(path: &str) -> Reply {
    let shown: String = path.chars().filter(|c| !"<>&\"".contains(*c)).take(200).collect();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n\
         <p>The requested URL <code>{shown}</code> was not found on this server.\n"
    );
    Reply::typed(404, "text/html; charset=UTF-8", Body::Whole(page.into()))
}
