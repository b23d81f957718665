//! Whole answers in: content, reasons, counts, and what has no name in the contract.

use caisson_sdk::api::{ChatRequest, Content, ErrorKind, FinishReason, Message, Reasoning};
use caisson_sdk::testing::Reply;
use serde_json::{Value, json};

use crate::{answer_to, ask, pairs, sent};

const MESSAGE: &str = include_str!("../../fixtures/message.json");
const TOOLS: &str = include_str!("../../fixtures/message_tools.json");
const SEARCH: &str = include_str!("../../fixtures/message_search.json");

/// The answer to a message that differs from the plain one in this field.
fn answer_with(field: &str, value: Value) -> caisson_sdk::api::ChatAnswer {
    let mut message: Value = serde_json::from_str(MESSAGE).unwrap();
    message[field] = value;
    answer_to(Reply::json(200, message.to_string())).unwrap()
}

#[test]
fn a_plain_answer_is_read_whole() {
    let answer = answer_to(Reply::json(200, MESSAGE)).unwrap();
    assert_eq!(answer.id.as_deref(), Some("msg_01Cq7"));
    assert_eq!(answer.model.as_deref(), Some("claude-sonnet-5-5"));
    assert_eq!(answer.service_tier.as_deref(), Some("default"));
    assert_eq!(answer.extra, []);
    let [choice] = answer.choices.as_slice() else { panic!("{answer:?}") };
    assert_eq!(choice.message, Message::assistant("Grüß Gott, harbour!"));
    assert_eq!(choice.finish_reason, FinishReason::Stop);
    assert_eq!(choice.extra, []);
}

#[test]
fn cached_tokens_count_as_input() {
    let usage = answer_to(Reply::json(200, MESSAGE)).unwrap().usage.unwrap();
    assert_eq!(usage.input, 12 + 300 + 4000);
    assert_eq!(usage.output, 9);
    assert_eq!(usage.total, usage.input + 9);
    assert_eq!(usage.cached_input, Some(4000));
    assert_eq!(usage.cache_write_input, Some(300));
    assert_eq!(usage.reasoning_output, Some(4));
    assert_eq!(
        usage.extra,
        pairs(&[
            ("cache_creation", r#"{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":0}"#),
            ("inference_geo", r#""eu""#),
        ])
    );
}

#[test]
fn absurd_counts_do_not_overflow() {
    let usage = json!({ "input_tokens": u64::MAX, "cache_read_input_tokens": 9, "output_tokens": -3 });
    let usage = answer_with("usage", usage).usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.total), (u32::MAX, 0, u32::MAX));
}

