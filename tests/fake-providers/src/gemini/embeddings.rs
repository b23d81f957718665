//! `:batchEmbedContents` and `:embedContent`: unit vectors that depend on the text alone.

use serde_json::{Value, json};

use super::error::Failure;
use super::fields::{field, invalid, items, list, message, simple, text};
use super::{fail_if_faulty, json_reply, known_model, parts};
use crate::reply::Reply;
use crate::seed::unit_vector;

/// As many as gemini-embedding-001 has.
const DIMENSIONS: u64 = 3072;
const MAX_REQUESTS: usize = 100;

pub(crate) fn batch(model: &str, body: &Value) -> Result<Reply, Failure> {
    message(body, "", &["requests"])?;
    let requests = list(body, "", "requests")?;
    if requests.is_empty() || requests.len() > MAX_REQUESTS {
        let message =
            format!("* BatchEmbedContentsRequest.requests: 1 to {MAX_REQUESTS} requests are allowed in a batch\n");
        return Err(Failure::new(400, message));
    }
    let embeddings = requests.iter().map(|(at, request)| {
        // In a batch each request names the model again, and the same one.
        if text(request, "model") != Some(&format!("models/{model}")) {
            let message = format!("* BatchEmbedContentsRequest.{at}.model: must be models/{model}\n");
            return Err(Failure::new(400, message));
        }
        embedding(request, at)
    });
    let embeddings = embeddings.collect::<Result<Vec<Value>, Failure>>()?;
    fail_if_faulty(known_model(model, "batchEmbedContents")?)?;
    Ok(json_reply(&json!({"embeddings": embeddings})))
}

pub(crate) fn single(model: &str, body: &Value) -> Result<Reply, Failure> {
    let embedding = embedding(body, "")?;
    fail_if_faulty(known_model(model, "embedContent")?)?;
    Ok(json_reply(&json!({"embedding": embedding})))
}

fn embedding(request: &Value, at: &str) -> Result<Value, Failure> {
    message(request, at, &["model", "content", "taskType", "title", "outputDimensionality"])?;
    simple(request, at, "model", "TYPE_STRING", Value::is_string)?;
    simple(request, at, "taskType", "TaskType", Value::is_string)?;
    let content = field(request, "content").unwrap_or(&Value::Null);
    let place = if at.is_empty() { "content".to_owned() } else { format!("{at}.content") };
    parts::content(content, &place)?;
    let dimensions = match field(request, "outputDimensionality") {
        None => DIMENSIONS,
        Some(wanted) => match wanted.as_u64() {
            Some(wanted) if (1..=DIMENSIONS).contains(&wanted) => wanted,
            _ => return Err(invalid(&format!("{at}.output_dimensionality"), "TYPE_INT32", wanted)),
        },
    };
    let texts: Vec<&str> = items(content, "parts").filter_map(|part| text(part, "text")).collect();
    Ok(json!({"values": unit_vector(texts.join("\n").as_bytes(), dimensions as usize)}))
}
