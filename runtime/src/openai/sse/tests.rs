//! Transcripts of streams: what adapters say, and what clients then see.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod calls;
mod reasoning;

use std::cell::Cell;

use expect_test::{Expect, expect};
use serde_json::Value;

use super::super::json::Pairs;
use super::*;
use crate::chat::{Finish, FinishReason, LogprobsDelta, StreamStart, TextDelta, TopLogprob};

/// Counts seven tokens for the request and one for each byte of the answer, and the times it was asked.
#[derive(Default)]
struct Bytes {
    asked: Cell<u32>,
}

impl Estimate for &Bytes {
    fn input(&self) -> u32 {
        7
    }

    fn output(&self, text: &str) -> u32 {
        self.asked.set(self.asked.get() + 1);
        u32::try_from(text.len()).unwrap()
    }
}

const PLAIN: StreamOptions = StreamOptions { n: 1, include_usage: false };
const WITH_USAGE: StreamOptions = StreamOptions { n: 1, include_usage: true };

fn context() -> AnswerContext {
    AnswerContext { id: "chatcmpl-7".into(), created: 5, model: "d/m".into() }
}

fn text(choice: u32, text: &str) -> Event {
    Event::Text(TextDelta { choice, text: text.into() })
}

fn reasoning(text: &str, signature: Option<&str>) -> Event {
    let signature = signature.map(str::to_owned);
    Event::Reasoning(ReasoningDelta { choice: 0, text: text.into(), signature, redacted: false })
}

fn tool(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Event {
    let (id, name) = (id.map(str::to_owned), name.map(str::to_owned));
    Event::Tool(ToolDelta { choice: 0, index, id, kind: None, name, arguments: arguments.into(), extra: Pairs::new() })
}

/// A fragment of the first call, of this kind and with these extra fields.
fn tool_of(kind: Option<&str>, name: Option<&str>, arguments: &str, extra: &[(&str, &str)]) -> Event {
    let (kind, name) = (kind.map(str::to_owned), name.map(str::to_owned));
    let arguments = arguments.into();
    Event::Tool(ToolDelta { choice: 0, index: 0, id: None, kind, name, arguments, extra: pairs(extra) })
}

fn finish(choice: u32, reason: FinishReason) -> Event {
    Event::Finish(Finish { choice, reason })
}

fn start(id: &str, extra: &[(&str, &str)]) -> Event {
    Event::Start(StreamStart {
        id: Some(id.into()),
        model: Some("m-1".into()),
        service_tier: None,
        system_fingerprint: Some("fp".into()),
        extra: pairs(extra),
    })
}

fn raw(json: &str) -> Event {
    Event::Raw(json.into())
}

fn pairs(given: &[(&str, &str)]) -> Pairs {
    given.iter().map(|(name, json)| ((*name).to_owned(), (*json).to_owned())).collect()
}

/// The whole stream, each event in a batch of its own.
fn transcript(options: StreamOptions, events: Vec<Event>) -> String {
    let bytes = Bytes::default();
    let mut writer = ChunkWriter::new(context(), options, &bytes);
    let mut out = Vec::new();
    for event in events {
        writer.write(vec![event], &mut out).unwrap();
    }
    writer.finish("caisson fuel=1", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The transcript without what every chunk repeats.
fn brief(options: StreamOptions, events: Vec<Event>) -> String {
    let transcript = transcript(options, events);
    for data in transcript.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        let chunk = serde_json::from_str::<Value>(data).expect("is JSON");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk.get("usage").is_some(), options.include_usage);
    }
    let head = r#""id":"chatcmpl-7","object":"chat.completion.chunk","created":5,"model":"d/m","#;
    transcript.replace(head, "").replace("\n\n", "\n")
}

#[track_caller]
fn check(events: Vec<Event>, expected: Expect) {
    expected.assert_eq(&brief(PLAIN, events));
}

#[test]
fn a_plain_stream_says_its_head_in_every_chunk_and_its_role_once() {
    let events = vec![
        start("gen-1", &[("provider", "\"p\""), ("id", "\"no\"")]),
        text(0, "Hel"),
        start("gen-2", &[("late", "1")]),
        text(0, "lo\n"),
        finish(0, FinishReason::Stop),
    ];
    expect![[r#"
        data: {"id":"gen-1","object":"chat.completion.chunk","created":5,"model":"m-1","system_fingerprint":"fp","provider":"p","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"logprobs":null,"finish_reason":null}]}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":5,"model":"m-1","system_fingerprint":"fp","choices":[{"index":0,"delta":{"content":"lo\n"},"logprobs":null,"finish_reason":null}]}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":5,"model":"m-1","system_fingerprint":"fp","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}

        : caisson fuel=1

        data: [DONE]

    "#]].assert_eq(&transcript(PLAIN, events));
}

#[test]
fn usage_comes_last_and_only_if_asked() {
    let usage = |output| Event::Usage(Usage { cached_input: Some(2), ..estimated(3, output) });
    let events = || vec![usage(1), text(0, "hi"), finish(0, FinishReason::Length), usage(4)];
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}],"usage":null}
        data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":2}}}
        : caisson fuel=1
        data: [DONE]
    "#]].assert_eq(&brief(WITH_USAGE, events()));
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]}
        : caisson fuel=1
        data: [DONE]
    "#]]
    .assert_eq(&brief(PLAIN, events()));
}

