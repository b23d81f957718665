//! `reasoning_effort` by generation of model, and what thinking does to other fields.

use caisson_sdk::api::{ChatRequest, Message, Reasoning, Role, Tool, ToolCall, ToolChoice};
use serde_json::{Value, json};

use crate::{ask, pairs, request, sent};

fn effort(model: &str, effort: &str) -> ChatRequest {
    ChatRequest { model: model.to_owned(), reasoning_effort: Some(effort.to_owned()), ..request() }
}

#[test]
fn models_up_to_four_and_a_half_think_within_a_budget() {
    for (level, budget) in
        [("minimal", 1024), ("low", 2048), ("medium", 8192), ("high", 16_384), ("xhigh", 32_000), ("max", 32_000)]
    {
        for model in ["claude-haiku-4-5", "claude-opus-4-5-20251101", "claude-3-7-sonnet-latest"] {
            let body = sent(effort(model, level));
            assert_eq!(body["thinking"], json!({ "type": "enabled", "budget_tokens": budget }));
            assert_eq!(body["max_tokens"], budget + 4096, "{level}");
            assert_eq!(body.get("output_config"), None);
        }
    }
}

#[test]
fn later_models_are_told_an_effort() {
    for (level, told) in [("minimal", "low"), ("low", "low"), ("high", "high"), ("xhigh", "xhigh")] {
        for model in ["claude-opus-4-6", "claude-sonnet-5", "claude-haiku-5-5", "claude-new-9"] {
            let body = sent(effort(model, level));
            assert_eq!(body["thinking"], json!({ "type": "adaptive", "display": "summarized" }));
            assert_eq!(body["output_config"], json!({ "effort": told }));
        }
    }
    assert_eq!(sent(effort("claude-opus-5-5", "medium"))["max_tokens"], 4096 + 8192);
}

#[test]
fn no_effort_asks_for_no_thinking() {
    assert_eq!(sent(request()).get("thinking"), None);
    let body = sent(ChatRequest { temperature: Some(0.3), ..effort("claude-sonnet-5-5", "none") });
    assert_eq!(body["thinking"], json!({ "type": "disabled" }));
    assert_eq!(body.get("output_config"), None);
    assert_eq!(body["temperature"], 0.3);
    assert_eq!(body["max_tokens"], 4096);
}

#[test]
fn the_budget_fits_below_the_clients_cap() {
    for (max_tokens, budget) in [
        (20_000, json!(8192)),
        (4000, json!(3000)),
        (1366, json!(1025)),
        (1025, json!(1024)),
        (1024, Value::Null),
        (0, Value::Null),
    ] {
        let request = ChatRequest { max_tokens: Some(max_tokens), ..effort("claude-haiku-4-5", "medium") };
        let body = sent(request);
        assert_eq!(body["thinking"]["budget_tokens"], budget, "{max_tokens}");
        assert_eq!(body["max_tokens"], max_tokens);
    }
}

#[test]
fn thinking_fixes_the_sampling() {
    for model in ["claude-haiku-4-5", "claude-opus-4-6"] {
        let cool = ChatRequest { temperature: Some(0.2), ..effort(model, "low") };
        let body = sent(ChatRequest { top_p: Some(0.5), ..cool.clone() });
        assert_eq!((body.get("temperature"), body.get("top_p")), (None, None));
        assert_eq!(sent(ChatRequest { top_p: Some(0.97), ..cool })["top_p"], 0.97);
    }
}

#[test]
fn a_forced_tool_call_is_not_thought_about() {
    let forced = |model| ChatRequest {
        tools: vec![Tool { kind: "function".to_owned(), name: "tide".to_owned(), ..Tool::default() }],
        tool_choice: Some(ToolChoice::Required),
        temperature: Some(0.2),
        ..effort(model, "high")
    };
    let budgeted = sent(forced("claude-haiku-4-5"));
    assert_eq!(budgeted.get("thinking"), None);
    assert_eq!(budgeted["max_tokens"], 4096);
    assert_eq!(budgeted["temperature"], 0.2);
    let later = sent(forced("claude-sonnet-4-6"));
    assert_eq!(later.get("thinking"), None);
    assert_eq!(later["output_config"], json!({ "effort": "high" }));
}

#[test]
fn a_budget_is_dropped_where_the_client_dropped_the_thinking_behind_its_calls() {
    let calling = |signature: Option<&str>| Message {
        reasoning: vec![Reasoning { text: "Hm.".to_owned(), signature: signature.map(str::to_owned), redacted: false }],
        tool_calls: vec![ToolCall {
            id: "call_1".to_owned(),
            kind: "function".to_owned(),
            name: "tide".to_owned(),
            arguments: "{}".to_owned(),
            extra: Vec::new(),
        }],
        ..Message::assistant("")
    };
    let result = Message { tool_call_id: Some("call_1".to_owned()), ..Message::new(Role::Tool, "06:12") };
    let with = |call: Message, model: &str| {
        let messages = vec![Message::user("Tide?"), call, result.clone()];
        sent(ChatRequest { model: model.to_owned(), reasoning_effort: Some("low".to_owned()), ..ask(messages) })
    };
    assert_eq!(with(calling(None), "claude-haiku-4-5").get("thinking"), None);
    assert_eq!(with(calling(None), "claude-opus-5")["thinking"]["type"], "adaptive");
    assert_eq!(with(calling(Some("EqQB")), "claude-haiku-4-5")["thinking"]["type"], "enabled");
    let kept = Message { extra: pairs(&[("anthropic_content", "[]")]), ..calling(None) };
    assert_eq!(with(kept, "claude-haiku-4-5")["thinking"]["type"], "enabled");
}

#[test]
fn the_clients_own_thinking_wins() {
    let own = |thinking: &str| ChatRequest {
        temperature: Some(0.2),
        extra: pairs(&[("thinking", thinking)]),
        ..effort("claude-haiku-4-5", "high")
    };
    let body = sent(own(r#"{"type":"enabled","budget_tokens":5000}"#));
    assert_eq!(body["thinking"], json!({ "type": "enabled", "budget_tokens": 5000 }));
    assert_eq!(body["max_tokens"], 9096);
    assert_eq!(body.get("temperature"), None);
    assert_eq!(body.get("output_config"), None);

    let off = sent(own(r#"{"type":"disabled"}"#));
    assert_eq!(off["temperature"], 0.2);

    let adaptive = sent(own(r#"{"type":"adaptive"}"#));
    assert_eq!(adaptive["thinking"], json!({ "type": "adaptive" }));
    assert_eq!(adaptive["output_config"], json!({ "effort": "high" }));
}

#[test]
fn the_clients_own_effort_wins() {
    let extra = pairs(&[("output_config", r#"{"effort":"max"}"#)]);
    let body = sent(ChatRequest { extra, ..effort("claude-opus-5-5", "low") });
    assert_eq!(body["output_config"], json!({ "effort": "max" }));
}
