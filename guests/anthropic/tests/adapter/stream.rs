//! Streams in: every event, however the bytes are split, and every way to end.

use anthropic::Anthropic;
use caisson_sdk::api::{
    ErrorKind, Event, Finish, FinishReason, OtherDelta, ReasoningDelta, StreamStart, ToolDelta, Usage,
};
use caisson_sdk::testing::{self, Reply, Upstream};
use caisson_sdk::{Adapter, Result};
use serde_json::Value;

use crate::{pairs, request};

const TEXT: &str = include_str!("../../fixtures/stream_text.sse");
const TOOLS: &str = include_str!("../../fixtures/stream_tools.sse");
const SEARCH: &str = include_str!("../../fixtures/stream_search.sse");
const OVERLOADED: &str = include_str!("../../fixtures/stream_overloaded.sse");

fn stream(reply: Reply) -> Result<Vec<Event>> {
    let upstream = Upstream::new().reply(reply);
    let events = upstream.run(|| testing::collect(Anthropic::open_stream(testing::context(), request())?));
    assert_eq!(upstream.requests()[0].json()["stream"], true);
    events
}

fn text(text: &str) -> Event {
    Event::text(0, text)
}

fn reasoning(text: &str, signature: Option<&str>) -> Event {
    let signature = signature.map(str::to_owned);
    Event::Reasoning(ReasoningDelta { choice: 0, text: text.to_owned(), signature, redacted: false })
}

fn redacted(data: &str) -> Event {
    Event::Reasoning(ReasoningDelta { signature: Some(data.to_owned()), redacted: true, ..ReasoningDelta::default() })
}

fn call(index: u32, id: &str, name: &str) -> Event {
    let (id, name) = (Some(id.to_owned()), Some(name.to_owned()));
    Event::Tool(ToolDelta { index, id, name, ..ToolDelta::default() })
}

fn arguments(index: u32, arguments: &str) -> Event {
    Event::Tool(ToolDelta { index, arguments: arguments.to_owned(), ..ToolDelta::default() })
}

fn other(extra: &[(&str, &str)]) -> Event {
    Event::Other(OtherDelta { choice: 0, extra: pairs(extra) })
}

fn finish(reason: FinishReason) -> Event {
    Event::Finish(Finish { choice: 0, reason })
}

/// The data of each event that these JSON lines make.
fn sse(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("data: {line}\n\n")).collect()
}

#[test]
fn text_streams_with_its_counts() {
    let expected = [
        Event::Start(StreamStart {
            id: Some("msg_01S".to_owned()),
            model: Some("claude-sonnet-5-5".to_owned()),
            service_tier: Some("priority".to_owned()),
            system_fingerprint: None,
            extra: Vec::new(),
        }),
        text("Ahoy"),
        text(", ⚓ \"mate\""),
        other(&[("stop_sequence", r#""mate\"""#), ("stop_reason", r#""stop_sequence""#)]),
        finish(FinishReason::Stop),
        Event::Usage(Usage {
            input: 125,
            output: 15,
            total: 140,
            cached_input: Some(100),
            cache_write_input: Some(0),
            reasoning_output: Some(0),
            ..Usage::default()
        }),
    ];
    assert_eq!(stream(Reply::sse(TEXT)).unwrap(), expected);
    assert_eq!(stream(Reply::sse(TEXT).split_at_every_byte()).unwrap(), expected);
}

#[test]
fn thinking_and_calls_stream_in_order() {
    let events = stream(Reply::sse(TOOLS)).unwrap();
    assert_eq!(
        events[1..],
        [
            reasoning("Two ", None),
            reasoning("calls.", None),
            reasoning("", Some("EqQBCgIYAhIM")),
            redacted("EmwKAhgBEgy3"),
            call(0, "toolu_01A", "tide"),
            arguments(0, "{\"port\": \"Br"),
            arguments(0, "est\"}"),
            call(1, "toolu_01B", "now"),
            arguments(1, "{}"),
            finish(FinishReason::ToolCalls),
            Event::Usage(Usage { input: 50, output: 61, total: 111, ..Usage::default() }),
        ]
    );
}

#[test]
fn thinking_whose_text_is_left_out_is_not_taken_for_redacted() {
    let events = stream(Reply::sse(sse(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"aloud","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"signature_delta","signature":"b"}}"#,
        r#"{"type":"message_stop"}"#,
    ])))
    .unwrap();
    assert_eq!(events[..3], [reasoning("aloud", None), reasoning("", Some("a")), reasoning("", Some("b"))]);
}

#[test]
fn a_call_that_code_made_says_so() {
    let caller = r#"{"type":"code_execution_20260120","tool_id":"srvtoolu_9"}"#;
    let start = format!(
        r#"{{"type":"content_block_start","index":0,"content_block":{{"type":"tool_use","id":"a","name":"b","input":{{}},"caller":{caller}}}}}"#
    );
    let events = stream(Reply::sse(sse(&[&start, r#"{"type":"message_stop"}"#]))).unwrap();
    let (id, name) = (Some("a".to_owned()), Some("b".to_owned()));
    let made = Event::Tool(ToolDelta { id, name, extra: pairs(&[("caller", caller)]), ..ToolDelta::default() });
    // The call says it all, so the list of blocks is not kept a second time.
    assert_eq!(events, [made, arguments(0, "{}"), finish(FinishReason::Stop)]);
}

#[test]
fn arguments_that_come_with_the_start_of_a_call_are_not_lost() {
    let events = stream(Reply::sse(sse(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"b","input":{"c":1}}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_stop"}"#,
    ])))
    .unwrap();
    assert_eq!(events[..2], [call(0, "a", "b"), arguments(0, r#"{"c":1}"#)]);
}

#[test]
fn a_call_that_is_never_closed_has_its_arguments_all_the_same() {
    let start = |index: u32| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"a","name":"b","input":{{}}}}}}"#
        )
    };
    let events = stream(Reply::sse(sse(&[
        &start(0),
        &start(1),
        r#"{"type":"content_block_delta","index":7,"delta":{"type":"input_json_delta","partial_json":"[]"}}"#,
        r#"{"type":"message_stop"}"#,
    ])))
    .unwrap();
    assert_eq!(
        events,
        [call(0, "a", "b"), arguments(0, "{}"), call(1, "a", "b"), arguments(1, "{}"), finish(FinishReason::Stop),]
    );
}

#[test]
fn a_long_answer_is_not_kept_a_second_time() {
    let long = "x".repeat(3 << 20);
    let delta =
        format!(r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"text_delta","text":"{long}"}}}}"#);
    let events = stream(Reply::sse(sse(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"hologram"}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
        &delta,
        &delta,
        r#"{"type":"message_stop"}"#,
    ])))
    .unwrap();
    assert_eq!(events, [text(&long), text(&long), finish(FinishReason::Stop)]);
}

