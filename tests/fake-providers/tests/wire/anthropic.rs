//! Anthropic's wire.

use caisson_fake_providers::{FakeProvider, Wire, thinking_signature};
use serde_json::{Value, json};

use crate::client::{Answer, get, post, with_headers};

const MESSAGES: &str = "/v1/messages";

fn body(messages: Value, rest: Value) -> Value {
    let mut body = json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": messages});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

fn weather() -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    json!([{"name": "weather", "input_schema": schema}])
}

async fn provider() -> FakeProvider {
    FakeProvider::start(Wire::Anthropic).await.unwrap()
}

async fn ask(body: Value) -> Answer {
    post(&provider().await, MESSAGES, &body).await
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_plain_answer_echoes_the_user_and_counts_tokens() {
    let answer = ask(body(user("ahoy"), json!({}))).await;
    let message = answer.json();
    assert!(answer.header("request-id").starts_with("req_"));
    assert_eq!((&message["type"], &message["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(message["content"], json!([{"type": "text", "text": "You said: ahoy"}]));
    assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("end_turn"), &Value::Null));
    assert_eq!(message["usage"]["output_tokens"], 3);
    assert_eq!(message["usage"]["cache_read_input_tokens"], 0);
}

#[tokio::test]
async fn a_stream_has_every_event_in_order_with_its_name() {
    let answer = ask(body(user("hi"), json!({"stream": true}))).await;
    let events = answer.events();
    let expected = [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types(&events), expected);
    let text = answer.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, expected);
    assert_eq!(events[0]["message"]["content"], json!([]));
    assert_eq!(events[0]["message"]["stop_reason"], Value::Null);
    assert_eq!(events[7]["delta"]["stop_reason"], "end_turn");
    assert_eq!(events[7]["usage"]["output_tokens"], 3);
}

#[tokio::test]
async fn thinking_comes_first_with_a_signature_and_is_taken_back_with_that_alone() {
    let thinking = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048});
    let events = ask(body(user("hi"), {
        let mut t = thinking.clone();
        t["stream"] = json!(true);
        t
    }))
    .await
    .events();
    assert_eq!(events[1]["content_block"], json!({"type": "thinking", "thinking": "", "signature": ""}));
    let block = events.iter().filter(|event| event["index"] == 0);
    let thought: String = block.clone().filter_map(|event| event["delta"]["thinking"].as_str()).collect();
    let signature: String = block.filter_map(|event| event["delta"]["signature"].as_str()).collect();
    assert_eq!(signature, thinking_signature(&thought));
    let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(text, "You said: hi");

    let with_history = |signature: &str| {
        let block = json!({"type": "thinking", "thinking": thought, "signature": signature});
        let assistant = json!({"role": "assistant", "content": [block, {"type": "text", "text": "You said: hi"}]});
        body(json!([user("hi")[0], assistant, user("and?")[0]]), thinking.clone())
    };
    assert_eq!(ask(with_history(&signature)).await.status, 200);
    let refused = ask(with_history("forged")).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("messages.1.content.0"));
}

#[tokio::test]
async fn a_tool_is_called_in_fragments_and_its_result_is_quoted() {
    let events = ask(body(user("how warm?"), json!({"tools": weather(), "stream": true}))).await.events();
    let start = &events[1]["content_block"];
    assert_eq!((&start["type"], &start["input"]), (&json!("tool_use"), &json!({})));
    let fragments: Vec<&str> = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str()).collect();
    assert!(fragments.len() > 3);
    assert_eq!((fragments[0], fragments.concat().as_str()), ("", "{\"city\":\"Paris\"}"));
    let stop = events.iter().find(|event| event["type"] == "message_delta").unwrap();
    assert_eq!(stop["delta"]["stop_reason"], "tool_use");

    let call = json!({"type": "tool_use", "id": start["id"], "name": "weather", "input": {"city": "Paris"}});
    let result =
        json!({"type": "tool_result", "tool_use_id": start["id"], "content": [{"type": "text", "text": "12"}]});
    let history = |second: Value| json!([user("how warm?")[0], {"role": "assistant", "content": [call]}, {"role": "user", "content": second}]);
    let quoted = ask(body(history(json!([result])), json!({"tools": weather()}))).await.json();
    assert_eq!(quoted["content"][0]["text"], "The tool answered: 12");

    let unanswered = json!([user("how warm?")[0], {"role": "assistant", "content": [call]}]);
    assert_eq!(ask(body(unanswered, json!({"tools": weather()}))).await.status, 400);
    let text = json!({"type": "text", "text": "first"});
    for wrong in [json!("no result"), json!([text, result])] {
        let refused = ask(body(history(wrong), json!({"tools": weather()}))).await;
        assert!(refused.json()["error"]["message"].as_str().unwrap().contains("`tool_use` ids were found without"));
    }
}

