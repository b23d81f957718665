//! OpenAI's wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::{Value, json};

use crate::client::{Answer, get, post, with_headers};

const CHAT: &str = "/v1/chat/completions";

fn chat(content: &str, rest: Value) -> Value {
    let mut body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": content}]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"type": "function", "function": {"name": "weather", "parameters": parameters}}])
}

async fn provider() -> FakeProvider {
    FakeProvider::start(Wire::OpenAi).await.unwrap()
}

async fn ask(body: Value) -> Answer {
    post(&provider().await, CHAT, &body).await
}

#[tokio::test]
async fn a_plain_answer_echoes_the_user_and_counts_tokens() {
    let answer = ask(chat("ahoy there", json!({}))).await;
    let body = answer.json();
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    assert!(answer.header("x-request-id").starts_with("req_"));
    assert_eq!(body["object"], "chat.completion");
    assert_eq!(body["choices"][0]["message"]["content"], "You said: ahoy there");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    let usage = &body["usage"];
    assert_eq!(usage["completion_tokens"], 4);
    let sum = usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
}

#[tokio::test]
async fn a_stream_has_the_role_first_then_text_finish_usage_and_done() {
    let answer = ask(chat("hi", json!({"stream": true, "stream_options": {"include_usage": true}}))).await;
    assert_eq!(answer.header("content-type"), "text/event-stream; charset=utf-8");
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
    let events = answer.events();
    assert_eq!(events[0]["choices"][0]["delta"], json!({"role": "assistant", "content": "", "refusal": null}));
    let deltas = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str());
    assert_eq!(deltas.collect::<String>(), "You said: hi");
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "stop");
    let last = events.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["completion_tokens"]), (&json!([]), &json!(3)));
    assert!(
        events[..events.len() - 1].iter().all(|event| event["usage"] == Value::Null && event.get("usage").is_some())
    );

    let without = ask(chat("hi", json!({"stream": true}))).await;
    assert!(without.events().iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn a_tool_is_called_whole_and_in_fragments_and_its_result_is_quoted() {
    let whole = ask(chat("how warm?", json!({"tools": weather()}))).await.json();
    let call = &whole["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"], json!({"name": "weather", "arguments": "{\"city\":\"Paris\"}"}));
    assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");

    let events = ask(chat("how warm?", json!({"tools": weather(), "stream": true}))).await.events();
    let deltas: Vec<&Value> = events.iter().map(|event| &event["choices"][0]["delta"]["tool_calls"][0]).collect();
    assert!(deltas[0]["id"].as_str().unwrap().starts_with("call_"));
    assert_eq!(deltas[0]["function"], json!({"name": "weather", "arguments": ""}));
    let fragments: Vec<&str> = deltas[1..].iter().filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
    assert!(fragments.len() > 2);
    assert_eq!(fragments.concat(), "{\"city\":\"Paris\"}");

    let mut body = chat("how warm?", json!({"tools": weather()}));
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(whole["choices"][0]["message"].clone());
    messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": "12 degrees"}));
    let answer = ask(body).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "The tool answered: 12 degrees");
}

#[tokio::test]
async fn tool_choice_decides_what_is_called() {
    let tools = json!([weather()[0], {"type": "custom", "custom": {"name": "shell"}}]);
    let message = async |choice: Value| {
        let body = ask(chat("x", json!({"tools": tools, "tool_choice": choice}))).await.json();
        body["choices"][0].clone()
    };
    assert_eq!(message(json!("none")).await["message"]["content"], "You said: x");
    let named = message(json!({"type": "custom", "custom": {"name": "shell"}})).await;
    let custom = json!({"name": "shell", "input": "free text for shell"});
    assert_eq!(named["message"]["tool_calls"][0]["custom"], custom);
    assert_eq!(named["finish_reason"], "stop", "a call that the request named");
}

