//! Gemini's wire.

use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::{Value, json};

use crate::client::{Answer, get, post, with_headers};

fn body(text: &str, rest: Value) -> Value {
    let mut body = json!({"contents": [{"role": "user", "parts": [{"text": text}]}]});
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

fn weather() -> Value {
    let parameters = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]});
    json!([{"functionDeclarations": [{"name": "weather", "parameters": parameters}]}])
}

async fn provider() -> FakeProvider {
    FakeProvider::start(Wire::Gemini).await.unwrap()
}

async fn ask(model: &str, body: Value) -> Answer {
    post(&provider().await, &format!("/v1beta/models/{model}:generateContent"), &body).await
}

async fn stream(model: &str, body: Value) -> Answer {
    post(&provider().await, &format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"), &body).await
}

#[tokio::test]
async fn a_plain_answer_echoes_the_user_and_counts_tokens() {
    let answer = ask("gemini-2.5-flash", body("ahoy", json!({}))).await;
    assert_eq!(answer.header("content-type"), "application/json; charset=UTF-8");
    let response = answer.json();
    let candidate = &response["candidates"][0];
    assert_eq!(candidate["content"], json!({"parts": [{"text": "You said: ahoy"}], "role": "model"}));
    assert_eq!((&candidate["finishReason"], &candidate["index"]), (&json!("STOP"), &json!(0)));
    let usage = &response["usageMetadata"];
    assert_eq!(usage["candidatesTokenCount"], 3);
    assert_eq!(usage["totalTokenCount"], usage["promptTokenCount"].as_u64().unwrap() + 3);
    assert_eq!(response["modelVersion"], "gemini-2.5-flash");
}

#[tokio::test]
async fn a_stream_is_responses_with_usage_between_crlf() {
    let answer = stream("gemini-2.5-flash", body("hi", json!({}))).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    let text = answer.text();
    assert!(text.ends_with("\r\n\r\n") && !text.replace("\r\n", "").contains('\n'), "{text}");
    let events = answer.events();
    let said: String =
        events.iter().filter_map(|event| event.pointer("/candidates/0/content/parts/0/text")?.as_str()).collect();
    assert_eq!(said, "You said: hi");
    let finishes: Vec<bool> = events.iter().map(|event| event["candidates"][0].get("finishReason").is_some()).collect();
    assert_eq!(finishes, [false, false, true]);
    assert!(events.iter().all(|event| event["usageMetadata"]["promptTokenCount"].is_u64()));

    let array =
        post(&provider().await, "/v1beta/models/gemini-2.5-flash:streamGenerateContent", &body("hi", json!({}))).await;
    assert_eq!(array.json().as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn thoughts_come_first_marked_and_signed() {
    let config = json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true}}});
    let response = ask("gemini-2.5-flash", body("hi", config.clone())).await.json();
    let parts = &response["candidates"][0]["content"]["parts"];
    assert_eq!(parts[0]["thought"], true);
    assert!(parts[0]["thoughtSignature"].is_string());
    assert_eq!(parts[1]["text"], "You said: hi");
    assert!(response["usageMetadata"]["thoughtsTokenCount"].as_u64().unwrap() > 0);
    let events = stream("gemini-2.5-flash", body("hi", config)).await.events();
    assert_eq!(events[0]["candidates"][0]["content"]["parts"][0]["thought"], true);
}

#[tokio::test]
async fn a_function_is_called_and_its_response_quoted() {
    let tools = json!({"tools": weather()});
    let call =
        ask("gemini-2.5-flash", body("how warm?", tools.clone())).await.json()["candidates"][0]["content"].clone();
    assert_eq!(call["parts"][0]["functionCall"], json!({"name": "weather", "args": {"city": "Paris"}}));
    let events = stream("gemini-2.5-flash", body("how warm?", tools.clone())).await.events();
    assert_eq!((events.len(), &events[0]["candidates"][0]["content"]), (1, &call));

    let mut next = body("how warm?", tools);
    let response = json!({"functionResponse": {"name": "weather", "response": {"result": "12"}}});
    next["contents"].as_array_mut().unwrap().extend([call, json!({"role": "user", "parts": [response]})]);
    let quoted = ask("gemini-2.5-flash", next.clone()).await.json();
    assert_eq!(quoted["candidates"][0]["content"]["parts"][0]["text"], "The tool answered: 12");
    next["contents"].as_array_mut().unwrap().pop();
    assert_eq!(ask("gemini-2.5-flash", next).await.status, 400, "a call that nothing answers");
}