#[test]
fn thinking_and_tool_calls_have_their_places() {
    let answer = answer_to(Reply::json(200, TOOLS)).unwrap();
    let choice = &answer.choices[0];
    assert_eq!(choice.finish_reason, FinishReason::ToolCalls);
    assert_eq!(choice.message.content, Content::Text("I will look both up.".to_owned()));
    assert_eq!(
        choice.message.reasoning,
        [
            Reasoning {
                text: "Two ports, two calls.".to_owned(),
                signature: Some("EqQBCgIYAhIM".to_owned()),
                redacted: false,
            },
            Reasoning { text: String::new(), signature: Some("EmwKAhgBEgy3".to_owned()), redacted: true },
        ]
    );
    let [tide, now] = choice.message.tool_calls.as_slice() else { panic!("{choice:?}") };
    assert_eq!((tide.id.as_str(), tide.kind.as_str(), tide.name.as_str()), ("toolu_01A", "function", "tide"));
    assert_eq!(tide.arguments, r#"{"port":"Brest","days":2}"#);
    assert_eq!(tide.extra, []);
    assert_eq!(now.arguments, "{}");
    assert_eq!(now.extra, pairs(&[("caller", r#"{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}"#)]));
    assert_eq!(choice.message.extra, [], "everything has a place, so nothing is kept twice");
}

#[test]
fn an_answer_sent_back_is_what_the_provider_wrote() {
    for fixture in [TOOLS, SEARCH] {
        let message = answer_to(Reply::json(200, fixture)).unwrap().choices.remove(0).message;
        let body = sent(ChatRequest { tools: Vec::new(), ..ask(vec![Message::user("?"), message]) });
        let wrote: Value = serde_json::from_str(fixture).unwrap();
        assert_eq!(body["messages"][1]["content"], wrote["content"]);
    }
}

#[test]
fn blocks_without_a_place_are_kept_beside_the_text() {
    let answer = answer_to(Reply::json(200, SEARCH)).unwrap();
    let message = &answer.choices[0].message;
    assert_eq!(message.content, Content::Text("Let me look. High water is at 06:12.".to_owned()));
    assert_eq!(message.tool_calls, []);
    let [(name, list)] = message.extra.as_slice() else { panic!("{message:?}") };
    assert_eq!(name, "anthropic_content");
    let wrote: Value = serde_json::from_str(SEARCH).unwrap();
    assert_eq!(serde_json::from_str::<Value>(list).unwrap(), wrote["content"]);
    assert_eq!(answer.extra, pairs(&[("container", r#"{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}"#)]));
}

#[test]
fn thinking_between_calls_is_kept_in_its_order() {
    let call = |id: &str| json!({ "type": "tool_use", "id": id, "name": "tide", "input": {} });
    let blocks = json!([call("a"), { "type": "thinking", "thinking": "Hm.", "signature": "Eq" }, call("b")]);
    let message = answer_with("content", blocks.clone()).choices.remove(0).message;
    assert_eq!(message.tool_calls.len(), 2);
    assert_eq!(serde_json::from_str::<Value>(&message.extra[0].1).unwrap(), blocks);
}

#[test]
fn a_lone_text_is_kept_if_it_cites() {
    let text = |citations: Value| json!([{ "type": "text", "text": "06:12", "citations": citations }]);
    let cited = text(json!([{ "type": "page_location", "start_page_number": 1 }]));
    let message = answer_with("content", cited.clone()).choices.remove(0).message;
    assert_eq!(serde_json::from_str::<Value>(&message.extra[0].1).unwrap(), cited);
    for none in [json!([]), Value::Null] {
        let message = answer_with("content", text(none)).choices.remove(0).message;
        assert_eq!(message, Message::assistant("06:12"));
    }
}

#[test]
fn a_block_of_an_unreadable_kind_is_kept() {
    let blocks = json!([{ "type": "hologram", "text": { "en": "Ahoy" } }, { "type": "text", "text": "Ahoy" }]);
    let message = answer_with("content", blocks.clone()).choices.remove(0).message;
    assert_eq!(message.text(), "Ahoy");
    assert_eq!(serde_json::from_str::<Value>(&message.extra[0].1).unwrap(), blocks);
}

#[test]
fn a_text_that_cannot_be_read_is_the_providers_fault_and_not_lost() {
    let half = r#"{"content":[{"type":"text","text":"Aye \ud83d"}],"stop_reason":"end_turn"}"#;
    let error = answer_to(Reply::json(200, half)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Upstream);
    assert!(error.message.contains("could not be read"), "{}", error.message);
}

#[test]
fn every_stop_reason_has_a_finish_reason() {
    for (reason, expected, told) in [
        ("end_turn", FinishReason::Stop, None),
        ("stop_sequence", FinishReason::Stop, Some(r#""stop_sequence""#)),
        ("max_tokens", FinishReason::Length, None),
        ("tool_use", FinishReason::ToolCalls, None),
        ("refusal", FinishReason::ContentFilter, Some(r#""refusal""#)),
        ("model_context_window_exceeded", FinishReason::Length, Some(r#""model_context_window_exceeded""#)),
        ("pause_turn", FinishReason::Other("pause_turn".to_owned()), None),
        ("tide_turned", FinishReason::Other("tide_turned".to_owned()), None),
    ] {
        let choice = answer_with("stop_reason", json!(reason)).choices.remove(0);
        assert_eq!(choice.finish_reason, expected);
        let told: Vec<_> = told.map(|told| ("stop_reason".to_owned(), told.to_owned())).into_iter().collect();
        assert_eq!(choice.extra, told, "{reason}");
    }
    let choice = answer_with("stop_sequence", json!("END")).choices.remove(0);
    assert_eq!(choice.extra, pairs(&[("stop_sequence", r#""END""#)]));
    let choice = answer_with("stop_details", json!({ "category": "bio" })).choices.remove(0);
    assert_eq!(choice.extra, pairs(&[("stop_details", r#"{"category":"bio"}"#)]));
}

#[test]
fn an_answer_without_text_has_no_content() {
    assert_eq!(answer_with("content", json!([])).choices[0].message.content, Content::Empty);
}

#[test]
fn an_answer_that_is_no_message_is_the_providers_fault() {
    for body in ["", "<html>", "[]", "{}", r#"{"content":"text"}"#] {
        let error = answer_to(Reply::json(200, body)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Upstream, "{body}: {error:?}");
    }
}
