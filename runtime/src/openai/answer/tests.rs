//! Whole answers, typed and passed through: what the host puts right, what it keeps, what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::super::json::Pairs;
use super::*;
use crate::chat::{Content, Media, Message, Part, Reasoning, Role, Source, TextPart, ToolCall};

/// Counts seven tokens for the request, and one for each byte of the answer.
struct Bytes;

impl Estimate for Bytes {
    fn input(&self) -> u32 {
        7
    }

    fn output(&self, text: &str) -> u32 {
        u32::try_from(text.len()).unwrap()
    }
}

/// Never asked, because the adapter counted.
struct Unasked;

impl Estimate for Unasked {
    fn input(&self) -> u32 {
        panic!("the adapter counted")
    }

    fn output(&self, _: &str) -> u32 {
        panic!("the adapter counted")
    }
}

fn context() -> AnswerContext {
    AnswerContext { id: "chatcmpl-7".into(), created: 1_700_000_000, model: "d/m".into() }
}

fn pairs(given: &[(&str, &str)]) -> Pairs {
    given.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect()
}

fn message(content: Content) -> Message {
    Message {
        role: Role::Assistant,
        name: None,
        content,
        refusal: None,
        reasoning: Vec::new(),
        tool_calls: Vec::new(),
        tool_call_id: None,
        extra: Vec::new(),
    }
}

fn choice(index: u32, message: Message) -> Choice {
    Choice { index, message, finish_reason: FinishReason::Stop, logprobs: Vec::new(), extra: Vec::new() }
}

fn chat_answer(choices: Vec<Choice>) -> ChatAnswer {
    ChatAnswer {
        id: None,
        model: None,
        choices,
        usage: None,
        service_tier: None,
        system_fingerprint: None,
        extra: Vec::new(),
    }
}

fn of_message(message: Message) -> ChatResponse {
    ChatResponse::Answer(chat_answer(vec![choice(0, message)]))
}

fn tool_call(id: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        kind: "function".into(),
        name: "look".into(),
        arguments: "{\"at\":1}".into(),
        extra: Vec::new(),
    }
}

fn written(response: ChatResponse) -> String {
    String::from_utf8(chat_completion(&context(), response, &Bytes).unwrap().body).unwrap()
}

#[track_caller]
fn check(response: ChatResponse, expected: Expect) {
    let body = written(response);
    serde_json::from_str::<Value>(&body).expect("is JSON");
    expected.assert_eq(&body);
}

/// What the message of the only choice is on the wire.
fn message_of(response: ChatResponse) -> Value {
    let body = serde_json::from_str::<Value>(&written(response)).unwrap();
    body["choices"][0]["message"].clone()
}

#[test]
fn the_host_fills_in_what_the_adapter_left_out() {
    check(
        of_message(message(Content::Text("hi \"you\"\n".into()))),
        expect![[
            r#"{"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"d/m","choices":[{"index":0,"message":{"role":"assistant","content":"hi \"you\"\n","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":9,"total_tokens":16,"estimated":true}}"#
        ]],
    );
}

