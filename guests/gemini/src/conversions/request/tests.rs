//! What each kind of request is sent as.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use caisson_sdk::api::{
    Content, ErrorKind, Media, Message, Part, ResponseFormat, Role, Source, TextPart, Tool, ToolCall, ToolChoice,
};
use serde_json::{Value, json};

use super::*;
use crate::conversions::{EXTRA_CONTENT, GEMINI_PARTS, extra_content};

fn sent(request: &ChatRequest) -> Value {
    serde_json::to_value(super::request(request, None).unwrap()).unwrap()
}

fn refused(request: &ChatRequest) -> Error {
    super::request(request, None).unwrap_err()
}

/// A request to Gemini 2.5, which wants no signatures.
fn chat(messages: Vec<Message>) -> ChatRequest {
    ChatRequest { model: "gemini-2.5-flash".into(), messages, ..ChatRequest::default() }
}

fn hello() -> ChatRequest {
    chat(vec![Message::user("hello")])
}

fn with_extra(name: &str, json: &str) -> ChatRequest {
    ChatRequest { extra: vec![(name.into(), json.into())], ..hello() }
}

fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), arguments: arguments.into(), ..ToolCall::default() }
}

fn calling(tool_calls: Vec<ToolCall>) -> Message {
    Message { role: Role::Assistant, tool_calls, ..Message::default() }
}

fn result(id: &str, text: &str) -> Message {
    Message { tool_call_id: Some(id.into()), ..Message::new(Role::Tool, text) }
}

#[test]
fn a_plain_question_is_sent_with_nothing_more() {
    assert_eq!(sent(&hello()), json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}));
}

#[test]
fn system_and_developer_become_the_instruction_and_turns_alternate() {
    let request = chat(vec![
        Message::system("be brief"),
        Message::user("a"),
        Message::user("b"),
        Message::new(Role::Developer, "be kind"),
        Message::assistant("c"),
        Message::assistant(""),
        Message::user("d"),
    ]);
    assert_eq!(
        sent(&request),
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}, {"text": "be kind"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
                {"role": "model", "parts": [{"text": "c"}]},
                {"role": "user", "parts": [{"text": "d"}]},
            ],
        })
    );
}

#[test]
fn a_system_message_alone_is_asked_as_the_user() {
    let request = sent(&chat(vec![Message::system("say hi")]));
    assert_eq!(request, json!({"contents": [{"role": "user", "parts": [{"text": "say hi"}]}]}));
    let error = refused(&chat(vec![Message::user("")]));
    assert_eq!(error.param.as_deref(), Some("messages"));
}

#[test]
fn media_stand_where_they_stood_among_the_text() {
    let image =
        Media { source: Source::Base64("aGk=".into()), mime_type: Some("image/png".into()), ..Media::default() };
    let message = |role| Message {
        role,
        content: Content::Parts(vec![
            Part::Text(TextPart::new("what is")),
            Part::Image(image.clone()),
            Part::Text(TextPart::new("this?")),
        ]),
        ..Message::default()
    };
    assert_eq!(
        sent(&chat(vec![message(Role::User)]))["contents"][0]["parts"],
        json!([
            {"text": "what is"},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            {"text": "this?"},
        ])
    );
    let error = refused(&chat(vec![message(Role::System), Message::user("x")]));
    assert_eq!(error.param.as_deref(), Some("messages[0].content[1]"));
}

