//! Recorded answers, and odd ones.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use caisson_sdk::api::{ErrorKind, Usage};
use serde_json::{Value, json};

use super::*;

fn answered(json: &str) -> ChatAnswer {
    answer(json, "req-1").unwrap()
}

fn extra(pairs: &[(String, String)], name: &str) -> Value {
    let value = super::super::find(pairs, name).unwrap_or_else(|| panic!("no {name}"));
    serde_json::from_str(value).unwrap()
}

/// An answer of one candidate with these parts.
fn with_parts(parts: &Value) -> ChatAnswer {
    let candidate = json!({"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"});
    answered(&json!({"candidates": [candidate]}).to_string())
}

#[test]
fn text_thoughts_and_what_stands_beside_them_are_kept() {
    let answer = answered(include_str!("../../../fixtures/answer_text.json"));
    assert_eq!(answer.id.as_deref(), Some("mAhKZ5DvKJ-u2roP"));
    assert_eq!(answer.model.as_deref(), Some("gemini-3.8-flash"));
    let choice = &answer.choices[0];
    let message = &choice.message;
    assert_eq!(message.text(), "Because of Rayleigh scattering.");
    assert_eq!(message.reasoning[0].text, "**Weighing it**\n\nThe sky scatters blue.\n");
    assert_eq!(extra(&message.extra, "extra_content"), json!({"google": {"thought_signature": "EqQDCqEDAb4+9vs="}}));
    assert_eq!(choice.finish_reason, FinishReason::Stop);
    assert_eq!(extra(&choice.extra, "safetyRatings")[0]["probability"], "NEGLIGIBLE");
    assert_eq!(extra(&choice.extra, "groundingMetadata"), json!({"webSearchQueries": ["why is the sky blue"]}));
    assert_eq!(extra(&choice.extra, "avgLogprobs"), json!(-0.25));
    assert_eq!(choice.logprobs[0].token, "Because");
    assert_eq!(choice.logprobs[0].top[1].logprob, -1.5);
}

#[test]
fn usage_counts_thoughts_as_output_and_tool_prompts_as_input() {
    let answer = answered(include_str!("../../../fixtures/answer_text.json"));
    let usage = answer.usage.unwrap();
    let expected = Usage {
        input: 128,
        output: 86,
        total: 214,
        cached_input: Some(100),
        audio_input: Some(40),
        reasoning_output: Some(80),
        ..Usage::default()
    };
    assert_eq!(format!("{usage:?}"), format!("{expected:?}"));
}

#[test]
fn calls_have_unique_ids_compact_arguments_and_their_signature() {
    let answer = answered(include_str!("../../../fixtures/answer_calls.json"));
    let choice = &answer.choices[0];
    assert_eq!(choice.finish_reason, FinishReason::ToolCalls);
    let calls = &choice.message.tool_calls;
    assert_eq!(calls[0].id, "a1b2c3d4__thought__CvwBAdHtim9+/w==");
    assert_eq!(calls[0].arguments, r#"{"city":"Paris","units":"°C","days":3}"#);
    assert_eq!(extra(&calls[0].extra, "extra_content"), json!({"google": {"thought_signature": "CvwBAdHtim9+/w=="}}));
    assert_eq!(calls[1].id, "gcall-r3sp0ns3-0-1");
    assert_eq!(calls[2].id, "gcall-r3sp0ns3-0-2");
    assert_eq!(calls[2].arguments, "{}");
    assert!(matches!(choice.message.content, Content::Empty));
}

#[test]
fn a_blocked_prompt_is_a_choice_that_the_filter_stopped() {
    let answer = answered(include_str!("../../../fixtures/answer_blocked.json"));
    let choice = &answer.choices[0];
    assert_eq!(choice.finish_reason, FinishReason::ContentFilter);
    assert!(matches!(choice.message.content, Content::Empty));
    assert_eq!(extra(&choice.extra, "promptFeedback")["blockReason"], "PROHIBITED_CONTENT");
    assert_eq!(answer.usage.map(|usage| usage.input), Some(8));
}

#[test]
fn images_become_data_urls_and_other_parts_stay_whole() {
    let answer = answered(include_str!("../../../fixtures/answer_image_and_code.json"));
    let message = &answer.choices[0].message;
    assert_eq!(
        extra(&message.extra, "images"),
        json!([{
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="},
            "index": 0,
            "extra_content": {"google": {"thought_signature": "aW1hZ2U="}},
        }])
    );
    assert_eq!(
        extra(&message.extra, "gemini_parts"),
        json!([
            {"executableCode": {"language": "PYTHON", "code": "print(1 + 1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\n"}},
        ])
    );
}

#[test]
fn speech_is_openais_audio() {
    let answer = with_parts(&json!([
        {"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAA="}}
    ]));
    let audio = extra(&answer.choices[0].message.extra, "audio");
    assert_eq!(audio["data"], "AAA=");
    assert_eq!(audio["mime_type"], "audio/L16;rate=24000");
}

