//! Ollama's API: chat and embeddings. A local server takes no key; where one comes with a request it has to be the right one.

mod chat;

use http::Method;
use serde_json::{Value, json};

use crate::behaviour::Behaviour;
use crate::incoming::Incoming;
use crate::reply::Reply;
use crate::seed::unit_vector;
use crate::text::tokens;

/// Numbers of a vector.
const DIMENSIONS: usize = 768;

/// A refusal: all that Ollama says is a string.
struct Failure(u16, String);

/// The answer to any request.
pub(crate) fn answer(incoming: &Incoming<'_>) -> Reply {
    route(incoming).unwrap_or_else(|failure| failure.reply())
}

/// The answer to a body over the limit.
pub(crate) fn too_large() -> Reply {
    Failure(413, "http: request body too large".into()).reply()
}

fn route(incoming: &Incoming<'_>) -> Result<Reply, Failure> {
    let key = incoming.header("authorization");
    if key.is_some_and(|key| key.strip_prefix("Bearer ") != Some(incoming.key)) {
        return Err(Failure(401, "unauthorized".into()));
    }
    if *incoming.method != Method::POST {
        return Err(Failure(405, "405 method not allowed".into()));
    }
    let body: Value = serde_json::from_slice(incoming.body).map_err(|error| Failure(400, error.to_string()))?;
    match incoming.path {
        "/api/chat" => chat::complete(&body, incoming.key),
        "/api/embed" => embed(&body),
        _ => Err(Failure(404, "404 page not found".into())),
    }
}

fn embed(body: &Value) -> Result<Reply, Failure> {
    let (model, _) = model(body)?;
    let texts: Option<Vec<&str>> = match body.get("input") {
        Some(Value::String(text)) => Some(vec![text]),
        Some(Value::Array(texts)) => texts.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let texts = texts.ok_or_else(|| Failure(400, "invalid input type".into()))?;
    let length = body.get("dimensions").and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    let length = length.map_or(DIMENSIONS, |length| length.min(DIMENSIONS));
    let vectors: Vec<_> = texts.iter().map(|text| unit_vector(text.as_bytes(), length)).collect();
    let counted: u64 = texts.iter().map(|text| tokens(text)).sum();
    let durations = json!({"total_duration": 14_143_917, "load_duration": 1_019_500});
    Ok(Reply::json(
        200,
        &json!({
            "model": model, "embeddings": vectors, "prompt_eval_count": counted,
            "total_duration": durations["total_duration"], "load_duration": durations["load_duration"],
        }),
    ))
}

/// The model's name and what it stands for.
fn model(body: &Value) -> Result<(&str, Behaviour), Failure> {
    let name = body.get("model").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure(400, "model is required".into()))?;
    match Behaviour::of(name) {
        Behaviour::Missing => Err(Failure(404, format!("model '{name}' not found"))),
        Behaviour::Fault(status) => Err(Failure(status, format!("the server says {status}"))),
        behaviour => Ok((name, behaviour)),
    }
}

impl Failure {
    fn reply(&self) -> Reply {
        let Failure(status, message) = self;
        let reply = Reply::json(*status, &json!({"error": message}));
        if *status == 429 { reply.header("retry-after", "2") } else { reply }
    }
}
