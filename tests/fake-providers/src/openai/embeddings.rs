//! `POST /v1/embeddings`: unit vectors that depend on the text alone, as floats or base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::check::{invalid_type, invalid_value, missing, model, optional};
use super::error::Failure;
use super::{fail_if_faulty, known_model};
use crate::reply::Reply;
use crate::seed::unit_vector;
use crate::text::tokens;

/// At most this many inputs in a request.
const MAX_INPUTS: usize = 2048;

pub(crate) fn embed(body: &Value) -> Result<Reply, Failure> {
    model(body)?;
    let inputs = inputs(body)?;
    optional(body, "dimensions", "an integer", Value::is_u64)?;
    optional(body, "user", "a string", Value::is_string)?;
    let base64 = match body.get("encoding_format") {
        None | Some(Value::Null) => false,
        Some(format) if format == "float" => false,
        Some(format) if format == "base64" => true,
        Some(_) => return Err(invalid_value("encoding_format", "'float' and 'base64'")),
    };
    let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
    fail_if_faulty(known_model(model)?)?;
    let full = if model.ends_with("-large") { 3072 } else { 1536 };
    let dimensions = match body.get("dimensions").and_then(Value::as_u64) {
        None => full,
        Some(wanted) if (1..=full).contains(&wanted) => wanted,
        Some(wanted) => {
            let message = format!("Invalid value for 'dimensions' = {wanted}. Must be between 1 and {full}.");
            return Err(Failure::new(400, message).param("dimensions"));
        }
    };
    let data = inputs.iter().enumerate().map(|(index, input)| {
        let vector = unit_vector(&input.bytes, dimensions as usize);
        let embedding = if base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        } else {
            json!(vector)
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<Value> = data.collect();
    let total: u64 = inputs.iter().map(|input| input.tokens).sum();
    let usage = json!({"prompt_tokens": total, "total_tokens": total});
    Ok(Reply::json(200, &json!({"object": "list", "data": data, "model": model, "usage": usage})))
}

struct Input {
    bytes: Vec<u8>,
    tokens: u64,
}

fn inputs(body: &Value) -> Result<Vec<Input>, Failure> {
    let expected = "a string, an array of strings, or arrays of token integers";
    let invalid = || invalid_type("input", expected);
    match body.get("input") {
        None | Some(Value::Null) => Err(missing("input")),
        Some(Value::String(text)) => Ok(vec![text_input(text)?]),
        Some(Value::Array(items)) if items.is_empty() || items.len() > MAX_INPUTS => {
            let message = format!("Invalid 'input': expected an array of 1 to {MAX_INPUTS} items.");
            Err(Failure::new(400, message).param("input"))
        }
        Some(Value::Array(items)) if items.iter().all(Value::is_u64) => Ok(vec![token_input(items)]),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => text_input(text),
                Value::Array(tokens) if !tokens.is_empty() && tokens.iter().all(Value::is_u64) => {
                    Ok(token_input(tokens))
                }
                _ => Err(invalid()),
            })
            .collect(),
        Some(_) => Err(invalid()),
    }
}

fn text_input(text: &str) -> Result<Input, Failure> {
    if text.is_empty() {
        return Err(Failure::new(400, "Invalid 'input': input cannot be an empty string.").param("input"));
    }
    Ok(Input { bytes: text.as_bytes().to_vec(), tokens: tokens(text) })
}

fn token_input(tokens: &[Value]) -> Input {
    let bytes = tokens.iter().filter_map(Value::as_u64).flat_map(u64::to_le_bytes).collect();
    Input { bytes, tokens: tokens.len() as u64 }
}
