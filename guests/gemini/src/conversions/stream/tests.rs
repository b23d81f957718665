//! Recorded streams, and what a stream may do wrong.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use caisson_sdk::api::ErrorKind;
use serde_json::json;

use super::*;

/// The events of these chunks, one line each.
fn transcript(chunks: &[serde_json::Value]) -> Result<Vec<String>> {
    let mut transcript = Transcript::new("req-1");
    let mut events = Vec::new();
    for chunk in chunks {
        events.extend(transcript.read(&chunk.to_string())?);
    }
    events.extend(transcript.end()?);
    Ok(events.iter().map(line).collect())
}

fn line(event: &Event) -> String {
    match event {
        Event::Start(start) => format!("start {:?} {:?}", start.id, start.model),
        Event::Text(delta) => format!("text {} {:?}", delta.choice, delta.text),
        Event::Reasoning(delta) => format!("reasoning {} {:?}", delta.choice, delta.text),
        Event::Tool(delta) => {
            format!("tool {} {} {:?} {:?} {}", delta.choice, delta.index, delta.id, delta.name, delta.arguments)
        }
        Event::Logprobs(delta) => format!("logprobs {} {}", delta.choice, delta.tokens.len()),
        Event::Finish(finish) => format!("finish {} {:?}", finish.choice, finish.reason),
        Event::Usage(usage) => format!("usage {} {} {}", usage.input, usage.output, usage.total),
        Event::Other(delta) => format!("other {} {:?}", delta.choice, delta.extra),
        other => format!("{other:?}"),
    }
}

fn text(index: u32, text: &str) -> serde_json::Value {
    json!({"candidates": [{"content": {"parts": [{"text": text}]}, "index": index}]})
}

fn finish(index: u32, reason: &str) -> serde_json::Value {
    json!({"candidates": [{"finishReason": reason, "index": index}]})
}

#[test]
fn each_candidate_finishes_once_however_often_it_is_said() {
    let lines = transcript(&[
        text(0, "a"),
        text(1, "b"),
        finish(0, "STOP"),
        finish(0, "MAX_TOKENS"),
        text(0, "c"),
        finish(1, "STOP"),
    ])
    .unwrap();
    assert_eq!(
        lines,
        [
            "start None None",
            "text 0 \"a\"",
            "text 1 \"b\"",
            "text 0 \"c\"",
            "finish 0 FinishReason::Length",
            "finish 1 FinishReason::Stop",
        ]
    );
}

#[test]
fn a_stream_cut_off_is_an_error_and_not_an_end() {
    for chunks in [vec![], vec![text(0, "a")], vec![text(0, "a"), text(1, "b"), finish(1, "STOP")]] {
        assert_eq!(transcript(&chunks).unwrap_err().kind, ErrorKind::Upstream);
    }
}

#[test]
fn a_blocked_prompt_ends_as_filtered() {
    let feedback = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    assert_eq!(
        transcript(&[feedback]).unwrap(),
        [
            "start None None",
            "other 0 [(\"promptFeedback\", \"{\\\"blockReason\\\":\\\"SAFETY\\\"}\")]",
            "finish 0 FinishReason::ContentFilter",
        ]
    );
}

#[test]
fn what_is_said_again_and_again_is_told_once_with_its_last_value() {
    let chunk = |rating: &str, tokens: u32| {
        json!({
            "candidates": [{
                "content": {"parts": [{"executableCode": {"code": rating}}]},
                "safetyRatings": [rating],
                "finishReason": "STOP",
            }],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": tokens},
        })
    };
    assert_eq!(
        transcript(&[chunk("a", 1), chunk("b", 2), json!({})]).unwrap(),
        [
            "start None None",
            "other 0 [(\"gemini_parts\", \
             \"[{\\\"executableCode\\\":{\\\"code\\\":\\\"a\\\"}},\
             {\\\"executableCode\\\":{\\\"code\\\":\\\"b\\\"}}]\"), \
             (\"safetyRatings\", \"[\\\"b\\\"]\")]",
            "finish 0 FinishReason::Stop",
            "usage 1 2 0",
        ]
    );
}

#[test]
fn images_are_counted_through_the_stream() {
    let image = json!({"candidates": [{
        "content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]},
        "finishReason": "STOP",
    }]});
    let lines = transcript(&[image.clone(), image]).unwrap();
    assert!(lines[1].contains(r#"\"index\":0"#), "{}", lines[1]);
    assert!(lines[2].contains(r#"\"index\":1"#), "{}", lines[2]);
}

#[test]
fn logprobs_come_with_their_text() {
    let chunk = json!({"candidates": [{
        "content": {"parts": [{"text": "a"}]},
        "logprobsResult": {"chosenCandidates": [{"token": "a", "logProbability": -1.0}]},
        "finishReason": "STOP",
    }]});
    assert_eq!(transcript(&[chunk]).unwrap()[1..3], ["text 0 \"a\"", "logprobs 0 1"]);
}