#[tokio::test]
async fn gemini_three_wants_its_signature_back() {
    let tools = json!({"tools": weather()});
    let call = ask("gemini-3-flash-preview", body("x", tools.clone())).await.json()["candidates"][0]["content"].clone();
    assert!(call["parts"][0]["thoughtSignature"].is_string() && call["parts"][0]["functionCall"]["id"].is_string());
    let response =
        json!({"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"output": "12"}}}]});
    let with = |call: &Value| {
        let mut next = body("x", tools.clone());
        next["contents"].as_array_mut().unwrap().extend([call.clone(), response.clone()]);
        next
    };
    assert_eq!(ask("gemini-3-flash-preview", with(&call)).await.status, 200);
    let mut unsigned = call.clone();
    unsigned["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    let refused = ask("gemini-3-flash-preview", with(&unsigned)).await;
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("thought_signature"));
    assert_eq!(ask("gemini-2.5-flash", with(&unsigned)).await.status, 200);
}

#[tokio::test]
async fn requests_that_gemini_refuses_are_refused_with_the_place() {
    let provider = provider().await;
    let part = |part: Value| json!({"contents": [{"role": "user", "parts": [part]}]});
    let declared = |function: Value| body("x", json!({"tools": [{"functionDeclarations": [function]}]}));
    let typed = |parameters: Value| declared(json!({"name": "f", "parameters": parameters}));
    let config = |config: Value| body("x", json!({"generationConfig": config}));
    for (request, place) in [
        (json!({}), "contents is not specified"),
        (json!({"contents": [{"role": "user", "parts": []}]}), "contents[0].parts: contents.parts must not be empty"),
        (json!({"contents": [{"role": "user"}]}), "contents[0].parts: contents.parts must not be empty"),
        (json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), "valid role: user, model"),
        (body("x", json!({"messages": []})), "Unknown name \"messages\": Cannot find field"),
        (part(json!({"type": "text", "text": "x"})), "Unknown name \"type\" at 'contents[0].parts[0]'"),
        (part(json!({"thought": true})), "contents[0].parts[0].data: required oneof"),
        (part(json!({"text": "x", "inlineData": {"mimeType": "image/png", "data": "AAAA"}})), "(oneof)"),
        (part(json!({"inlineData": {"mimeType": "image/png", "data": "data:image/png"}})), "inline_data.data"),
        (part(json!({"functionResponse": {"name": "f", "response": "12"}})), "function_response.response"),
        (config(json!({"max_tokens": 5})), "Unknown name \"max_tokens\" at 'generation_config'"),
        (config(json!({"temperature": 3})), "generation_config.temperature"),
        (config(json!({"maxOutputTokens": "5"})), "generation_config.max_output_tokens"),
        (config(json!({"responseSchema": {"type": "STRING"}})), "response_schema"),
        (config(json!({"thinkingConfig": {"budget": 1}})), "thinking_config"),
        (declared(json!({"name": "a b"})), "function_declarations[0].name"),
        (
            declared(json!({"name": "f", "strict": true})),
            "Unknown name \"strict\" at 'tools[0].function_declarations[0]'",
        ),
        (typed(json!({"type": "object", "properties": {"a": {"type": "string", "const": 1}}})), "properties[0].value"),
        (
            typed(json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": false})),
            "additionalProperties",
        ),
        (typed(json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}})), ".type"),
        (typed(json!({"type": "object", "properties": {}})), "should be non-empty for OBJECT type"),
        (typed(json!({"type": "object", "properties": {"a": {"type": "array"}}})), "items: missing field"),
        (body("x", json!({"toolConfig": {"functionCallingConfig": {"mode": "any"}}})), "function_calling_config.mode"),
    ] {
        let answer = post(&provider, "/v1beta/models/gemini-2.5-flash:generateContent", &request).await;
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, &error["code"], &error["status"]),
            (400, &json!(400), &json!("INVALID_ARGUMENT")),
            "{request}"
        );
        assert!(error["message"].as_str().unwrap().contains(place), "{request} {error}");
    }
}

#[tokio::test]
async fn what_gemini_takes_is_taken() {
    let provider = provider().await;
    let image = json!({"inline_data": {"mime_type": "image/png", "data": "AAAA"}});
    let free = json!({"type": "object", "properties": {}, "additionalProperties": false});
    for (request, text) in [
        (json!({"contents": [{"parts": [image, {"text": "what?"}]}]}), "You said: [image/png] what?"),
        (body("x", json!({"system_instruction": {"parts": [{"text": "be kind"}]}})), "You said: x"),
        (body("x", json!({"generation_config": {"max_output_tokens": 2}})), "You said:"),
        (
            body("x", json!({"tools": weather(), "toolConfig": {"functionCallingConfig": {"mode": "NONE"}}})),
            "You said: x",
        ),
        (
            body(
                "x",
                json!({"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "STRING", "enum": ["yes"]}}}),
            ),
            "\"yes\"",
        ),
    ] {
        let answer = post(&provider, "/v1beta/models/gemini-2.5-flash:generateContent", &request).await.json();
        assert_eq!(answer["candidates"][0]["content"]["parts"][0]["text"], text, "{request} {answer}");
    }
    let tools = json!({"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": free}]}]});
    let call = ask("gemini-2.5-flash", body("x", tools)).await.json();
    assert_eq!(call["candidates"][0]["content"]["parts"][0]["functionCall"], json!({"name": "f", "args": {}}));
}