#[test]
fn server_tools_and_citations_are_kept_whole_at_the_end() {
    let events = stream(Reply::sse(SEARCH)).unwrap();
    let [_, text_1, text_2, container, kept, finished, usage] = events.as_slice() else { panic!("{events:#?}") };
    assert_eq!([text_1, text_2], [&text("High water "), &text("is at 06:12.")]);
    assert_eq!(container, &other(&[("container", r#"{"id":"container_7","expires_at":"2026-11-22T17:00:00Z"}"#)]));
    let Event::Other(kept) = kept else { panic!("{kept:?}") };
    assert_eq!(kept.extra[0].0, "anthropic_content");
    let kept: Value = serde_json::from_str(&kept.extra[0].1).unwrap();
    assert_eq!(kept[0]["input"]["query"], "tide brest");
    assert_eq!(kept[1]["type"], "web_search_tool_result");
    assert_eq!(kept[2]["text"], "High water is at 06:12.");
    assert_eq!(kept[2]["citations"][0]["cited_text"], "06:12");
    assert_eq!(finished, &finish(FinishReason::Stop));
    let Event::Usage(usage) = usage else { panic!("{usage:?}") };
    assert_eq!(usage.extra, pairs(&[("server_tool_use", r#"{"web_search_requests":1}"#)]));
}

#[test]
fn an_error_in_the_stream_comes_after_what_was_said() {
    for reply in [Reply::sse(OVERLOADED), Reply::sse(OVERLOADED).split_at_every_byte()] {
        let upstream = Upstream::new().reply(reply);
        let (said, error) = upstream.run(|| {
            let mut stream = Anthropic::open_stream(testing::context(), request()).unwrap();
            let mut said = Vec::new();
            loop {
                match stream.next() {
                    Ok(events) => said.extend(events.expect("the stream does not end well")),
                    Err(error) => return (said, error),
                }
            }
        });
        assert_eq!(said.last(), Some(&text("Half a")));
        assert_eq!(error.kind, ErrorKind::Upstream);
        assert_eq!(error.status, Some(529));
        assert_eq!(error.code.as_deref(), Some("overloaded_error"));
        assert_eq!(error.message, "Overloaded (request req_011CSH)");
    }
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let (broken, _) = TEXT.split_once("event: message_stop").unwrap();
    for text in [broken, ""] {
        assert_eq!(stream(Reply::sse(text)).unwrap_err().kind, ErrorKind::Upstream);
    }
}

#[test]
fn text_says_the_same_however_it_is_written() {
    for line in [
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"}}\u00e9"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"}}é"}           }"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"}}é","more":{"x":{}}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\"}}é"},"more":{"x":{}}}"#,
        r#"{ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "a\"}}é" } }"#,
        r#"{"delta":{"text":"a\"}}é","type":"text_delta"},"index":0,"type":"content_block_delta"}"#,
        r#"{"type":"content_block\u005fdelta","index":0,"delta":{"type":"text_delta","text":"a\"}}é"}}"#,
    ] {
        let events = stream(Reply::sse(sse(&[line, r#"{"type":"message_stop"}"#]))).unwrap();
        assert_eq!(events, [text("a\"}}é"), finish(FinishReason::Stop)], "{line}");
    }
}

#[test]
fn nothing_is_read_after_the_stop() {
    let noise = format!("{TEXT}data: {{\"type\":\"error\",\"error\":{{\"type\":\"api_error\"}}}}\n\n");
    assert!(stream(Reply::sse(noise).chunk_size(TEXT.len())).is_ok());
}

#[test]
fn a_broken_event_is_the_providers_fault() {
    for line in [
        "not json",
        r#"{"type":"content_block_delta","index":"0"}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}"#,
        r#"{"type":"error"}"#,
    ] {
        let error = stream(Reply::sse(sse(&[line]))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Upstream, "{line}");
    }
}

#[test]
fn a_stop_without_a_reason_still_finishes() {
    let events = stream(Reply::sse(sse(&[r#"{"type":"message_stop"}"#]))).unwrap();
    assert_eq!(events, [finish(FinishReason::Stop)]);
}

#[test]
fn a_refusal_before_the_first_event_is_an_error_of_the_call() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let upstream = Upstream::new().reply(Reply::json(529, body));
    let error = upstream.run(|| Anthropic::open_stream(testing::context(), request()).map(|_| ())).unwrap_err();
    assert_eq!(error.status, Some(529));
}