#[test]
fn the_adapters_words_win_over_the_hosts() {
    let mut answer = chat_answer(vec![choice(0, message(Content::Text("hi".into())))]);
    answer.id = Some("gen-1".into());
    answer.model = Some("m-2025".into());
    answer.service_tier = Some("flex".into());
    answer.system_fingerprint = Some("fp".into());
    answer.usage = Some(Usage {
        input: 10,
        output: 5,
        total: 0,
        cached_input: Some(4),
        cache_write_input: Some(2),
        audio_input: None,
        reasoning_output: Some(3),
        audio_output: None,
        extra: pairs(&[
            ("completion_tokens_details", r#"{"accepted_prediction_tokens":1,"reasoning_tokens":99}"#),
            ("cost", "0.10"),
            ("prompt_tokens", "99"),
        ]),
    });
    answer.extra = pairs(&[("x", "[1,\r\n 2]"), ("object", "\"no\""), ("x", "\"twice\"")]);
    answer.choices[0].extra = pairs(&[("stop_sequence", "null")]);
    answer.choices[0].finish_reason = FinishReason::Other("eos".into());
    let answer = chat_completion(&context(), ChatResponse::Answer(answer), &Unasked).unwrap();
    assert_eq!((answer.usage.total, answer.estimated), (15, false));
    expect![[r#"{"id":"gen-1","object":"chat.completion","created":1700000000,"model":"m-2025","choices":[{"index":0,"message":{"role":"assistant","content":"hi","refusal":null},"logprobs":null,"finish_reason":"eos","stop_sequence":null}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},"completion_tokens_details":{"reasoning_tokens":3,"accepted_prediction_tokens":1},"cost":0.10},"service_tier":"flex","system_fingerprint":"fp","x":[1, 2]}"#]].assert_eq(&String::from_utf8(answer.body).unwrap());
}

#[test]
fn reasoning_goes_out_as_text_and_where_signed_as_blocks() {
    let block = |text: &str, signature: Option<&str>, redacted| Reasoning {
        text: text.into(),
        signature: signature.map(str::to_owned),
        redacted,
    };
    let with = |reasoning| Message { reasoning, ..message(Content::Text("hi".into())) };
    let plain = message_of(of_message(with(vec![block("a", None, false), block("b", None, false)])));
    assert_eq!(plain["reasoning_content"], "ab");
    assert_eq!(plain.get("thinking_blocks"), None);
    let signed = message_of(of_message(with(vec![block("a", Some("s"), false), block("", Some("d"), true)])));
    assert_eq!(signed["reasoning_content"], "a");
    let blocks = json!([
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
    ]);
    assert_eq!(signed["thinking_blocks"], blocks);
    let own = Message { extra: pairs(&[("reasoning_content", "\"x\"")]), ..message(Content::Empty) };
    assert_eq!(message_of(of_message(own))["reasoning_content"], "x");
}

#[test]
fn tool_calls_have_ids_and_end_the_choice() {
    let mut tools = message(Content::Empty);
    tools.tool_calls = vec![tool_call(""), tool_call("toolu_1"), ToolCall { kind: "custom".into(), ..tool_call("c") }];
    tools.tool_calls[1].extra = pairs(&[("function", r#"{"x":1,"name":"no"}"#), ("y", "2")]);
    check(
        of_message(tools),
        expect![[
            r#"{"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"d/m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_7_0_0","type":"function","function":{"name":"look","arguments":"{\"at\":1}"}},{"id":"toolu_1","type":"function","function":{"name":"look","arguments":"{\"at\":1}","x":1},"y":2},{"id":"c","type":"custom","custom":{"name":"look","input":"{\"at\":1}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":7,"completion_tokens":36,"total_tokens":43,"estimated":true}}"#
        ]],
    );
}

#[test]
fn a_choice_cut_short_with_tool_calls_still_says_so() {
    for (reason, expected) in [(FinishReason::Length, "length"), (FinishReason::Other("stop".into()), "tool_calls")] {
        let tools = Message { tool_calls: vec![tool_call("1")], ..message(Content::Empty) };
        let answer = chat_answer(vec![Choice { finish_reason: reason, ..choice(0, tools) }]);
        let body = serde_json::from_str::<Value>(&written(ChatResponse::Answer(answer))).unwrap();
        assert_eq!(body["choices"][0]["finish_reason"], expected);
    }
}

#[test]
fn parts_that_are_only_text_become_one_string() {
    let text = |text: &str| TextPart { text: text.into(), extra: Vec::new() };
    let parts = vec![
        Part::Text(text("a")),
        Part::Reasoning(Reasoning { text: "hm".into(), signature: None, redacted: false }),
        Part::Text(text("b")),
        Part::Refusal(text("no")),
    ];
    let plain = message_of(of_message(message(Content::Parts(parts))));
    assert_eq!(plain, json!({"role": "assistant", "content": "ab", "refusal": "no", "reasoning_content": "hm"}));
    assert_eq!(message_of(of_message(message(Content::Parts(Vec::new()))))["content"], Value::Null);

    let png = Media {
        source: Source::Base64("QQ==".into()),
        mime_type: Some("image/png".into()),
        file_name: None,
        detail: None,
        extra: pairs(&[("image_url", r#"{"x":1}"#)]),
    };
    let rich = vec![Part::Text(text("see")), Part::Image(png), Part::Other("{\"type\":\n\"x\"}".into())];
    let content = json!([
        {"type": "text", "text": "see"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ==", "x": 1}},
        {"type": "x"},
    ]);
    assert_eq!(message_of(of_message(message(Content::Parts(rich))))["content"], content);
}

#[test]
fn choices_are_sorted_and_numbered_apart() {
    let answer = |indexes: &[u32]| {
        let choices = indexes.iter().map(|index| choice(*index, message(Content::Text(index.to_string()))));
        let response = ChatResponse::Answer(chat_answer(choices.collect()));
        let body = serde_json::from_str::<Value>(&written(response)).unwrap();
        let choices = body["choices"].as_array().unwrap().clone();
        choices.iter().map(|choice| (choice["index"].clone(), choice["message"]["content"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(answer(&[2, 0]), [(json!(0), json!("0")), (json!(2), json!("2"))]);
    assert_eq!(answer(&[0, 0]), [(json!(0), json!("0")), (json!(1), json!("0"))]);
}

#[test]
fn logprobs_are_finite_numbers() {
    let top = TopLogprob { token: "a".into(), logprob: f64::NEG_INFINITY, bytes: Some(vec![0, 255]) };
    let token = TokenLogprob { token: "b".into(), logprob: -0.5, bytes: None, top: vec![top] };
    let mut out = Vec::new();
    write_logprobs(&mut out, &[token]).unwrap();
    expect![[r#"{"content":[{"token":"b","logprob":-0.5,"bytes":null,"top_logprobs":[{"token":"a","logprob":-9999.0,"bytes":[0,255]}]}],"refusal":null}"#]].assert_eq(&String::from_utf8(out).unwrap());
}

#[test]
fn the_estimate_counts_all_that_the_model_said() {
    let mut said = message(Content::Text("four".into()));
    said.refusal = Some("no".into());
    said.reasoning = vec![Reasoning { text: "hm".into(), signature: None, redacted: false }];
    said.tool_calls = vec![ToolCall { name: "f".into(), arguments: "{}".into(), ..tool_call("1") }];
    let typed = chat_completion(&context(), of_message(said), &Bytes).unwrap();
    assert_eq!((typed.usage.output, typed.usage.total, typed.estimated), (11, 18, true));
    let raw = r#"{"choices":[{"message":{"content":"four","refusal":"no","reasoning_content":"hm","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}}]}"#;
    let raw = chat_completion(&context(), ChatResponse::Raw(raw.into()), &Bytes).unwrap();
    assert_eq!((raw.usage, raw.estimated), (typed.usage, true));
}

#[test]
fn json_that_a_guest_got_wrong_is_refused_by_field() {
    let field = |edit: fn(&mut ChatAnswer)| {
        let tools = Message { tool_calls: vec![tool_call("1")], ..message(Content::Empty) };
        let mut answer = chat_answer(vec![choice(0, tools)]);
        edit(&mut answer);
        chat_completion(&context(), ChatResponse::Answer(answer), &Bytes).unwrap_err().field
    };
    assert_eq!(field(|answer| answer.choices.clear()), "choices");
    assert_eq!(field(|answer| answer.extra = pairs(&[("x", "{\"a\":}")])), "x");
    assert_eq!(field(|answer| answer.choices[0].extra = pairs(&[("x", "")])), "choices[0].x");
    assert_eq!(field(|answer| answer.choices[0].message.extra = pairs(&[("x", "1 2")])), "choices[0].message.x");
    assert_eq!(
        field(|answer| answer.choices[0].message.tool_calls[0].extra = pairs(&[("x", "nope")])),
        "choices[0].message.tool_calls[0].x"
    );
    assert_eq!(
        field(|answer| answer.choices[0].message.tool_calls[0].extra = pairs(&[("function", "{")])),
        "choices[0].message.tool_calls[0].function"
    );
    assert_eq!(
        field(|answer| answer.choices[0].message.content = Content::Parts(vec![Part::Other("x".into())])),
        "choices[0].message.content[0]"
    );
    assert_eq!(field(|answer| answer.extra = pairs(&[("x", &"[".repeat(100_000))])), "x");
}

#[track_caller]
fn check_raw(json: &str, expected: Expect) {
    check(ChatResponse::Raw(json.into()), expected);
}

#[test]
fn an_answer_passed_through_keeps_every_field_and_its_text() {
    check_raw(
        r#"{
 "id": "gen-1", "object": "chat.completion", "created": 5, "model": "m-1", "provider": "p", "x": { "a" : 1.50 },
 "choices": [{"index": 0, "message": {"role": "assistant", "content": "h\u00e9", "refusal": null, "annotations": [ ], "reasoning": "hm"},
   "logprobs": {"content": [], "y": 1}, "finish_reason": "stop", "native_finish_reason": "STOP"}],
 "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "cost": 0.10,
   "prompt_tokens_details": {"cached_tokens": 1, "z": 2}, "completion_tokens_details": null},
 "system_fingerprint": null
}"#,
        expect![[
            r#"{"id":"gen-1","object":"chat.completion","created":5,"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9","refusal":null,"annotations":[ ],"reasoning":"hm"},"logprobs":{"content": [], "y": 1},"finish_reason":"stop","native_finish_reason":"STOP"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":1,"z":2},"cost":0.10,"completion_tokens_details":null},"provider":"p","x":{ "a" : 1.50 },"system_fingerprint":null}"#
        ]],
    );
}

#[test]
fn an_answer_passed_through_is_put_right() {
    check_raw(
        r#"{"object":"text","created":"now","id":"","choices":[
            {"message":{"role":"model","tool_calls":[{"function":{"name":"f","arguments":{"a": 1}}},{"id":"k","type":"function","function":{"name":"g","x":1},"index":1}]},"finish_reason":"stop"},
            {"message":{"content":"b"},"finish_reason":null}]}"#,
        expect![[
            r#"{"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"d/m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_7_0_0","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}},{"id":"k","type":"function","function":{"name":"g","x":1,"arguments":""},"index":1}]},"logprobs":null,"finish_reason":"tool_calls"},{"index":1,"message":{"role":"assistant","content":"b","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"estimated":true}}"#
        ]],
    );
}

#[test]
fn an_answer_passed_through_that_is_none_is_refused() {
    for (json, field) in [
        ("[]", ""),
        ("", ""),
        ("{\"choices\":", ""),
        ("{}", "choices"),
        (r#"{"choices":[]}"#, "choices"),
        (r#"{"choices":{}}"#, "choices"),
        (r#"{"choices":[1]}"#, "choices[0]"),
        (r#"{"choices":[{}]}"#, "choices[0].message"),
        (r#"{"choices":[{"message":[]}]}"#, "choices[0].message"),
        (r#"{"choices":[{"message":{"content":1}}]}"#, "choices[0].message.content"),
        (r#"{"choices":[{"message":{"refusal":[]}}]}"#, "choices[0].message.refusal"),
        (r#"{"choices":[{"message":{"tool_calls":{}}}]}"#, "choices[0].message.tool_calls"),
        (r#"{"choices":[{"message":{"tool_calls":[1]}}]}"#, "choices[0].message.tool_calls[0]"),
        (r#"{"choices":[{"message":{},"finish_reason":1}]}"#, "choices[0].finish_reason"),
        (r#"{"choices":[{"message":{}}],"usage":1}"#, "usage"),
        (r#"{"choices":[{"message":{"a":1,"a":2}}]}"#, "choices[0].message.a"),
    ] {
        let error = chat_completion(&context(), ChatResponse::Raw(json.into()), &Bytes).unwrap_err();
        assert_eq!(error.field, field, "{error}");
        assert!(!error.problem.contains('`'), "the field is named once: {error}");
    }
}

#[test]
fn no_changed_byte_of_an_answer_passed_through_makes_the_host_panic_or_write_no_json() {
    let whole = br#"{"id":"g","choices":[{"index":0,"message":{"content":"h\u00e9","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1}}}"#;
    for at in 0..whole.len() {
        for change in *b"\"\\{[]}9,:x" {
            let mut bytes = whole.to_vec();
            bytes[at] = change;
            let json = String::from_utf8(bytes).unwrap();
            if let Ok(answer) = chat_completion(&context(), ChatResponse::Raw(json), &Bytes) {
                serde_json::from_slice::<Value>(&answer.body).expect("what is written is JSON");
            }
        }
    }
}
