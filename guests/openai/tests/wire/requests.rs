//! What the deployment's settings and the client's headers make of a request.

use std::time::Duration;

use caisson_sdk::prelude::*;
use caisson_sdk::testing::{self, Reply, Sent, Upstream};

use crate::{CHAT_BODY, complete};

const PLAIN: &str = include_str!("../../fixtures/chat/plain.json");
const RATE: &str = include_str!("../../fixtures/errors/openai-rate-429.json");

fn sent(context: Context) -> Sent {
    let upstream = Upstream::new().original_body(CHAT_BODY).reply(Reply::json(200, PLAIN));
    complete(&upstream, context).unwrap();
    upstream.requests().remove(0)
}

#[test]
fn base_url_is_what_openais_sdk_takes() {
    let local = Context { base_url: Some("http://127.0.0.1:8000/v1".into()), ..testing::context() };
    assert_eq!(sent(local).url, "http://127.0.0.1:8000/v1/chat/completions");
}

#[test]
fn a_dated_azure_version_becomes_a_query_parameter() {
    let azure = Context {
        base_url: Some("https://res.openai.azure.com/openai/deployments/mini".into()),
        ..testing::context_with(&[("api-version", "2024-10-21")])
    };
    assert_eq!(
        sent(azure).url,
        "https://res.openai.azure.com/openai/deployments/mini/chat/completions?api-version=2024-10-21"
    );
}

#[test]
fn organization_and_project_become_headers_only_when_set() {
    let with = sent(testing::context_with(&[("organization", "org-1"), ("project", "proj_2")]));
    assert_eq!(with.header("openai-organization"), Some("org-1"));
    assert_eq!(with.header("openai-project"), Some("proj_2"));
    let without = sent(testing::context());
    assert_eq!((without.header("openai-organization"), without.header("openai-project")), (None, None));
}

#[test]
fn client_headers_and_trace_go_up_but_not_in_place_of_our_own() {
    let headers = [
        ("x-team", "zoo"),
        ("Content-Type", "text/evil"),
        ("Host", "elsewhere"),
        ("Accept", "*/*"),
        ("Connection", "x"),
    ];
    let sent = sent(Context {
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        ..testing::context()
    });
    assert_eq!(sent.header("x-team"), Some("zoo"));
    let named = |name: &str| sent.headers.iter().filter(|(key, _)| key == name).count();
    assert_eq!((sent.header("content-type"), named("content-type")), (Some("application/json"), 1));
    assert_eq!((sent.header("accept"), named("accept")), (Some("application/json"), 1));
    assert_eq!((sent.header("host"), sent.header("connection")), (None, None));
    assert_eq!(sent.header("traceparent"), Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

#[test]
fn nothing_is_sent_twice_unless_the_operator_says_so() {
    let upstream = Upstream::new().original_body(CHAT_BODY).reply(Reply::json(429, RATE));
    assert_eq!(complete(&upstream, testing::context()).unwrap_err().kind, ErrorKind::RateLimited);
    assert_eq!(upstream.requests().len(), 1);
    assert!(upstream.slept().is_empty());
}

#[test]
fn max_retries_sends_again_after_the_wait_that_the_provider_asks_for() {
    let upstream = Upstream::new()
        .original_body(CHAT_BODY)
        .reply(Reply::json(429, RATE).header("retry-after-ms", "1500"))
        .reply(Reply::json(200, PLAIN));
    complete(&upstream, testing::context_with(&[("max-retries", "1")])).unwrap();
    assert_eq!(upstream.requests().len(), 2);
    assert!(upstream.slept()[0] >= Duration::from_millis(1500), "{:?}", upstream.slept());
}

#[test]
fn a_setting_that_makes_no_sense_is_named_and_nothing_is_sent() {
    for value in ["-1", "many", "1.5"] {
        let upstream = Upstream::new().original_body(CHAT_BODY).reply(Reply::json(200, PLAIN));
        let error = complete(&upstream, testing::context_with(&[("max-retries", value)])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "{value}");
        assert!(error.message.contains("max-retries"), "{}", error.message);
        assert!(upstream.requests().is_empty());
    }
}
