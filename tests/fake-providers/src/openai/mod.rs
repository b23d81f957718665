//! OpenAI's API: chat completions, embeddings and models. Unknown fields are let through, unlike at
//! the other two: many servers speak this wire with fields of their own.

mod chat;
mod check;
mod embeddings;
mod error;
mod messages;
mod stream;

use http::Method;
use serde_json::{Value, json};

use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::{Body, Reply};
use crate::seed;
use error::Failure;

/// A fixed time: the same request is answered with the same bytes.
pub(crate) const CREATED: u64 = 1_760_000_000;

const MODELS: [&str; 4] = ["gpt-4o-mini", "gpt-5-mini", "text-embedding-3-small", "text-embedding-3-large"];

/// The answer to any request.
pub(crate) fn answer(incoming: &Incoming<'_>) -> Reply {
    let reply = route(incoming).unwrap_or_else(|failure| failure.reply());
    marked(reply, incoming.seed())
}

/// The answer to a body over the limit.
pub(crate) fn too_large(seed: u64) -> Reply {
    marked(Failure::new(413, "The request body is too large.").reply(), seed)
}

/// Whether the request carries the key, and the answer where it doesn't.
pub(crate) fn authorise(incoming: &Incoming<'_>) -> Result<(), Failure> {
    match presented_key(incoming) {
        Some(key) if key == incoming.key => Ok(()),
        Some(key) => {
            let shown: String = key.chars().take(3).collect();
            Err(Failure::new(401, format!("Incorrect API key provided: {shown}***.")).code("invalid_api_key"))
        }
        None => Err(Failure::new(401, "No API key was provided in an Authorization: Bearer header.")),
    }
}

fn presented_key<'a>(incoming: &'a Incoming<'_>) -> Option<&'a str> {
    incoming.header("authorization")?.strip_prefix("Bearer ")
}

fn route(incoming: &Incoming<'_>) -> Result<Reply, Failure> {
    authorise(incoming)?;
    let unknown = || Failure::new(404, format!("Invalid URL ({} {})", incoming.method, incoming.path));
    let wanted = match incoming.path {
        "/v1/chat/completions" | "/v1/embeddings" => Method::POST,
        "/v1/models" => Method::GET,
        path if path.starts_with("/v1/models/") => Method::GET,
        _ => return Err(unknown()),
    };
    if *incoming.method != wanted {
        let message = format!("Not allowed to {} on {}.", incoming.method, incoming.path);
        return Err(Failure::new(405, message).code("method_not_supported"));
    }
    match incoming.path {
        "/v1/chat/completions" => chat::complete(incoming, &json_body(incoming)?),
        "/v1/embeddings" => embeddings::embed(&json_body(incoming)?),
        "/v1/models" => Ok(Reply::json(200, &json!({"object": "list", "data": MODELS.map(model)}))),
        path => {
            let id = path.strip_prefix("/v1/models/").unwrap_or_default();
            let behaviour = known_model(id)?;
            fail_if_faulty(behaviour)?;
            Ok(Reply::json(200, &model(id)))
        }
    }
}

fn json_body(incoming: &Incoming<'_>) -> Result<Value, Failure> {
    if !incoming.is_json() {
        return Err(Failure::new(400, "The content type must be application/json.").code("unsupported_content_type"));
    }
    serde_json::from_slice(incoming.body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Failure::new(400, "We could not parse the JSON body of your request."))
}

/// What the model's name stands for, unless it names no model.
fn known_model(id: &str) -> Result<Behaviour, Failure> {
    match Behaviour::of(id) {
        Behaviour::Missing => {
            let message = format!("The model `{id}` does not exist or you do not have access to it.");
            Err(Failure::new(404, message).code("model_not_found"))
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

fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": CREATED, "owned_by": "system"})
}

/// The headers that every answer has.
fn marked(reply: Reply, seed: u64) -> Reply {
    reply
        .header("x-request-id", &seed::id("req_", seed))
        .header("openai-version", "2020-10-01")
        .header("openai-processing-ms", "5")
}

fn json_reply(body: Body) -> Reply {
    Reply::typed(200, "application/json", body)
}
