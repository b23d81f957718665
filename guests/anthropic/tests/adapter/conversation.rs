//! Messages out: system prompt, turns, media, tool calls and their results.

use caisson_sdk::api::{Content, ErrorKind, Media, Message, Part, Reasoning, Role, Source, TextPart, ToolCall};
use serde_json::{Value, json};

use crate::{ask, pairs, refused, sent};

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        kind: "function".to_owned(),
        name: "tide".to_owned(),
        arguments: arguments.to_owned(),
        extra: Vec::new(),
    }
}

fn result(id: &str, text: &str) -> Message {
    Message { tool_call_id: Some(id.to_owned()), ..Message::new(Role::Tool, text) }
}

fn user_parts(parts: Vec<Part>) -> Message {
    Message { content: Content::Parts(parts), ..Message::default() }
}

fn media(source: Source, mime_type: Option<&str>) -> Media {
    Media { source, mime_type: mime_type.map(str::to_owned), ..Media::default() }
}

/// The content of the only turn of a request with these parts.
fn sent_parts(parts: Vec<Part>) -> Value {
    sent(ask(vec![user_parts(parts)]))["messages"][0]["content"].take()
}

#[test]
fn one_plain_message_goes_out_as_strings() {
    let body = sent(ask(vec![Message::system("Be brief."), Message::user("Ahoy?")]));
    assert_eq!(
        body,
        json!({
            "model": "claude-sonnet-5-5",
            "max_tokens": 4096,
            "system": "Be brief.",
            "messages": [{ "role": "user", "content": "Ahoy?" }],
        })
    );
}