#[test]
fn usage_that_no_adapter_counted_is_estimated_and_says_so() {
    let events = vec![
        reasoning("hm", None),
        text(0, "four"),
        tool(0, None, Some("f"), "{}"),
        raw(
            r#"{"choices":[{"delta":{"content":"h\u00e9","tool_calls":[{"index":1,"id":"k","function":{"name":"g","arguments":"ab"}}]}}]}"#,
        ),
    ];
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"hm"},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[{"index":0,"delta":{"content":"four"},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_7_0_0","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[{"index":0,"delta":{"content":"h\u00e9","tool_calls":[{"index":1,"id":"k","type":"function","function":{"name":"g","arguments":"ab"}}]},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],"usage":null}
        data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":15,"total_tokens":22,"estimated":true}}
        : caisson fuel=1
        data: [DONE]
    "#]].assert_eq(&brief(WITH_USAGE, events));
}

#[test]
fn text_is_counted_in_pieces_and_only_where_it_matters() {
    let long = "x".repeat(40 << 10);
    let asked = |options, usage_first: bool| {
        let bytes = Bytes::default();
        let mut writer = ChunkWriter::new(context(), options, &bytes);
        let mut out = Vec::new();
        if usage_first {
            writer.write(vec![Event::Usage(estimated(1, 1))], &mut out).unwrap();
        }
        for _ in 0..4 {
            writer.write(vec![text(0, &long)], &mut out).unwrap();
        }
        let usage = writer.finish("", &mut out).unwrap();
        (bytes.asked.get(), usage.usage.map(|usage| usage.output), usage.estimated)
    };
    assert_eq!(asked(WITH_USAGE, false), (2, Some(4 * (40 << 10)), true));
    assert_eq!(asked(WITH_USAGE, true), (0, Some(1), false));
    assert_eq!(asked(PLAIN, false), (0, None, false));
    assert_eq!(asked(PLAIN, true), (0, Some(1), false));
}

#[test]
fn log_probabilities_join_the_text_they_follow() {
    let token = |token: &str| TokenLogprob {
        token: token.into(),
        logprob: -0.25,
        bytes: Some(vec![104]),
        top: vec![TopLogprob { token: "x".into(), logprob: f64::NAN, bytes: None }],
    };
    let logprobs = |text: &str| Event::Logprobs(LogprobsDelta { choice: 0, tokens: vec![token(text)] });
    let bytes = Bytes::default();
    let mut writer = ChunkWriter::new(context(), PLAIN, &bytes);
    let mut out = Vec::new();
    writer.write(vec![text(0, "h"), logprobs("h"), logprobs("later")], &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.matches("data: ").count(), 2);
    assert!(out.contains(r#""delta":{"role":"assistant","content":"h"},"logprobs":{"content":[{"token":"h","logprob":-0.25,"bytes":[104],"top_logprobs":[{"token":"x","logprob":-9999.0,"bytes":null}]}],"refusal":null},"finish_reason":null"#), "{out}");
    assert!(out.contains(r#""delta":{},"logprobs":{"content":[{"token":"later""#), "{out}");
}

#[test]
fn a_choice_finishes_once_and_says_nothing_after() {
    let other = |json: &str| Event::Other(OtherDelta { choice: 0, extra: pairs(&[("citations", json)]) });
    check(
        vec![
            text(0, "hi"),
            other("[1,\n2]"),
            finish(0, FinishReason::ContentFilter),
            text(0, "late"),
            tool(0, Some("late"), Some("f"), ""),
            finish(0, FinishReason::Stop),
            other("[3]"),
            raw(r#"{"choices":[{"index":0,"delta":{"content":"late","x":1},"finish_reason":"stop"}]}"#),
            raw(r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"late"},"finish_reason":"stop"}]}"#),
        ],
        expect![[r#"
            data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"citations":[1,2]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"content_filter"}]}
            data: {"choices":[{"index":0,"delta":{"citations":[3]},"logprobs":null,"finish_reason":null}]}
            data: {"choices":[{"index":0,"delta":{"x":1},"logprobs":null,"finish_reason":null}]}
            : caisson fuel=1
            data: [DONE]
        "#]],
    );
}

#[test]
fn an_unnamed_field_cannot_pose_as_a_named_one() {
    let extra = pairs(&[("role", "\"system\""), ("x", "1")]);
    check(
        vec![Event::Other(OtherDelta { choice: 0, extra })],
        expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","x":1},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
        : caisson fuel=1
        data: [DONE]
    "#]],
    );
}

#[test]
fn finishes_that_the_adapter_forgot_are_added() {
    let options = StreamOptions { n: 3, include_usage: false };
    let Event::Tool(forgotten) = tool(0, None, Some("f"), "{}") else { panic!("is a tool call") };
    let forgotten = Event::Tool(ToolDelta { choice: 2, ..forgotten });
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[{"index":2,"delta":{"role":"assistant","tool_calls":[{"index":0,"id":"call_7_2_0","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
        data: {"choices":[{"index":2,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}
        : caisson fuel=1
        data: [DONE]
    "#]].assert_eq(&brief(options, vec![text(0, "a"), forgotten]));
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant"},"logprobs":null,"finish_reason":"stop"}]}
        : caisson fuel=1
        data: [DONE]
    "#]]
    .assert_eq(&brief(options, Vec::new()));
}

#[test]
fn a_chunk_passed_through_keeps_unknown_fields_at_every_level() {
    let events = vec![
        raw(
            "{\"id\":\"gen-1\",\n \"object\":\"x\",\"created\":9,\"model\":\"m-1\",\"x\":{ \"a\":1.50},\"choices\":[{\"index\":0,\"y\":[ ],\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"z\":null},\"finish_reason\":null}],\"usage\":null}",
        ),
        raw(
            r#"{"id":"gen-2","created":10,"model":"m-2","choices":[{"index":0,"delta":{"role":"assistant","content":"h\u00e9"},"logprobs":{"content":[]}}]}"#,
        ),
        raw(r#"{"prompt_filter_results":[],"choices":[]}"#),
        raw(r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"system_fingerprint":"fp"}"#),
        raw(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"cost":0.1}}"#),
    ];
    expect![[r#"
        data: {"id":"gen-1","object":"chat.completion.chunk","created":9,"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"","z":null},"logprobs":null,"finish_reason":null,"y":[ ]}],"x":{ "a":1.50},"usage":null}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":9,"model":"m-1","choices":[{"index":0,"delta":{"content":"h\u00e9"},"logprobs":{"content":[]},"finish_reason":null}],"usage":null}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":9,"model":"m-1","choices":[],"prompt_filter_results":[],"usage":null}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":9,"model":"m-1","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"system_fingerprint":"fp","usage":null}

        data: {"id":"gen-1","object":"chat.completion.chunk","created":9,"model":"m-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"cost":0.1}}

        : caisson fuel=1

        data: [DONE]

    "#]].assert_eq(&transcript(WITH_USAGE, events));
}

#[test]
fn what_a_chunk_says_beside_the_usage_comes_with_the_usage() {
    let counted = |beside: &str| {
        raw(&format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}},{beside}}}"#
        ))
    };
    let events = || vec![text(0, "hi"), counted(r#""x":[1],"id":"late""#), counted(r#""y":2"#)];
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"logprobs":null,"finish_reason":null}],"usage":null}
        data: {"choices":[],"y":2,"usage":null}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}
        data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"x":[1]}
        : caisson fuel=1
        data: [DONE]
    "#]].assert_eq(&brief(WITH_USAGE, events()));
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"hi"},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[],"x":[1]}
        data: {"choices":[],"y":2}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
        : caisson fuel=1
        data: [DONE]
    "#]]
    .assert_eq(&brief(PLAIN, events()));
}

#[test]
fn several_choices_in_one_chunk_keep_apart() {
    let options = StreamOptions { n: 2, include_usage: false };
    let events = vec![
        raw(
            r#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#,
        ),
        raw(
            r#"{"choices":[{"index":0,"delta":{"content":"c"},"finish_reason":""},{"index":1,"delta":{"content":"late"}}]}"#,
        ),
    ];
    expect![[r#"
        data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"logprobs":null,"finish_reason":null},{"index":1,"delta":{"role":"assistant","content":"b"},"logprobs":null,"finish_reason":"stop"}]}
        data: {"choices":[{"index":0,"delta":{"content":"c"},"logprobs":null,"finish_reason":null}]}
        data: {"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}
        : caisson fuel=1
        data: [DONE]
    "#]].assert_eq(&brief(options, events));
}

#[track_caller]
fn check_refused(event: Event, field: &str) {
    let bytes = Bytes::default();
    let mut writer = ChunkWriter::new(context(), StreamOptions { n: 2, include_usage: true }, &bytes);
    let mut out = Vec::new();
    writer.write(vec![text(0, "good")], &mut out).unwrap();
    let good = out.clone();
    let events = vec![text(1, "also good"), event, text(0, "never")];
    let error = writer.write(events, &mut out).unwrap_err();
    assert_eq!(error.field, field, "{error}");
    let written = String::from_utf8(out).unwrap();
    let rest = written.strip_prefix(std::str::from_utf8(&good).unwrap()).unwrap();
    assert!(rest.contains("also good") && rest.ends_with("}\n\n") && rest.matches("data: ").count() == 1, "{rest}");
}

#[test]
fn what_no_client_could_read_is_refused_after_whole_events() {
    check_refused(text(2, "x"), "choice");
    check_refused(finish(u32::MAX, FinishReason::Stop), "choice");
    check_refused(tool(128, Some("a"), Some("f"), ""), "tool_calls.index");
    check_refused(tool_of(None, Some("f"), "", &[("x", "{")]), "tool_calls.x");
    check_refused(tool_of(None, Some("f"), "", &[("function", "{\"x\":")]), "tool_calls.function");
    check_refused(text(0, &"x".repeat(MAX_EVENT)), "");
    check_refused(Event::Other(OtherDelta { choice: 0, extra: pairs(&[("x", "{")]) }), "other.x");
    check_refused(Event::Usage(Usage { extra: pairs(&[("x", "nope")]), ..estimated(1, 1) }), "usage.x");
    for (json, field) in [
        ("[]", ""),
        ("{\"choices\":", ""),
        ("{\"choices\":{}}", "choices"),
        ("{\"choices\":[{\"index\":2}]}", "choice"),
        ("{\"choices\":[{\"index\":\"0\"}]}", "choices[0].index"),
        ("{\"choices\":[{\"delta\":1}]}", "choices[0].delta"),
        ("{\"choices\":[{\"finish_reason\":1}]}", "choices[0].finish_reason"),
        ("{\"choices\":[{\"delta\":{\"tool_calls\":1}}]}", "choices[0].delta.tool_calls"),
        ("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":200}]}}]}", "tool_calls.index"),
        ("{\"usage\":1}", "usage"),
        ("{\"a\":1,\"a\":1}", "a"),
    ] {
        check_refused(raw(json), field);
    }
}

