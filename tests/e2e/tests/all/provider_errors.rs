//! What a client gets when the provider says no: the provider's own status and words, and whose they are.

use bytes::Bytes;
use caisson_fake_providers::{Body, Reply};
use serde_json::json;

use caisson_e2e::{ANTHROPIC, Caisson, GEMINI, Item, OPENAI, PROVIDERS, adapter, guest, say};

#[tokio::test]
async fn a_providers_refusal_keeps_its_status_and_its_words() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        for (status, kind) in [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (403, "permission_error"),
            (404, "invalid_request_error"),
            (429, "rate_limit_error"),
            (500, "server_error"),
            (503, "server_error"),
            (529, "server_error"),
        ] {
            let words = format!("{} says {status}", provider.name);
            for is_stream in [false, true] {
                fake.respond_with(provider.error(status, &words));
                let request = say(provider.model(), "x");
                let answer =
                    if is_stream { caisson.stream(request).await.whole().await } else { caisson.chat(request).await };
                let error = answer.expect_error(status, "provider_error");
                assert_eq!(error["type"], kind, "{} {status}", provider.name);
                assert!(error["message"].as_str().unwrap().starts_with(&words), "{error}");
                assert_eq!(error["provider"]["status"], status);
                assert!(error["provider"]["body"].as_str().unwrap().contains(&words), "{error}");
                assert!(answer.receipt().fuel > 0);
            }
        }
        assert!(caisson.chat(say(provider.model(), "after all that")).await.content().contains("after all that"));
    }
}

#[tokio::test]
async fn retry_after_is_carried_on_in_both_forms() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        fake.respond_with(provider.error(429, "slow down").header("retry-after", "2"));
        let answer = caisson.chat(say(provider.model(), "x")).await;
        answer.expect_error(429, "provider_error");
        let headers = (answer.header("retry-after"), answer.header("retry-after-ms"));
        assert_eq!(headers, ("2", "2000"), "{}", provider.name);

        fake.respond_with(provider.error(429, "slow down").header("retry-after-ms", "1500"));
        let answer = caisson.chat(say(provider.model(), "x")).await;
        let headers = (answer.header("retry-after"), answer.header("retry-after-ms"));
        assert_eq!(headers, ("2", "1500"), "{}", provider.name);

        fake.respond_with(provider.error(500, "no idea"));
        let answer = caisson.chat(say(provider.model(), "x")).await;
        assert!(!answer.headers.contains_key("retry-after") && !answer.headers.contains_key("retry-after-ms"));
    }
}

