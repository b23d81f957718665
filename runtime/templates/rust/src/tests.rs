//! The adapter, natively, against recorded exchanges: no Wasm, no network.

use caisson_sdk::testing::{Reply, Upstream, collect, context};

use super::*;

fn ask() -> ChatRequest {
    let messages = vec![Message::system("Be brief."), Message::user("Say hello")];
    ChatRequest { model: "gpt-4o-mini".to_owned(), messages, max_tokens: Some(9), ..ChatRequest::default() }
}

#[test]
fn a_question_goes_out_and_its_answer_comes_back() {
    let upstream = Upstream::new().reply(Reply::json(200, include_str!("../fixtures/completion.json")));
    let Ok(ChatResponse::Answer(answer)) = upstream.run(|| SampleAdapter::complete(context(), ask())) else {
        panic!("no answer")
    };
    assert_eq!(answer.choices[0].message.text(), "Hello! 👋");
    assert_eq!(answer.usage, Some(Usage::new(18, 4)));
    let sent = &upstream.requests()[0];
    assert_eq!(sent.url, "https://api.openai.com/v1/chat/completions");
    let messages = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Say hello" }]);
    assert_eq!(sent.json(), json!({ "model": "gpt-4o-mini", "messages": messages, "max_tokens": 9 }));
}

#[test]
fn a_stream_reads_the_same_wherever_its_bytes_are_split() {
    let reply = Reply::sse(include_str!("../fixtures/stream.sse")).split_at_every_byte();
    let upstream = Upstream::new().reply(reply);
    let events = upstream.run(|| collect(SampleAdapter::open_stream(context(), ask())?)).unwrap();
    let expected = [
        Event::text(0, ""),
        Event::text(0, "Hello"),
        Event::text(0, "! 👋"),
        Event::finish(0, FinishReason::Stop),
        Event::Usage(Usage::new(18, 4)),
    ];
    assert_eq!(events, expected);
}

#[test]
fn texts_become_vectors() {
    let found = r#"{"data":[{"embedding":[0.5,1.5]},{"embedding":[2]}],"usage":{"prompt_tokens":3}}"#;
    let upstream = Upstream::new().reply(Reply::json(200, found));
    let input = EmbedInput::Texts(vec!["a".to_owned(), "b".to_owned()]);
    let request = EmbedRequest { model: "text-embedding-3-small".to_owned(), input, ..EmbedRequest::default() };
    let answer = upstream.run(|| SampleAdapter::embed(context(), request)).unwrap();
    assert_eq!((answer.vectors, answer.usage), (vec![vec![0.5, 1.5], vec![2.0]], Some(Usage::new(3, 0))));
}

#[test]
fn a_refusal_keeps_its_status_and_message() {
    let refusal = Reply::json(429, r#"{"error":{"message":"slow down"}}"#).header("retry-after", "2");
    let error = Upstream::new().reply(refusal).run(|| SampleAdapter::complete(context(), ask())).unwrap_err();
    assert_eq!((error.status, error.retry_after_ms), (Some(429), Some(2000)));
    assert_eq!(error.message, "slow down");
}
