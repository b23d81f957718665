//! The adapter against recorded exchanges: what goes over the wire and what comes of the answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use caisson_sdk::api::{Content, EmbedInput, ErrorKind, FinishReason, Message};
use caisson_sdk::testing::{Reply, Upstream, collect, context, context_with};

use super::*;

fn hello(model: &str) -> ChatRequest {
    ChatRequest { model: model.into(), messages: vec![Message::user("hello")], ..ChatRequest::default() }
}

fn complete(upstream: &Upstream, context: Context) -> Result<ChatResponse> {
    upstream.run(|| Gemini::complete(context, hello("gemini-2.5-flash")))
}

fn streamed(reply: Reply) -> Result<Vec<Event>> {
    let upstream = Upstream::new().reply(reply);
    upstream.run(|| collect(Gemini::open_stream(context(), hello("gemini-3.8-flash"))?))
}

#[test]
fn a_whole_answer_is_asked_for_at_its_models_path() {
    let upstream = Upstream::new().reply(Reply::json(200, include_str!("../fixtures/answer_text.json")));
    let ChatResponse::Answer(answer) = complete(&upstream, context()).unwrap() else {
        panic!("not an answer");
    };
    assert_eq!(answer.choices[0].message.text(), "Because of Rayleigh scattering.");
    let sent = &upstream.requests()[0];
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url, "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("x-goog-api-key"), None, "the key is the host's to add");
    assert_eq!(sent.json()["contents"][0]["parts"][0]["text"], "hello");
}

#[test]
fn settings_and_context_reach_the_wire() {
    let upstream = Upstream::new().reply(Reply::json(200, include_str!("../fixtures/answer_text.json")));
    let context = Context {
        base_url: Some("http://127.0.0.1:9/proxy".into()),
        traceparent: Some("00-a-b-01".into()),
        headers: vec![("x-goog-user-project".into(), "p".into()), ("Host".into(), "evil".into())],
        ..context_with(&[("api-version", "v1alpha"), ("include-thoughts", "true")])
    };
    complete(&upstream, context).unwrap();
    let sent = &upstream.requests()[0];
    assert_eq!(sent.url, "http://127.0.0.1:9/proxy/v1alpha/models/gemini-2.5-flash:generateContent");
    assert_eq!(sent.header("traceparent"), Some("00-a-b-01"));
    assert_eq!(sent.header("x-goog-user-project"), Some("p"));
    assert_eq!(sent.header("host"), None);
    let thinking = &sent.json()["generationConfig"]["thinkingConfig"];
    assert_eq!(thinking["includeThoughts"], true);
}

#[test]
fn wrong_settings_send_nothing() {
    for setting in
        [("api-version", "../v1"), ("api-version", ""), ("max-retries", "many"), ("include-thoughts", "perhaps")]
    {
        let upstream = Upstream::new();
        let error = complete(&upstream, context_with(&[setting])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "{setting:?}");
        assert!(upstream.requests().is_empty(), "{setting:?}");
    }
}

#[test]
fn a_hostile_model_name_sends_nothing() {
    for model in ["../x?key=", "a/../../b", "x:batchEmbedContents", ""] {
        let upstream = Upstream::new();
        let errors = upstream.run(|| {
            let request = EmbedRequest {
                model: model.into(),
                input: EmbedInput::Texts(vec!["x".into()]),
                ..EmbedRequest::default()
            };
            [
                Gemini::complete(context(), hello(model)).err(),
                Gemini::open_stream(context(), hello(model)).err(),
                Gemini::embed(context(), request).err(),
            ]
        });
        for error in errors {
            assert_eq!(error.unwrap().param.as_deref(), Some("model"), "{model}");
        }
        assert!(upstream.requests().is_empty(), "{model}");
    }
}

#[test]
fn a_stream_of_text_is_the_same_wherever_it_is_split() {
    let recorded = include_str!("../fixtures/stream_text.sse");
    let whole = streamed(Reply::sse(recorded)).unwrap();
    let split = streamed(Reply::sse(recorded).split_at_every_byte()).unwrap();
    assert_eq!(format!("{whole:?}"), format!("{split:?}"));

    let [
        Event::Start(start),
        Event::Reasoning(thought),
        Event::Text(first),
        Event::Text(second),
        Event::Other(other),
        Event::Finish(finish),
        Event::Usage(usage),
    ] = &whole[..]
    else {
        panic!("{whole:?}");
    };
    assert_eq!(start.id.as_deref(), Some("mAhKZ5DvKJ-u2roP"));
    assert_eq!(start.model.as_deref(), Some("gemini-3.8-flash"));
    assert_eq!(thought.text, "**Weighing it**\n");
    assert_eq!(format!("{}{}", first.text, second.text), "Grüße an alle 🌍");
    assert_eq!(other.extra[0].0, "extra_content");
    assert!(other.extra[0].1.contains("EqQDCqEDAb4+9vs="));
    assert_eq!(other.extra[1].0, "safetyRatings");
    assert_eq!(finish.reason, FinishReason::Stop);
    assert_eq!((usage.input, usage.output, usage.reasoning_output), (11, 49, Some(42)));
}