#[test]
fn a_part_of_unknown_type_is_refused_by_its_path() {
    let request = chat(vec![Message {
        content: Content::Parts(vec![Part::Other(r#"{"type":"hologram"}"#.into())]),
        ..Message::default()
    }]);
    let error = refused(&request);
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(error.param.as_deref(), Some("messages[0].content[0]"));
}

#[test]
fn results_find_their_functions_name_and_are_one_turn() {
    let request = chat(vec![
        Message::user("weather?"),
        calling(vec![call("c1", "weather", r#"{"city": "Paris"}"#), call("c2", "now", "")]),
        result("c2", "12:00"),
        result("c1", r#" {"celsius": 1e2} "#),
    ]);
    assert_eq!(
        sent(&request)["contents"],
        json!([
            {"role": "user", "parts": [{"text": "weather?"}]},
            {"role": "model", "parts": [
                {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Paris"}}},
                {"functionCall": {"id": "c2", "name": "now", "args": {}}},
            ]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c2", "name": "now", "response": {"result": "12:00"}}},
                {"functionResponse": {"id": "c1", "name": "weather", "response": {"celsius": 100.0}}},
            ]},
        ])
    );
}

#[test]
fn only_a_json_object_passes_as_a_result_unwrapped() {
    for (text, response) in [
        (r#"{"a":[1]}"#, json!({"a": [1]})),
        ("[1,2]", json!({"result": "[1,2]"})),
        ("{broken", json!({"result": "{broken"})),
        ("", json!({"result": ""})),
    ] {
        let request = chat(vec![calling(vec![call("c", "f", "{}")]), result("c", text)]);
        let sent = sent(&request);
        let part = &sent["contents"][1]["parts"][0];
        assert_eq!(part["functionResponse"]["response"], response, "{text}");
    }
}

#[test]
fn an_image_in_a_result_stays_with_it() {
    let image = Media { source: Source::Url("data:image/png;base64,aGk=".into()), ..Media::default() };
    let request = chat(vec![
        calling(vec![call("c", "plot", "{}")]),
        Message {
            role: Role::Tool,
            tool_call_id: Some("c".into()),
            content: Content::Parts(vec![Part::Text(TextPart::new(r#"{"ok":true}"#)), Part::Image(image)]),
            ..Message::default()
        },
    ]);
    assert_eq!(
        sent(&request)["contents"][1]["parts"],
        json!([{"functionResponse": {
            "id": "c",
            "name": "plot",
            "response": {"ok": true},
            "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}],
        }}])
    );
}

#[test]
fn calls_and_results_that_cannot_be_sent_name_their_field() {
    let result_alone = chat(vec![Message::user("x"), result("nobody", "y")]);
    let error = refused(&result_alone);
    assert_eq!(error.param.as_deref(), Some("messages[1].tool_call_id"));
    for arguments in ["{", "[1]", "\"text\"", "{} {}"] {
        let error = refused(&chat(vec![calling(vec![call("a", "f", "{}"), call("b", "f", arguments)])]));
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert_eq!(error.param.as_deref(), Some("messages[0].tool_calls[1].function.arguments"), "{arguments}");
    }
}

#[test]
fn a_signature_comes_back_from_the_id_or_from_extra_content() {
    let in_id = call("fc-1__thought__c2ln", "f", "{}");
    let in_extra = ToolCall { extra: vec![(EXTRA_CONTENT.into(), extra_content("c2ln"))], ..call("fc-1", "f", "{}") };
    for made in [in_id, in_extra] {
        let request = chat(vec![calling(vec![made.clone()]), result(&made.id, "{}")]);
        let sent = sent(&request);
        assert_eq!(
            sent["contents"][0]["parts"],
            json!([{
                "functionCall": {"id": "fc-1", "name": "f", "args": {}},
                "thoughtSignature": "c2ln",
            }])
        );
        let response = &sent["contents"][1]["parts"][0]["functionResponse"];
        assert_eq!(response["id"], "fc-1");
    }
}

#[test]
fn a_made_id_is_not_sent_to_gemini() {
    let id = crate::conversions::client_id(None, None, "r", 0, 0);
    let request = chat(vec![calling(vec![call(&id, "f", "{}")]), result(&id, "{}")]);
    let sent = sent(&request);
    assert!(sent["contents"][0]["parts"][0]["functionCall"].get("id").is_none());
    assert!(sent["contents"][1]["parts"][0]["functionResponse"].get("id").is_none());
}

#[test]
fn calls_without_signatures_are_excused_where_the_model_wants_one() {
    let unsigned = |model: &str| ChatRequest {
        model: model.into(),
        ..chat(vec![calling(vec![call("a", "f", "{}"), call("b", "f", "{}")])])
    };
    for (model, wants) in [
        ("gemini-4-argon", true),
        ("gemini-3-flash-preview", true),
        ("gemini-flash-latest", true),
        ("gemini-2.5-pro", false),
        ("gemma-4-31b-it", false),
    ] {
        let sent = sent(&unsigned(model));
        let parts = &sent["contents"][0]["parts"];
        let first = parts[0].get("thoughtSignature").is_some();
        assert_eq!(first, wants, "{model}");
        assert!(parts[1].get("thoughtSignature").is_none(), "{model}");
    }
}

#[test]
fn what_the_model_gave_beside_text_goes_back_to_it() {
    let image = r#"[{"type":"image_url","index":0,"image_url":{"url":"data:image\/png;base64,aGk="},
        "extra_content":{"google":{"thought_signature":"aW1n"}}}]"#;
    let code = r#"[{"executableCode":{"language":"PYTHON","code":"1"}}]"#;
    let request = chat(vec![Message {
        extra: vec![
            (EXTRA_CONTENT.into(), extra_content("dGV4dA==")),
            ("images".into(), image.into()),
            (GEMINI_PARTS.into(), code.into()),
        ],
        ..Message::assistant("here")
    }]);
    assert_eq!(
        sent(&request)["contents"][0]["parts"],
        json!([
            {"text": "here", "thoughtSignature": "dGV4dA=="},
            {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thoughtSignature": "aW1n"},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
        ])
    );
}

#[test]
fn a_signature_without_text_goes_back_on_an_empty_part() {
    let request =
        chat(vec![Message { extra: vec![(EXTRA_CONTENT.into(), extra_content("dGV4dA=="))], ..calling(Vec::new()) }]);
    assert_eq!(sent(&request)["contents"][0]["parts"], json!([{"text": "", "thoughtSignature": "dGV4dA=="}]));
}

#[test]
fn sampling_parameters_take_geminis_names() {
    let request = ChatRequest {
        max_tokens: Some(10),
        temperature: Some(0.5),
        top_p: Some(0.25),
        n: 2,
        stop: vec!["END".into()],
        seed: Some(-7),
        frequency_penalty: Some(0.125),
        presence_penalty: Some(-0.5),
        logprobs: true,
        top_logprobs: Some(3),
        modalities: vec!["text".into(), "image".into()],
        ..hello()
    };
    assert_eq!(
        sent(&request)["generationConfig"],
        json!({
            "maxOutputTokens": 10,
            "temperature": 0.5,
            "topP": 0.25,
            "candidateCount": 2,
            "stopSequences": ["END"],
            "seed": -7,
            "frequencyPenalty": 0.125,
            "presencePenalty": -0.5,
            "responseLogprobs": true,
            "logprobs": 3,
            "responseModalities": ["TEXT", "IMAGE"],
        })
    );
}

#[test]
fn schemas_pass_unconverted() {
    // A `$ref` and a number that no float holds: what a conversion would lose.
    let schema = r##"{"$ref":"#/$defs/a","$defs":{"a":{"maximum":123456789012345678901234567890}}}"##;
    let request = ChatRequest {
        tools: vec![Tool {
            name: "f".into(),
            description: Some("does f".into()),
            parameters: Some(schema.into()),
            ..Tool::default()
        }],
        response_format: Some(ResponseFormat::JsonSchema(format!(r#"{{"name":"x","strict":true,"schema":{schema}}}"#))),
        ..hello()
    };
    let body = serde_json::to_string(&super::request(&request, None).unwrap()).unwrap();
    assert!(body.contains(&format!(r#""parametersJsonSchema":{schema}"#)), "{body}");
    assert!(body.contains(&format!(r#""responseJsonSchema":{schema}"#)), "{body}");
    assert!(body.contains(r#""responseMimeType":"application/json""#));
    let json_object = ChatRequest { response_format: Some(ResponseFormat::JsonObject), ..hello() };
    assert_eq!(sent(&json_object)["generationConfig"], json!({"responseMimeType": "application/json"}));
}

#[test]
fn each_tool_choice_has_its_mode() {
    let allowed = |mode: &str| {
        let tools = r#"[{"type":"function","function":{"name":"f"}}]"#;
        ToolChoice::Other(format!(r#"{{"type":"allowed_tools","allowed_tools":{{"mode":"{mode}","tools":{tools}}}}}"#))
    };
    for (choice, config) in [
        (ToolChoice::Auto, json!({"mode": "AUTO"})),
        (ToolChoice::None, json!({"mode": "NONE"})),
        (ToolChoice::Required, json!({"mode": "ANY"})),
        (ToolChoice::Named("f".into()), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        (allowed("required"), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        (allowed("auto"), json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]})),
    ] {
        let request = ChatRequest { tool_choice: Some(choice), ..hello() };
        assert_eq!(sent(&request)["toolConfig"], json!({"functionCallingConfig": config}));
    }
    for odd in [allowed("sometimes"), ToolChoice::Other("{}".into())] {
        let request = ChatRequest { tool_choice: Some(odd), ..hello() };
        assert_eq!(refused(&request).param.as_deref(), Some("tool_choice"));
    }
}

#[test]
fn googles_tools_are_asked_for_by_type_or_by_field() {
    let request = ChatRequest {
        tools: vec![
            Tool {
                kind: "google_search".into(),
                extra: vec![("timeRangeFilter".into(), r#"{"startTime":"x"}"#.into())],
                ..Tool::default()
            },
            Tool { name: "f".into(), ..Tool::default() },
        ],
        extra: vec![("url_context".into(), "{}".into()), ("web_search_options".into(), "{}".into())],
        ..hello()
    };
    assert_eq!(
        sent(&request)["tools"],
        json!([
            {"functionDeclarations": [{"name": "f"}]},
            {"googleSearch": {"timeRangeFilter": {"startTime": "x"}}},
            {"urlContext": {}},
        ]),
        "the search asked for twice stands once"
    );
    let custom = ChatRequest { tools: vec![Tool { kind: "custom".into(), ..Tool::default() }], ..hello() };
    assert_eq!(refused(&custom).param.as_deref(), Some("tools[0].type"));
}

#[test]
fn effort_is_a_budget_before_gemini_3_and_a_level_since() {
    for (model, effort, config) in [
        ("gemini-2.5-flash", "none", json!({"thinkingBudget": 0, "includeThoughts": false})),
        ("gemini-2.5-pro", "none", json!({"thinkingBudget": 128, "includeThoughts": false})),
        ("gemini-2.5-pro", "low", json!({"thinkingBudget": 1024, "includeThoughts": true})),
        ("gemini-2.5-flash", "medium", json!({"thinkingBudget": 8192, "includeThoughts": true})),
        ("gemini-2.5-flash", "high", json!({"thinkingBudget": 24576, "includeThoughts": true})),
        ("gemini-3-flash-preview", "minimal", json!({"thinkingLevel": "MINIMAL", "includeThoughts": true})),
        ("gemini-4-argon", "minimal", json!({"thinkingLevel": "LOW", "includeThoughts": true})),
        ("gemini-3.1-pro-preview", "medium", json!({"thinkingLevel": "MEDIUM", "includeThoughts": true})),
        ("gemini-4-argon", "xhigh", json!({"thinkingLevel": "HIGH", "includeThoughts": true})),
    ] {
        let request = ChatRequest { model: model.into(), reasoning_effort: Some(effort.into()), ..hello() };
        let sent = sent(&request);
        assert_eq!(sent["generationConfig"]["thinkingConfig"], config, "{model} {effort}");
    }
    let odd = ChatRequest { reasoning_effort: Some("heroic".into()), ..hello() };
    assert_eq!(refused(&odd).param.as_deref(), Some("reasoning_effort"));
}

#[test]
fn the_setting_decides_on_thoughts_where_the_client_does_not() {
    let thinking = |request: &ChatRequest, setting| {
        let request = super::request(request, setting).unwrap();
        serde_json::to_value(request).unwrap()["generationConfig"]["thinkingConfig"].clone()
    };
    assert_eq!(thinking(&hello(), Some(true)), json!({"includeThoughts": true}));
    let effort = ChatRequest { reasoning_effort: Some("low".into()), ..hello() };
    assert_eq!(thinking(&effort, Some(false)), json!({"includeThoughts": false, "thinkingBudget": 1024}));
}

#[test]
fn geminis_own_fields_pass_in_either_spelling_and_go_first() {
    for (name, value, path, expected) in [
        ("safety_settings", "[1]", "/safetySettings", json!([1])),
        ("safetySettings", "[1]", "/safetySettings", json!([1])),
        ("cached_content", r#""cachedContents/x""#, "/cachedContent", json!("cachedContents/x")),
        ("top_k", "40", "/generationConfig/topK", json!(40)),
        ("generation_config", r#"{"max_output_tokens":5}"#, "/generationConfig/maxOutputTokens", json!(5)),
        ("generationConfig", r#"{"temperature":0.5}"#, "/generationConfig/temperature", json!(0.5)),
        (
            "google",
            r#"{"thinking_config":{"thinking_budget":1}}"#,
            "/generationConfig/thinkingConfig",
            json!({"thinking_budget": 1}),
        ),
        ("extra_body", r#"{"google":{"top_k":3}}"#, "/generationConfig/topK", json!(3)),
        ("tool_config", r#"{"retrieval_config":{}}"#, "/toolConfig/retrievalConfig", json!({})),
        ("service_tier", r#""flex""#, "/serviceTier", json!("flex")),
        ("service_tier", r#""default""#, "/serviceTier", json!("standard")),
        (
            "audio",
            r#"{"voice":"Kore","format":"wav"}"#,
            "/generationConfig/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName",
            json!("Kore"),
        ),
    ] {
        let request = ChatRequest { max_tokens: Some(9), temperature: Some(2.0), ..with_extra(name, value) };
        assert_eq!(sent(&request).pointer(path), Some(&expected), "{name}");
        // A name written twice would be taken for one or the other.
        let body = serde_json::to_string(&super::request(&request, None).unwrap()).unwrap();
        assert_eq!(body.matches("maxOutputTokens").count(), 1, "{body}");
        assert_eq!(body.matches("temperature").count(), 1, "{body}");
    }
}

#[test]
fn other_fields_and_nulls_are_left_out() {
    for (name, value) in [
        ("store", "true"),
        ("contents", "[]"),
        ("system_instruction", "{}"),
        ("safety_settings", "null"),
        ("service_tier", r#""auto""#),
        ("extra_body", r#"{"extra_body":{"extra_body":{"google":{"top_k":3}}}}"#),
    ] {
        assert_eq!(sent(&with_extra(name, value)), sent(&hello()), "{name}");
    }
}

#[test]
fn a_mistyped_field_of_geminis_is_refused_by_name() {
    for (name, value) in
        [("generation_config", "[]"), ("google", "3"), ("service_tier", "{}"), ("audio", r#"{"format":"wav"}"#)]
    {
        let error = refused(&with_extra(name, value));
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        assert_eq!(error.param.as_deref(), Some(name));
    }
}
