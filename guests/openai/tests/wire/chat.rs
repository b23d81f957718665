//! Whole answers: nothing lost on the way up or down.

use caisson_sdk::prelude::*;
use caisson_sdk::testing::{self, Reply, Upstream};
use openai::OpenAi;

use crate::{CHAT_BODY, chat_request, complete};

const REQUEST: &str = include_str!("../../fixtures/chat/request.json");
const PLAIN: &str = include_str!("../../fixtures/chat/plain.json");
const TOOLS: &str = include_str!("../../fixtures/chat/tools.json");
const ERROR_WITH_STATUS_200: &str = include_str!("../../fixtures/chat/error-with-status-200.json");

fn upstream(reply: Reply) -> Upstream {
    Upstream::new().original_body(CHAT_BODY).reply(reply)
}

#[test]
fn the_clients_bytes_go_up_with_only_the_model_changed() {
    let upstream = Upstream::new().original_body(REQUEST).reply(Reply::json(200, PLAIN));
    upstream.run(|| OpenAi::complete(testing::context(), chat_request())).unwrap();

    let sent = &upstream.requests()[0];
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url, "https://api.openai.com/v1/chat/completions");
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.header("accept"), Some("application/json"));
    assert_eq!(sent.header("authorization"), None, "keys are the host's");
    let expected = REQUEST.replacen("prod/gpt-4.1-mini", "gpt-4.1-mini", 1);
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), expected);
}

#[test]
fn the_providers_answer_comes_back_byte_for_byte() {
    for answer in [PLAIN, TOOLS] {
        match complete(&upstream(Reply::json(200, answer)), testing::context()).unwrap() {
            ChatResponse::Raw(raw) => assert_eq!(raw, answer),
            ChatResponse::Answer(_) => panic!("a pass-through adapter takes nothing apart"),
        }
    }
}

#[test]
fn an_error_inside_an_answer_of_status_200_is_an_error() {
    let error = complete(&upstream(Reply::json(200, ERROR_WITH_STATUS_200)), testing::context()).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Upstream, Some(503)));
    assert_eq!(error.message, "No endpoint is up for this model");
    assert_eq!(error.body.as_deref(), Some(ERROR_WITH_STATUS_200));
}

#[test]
fn an_answer_that_is_no_completion_is_an_upstream_error() {
    for answer in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"[{"choices":[]}]"#,
        r#"{"choices":null}"#,
        r#"{"choices":{}}"#,
        "[[]]",
        r#"{"choices":[]"#,
    ] {
        let error = complete(&upstream(Reply::json(200, answer)), testing::context()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Upstream, "{answer}");
        assert!(error.message.contains("not a chat completion"), "{answer}: {}", error.message);
    }
}

#[test]
fn a_body_that_is_no_object_is_an_internal_error_and_is_not_sent() {
    let upstream = Upstream::new().original_body("[]").reply(Reply::json(200, PLAIN));
    assert_eq!(complete(&upstream, testing::context()).unwrap_err().kind, ErrorKind::Internal);
    assert!(upstream.requests().is_empty());
}