#[test]
fn a_stream_is_asked_for_as_events_and_gives_whole_calls() {
    let upstream = Upstream::new().reply(Reply::sse(include_str!("../fixtures/stream_calls.sse")));
    let events = upstream.run(|| collect(Gemini::open_stream(context(), hello("gemini-3.8-flash"))?)).unwrap();
    assert_eq!(
        upstream.requests()[0].url,
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
    );
    let calls: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Tool(delta) => {
                let id = delta.id.as_deref().unwrap_or_default();
                let extra: Vec<_> = delta.extra.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect();
                Some((delta.index, id, delta.arguments.as_str(), extra))
            }
            _ => None,
        })
        .collect();
    let signature = vec![("extra_content", r#"{"google":{"thought_signature":"CvwBAdHtim9+/w=="}}"#)];
    assert_eq!(
        calls,
        [
            (0, "a1b2c3d4__thought__CvwBAdHtim9+/w==", r#"{"city":"Paris"}"#, signature),
            (1, "gcall-mAhKZ5DvKJ-u2roP-0-1", r#"{"city":"London"}"#, vec![]),
        ]
    );
    let finished = |event: &Event| matches!(event, Event::Finish(finish) if finish.reason == FinishReason::ToolCalls);
    assert_eq!(events.iter().filter(|event| finished(event)).count(), 1);
}

#[test]
fn an_error_in_a_stream_comes_after_what_was_said_before_it() {
    let upstream = Upstream::new().reply(Reply::sse(include_str!("../fixtures/stream_error.sse")));
    upstream.run(|| {
        let mut source = Gemini::open_stream(context(), hello("gemini-3.8-flash")).unwrap();
        let events = source.next().unwrap().unwrap();
        assert!(matches!(&events[1], Event::Text(delta) if delta.text == "Once upon"));
        let error = source.next().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Upstream);
        assert_eq!(error.status, Some(503));
        assert_eq!(error.code.as_deref(), Some("UNAVAILABLE"));
    });
}

#[test]
fn a_stream_refused_is_an_error_before_it_opens() {
    for reply in [
        Reply::json(400, include_str!("../fixtures/error_context_length_array.json")),
        Reply::json(200, include_str!("../fixtures/error_context_length_array.json")),
    ] {
        let upstream = Upstream::new().reply(reply);
        let opened = upstream.run(|| Gemini::open_stream(context(), hello("gemini-3.8-flash")));
        assert_eq!(opened.err().unwrap().kind, ErrorKind::ContextLength);
    }
    let error = streamed(Reply::json(200, "{}")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Upstream);
}

#[test]
fn a_connection_that_breaks_is_an_error() {
    let recorded = include_str!("../fixtures/stream_text.sse");
    let half = recorded.get(..recorded.len() / 3).unwrap();
    assert!(streamed(Reply::sse(half).breaks_off()).is_err());
    let first_event = recorded.split_inclusive("\r\n\r\n").next().unwrap();
    assert!(streamed(Reply::sse(first_event)).is_err());
}

#[test]
fn a_refusal_keeps_status_code_and_retry_time_and_is_not_tried_again() {
    let refusal = || Reply::json(429, include_str!("../fixtures/error_rate_limited.json"));
    let upstream = Upstream::new().reply(refusal());
    let error = complete(&upstream, context()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.status, Some(429));
    assert_eq!(error.retry_after_ms, Some(37_827));
    assert_eq!(upstream.requests().len(), 1);

    let upstream =
        Upstream::new().reply(refusal()).reply(Reply::json(200, include_str!("../fixtures/answer_text.json")));
    complete(&upstream, context_with(&[("max-retries", "1")])).unwrap();
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn an_egress_refusal_says_so() {
    let error = complete(&Upstream::new().reply(Reply::denied()), context()).unwrap_err();
    assert!(error.message.contains("egress denied"), "{}", error.message);
}

#[test]
fn embeddings_come_in_the_order_of_their_texts() {
    let upstream = Upstream::new().reply(Reply::json(200, include_str!("../fixtures/embeddings.json")));
    let request = EmbedRequest {
        model: "gemini-embedding-2".into(),
        input: EmbedInput::Texts(vec!["a".into(), "b".into()]),
        ..EmbedRequest::default()
    };
    let answer = upstream.run(|| Gemini::embed(context(), request)).unwrap();
    assert_eq!(answer.vectors, [[0.0125, -0.5, 1.0], [0.25, 0.5, -0.0625]]);
    assert!(answer.usage.is_none());
    let sent = &upstream.requests()[0];
    assert!(sent.url.ends_with("/v1beta/models/gemini-embedding-2:batchEmbedContents"));
    assert_eq!(sent.json()["requests"][1]["model"], "models/gemini-embedding-2");
}

#[test]
fn a_prompt_blocked_in_a_stream_is_filtered() {
    let feedback = include_str!("../fixtures/answer_blocked.json").replace('\n', "");
    let events = streamed(Reply::sse(format!("data: {feedback}\r\n\r\n"))).unwrap();
    let filtered =
        |event: &Event| matches!(event, Event::Finish(finish) if finish.reason == FinishReason::ContentFilter);
    assert!(events.iter().any(filtered), "{events:?}");
}

#[test]
fn what_it_asks_for_is_one_host_and_one_key() {
    let info = Gemini::describe();
    assert_eq!(info.hosts, [DEFAULT_BASE_URL]);
    let [key] = &info.credentials[..] else {
        panic!("one credential");
    };
    assert_eq!((key.name.as_str(), key.host.as_str()), ("api-key", DEFAULT_BASE_URL));
    for model in &info.models {
        let stem = model.id.trim_end_matches('*');
        let example = if stem == model.id { stem.to_owned() } else { format!("{stem}x") };
        assert!(ModelPath::new(&example).is_ok(), "{example}");
    }
}

#[test]
fn an_empty_answer_has_empty_content() {
    let json = r#"{"candidates":[{"finishReason":"MAX_TOKENS"}]}"#;
    let upstream = Upstream::new().reply(Reply::json(200, json));
    let ChatResponse::Answer(answer) = complete(&upstream, context()).unwrap() else {
        panic!("not an answer");
    };
    assert_eq!(answer.choices[0].finish_reason, FinishReason::Length);
    assert!(matches!(answer.choices[0].message.content, Content::Empty));
}