#[tokio::test]
async fn the_real_wires_own_faults_come_through() {
    // What the fakes answer of themselves, in all the detail that the providers document.
    let (openai, _fake) = OPENAI.served().await;
    let (gemini, _fake_too) = GEMINI.served().await;
    for (status, openai_says, gemini_says) in [
        (401, "Incorrect API key provided", "The request failed with status 401"),
        (429, "Rate limit reached", "You exceeded your current quota"),
        (500, "The server had an error", "An internal error has occurred"),
        (503, "currently overloaded", "The model is overloaded"),
    ] {
        let error =
            openai.chat(say(&format!("openai/fault-{status}"), "x")).await.expect_error(status, "provider_error");
        assert!(error["message"].as_str().unwrap().contains(openai_says), "{error}");
        let error = gemini
            .chat(say(&format!("gemini/models/fault-{status}"), "x"))
            .await
            .expect_error(status, "provider_error");
        assert!(error["message"].as_str().unwrap().contains(gemini_says), "{error}");
    }
    let answer = gemini.chat(say("gemini/models/fault-429", "x")).await;
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn an_error_amid_a_providers_stream_is_the_streams_last_event() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        let pieces = vec![
            provider.opening(),
            provider.word("one "),
            provider.word("two"),
            provider.error_event(500, "no more of it"),
        ];
        fake.respond_with(Reply::event_stream(Body::Chunks(pieces)));
        let transcript = caisson.stream(say(provider.model(), "x")).await.rest().await;
        assert_eq!(transcript.content(), "one two", "{}", provider.name);
        let Some(Item::Chunk(last)) = transcript.items.last() else { panic!("{transcript:?}") };
        let message = last["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("no more of it"), "{}: {last}", provider.name);
        assert!(!transcript.items.contains(&Item::Done));
    }
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_in_an_error_and_not_in_done() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        for cut in [
            Body::Reset([provider.opening(), provider.word("one two")].concat().into()),
            // Ended in good order, but before its end.
            Body::Chunks(vec![provider.opening(), provider.word("one two")]),
        ] {
            fake.respond_with(Reply::event_stream(cut));
            let transcript = caisson.stream(say(provider.model(), "x")).await.rest().await;
            assert_eq!(transcript.content(), "one two", "{}", provider.name);
            let error = transcript.expect_error("upstream_error");
            assert_eq!(error["type"], "server_error", "{}", provider.name);
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_nonsense_is_the_upstreams_fault() {
    for provider in PROVIDERS {
        let (caisson, fake) = provider.served().await;
        for body in [Body::Reset(Bytes::from_static(b"{\"id\": \"")), Body::Whole("<html>no gateway</html>".into())] {
            fake.respond_with(Reply::new(200, body).header("content-type", "application/json"));
            let answer = caisson.chat(say(provider.model(), "x")).await;
            let error = answer.expect(502)["error"].take();
            assert_eq!(error["type"], "server_error", "{}: {error}", provider.name);
        }
        fake.respond_with(
            Reply::new(502, Body::Whole("<html>Bad Gateway</html>".into())).header("content-type", "text/html"),
        );
        caisson.chat(say(provider.model(), "x")).await.expect_error(502, "provider_error");
    }
}

#[tokio::test]
async fn an_adapters_own_error_has_the_status_of_its_kind() {
    let caisson = Caisson::start().await;
    for (kind, status, error_type, code) in [
        ("internal", 502, "server_error", "adapter_error"),
        ("invalid-request", 400, "invalid_request_error", "invalid_request"),
        ("authentication", 401, "authentication_error", "authentication_failed"),
        ("permission", 403, "permission_error", "permission_denied"),
        ("not-found", 404, "invalid_request_error", "not_found"),
        ("conflict", 409, "invalid_request_error", "conflict"),
        ("too-large", 413, "invalid_request_error", "request_too_large"),
        ("rate-limited", 429, "rate_limit_error", "rate_limit_exceeded"),
        ("quota-exceeded", 429, "insufficient_quota", "insufficient_quota"),
        ("context-length", 400, "invalid_request_error", "context_length_exceeded"),
        ("content-filtered", 400, "invalid_request_error", "content_filter"),
        ("unsupported", 400, "invalid_request_error", "unsupported"),
        ("timeout", 504, "server_error", "upstream_timeout"),
        ("upstream", 502, "server_error", "upstream_error"),
    ] {
        caisson.push(kind, guest("fail")).set("kind", kind).set("param", "messages[3]").await;
        let model = format!("{kind}/x");
        for answer in [
            caisson.chat(say(&model, "x")).await,
            caisson.stream(say(&model, "x")).await.whole().await,
            caisson.embed(json!({ "model": model, "input": "x" })).await,
        ] {
            let error = answer.expect_error(status, code);
            assert_eq!((&error["type"], &error["param"]), (&json!(error_type), &json!("messages[3]")), "{kind}");
            assert_eq!(error["message"], "as it is made to");
        }
    }
}

#[tokio::test]
async fn an_adapter_reports_any_status_and_message_but_no_success() {
    let caisson = Caisson::start().await;
    for (given, status, code) in [
        ("418", 418, "provider_error"),
        ("599", 599, "provider_error"),
        ("200", 502, "adapter_error"),
        ("302", 502, "adapter_error"),
        ("600", 502, "adapter_error"),
    ] {
        let name = format!("fail-{given}");
        caisson.push(&name, guest("fail")).set("status", given).set("message", "a \"quoted\" message\n").await;
        let error = caisson.chat(say(&format!("{name}/x"), "x")).await.expect_error(status, code);
        assert_eq!(error["message"], "a \"quoted\" message\n", "{given}");
    }
    let push = caisson
        .push("teapot", guest("fail"))
        .set("status", "418")
        .set("code", "short_and_stout")
        .set("retry-after-ms", "2500");
    push.set("body", "{\"pot\":1}").await;
    let answer = caisson.chat(say("teapot/x", "x")).await;
    let error = answer.expect_error(418, "provider_error");
    assert_eq!(error["provider"], json!({ "status": 418, "code": "short_and_stout", "body": "{\"pot\":1}" }));
    assert_eq!((answer.header("retry-after"), answer.header("retry-after-ms")), ("3", "2500"));
}

#[tokio::test]
async fn what_an_adapter_lacks_is_unsupported() {
    let caisson = Caisson::start().await;
    caisson.push("tell", guest("tell")).await;
    caisson.stream(say("tell/one", "x")).await.whole().await.expect_error(400, "unsupported");
    let embed = json!({ "model": "tell/one", "input": "x" });
    caisson.embed(embed).await.expect_error(400, "unsupported");

    let fake = ANTHROPIC.fake().await;
    caisson.push("anthropic", adapter("anthropic")).upstream(&fake).await;
    let embed = json!({ "model": ANTHROPIC.model(), "input": "x" });
    let error = caisson.embed(embed).await.expect_error(400, "unsupported");
    assert!(error["message"].as_str().unwrap().contains("embeddings"), "{error}");
}