#[tokio::test]
async fn a_tool_loop_with_thinking_has_to_keep_its_thinking() {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}});
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": thinking_signature("hm")});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "12"});
    let with = |blocks: Value| {
        let rest =
            json!({"tools": weather(), "max_tokens": 2048, "thinking": {"type": "enabled", "budget_tokens": 1024}});
        let turns =
            json!([user("x")[0], {"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]);
        body(turns, rest)
    };
    assert_eq!(ask(with(json!([thought, call]))).await.status, 200);
    assert_eq!(ask(with(json!([call]))).await.status, 400);
}

#[tokio::test]
async fn requests_that_anthropic_refuses_are_refused_with_the_path() {
    let provider = provider().await;
    let part = |part: Value| json!([{"role": "user", "content": [part]}]);
    let image = |source: Value| part(json!({"type": "image", "source": source}));
    for (request, path) in [
        (json!({"model": "m", "messages": user("x")}), "max_tokens: Field required"),
        (json!({"model": "m", "max_tokens": 5}), "messages: Field required"),
        (body(user("x"), json!({"n": 1})), "n: Extra inputs"),
        (body(user("x"), json!({"max_tokens": -1})), "max_tokens: "),
        (body(json!([]), json!({})), "messages: at least one"),
        (body(json!([{"role": "system", "content": "x"}]), json!({})), "messages: Unexpected role"),
        (body(json!([{"role": "tool", "content": "x"}]), json!({})), "messages.0.role: "),
        (body(json!([{"role": "user", "content": ""}]), json!({})), "messages.0: "),
        (body(json!([{"role": "user", "content": "x", "name": "n"}]), json!({})), "messages.0.name: Extra"),
        (body(part(json!({"type": "text", "text": ""})), json!({})), "messages.0.content.0: text content"),
        (body(part(json!({"type": "image_url", "image_url": {"url": "x"}})), json!({})), "messages.0.content.0: "),
        (
            body(part(json!({"type": "text", "text": "x", "index": 0})), json!({})),
            "messages.0.content.0.text.index: Extra",
        ),
        (
            body(image(json!({"type": "base64", "media_type": "image/bmp", "data": "AAAA"})), json!({})),
            "messages.0.content.0.image.source.base64.media_type",
        ),
        (
            body(image(json!({"type": "base64", "media_type": "image/png", "data": "data:x"})), json!({})),
            "messages.0.content.0.image.source.base64.data",
        ),
        (
            body(part(json!({"type": "tool_result", "tool_use_id": "t"})), json!({})),
            "messages.0: unexpected `tool_use_id`",
        ),
        (
            body(json!([user("x")[0], {"role": "assistant", "content": "and "}]), json!({})),
            "messages: final assistant content",
        ),
        (body(user("x"), json!({"temperature": 1.5})), "temperature: "),
        (
            body(user("x"), json!({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]})),
            "tools.0.custom.name: ",
        ),
        (
            body(user("x"), json!({"tools": [{"name": "a", "parameters": {}}]})),
            "tools.0.custom.input_schema: Field required",
        ),
        (body(user("x"), json!({"tools": [{"name": "a", "input_schema": {}}]})), "tools.0.custom.input_schema.type: "),
        (body(user("x"), json!({"tools": weather(), "tool_choice": "auto"})), "tool_choice.type: "),
        (
            body(user("x"), json!({"tools": weather(), "tool_choice": {"type": "tool", "name": "b"}})),
            "tool_choice: Tool 'b'",
        ),
        (
            body(user("x"), json!({"thinking": {"type": "enabled", "budget_tokens": 1024}})),
            "`max_tokens` must be greater",
        ),
        (body(user("x"), json!({"stop_sequences": [" "]})), "stop_sequences: "),
        (body(user("x"), json!({"metadata": {"team": "a"}})), "metadata.team: Extra"),
        (body(user("x"), json!({"system": [{"text": "x"}]})), "system.0.type: "),
    ] {
        let answer = post(&provider, MESSAGES, &request).await;
        let error = answer.json();
        assert_eq!((answer.status, &error["type"]), (400, &json!("error")), "{request}");
        assert_eq!(error["error"]["type"], "invalid_request_error", "{request}");
        assert!(error["error"]["message"].as_str().unwrap().starts_with(path), "{request} {error}");
        assert!(error["request_id"].as_str().unwrap().starts_with("req_"));
    }
}

#[tokio::test]
async fn what_anthropic_takes_is_taken() {
    let provider = provider().await;
    let image = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}});
    let consecutive = json!([user("one")[0], user("two")[0]]);
    let cached = json!([{"type": "text", "text": "12345678", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]);
    for (request, text) in [
        (
            body(json!([{"role": "user", "content": [image, {"type": "text", "text": "what?"}]}]), json!({})),
            "You said: [image/png] what?",
        ),
        (body(consecutive, json!({})), "You said: one two"),
        (
            body(user("x"), json!({"system": cached, "temperature": 1, "top_k": 5, "metadata": {"user_id": "u"}})),
            "You said: x",
        ),
        (body(user("x"), json!({"tools": weather(), "tool_choice": {"type": "none"}})), "You said: x"),
        (body(user("x y"), json!({"stop_sequences": [" y"]})), "You said: x"),
    ] {
        let answer = post(&provider, MESSAGES, &request).await.json();
        assert_eq!(answer["content"][0]["text"], text, "{request} {answer}");
        if request.get("system").is_some() {
            assert_eq!(answer["usage"]["cache_read_input_tokens"], 2);
        }
        if request.get("stop_sequences").is_some() {
            assert_eq!((&answer["stop_reason"], &answer["stop_sequence"]), (&json!("stop_sequence"), &json!(" y")));
        }
    }
}