#[tokio::test]
async fn the_key_goes_in_a_header_or_the_query() {
    let provider = provider().await;
    let request = body("x", json!({})).to_string();
    let json = ("content-type", "application/json");
    let path = "/v1beta/models/gemini-2.5-flash:generateContent";
    let send = async |query: &str, headers: &[(&str, &str)]| {
        with_headers(&provider, "POST", &format!("{path}{query}"), headers, &request).await
    };
    assert_eq!(send("", &[json, ("x-goog-api-key", "test-key")]).await.status, 200);
    assert_eq!(send("?key=test-key", &[json]).await.status, 200);
    let none = send("", &[json]).await;
    assert_eq!((none.status, &none.json()["error"]["status"]), (403, &json!("PERMISSION_DENIED")));
    let wrong = send("?key=wrong", &[json]).await;
    assert_eq!((wrong.status, &wrong.json()["error"]["details"][0]["reason"]), (400, &json!("API_KEY_INVALID")));
}

#[tokio::test]
async fn embeddings_honour_the_dimensionality_and_name_the_model() {
    let provider = provider().await;
    let request = |text: &str, model: &str| json!({"model": model, "content": {"parts": [{"text": text}]}, "outputDimensionality": 4});
    let path = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    let (a, b) = (request("a", "models/gemini-embedding-001"), request("b", "models/gemini-embedding-001"));
    let answer = post(&provider, path, &json!({"requests": [a, b]})).await.json();
    let vectors = answer["embeddings"].as_array().unwrap();
    assert_eq!((vectors.len(), vectors[0]["values"].as_array().unwrap().len()), (2, 4));
    assert_ne!(vectors[0], vectors[1]);
    let other_model = json!({"requests": [request("a", "gemini-embedding-001")]});
    assert_eq!(post(&provider, path, &other_model).await.status, 400);
    assert_eq!(post(&provider, path, &json!({"input": "a"})).await.status, 400);
    let single = "/v1beta/models/gemini-embedding-001:embedContent";
    let single = post(&provider, single, &json!({"content": {"parts": [{"text": "a"}]}})).await.json();
    assert_eq!(single["embedding"]["values"].as_array().unwrap().len(), 3072);
}

#[tokio::test]
async fn faults_and_blocks_come_in_googles_shape() {
    for (model, status, name) in [
        ("fault-401", 401, "UNAUTHENTICATED"),
        ("fault-429", 429, "RESOURCE_EXHAUSTED"),
        ("fault-500", 500, "INTERNAL"),
        ("fault-529", 503, "UNAVAILABLE"),
        ("missing", 404, "NOT_FOUND"),
    ] {
        let answer = ask(model, body("x", json!({}))).await;
        assert_eq!((answer.status, &answer.json()["error"]["status"]), (status, &json!(name)), "{model}");
        if status == 429 {
            assert_eq!(
                (answer.header("retry-after"), &answer.json()["error"]["details"][1]["retryDelay"]),
                ("2", &json!("2s"))
            );
        }
    }
    let blocked = ask("refused", body("x", json!({}))).await.json();
    assert_eq!((&blocked["promptFeedback"]["blockReason"], blocked.get("candidates")), (&json!("SAFETY"), None));
    let filtered = stream("filtered", body("one two", json!({}))).await.events();
    assert_eq!(filtered.last().unwrap()["candidates"][0]["finishReason"], "SAFETY");
    let broken = stream("fault-midstream", body("x", json!({}))).await.events();
    assert_eq!(broken.last().unwrap()["error"]["code"], 503);
}

#[tokio::test]
async fn models_are_listed_and_other_addresses_are_a_page() {
    let provider = provider().await;
    let list = get(&provider, "/v1beta/models").await.json();
    assert_eq!(list["models"][0]["name"], "models/gemini-2.5-flash");
    assert_eq!(get(&provider, "/v1beta/models/gemini-2.5-flash").await.json()["name"], "models/gemini-2.5-flash");
    assert_eq!(get(&provider, "/v1/models").await.json(), list);
    let page = get(&provider, "/v2/models").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=UTF-8"));
}
