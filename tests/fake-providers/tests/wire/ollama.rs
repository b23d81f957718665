//! Ollama's wire.

use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::{Value, json};

use crate::client::{post, with_headers};

const CHAT: &str = "/api/chat";

async fn provider() -> FakeProvider {
    FakeProvider::start(Wire::Ollama).await.unwrap()
}

fn chat(model: &str, rest: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "ahoy there"}]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn an_answer_is_lines_unless_the_request_says_otherwise() {
    let provider = provider().await;
    let whole = post(&provider, CHAT, &chat("qwen3", json!({"stream": false}))).await.json();
    assert_eq!((&whole["message"]["content"], &whole["done"]), (&json!("You said: ahoy there"), &json!(true)));
    assert!(whole["prompt_eval_count"].as_u64() > Some(0) && whole["eval_count"] == 4, "{whole}");

    let streamed = post(&provider, CHAT, &chat("qwen3", json!({}))).await;
    assert_eq!(streamed.header("content-type"), "application/x-ndjson");
    let text = String::from_utf8(streamed.body.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let words: String = lines.iter().map(|line| line["message"]["content"].as_str().unwrap()).collect();
    assert_eq!(words, "You said: ahoy there");
    assert!(lines.len() > 2 && lines.iter().filter(|line| line["done"] == true).count() == 1);
}

#[tokio::test]
async fn a_refusal_is_one_string_and_a_wrong_key_one() {
    let provider = provider().await;
    let limited = post(&provider, CHAT, &chat("fault-429", json!({}))).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "2"));
    assert!(limited.json()["error"].is_string());
    let body = chat("qwen3", json!({})).to_string();
    let wrong = with_headers(&provider, "POST", CHAT, &[("authorization", "Bearer x")], &body).await;
    assert_eq!(wrong.status, 401);
}
