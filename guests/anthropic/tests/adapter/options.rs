//! Everything of a request but its messages and its thinking: tools, formats, sampling,
//! caps, headers, and the fields that go through or stay behind.

use caisson_sdk::api::{ChatRequest, Context, ErrorKind, ResponseFormat, Tool, ToolChoice};
use caisson_sdk::testing;
use serde_json::{Value, json};

use crate::{exchange, pairs, refused, request, sent};

fn function(name: &str, parameters: Option<&str>) -> Tool {
    Tool {
        kind: "function".to_owned(),
        name: name.to_owned(),
        parameters: parameters.map(str::to_owned),
        ..Tool::default()
    }
}

fn sent_tools(tools: Vec<Tool>) -> Value {
    sent(ChatRequest { tools, ..request() })["tools"].take()
}

#[test]
fn functions_become_tools_with_an_input_schema() {
    let tide = Tool {
        description: Some("Tide tables".to_owned()),
        strict: Some(true),
        extra: pairs(&[("cache_control", r#"{"type":"ephemeral"}"#)]),
        ..function("tide", Some(r#"{"type":"object","properties":{"port":{"type":"string"}}}"#))
    };
    let bare = Tool { strict: Some(false), ..function("now", None) };
    assert_eq!(
        sent_tools(vec![tide, bare]),
        json!([
            {
                "name": "tide",
                "description": "Tide tables",
                "input_schema": { "type": "object", "properties": { "port": { "type": "string" } } },
                "strict": true,
                "cache_control": { "type": "ephemeral" },
            },
            { "name": "now", "input_schema": { "type": "object" } },
        ])
    );
}

#[test]
fn what_a_client_left_inside_the_function_stands_beside_it() {
    let tide = Tool {
        extra: pairs(&[("function", r#"{"cache_control":{"type":"ephemeral"}}"#), ("defer_loading", "true")]),
        ..function("tide", None)
    };
    assert_eq!(
        sent_tools(vec![tide]),
        json!([{
            "name": "tide",
            "input_schema": { "type": "object" },
            "cache_control": { "type": "ephemeral" },
            "defer_loading": true,
        }])
    );
}

#[test]
fn a_schema_without_a_type_gets_the_one_that_anthropic_wants() {
    for (parameters, schema) in [
        ("{}", json!({ "type": "object" })),
        (" { } ", json!({ "type": "object" })),
        (r#"{"properties":{}}"#, json!({ "type": "object", "properties": {} })),
    ] {
        let tools = sent_tools(vec![function("now", Some(parameters))]);
        assert_eq!(tools[0]["input_schema"], schema, "{parameters}");
    }
}

#[test]
fn parameters_that_are_no_schema_are_refused_with_their_place() {
    for parameters in ["{", "[]", "true", ""] {
        let tools = vec![function("a", None), function("b", Some(parameters))];
        let error = refused(ChatRequest { tools, ..request() });
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{parameters}");
        assert_eq!(error.param.as_deref(), Some("tools[1].function.parameters"));
    }
}

#[test]
fn anthropics_own_tools_go_through_and_free_text_tools_do_not() {
    let search = Tool {
        kind: "web_search_20250305".to_owned(),
        extra: pairs(&[("name", "\"web_search\""), ("max_uses", "5")]),
        ..Tool::default()
    };
    assert_eq!(
        sent_tools(vec![search]),
        json!([{ "type": "web_search_20250305", "name": "web_search", "max_uses": 5 }])
    );
    let grammar = Tool { kind: "custom".to_owned(), ..function("sql", None) };
    let error = refused(ChatRequest { tools: vec![grammar], ..request() });
    assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::Unsupported, Some("tools[0]")));
}

#[test]
fn tool_choices_have_their_counterparts() {
    let cases = [
        (None, None, Value::Null),
        (Some(ToolChoice::Auto), None, json!({ "type": "auto" })),
        (Some(ToolChoice::None), Some(false), json!({ "type": "none" })),
        (Some(ToolChoice::Required), Some(true), json!({ "type": "any" })),
        (
            Some(ToolChoice::Named("tide".to_owned())),
            Some(false),
            json!({ "type": "tool", "name": "tide", "disable_parallel_tool_use": true }),
        ),
        (None, Some(false), json!({ "type": "auto", "disable_parallel_tool_use": true })),
        (Some(ToolChoice::Other(r#"{"type":"any","new":1}"#.to_owned())), None, json!({ "type": "any", "new": 1 })),
    ];
    for (tool_choice, parallel_tool_calls, expected) in cases {
        let body =
            sent(ChatRequest { tools: vec![function("tide", None)], tool_choice, parallel_tool_calls, ..request() });
        assert_eq!(body["tool_choice"], expected);
    }
}

#[test]
fn without_tools_there_is_no_choice_to_send() {
    let body = sent(ChatRequest { tool_choice: Some(ToolChoice::Auto), parallel_tool_calls: Some(false), ..request() });
    assert_eq!(body.get("tool_choice"), None);
}

#[test]
fn a_json_schema_is_the_output_format() {
    let named = r#"{"name":"tide","strict":true,"schema":{"type":"object","properties":{}}}"#;
    let body = sent(ChatRequest {
        response_format: Some(ResponseFormat::JsonSchema(named.to_owned())),
        extra: pairs(&[("output_config", r#"{"effort":"low"}"#)]),
        ..request()
    });
    assert_eq!(
        body["output_config"],
        json!({
            "effort": "low",
            "format": { "type": "json_schema", "schema": { "type": "object", "properties": {} } },
        })
    );
    let error =
        refused(ChatRequest { response_format: Some(ResponseFormat::JsonSchema("{}".to_owned())), ..request() });
    assert_eq!(error.param.as_deref(), Some("response_format.json_schema"));
}

#[test]
fn formats_without_a_counterpart_ask_for_nothing() {
    for format in [ResponseFormat::Text, ResponseFormat::JsonObject] {
        let body = sent(ChatRequest { response_format: Some(format), ..request() });
        assert_eq!(body.get("output_config"), None);
    }
}

#[test]
fn sampling_and_stops_are_mapped_and_temperature_is_capped() {
    let body = sent(ChatRequest {
        max_tokens: Some(77),
        temperature: Some(1.7),
        top_p: Some(0.5),
        stop: vec!["END".to_owned()],
        ..request()
    });
    assert_eq!(body["max_tokens"], 77);
    assert_eq!(body["temperature"], 1.0);
    assert_eq!(body["top_p"], 0.5);
    assert_eq!(body["stop_sequences"], json!(["END"]));
    let cool = sent(ChatRequest { temperature: Some(0.2), ..request() });
    assert_eq!(cool["temperature"], 0.2);
}

#[test]
fn more_than_one_choice_is_refused() {
    let error = refused(ChatRequest { n: 2, ..request() });
    assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::Unsupported, Some("n")));
}

#[test]
fn what_has_no_counterpart_is_left_out() {
    let body = sent(ChatRequest {
        seed: Some(1),
        frequency_penalty: Some(0.5),
        presence_penalty: Some(0.5),
        logit_bias: vec![("1".to_owned(), 1.0)],
        logprobs: true,
        top_logprobs: Some(2),
        modalities: vec!["text".to_owned()],
        metadata: pairs(&[("order", "7")]),
        extra: pairs(&[("store", "true"), ("prediction", "{}"), ("stream", "true")]),
        ..request()
    });
    let mut fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["max_tokens", "messages", "model"]);
}

#[test]
fn fields_of_anthropics_own_go_through() {
    let extra = [
        ("top_k", "5"),
        ("cache_control", r#"{"type":"ephemeral"}"#),
        ("container", r#""container_1""#),
        ("mcp_servers", r#"[{"type":"url","url":"https://mcp.example"}]"#),
        ("invented_next_year", "1.0"),
    ];
    let body = exchange(testing::context(), ChatRequest { extra: pairs(&extra), ..request() });
    let text = String::from_utf8(body.body.clone()).unwrap();
    for (name, value) in extra {
        assert!(text.contains(&format!("\"{name}\":{value}")), "{name} in {text}");
    }
}

#[test]
fn no_field_is_sent_twice() {
    let extra = pairs(&[
        ("max_tokens", "1"),
        ("system", "\"mine\""),
        ("stop_sequences", "[\"mine\"]"),
        ("metadata", r#"{"user_id":"mine"}"#),
    ]);
    let request = ChatRequest { extra, stop: vec!["END".to_owned()], ..request() };
    let sent = exchange(testing::context(), request);
    let text = String::from_utf8(sent.body.clone()).unwrap();
    for name in ["max_tokens", "system", "stop_sequences", "metadata"] {
        assert_eq!(text.matches(&format!("\"{name}\"")).count(), 1, "{name} in {text}");
    }
    let body = sent.json();
    assert_eq!(body["stop_sequences"], json!(["END"]));
    assert_eq!(body["system"], "mine");
    assert_eq!(body["max_tokens"], 4096);
}

#[test]
fn the_end_user_is_named_by_the_closest_field() {
    let identifier = || pairs(&[("safety_identifier", r#""id-3""#)]);
    let by_all = ChatRequest {
        metadata: pairs(&[("user_id", "id-1")]),
        user: Some("id-2".to_owned()),
        extra: identifier(),
        ..request()
    };
    let by_two = ChatRequest { metadata: Vec::new(), ..by_all.clone() };
    let by_one = ChatRequest { user: None, ..by_two.clone() };
    for (request, user_id) in [(by_all, "id-1"), (by_two, "id-2"), (by_one, "id-3")] {
        assert_eq!(sent(request)["metadata"], json!({ "user_id": user_id }));
    }
}

#[test]
fn service_tiers_have_their_counterparts() {
    for (asked, expected) in [
        ("auto", json!("auto")),
        ("priority", json!("auto")),
        ("default", json!("standard_only")),
        ("standard_only", json!("standard_only")),
        ("flex", Value::Null),
    ] {
        let extra = pairs(&[("service_tier", &format!("\"{asked}\""))]);
        assert_eq!(sent(ChatRequest { extra, ..request() })["service_tier"], expected, "{asked}");
    }
}

#[test]
fn the_request_goes_to_the_messages_endpoint_without_a_key() {
    let sent = exchange(testing::context(), request());
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url, "https://api.anthropic.com/v1/messages");
    assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("anthropic-beta"), None);
    assert_eq!(sent.header("x-api-key"), None);
}

#[test]
fn settings_change_address_headers_and_cap() {
    let context = Context {
        base_url: Some("http://127.0.0.1:9/claude".to_owned()),
        headers: pairs(&[("Anthropic-Beta", "files-api-2025-04-14")]),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..testing::context_with(&[
            ("anthropic-version", "2030-01-01"),
            ("anthropic-beta", "context-1m-2025-08-07"),
            ("default-max-tokens", "9000"),
        ])
    };
    let sent = exchange(context, request());
    assert_eq!(sent.url, "http://127.0.0.1:9/claude/v1/messages");
    assert_eq!(sent.header("anthropic-version"), Some("2030-01-01"));
    assert_eq!(sent.header("anthropic-beta"), Some("context-1m-2025-08-07,files-api-2025-04-14"));
    assert!(sent.header("traceparent").is_some_and(|trace| trace.starts_with("00-0af7")));
    assert_eq!(sent.json()["max_tokens"], 9000);
}

#[test]
fn a_setting_that_is_no_number_is_named() {
    use anthropic::Anthropic;
    use caisson_sdk::Adapter;

    for setting in ["default-max-tokens", "max-retries"] {
        let context = testing::context_with(&[(setting, "many")]);
        let error = testing::Upstream::new().run(|| Anthropic::complete(context, request())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        assert!(error.message.contains(setting), "{}", error.message);
    }
}