#[test]
fn a_batch_of_small_events_cannot_fill_the_hosts_memory() {
    let bytes = Bytes::default();
    let mut writer = ChunkWriter::new(context(), PLAIN, &bytes);
    let mut out = Vec::new();
    let megabyte = "x".repeat(1 << 20);
    assert!(writer.write((0..80).map(|_| text(0, &megabyte)).collect(), &mut out).is_err());
    assert!(out.len() <= MAX_BATCH && out.ends_with(b"}\n\n"));
}

#[test]
fn a_head_that_every_chunk_would_repeat_is_short() {
    let bytes = Bytes::default();
    let long = "x".repeat(1000);
    for event in [start(&long, &[]), raw(&format!(r#"{{"model":"{long}","choices":[]}}"#)), start("a", &[("x", "{")])] {
        let mut writer = ChunkWriter::new(context(), PLAIN, &bytes);
        assert!(writer.write(vec![event], &mut Vec::new()).is_err());
    }
}

#[test]
fn a_failed_stream_ends_with_the_error_and_without_done() {
    let mut out = b"data: {}\n\n".to_vec();
    write_error("{\"error\":{\n\"message\":\"m\"}}", &mut out);
    assert_eq!(out, b"data: {}\n\ndata: {\"error\":{\"message\":\"m\"}}\n\n");
}

#[test]
fn no_changed_byte_of_a_chunk_makes_the_host_panic_or_break_the_stream() {
    let whole = br#"{"id":"g","x":[1],"choices":[{"index":0,"delta":{"content":"h\u00e9","tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}"#;
    for at in 0..whole.len() {
        for change in *b"\"\\{[]}9,:\n" {
            let mut bytes = whole.to_vec();
            bytes[at] = change;
            let estimate = Bytes::default();
            let mut writer = ChunkWriter::new(context(), WITH_USAGE, &estimate);
            let mut out = Vec::new();
            let _ = writer.write(vec![raw(std::str::from_utf8(&bytes).unwrap())], &mut out);
            for line in String::from_utf8(out).unwrap().lines().filter(|line| !line.is_empty()) {
                serde_json::from_str::<Value>(line.strip_prefix("data: ").expect("is data")).expect("is JSON");
            }
        }
    }
}