#[test]
fn an_image_drafted_in_thought_is_no_part_of_the_answer() {
    let answer = with_parts(&json!([
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thought": true},
    ]));
    let message = &answer.choices[0].message;
    assert!(super::super::find(&message.extra, "images").is_none());
    assert_eq!(extra(&message.extra, "gemini_parts")[0]["thought"], true);
}

#[test]
fn every_finish_reason_is_told() {
    let filtered = FinishReason::ContentFilter;
    let other = |name: &str| FinishReason::Other(name.into());
    for (reason, expected) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", filtered.clone()),
        ("RECITATION", filtered.clone()),
        ("LANGUAGE", filtered.clone()),
        ("BLOCKLIST", filtered.clone()),
        ("PROHIBITED_CONTENT", filtered.clone()),
        ("SPII", filtered.clone()),
        ("IMAGE_SAFETY", filtered),
        ("MALFORMED_FUNCTION_CALL", other("malformed_function_call")),
        ("UNEXPECTED_TOOL_CALL", other("unexpected_tool_call")),
        ("OTHER", other("other")),
        ("SOMETHING_NEW", other("something_new")),
    ] {
        // A candidate that was stopped may have no content at all.
        let json = json!({"candidates": [{"finishReason": reason}]}).to_string();
        assert_eq!(answered(&json).choices[0].finish_reason, expected, "{reason}");
    }
}

#[test]
fn candidates_keep_their_indexes() {
    let candidate = |index: u32, text: &str| json!({"content": {"parts": [{"text": text}]}, "index": index});
    let json = json!({"candidates": [candidate(1, "b"), candidate(0, "a")]}).to_string();
    let choices = answered(&json).choices;
    let told: Vec<_> = choices.iter().map(|choice| (choice.index, choice.message.text())).collect();
    assert_eq!(told, [(1, "b".to_owned()), (0, "a".to_owned())]);
}

#[test]
fn what_is_no_answer_is_an_upstream_error() {
    for json in ["", "[]", "{}", "<html>", r#"{"promptFeedback":{}}"#, r#"{"candidates":[3]}"#] {
        assert_eq!(answer(json, "req-1").unwrap_err().kind, ErrorKind::Upstream, "{json}");
    }
    let failed = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}"#;
    assert_eq!(answer(failed, "req-1").unwrap_err().kind, ErrorKind::RateLimited);
}

#[test]
fn what_an_answer_gave_goes_back_as_it_came() {
    let recorded = include_str!("../../../fixtures/answer_calls.json");
    let message = answered(recorded).choices.remove(0).message;
    let chat = caisson_sdk::api::ChatRequest {
        model: "gemini-3.8-flash".into(),
        messages: vec![message],
        ..caisson_sdk::api::ChatRequest::default()
    };
    let request = crate::conversions::request::request(&chat, None).unwrap();
    let sent = serde_json::to_value(request).unwrap();
    let mut came: Value = serde_json::from_str(recorded).unwrap();
    // A call without arguments is sent with none rather than without the field.
    came["candidates"][0]["content"]["parts"][2]["functionCall"]["args"] = json!({});
    assert_eq!(sent["contents"][0], came["candidates"][0]["content"]);
}