#[test]
fn system_and_developer_messages_are_hoisted_with_their_cache_marks() {
    let marked =
        Part::Text(TextPart { text: "Law.".to_owned(), extra: pairs(&[("cache_control", r#"{"type":"ephemeral"}"#)]) });
    let body = sent(ask(vec![
        Message { role: Role::System, ..user_parts(vec![marked]) },
        Message::user("Ahoy?"),
        Message::new(Role::Developer, "Be brief."),
    ]));
    assert_eq!(
        body["system"],
        json!([
            { "type": "text", "text": "Law.", "cache_control": { "type": "ephemeral" } },
            { "type": "text", "text": "Be brief." },
        ])
    );
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn neighbours_of_one_speaker_become_one_turn() {
    let body = sent(ask(vec![
        Message::user("One."),
        Message::user(""),
        Message::user("Two."),
        Message::assistant("Aye."),
        Message::assistant("Aye aye."),
        Message::assistant(""),
        Message::user("Three."),
    ]));
    assert_eq!(
        body["messages"],
        json!([
            { "role": "user", "content": [
                { "type": "text", "text": "One." }, { "type": "text", "text": "Two." },
            ] },
            { "role": "assistant", "content": [
                { "type": "text", "text": "Aye." }, { "type": "text", "text": "Aye aye." },
            ] },
            { "role": "user", "content": "Three." },
        ])
    );
}

#[test]
fn tool_results_and_the_words_after_them_are_one_user_turn() {
    let calls = Message {
        tool_calls: vec![call("call_1", r#"{"port":"Brest", "n":1.50}"#), call("functions.tide:2", " ")],
        ..Message::assistant("Looking.")
    };
    let failed = Message {
        extra: pairs(&[("is_error", "true"), ("unknown", "1")]),
        ..result("functions.tide:2", "no such port")
    };
    let body =
        sent(ask(vec![Message::user("Tides?"), calls, result("call_1", "06:12"), failed, Message::user("Well?")]));
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            { "type": "text", "text": "Looking." },
            { "type": "tool_use", "id": "call_1", "name": "tide", "input": { "port": "Brest", "n": 1.5 } },
            { "type": "tool_use", "id": "functions_tide_2", "name": "tide", "input": {} },
        ])
    );
    assert_eq!(
        body["messages"][2],
        json!({ "role": "user", "content": [
            { "type": "tool_result", "tool_use_id": "call_1", "content": "06:12" },
            { "type": "tool_result", "tool_use_id": "functions_tide_2", "content": "no such port",
              "is_error": true },
            { "type": "text", "text": "Well?" },
        ] })
    );
}

#[test]
fn a_tool_result_can_hold_an_image() {
    let mut shot = result("call_1", "");
    shot.content = Content::Parts(vec![Part::Image(media(Source::Base64("iVBORw0K".to_owned()), Some("image/png")))]);
    let body = sent(ask(vec![Message::user("Look."), shot]));
    assert_eq!(
        body["messages"][0]["content"][1]["content"],
        json!([{ "type": "image", "source": {
            "type": "base64", "media_type": "image/png", "data": "iVBORw0K",
        } }])
    );
}

#[test]
fn arguments_that_are_no_object_are_refused_with_their_place() {
    for arguments in ["{\"port\":", "[1]", "\"Brest\"", "7", "{} {}"] {
        let message = Message { tool_calls: vec![call("a", "{}"), call("b", arguments)], ..Message::assistant("") };
        let error = refused(ask(vec![Message::user("Tides?"), message]));
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{arguments}");
        assert_eq!(error.param.as_deref(), Some("messages[1].tool_calls[1].function.arguments"));
    }
}

#[test]
fn a_free_text_call_is_wrapped_in_an_object() {
    let custom = ToolCall { kind: "custom".to_owned(), ..call("a", "SELECT 1") };
    let message = Message { tool_calls: vec![custom], ..Message::assistant("") };
    let body = sent(ask(vec![Message::user("Go."), message]));
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({ "input": "SELECT 1" }));
}

#[test]
fn a_call_that_a_client_folded_from_a_stream_goes_back_without_the_clients_own_fields() {
    let extra = pairs(&[
        ("index", "0"),
        ("function", r#"{"parsed_arguments":{"port":"Brest"}}"#),
        ("cache_control", r#"{"type":"ephemeral"}"#),
    ]);
    let folded = ToolCall { extra, ..call("a", r#"{"port":"Brest"}"#) };
    let message = Message { tool_calls: vec![folded], ..Message::assistant("") };
    let body = sent(ask(vec![Message::user("Tides?"), message]));
    assert_eq!(
        body["messages"][1]["content"][0],
        json!({
            "type": "tool_use", "id": "a", "name": "tide", "input": { "port": "Brest" },
            "cache_control": { "type": "ephemeral" },
        })
    );
}

#[test]
fn a_tool_result_without_its_call_is_refused() {
    let error = refused(ask(vec![Message::user("?"), Message::new(Role::Tool, "06:12")]));
    assert_eq!(error.param.as_deref(), Some("messages[1].tool_call_id"));
}

#[test]
fn signed_thinking_opens_the_turn_and_unsigned_thinking_stays_home() {
    let thought = |text: &str, signature: Option<&str>, redacted| Reasoning {
        text: text.to_owned(),
        signature: signature.map(str::to_owned),
        redacted,
    };
    let message = Message {
        reasoning: vec![
            thought("Hm.", Some("EqQB"), false),
            thought("", Some("EmwK"), true),
            thought("Another model's.", None, false),
        ],
        tool_calls: vec![call("call_1", "{}")],
        ..Message::assistant("Aye.")
    };
    let body = sent(ask(vec![Message::user("?"), message, result("call_1", "1")]));
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            { "type": "thinking", "thinking": "Hm.", "signature": "EqQB" },
            { "type": "redacted_thinking", "data": "EmwK" },
            { "type": "text", "text": "Aye." },
            { "type": "tool_use", "id": "call_1", "name": "tide", "input": {} },
        ])
    );
}

#[test]
fn kept_content_goes_back_as_the_provider_wrote_it() {
    let list = r#"[{"type":"server_tool_use","id":"s","name":"web_search","input":{"q":1.0}}]"#;
    let message = Message {
        extra: pairs(&[("anthropic_content", list)]),
        tool_calls: vec![call("call_1", "{}")],
        ..Message::assistant("Aye.")
    };
    let body = sent(ask(vec![Message::user("?"), message]));
    assert_eq!(body["messages"][1]["content"], serde_json::from_str::<Value>(list).unwrap());

    let broken = Message { extra: pairs(&[("anthropic_content", "{}")]), ..Message::assistant("Aye.") };
    let error = refused(ask(vec![Message::user("?"), broken]));
    assert_eq!(error.param.as_deref(), Some("messages[1].anthropic_content"));
}

#[test]
fn images_go_out_from_every_source() {
    let marked = Media {
        extra: pairs(&[("cache_control", r#"{"type":"ephemeral"}"#)]),
        ..media(Source::Url("https://x.example/a.png".to_owned()), None)
    };
    let content = sent_parts(vec![
        Part::Image(marked),
        Part::Image(media(Source::Base64("/9j/".to_owned()), Some("image/jpg"))),
        Part::Image(media(Source::Id("file_1".to_owned()), None)),
        Part::Text(TextPart::new("")),
    ]);
    assert_eq!(
        content,
        json!([
            { "type": "image", "source": { "type": "url", "url": "https://x.example/a.png" },
              "cache_control": { "type": "ephemeral" } },
            { "type": "image", "source": { "type": "base64", "media_type": "image/jpeg", "data": "/9j/" } },
            { "type": "image", "source": { "type": "file", "file_id": "file_1" } },
        ])
    );
}

#[test]
fn files_become_documents() {
    let named = Media {
        file_name: Some("chart.pdf".to_owned()),
        extra: pairs(&[("citations", r#"{"enabled":true}"#)]),
        ..media(Source::Base64("JVBERi0=".to_owned()), Some("application/pdf"))
    };
    let content = sent_parts(vec![
        Part::File(named),
        Part::File(media(Source::Base64("R3LDvMOf".to_owned()), Some("text/markdown"))),
        Part::File(media(Source::Id("file_2".to_owned()), None)),
        Part::File(media(Source::Base64("iVBORw0K".to_owned()), Some("image/png"))),
    ]);
    assert_eq!(
        content,
        json!([
            { "type": "document", "title": "chart.pdf", "citations": { "enabled": true },
              "source": { "type": "base64", "media_type": "application/pdf", "data": "JVBERi0=" } },
            { "type": "document",
              "source": { "type": "text", "media_type": "text/plain", "data": "Grüß" } },
            { "type": "document", "source": { "type": "file", "file_id": "file_2" } },
            { "type": "image",
              "source": { "type": "base64", "media_type": "image/png", "data": "iVBORw0K" } },
        ])
    );
}

#[test]
fn media_that_anthropic_cannot_take_is_refused_with_its_place() {
    let inline = || Source::Base64("AAAA".to_owned());
    let cases = [
        (Part::Image(media(inline(), None)), ErrorKind::InvalidRequest, ".image_url.url"),
        (Part::Audio(media(inline(), Some("audio/wav"))), ErrorKind::Unsupported, ""),
        (Part::File(media(inline(), Some("video/mp4"))), ErrorKind::Unsupported, ".file"),
        (
            Part::File(media(Source::Base64("//8=".to_owned()), Some("text/plain"))),
            ErrorKind::InvalidRequest,
            ".file.file_data",
        ),
    ];
    for (part, kind, place) in cases {
        let error = refused(ask(vec![user_parts(vec![Part::Text(TextPart::new("See:")), part])]));
        assert_eq!(error.kind, kind, "{error:?}");
        assert_eq!(error.param, Some(format!("messages[0].content[1]{place}")));
    }
}

#[test]
fn parts_without_a_name_in_the_contract_go_through() {
    let part = r#"{"type":"search_result","source":"log","title":"Log","content":[]}"#;
    let content = sent_parts(vec![Part::Other(part.to_owned())]);
    assert_eq!(content, json!([serde_json::from_str::<Value>(part).unwrap()]));
}

#[test]
fn a_cache_mark_beside_a_message_marks_its_last_block() {
    let message = Message {
        extra: pairs(&[("cache_control", r#"{"type":"ephemeral","ttl":"1h"}"#), ("other", "1")]),
        ..Message::user("Long story.")
    };
    assert_eq!(
        sent(ask(vec![message]))["messages"][0]["content"],
        json!([{ "type": "text", "text": "Long story.",
                 "cache_control": { "type": "ephemeral", "ttl": "1h" } }])
    );
}

#[test]
fn a_conversation_without_content_is_refused() {
    let error = refused(ask(vec![Message::system("Be brief."), Message::user("")]));
    assert_eq!((error.kind, error.param.as_deref()), (ErrorKind::InvalidRequest, Some("messages")));
}
