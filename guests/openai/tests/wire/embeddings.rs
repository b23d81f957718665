//! Embeddings: what is asked for, and both forms of the answer.

use caisson_sdk::prelude::*;
use caisson_sdk::testing::{self, Reply, Upstream};
use openai::OpenAi;

const REQUEST: &str = include_str!("../../fixtures/embeddings/request.json");
const FLOAT: &str = include_str!("../../fixtures/embeddings/float.json");
const BASE64: &str = include_str!("../../fixtures/embeddings/base64.json");
const VLLM: &str = include_str!("../../fixtures/embeddings/vllm.json");

fn upstream(reply: Reply) -> Upstream {
    Upstream::new().original_body(REQUEST).reply(reply)
}

fn embed(upstream: &Upstream, settings: &[(&str, &str)]) -> Result<EmbedResponse> {
    let request = EmbedRequest {
        model: "text-embedding-3-small".into(),
        input: EmbedInput::Texts(vec!["one".into(), "two".into()]),
        ..EmbedRequest::default()
    };
    upstream.run(|| OpenAi::embed(testing::context_with(settings), request))
}

#[test]
fn base64_is_asked_for_and_all_else_goes_up_as_it_came() {
    let upstream = upstream(Reply::json(200, BASE64));
    embed(&upstream, &[]).unwrap();
    let sent = &upstream.requests()[0];
    assert_eq!(sent.url, "https://api.openai.com/v1/embeddings");
    let expected = REQUEST.replace("prod/", "").replace("float", "base64");
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), expected);
}

#[test]
fn float_is_asked_for_where_the_operator_says_so() {
    let upstream = upstream(Reply::json(200, FLOAT));
    embed(&upstream, &[("embedding-encoding", "float")]).unwrap();
    assert_eq!(upstream.requests()[0].json()["encoding_format"], "float");
}

#[test]
fn either_form_is_read_whatever_was_asked_for() {
    for setting in ["base64", "float"] {
        for answer in [BASE64, FLOAT] {
            let answer = embed(&upstream(Reply::json(200, answer)), &[("embedding-encoding", setting)]).unwrap();
            assert_eq!(answer.vectors, [[1.0, -2.0, 0.125], [0.25, -1.5, 3.0]]);
            assert_eq!(answer.model.as_deref(), Some("text-embedding-3-small"));
            let usage = answer.usage.unwrap();
            assert_eq!((usage.input, usage.output, usage.total), (2, 0, 2));
        }
    }
}

#[test]
fn fields_that_openai_does_not_send_are_kept() {
    let answer = embed(&upstream(Reply::json(200, VLLM)), &[]).unwrap();
    let extra: Vec<_> = answer.extra.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(extra, [("id", "\"embd-7\""), ("created", "1761004809")]);
}

#[test]
fn an_error_is_an_error_with_any_status() {
    let text = include_str!("../../fixtures/errors/ollama-404.json");
    for status in [200, 404] {
        let error = embed(&upstream(Reply::json(status, text)), &[]).unwrap_err();
        assert_eq!(error.message, "model 'nope' not found", "{status}");
    }
}

#[test]
fn an_encoding_nobody_knows_is_named_and_nothing_is_sent() {
    let upstream = upstream(Reply::json(200, FLOAT));
    let error = embed(&upstream, &[("embedding-encoding", "hex")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    assert!(error.message.contains("embedding-encoding"), "{}", error.message);
    assert!(upstream.requests().is_empty());
}