#[tokio::test]
async fn several_choices_log_probabilities_and_length_are_served() {
    let rest = json!({"n": 2, "logprobs": true, "top_logprobs": 2, "max_tokens": 2});
    let body = ask(chat("one two", rest)).await.json();
    for (index, choice) in body["choices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(choice["index"], index);
        assert_eq!(choice["message"]["content"], "You said:");
        assert_eq!(choice["finish_reason"], "length");
        let logprobs = choice["logprobs"]["content"].as_array().unwrap();
        assert_eq!((logprobs.len(), logprobs[0]["top_logprobs"].as_array().unwrap().len()), (2, 2));
    }
    assert_eq!(body["choices"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn requests_that_openai_refuses_are_refused_with_their_param() {
    let provider = provider().await;
    let call = json!({"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let assistant = json!({"role": "assistant", "content": null, "tool_calls": [call]});
    let user = json!({"role": "user", "content": "x"});
    for (body, param) in [
        (json!({"messages": [user]}), Value::Null),
        (json!({"model": "m"}), json!("messages")),
        (json!({"model": "m", "messages": []}), json!("messages")),
        (json!({"model": "m", "messages": [{"role": "robot", "content": "x"}]}), json!("messages[0].role")),
        (json!({"model": "m", "messages": [{"role": "user", "content": 7}]}), json!("messages[0].content")),
        (
            json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image"}]}]}),
            json!("messages[0].content[0].type"),
        ),
        (json!({"model": "m", "messages": [assistant, user]}), json!("messages.[1].role")),
        (
            json!({"model": "m", "messages": [{"role": "tool", "tool_call_id": "c1", "content": "x"}]}),
            json!("messages[0].role"),
        ),
        (chat("x", json!({"temperature": 3})), json!("temperature")),
        (chat("x", json!({"stream_options": {"include_usage": true}})), json!("stream_options")),
        (chat("x", json!({"tools": [{"name": "f"}]})), json!("tools[0].type")),
        (chat("x", json!({"tool_choice": "auto"})), json!("tool_choice")),
        (chat("x", json!({"response_format": {"type": "json_schema"}})), json!("response_format.json_schema.name")),
    ] {
        let answer = post(&provider, CHAT, &body).await;
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status, &error["type"]), (400, &json!("invalid_request_error")), "{body}");
        assert_eq!(error["param"], param, "{body} {error}");
        assert!(error.get("code").is_some());
    }
    let unknown_field = post(&provider, CHAT, &chat("x", json!({"repetition_penalty": 1.1}))).await;
    assert_eq!(unknown_field.status, 200, "servers on this wire have fields of their own");
}

#[tokio::test]
async fn a_missing_key_and_a_wrong_one_are_401_in_openais_shape() {
    let provider = provider().await;
    let body = chat("x", json!({})).to_string();
    let json = ("content-type", "application/json");
    for (headers, code) in [
        (vec![json], Value::Null),
        (vec![json, ("authorization", "Bearer wrong")], json!("invalid_api_key")),
        (vec![json, ("authorization", "Bearer test-key2")], json!("invalid_api_key")),
        (vec![json, ("x-api-key", "test-key")], Value::Null),
    ] {
        let answer = with_headers(&provider, "POST", CHAT, &headers, &body).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &code), "{headers:?}");
    }
}

#[tokio::test]
async fn embeddings_are_unit_vectors_as_floats_or_base64() {
    let provider = provider().await;
    let embed = async |rest: Value| {
        let mut body = json!({"model": "text-embedding-3-small"});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        post(&provider, "/v1/embeddings", &body).await
    };
    let floats = embed(json!({"input": ["a", "b"], "dimensions": 8})).await.json();
    let vector = |body: &Value, index: usize| -> Vec<f32> {
        let values = body["data"][index]["embedding"].as_array().unwrap();
        values.iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let (first, second) = (vector(&floats, 0), vector(&floats, 1));
    assert_eq!(first.len(), 8);
    assert_ne!(first, second);
    assert!((first.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);

    let packed = embed(json!({"input": "a", "dimensions": 8, "encoding_format": "base64"})).await.json();
    let bytes = STANDARD.decode(packed["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let unpacked: Vec<f32> = bytes.chunks(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    assert_eq!(unpacked, first);

    assert_eq!(vector(&embed(json!({"input": [1, 2, 3]})).await.json(), 0).len(), 1536);
    for (refused, param) in [
        (json!({"input": []}), "input"),
        (json!({}), "input"),
        (json!({"input": "a", "dimensions": 4000}), "dimensions"),
        (json!({"input": "a", "encoding_format": "hex"}), "encoding_format"),
    ] {
        let answer = embed(refused).await;
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(param)));
    }
}

#[tokio::test]
async fn models_are_listed_and_found_but_for_missing_ones() {
    let provider = provider().await;
    let list = get(&provider, "/v1/models").await.json();
    assert_eq!(list["object"], "list");
    assert_eq!(list["data"][0]["object"], "model");
    assert_eq!(get(&provider, "/v1/models/gpt-4o-mini").await.json()["id"], "gpt-4o-mini");
    let missing = get(&provider, "/v1/models/missing-model").await;
    assert_eq!((missing.status, &missing.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(get(&provider, CHAT).await.status, 405);
    assert_eq!(get(&provider, "/v1/other").await.status, 404);
}

#[tokio::test]
async fn faults_come_in_openais_shape() {
    for (model, status, kind) in [
        ("fault-401", 401, "invalid_request_error"),
        ("fault-429", 429, "requests"),
        ("fault-500", 500, "server_error"),
        ("fault-529", 503, "server_error"),
    ] {
        let answer = ask(chat("x", json!({"model": model}))).await;
        assert_eq!((answer.status, &answer.json()["error"]["type"]), (status, &json!(kind)), "{model}");
        assert_eq!(answer.header("retry-after"), if status == 429 { "2" } else { "" });
    }
    let broken = ask(chat("x", json!({"model": "fault-midstream", "stream": true}))).await;
    assert_eq!(broken.events().last().unwrap()["error"]["type"], "server_error");
    assert!(!broken.text().contains("[DONE]"));
}

#[tokio::test]
async fn json_is_answered_where_json_is_asked_for() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    let body = ask(chat("x", json!({"response_format": format}))).await.json();
    assert_eq!(body["choices"][0]["message"]["content"], "{\"n\":1}");
}