#[tokio::test]
async fn the_key_and_the_version_are_required() {
    let provider = provider().await;
    let request = body(user("x"), json!({})).to_string();
    let (json, key, version) =
        (("content-type", "application/json"), ("x-api-key", "test-key"), ("anthropic-version", "2023-06-01"));
    for (headers, status, kind) in [
        (vec![json, version], 401, "authentication_error"),
        (vec![json, version, ("x-api-key", "wrong")], 401, "authentication_error"),
        (vec![json, version, ("authorization", "Bearer test-key")], 401, "authentication_error"),
        (vec![json, key], 400, "invalid_request_error"),
        (vec![json, key, ("anthropic-version", "latest")], 400, "invalid_request_error"),
        (vec![key, version], 400, "invalid_request_error"),
        (
            vec![json, ("anthropic-version", "2026-10-21"), ("authorization", "Bearer wrong")],
            401,
            "authentication_error",
        ),
    ] {
        let answer = with_headers(&provider, "POST", MESSAGES, &headers, &request).await;
        assert_eq!((answer.status, &answer.json()["error"]["type"]), (status, &json!(kind)), "{headers:?}");
    }
}

#[tokio::test]
async fn the_newer_version_takes_a_bearer_key_and_refuses_what_it_dropped() {
    let provider = provider().await;
    let json = ("content-type", "application/json");
    let (newer, bearer) = (("anthropic-version", "2026-10-21"), ("authorization", "Bearer test-key"));
    let document = json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}});
    let cited = json!({"type": "text", "text": "x", "citations": [{"type": "char_location"}]});
    for (request, message) in [
        (body(user("x"), json!({})), None),
        (body(user("x"), json!({"temperature": 1})), Some("temperature: Extra inputs")),
        (body(user("x"), json!({"top_k": 1})), Some("top_k: Extra inputs")),
        (
            body(json!([user("x")[0], {"role": "assistant", "content": [document]}]), json!({})),
            Some("messages.1.content.0"),
        ),
        (body(json!([{"role": "user", "content": [cited]}]), json!({})), Some("messages.0.content.0")),
    ] {
        let answer = with_headers(&provider, "POST", MESSAGES, &[json, newer, bearer], &request.to_string()).await;
        assert_eq!(answer.status, if message.is_some() { 400 } else { 200 }, "{request}");
        if let Some(message) = message {
            assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with(message), "{request}");
        }
        assert_eq!(post(&provider, MESSAGES, &request).await.status, 200, "2023-06-01 takes {request}");
    }
}

#[tokio::test]
async fn faults_and_stop_reasons_come_in_anthropics_shape() {
    for (model, status, kind) in [
        ("fault-401", 401, "authentication_error"),
        ("fault-429", 429, "rate_limit_error"),
        ("fault-500", 500, "api_error"),
        ("fault-529", 529, "overloaded_error"),
        ("missing", 404, "not_found_error"),
    ] {
        let answer = ask(body(user("x"), json!({"model": model}))).await;
        assert_eq!((answer.status, &answer.json()["error"]["type"]), (status, &json!(kind)), "{model}");
        assert_eq!(answer.header("retry-after"), if status == 429 { "2" } else { "" });
    }
    for (rest, reason) in [(json!({"max_tokens": 2}), "max_tokens"), (json!({"model": "refused"}), "refusal")] {
        assert_eq!(ask(body(user("x"), rest)).await.json()["stop_reason"], reason);
    }
    let broken = ask(body(user("x"), json!({"model": "fault-midstream", "stream": true}))).await;
    assert!(broken.text().contains("event: error\ndata: "));
    assert_eq!(broken.events().last().unwrap()["error"]["type"], "overloaded_error");
    let redacted =
        json!({"model": "redacted", "max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 1024}});
    assert_eq!(ask(body(user("x"), redacted)).await.json()["content"][0]["type"], "redacted_thinking");
}

#[tokio::test]
async fn models_are_listed() {
    let list = get(&provider().await, "/v1/models").await.json();
    assert_eq!((&list["data"][0]["type"], &list["has_more"]), (&json!("model"), &json!(false)));
    assert_eq!(list["first_id"], list["data"][0]["id"]);
}
