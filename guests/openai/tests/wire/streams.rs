//! Streamed answers: every data line as it came, and how a stream ends.

use caisson_sdk::prelude::*;
use caisson_sdk::testing::{self, Reply, Upstream};
use openai::OpenAi;

use crate::chat_request;

const BODY: &str = r#"{"model":"prod/gpt-4.1-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;
const USAGE: &str = include_str!("../../fixtures/stream/usage.sse");
const TOOLS: &str = include_str!("../../fixtures/stream/tools.sse");
const AZURE: &str = include_str!("../../fixtures/stream/azure.sse");
const WITHOUT_DONE: &str = include_str!("../../fixtures/stream/without-done.sse");
const BROKEN_OFF: &str = include_str!("../../fixtures/stream/broken-off.sse");
const ERROR_IN_THE_MIDDLE: &str = include_str!("../../fixtures/stream/error-in-the-middle.sse");
const VLLM_ERROR: &str = include_str!("../../fixtures/stream/vllm-error.sse");
const ERROR_EVENT: &str = include_str!("../../fixtures/stream/error-event.sse");

/// What the adapter gives for a stream: the chunks, and the error if it ends in one.
fn read(reply: Reply) -> (Vec<String>, Result<()>) {
    let upstream = Upstream::new().original_body(BODY).reply(reply);
    upstream.run(|| {
        let mut stream = OpenAi::open_stream(testing::context(), chat_request()).unwrap();
        let mut chunks = Vec::new();
        loop {
            match stream.next() {
                Ok(Some(events)) => chunks.extend(events.into_iter().map(raw)),
                Ok(None) => return (chunks, Ok(())),
                Err(error) => return (chunks, Err(error)),
            }
        }
    })
}

fn raw(event: Event) -> String {
    match event {
        Event::Raw(chunk) => chunk,
        event => panic!("a pass-through adapter takes nothing apart: {event:?}"),
    }
}

/// The data lines of a recorded stream.
fn data(recorded: &str) -> Vec<&str> {
    recorded.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]").collect()
}

#[test]
fn every_data_line_comes_back_byte_for_byte() {
    for recorded in [USAGE, TOOLS, AZURE, WITHOUT_DONE] {
        let (chunks, end) = read(Reply::sse(recorded));
        assert_eq!(chunks, data(recorded));
        assert!(end.is_ok(), "{end:?}");
    }
}

#[test]
fn a_stream_cut_at_every_byte_reads_the_same() {
    for recorded in [USAGE, TOOLS] {
        let (chunks, end) = read(Reply::sse(recorded).split_at_every_byte());
        assert_eq!(chunks, data(recorded));
        assert!(end.is_ok(), "{end:?}");
    }
}

#[test]
fn the_body_goes_up_as_it_is_so_usage_is_only_asked_for_if_the_client_did() {
    let upstream = Upstream::new().original_body(BODY).reply(Reply::sse(USAGE));
    upstream.run(|| OpenAi::open_stream(testing::context(), chat_request())).unwrap();
    let sent = &upstream.requests()[0];
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), BODY.replace("prod/", ""));
    assert_eq!(sent.header("accept"), Some("text/event-stream"));
}

#[test]
fn nothing_after_done_is_read() {
    let (chunks, end) = read(Reply::sse(format!("{USAGE}data: not a chunk\n\n")));
    assert_eq!(chunks, data(USAGE));
    assert!(end.is_ok());
}

#[test]
fn a_stream_that_breaks_off_gives_what_came_and_then_an_upstream_error() {
    let (chunks, end) = read(Reply::sse(BROKEN_OFF));
    assert_eq!(chunks, data(BROKEN_OFF)[..1]);
    let error = end.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Upstream);
}

#[test]
fn an_empty_stream_is_an_upstream_error() {
    let (chunks, end) = read(Reply::sse(""));
    assert!(chunks.is_empty());
    assert_eq!(end.unwrap_err().kind, ErrorKind::Upstream);
}

#[test]
fn an_error_in_the_middle_ends_the_stream_with_the_providers_words() {
    for (recorded, before, kind, status, words) in [
        (ERROR_IN_THE_MIDDLE, 1, ErrorKind::Upstream, None, "The server had an error"),
        (VLLM_ERROR, 1, ErrorKind::Upstream, Some(500), "the engine has stopped"),
        (ERROR_EVENT, 0, ErrorKind::InvalidRequest, Some(400), "at most 20 are allowed"),
    ] {
        let (chunks, end) = read(Reply::sse(recorded));
        assert_eq!(chunks, data(recorded)[..before]);
        let error = end.unwrap_err();
        assert_eq!((error.kind, error.status), (kind, status), "{recorded}");
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[test]
fn a_refusal_before_the_stream_is_an_error_of_open_stream() {
    let rate = include_str!("../../fixtures/errors/openai-rate-429.json");
    let filtered = include_str!("../../fixtures/chat/error-with-status-200.json");
    let plain = include_str!("../../fixtures/chat/plain.json");
    for (reply, kind) in [
        (Reply::json(429, rate), ErrorKind::RateLimited),
        (Reply::json(200, filtered), ErrorKind::Upstream),
        (Reply::json(200, plain), ErrorKind::Upstream),
    ] {
        let upstream = Upstream::new().original_body(BODY).reply(reply);
        let opened = upstream.run(|| OpenAi::open_stream(testing::context(), chat_request()));
        assert_eq!(opened.err().expect("refused").kind, kind);
    }
}
