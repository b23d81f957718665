//! Nothing leaves a guest but what is granted.

use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::Value;

use caisson_e2e::{Answer, Caisson, OPENAI, adapter, guest, say};

async fn upstream() -> FakeProvider {
    FakeProvider::start(Wire::OpenAi).await.unwrap()
}

/// A fake answers one request with these words.
fn says(provider: &FakeProvider, words: &str) {
    provider.respond_with(Reply::new(200, Body::Whole(words.to_owned().into())));
}

async fn reached(caisson: &Caisson) -> Answer {
    caisson.chat(say("reach/x", "x")).await
}

fn report(answer: &Answer) -> Value {
    serde_json::from_str(&answer.content()).unwrap()
}

#[tokio::test]
async fn a_host_that_is_not_granted_is_named_to_the_client() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    caisson.push("reach", guest("reach")).set("url", &format!("{}/v1", provider.origin())).await;
    let answer = reached(&caisson).await;
    let error = answer.expect_error(502, "egress_denied");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("egress_denied") && message.contains(&provider.origin()), "{message}");
    assert!(message.contains("--allow-host"), "{message}");
    assert_eq!(answer.receipt().revision, "reach@1");
    assert_eq!(provider.connections_accepted(), 0);
}

#[tokio::test]
async fn an_adapter_that_lacks_its_grant_says_the_same() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let push = caisson.push("openai", adapter("openai")).set("base-url", &provider.base_url());
    let made = push.credential("api-key", provider.key()).await;
    assert_eq!(made.missing().len(), 1, "{:?}", made.missing());
    assert!(made.missing()[0].contains(&provider.origin()), "{:?}", made.missing());
    for answer in [
        caisson.chat(say("openai/gpt-x", "x")).await,
        caisson.stream(say("openai/gpt-x", "x")).await.whole().await,
        caisson.embed(serde_json::json!({ "model": "openai/x", "input": "x" })).await,
    ] {
        let error = answer.expect_error(502, "egress_denied");
        assert!(error["message"].as_str().unwrap().contains(&provider.origin()), "{error}");
    }
    assert_eq!(provider.connections_accepted(), 0);
}

#[tokio::test]
async fn the_guest_itself_sees_wasi_https_denied_error() {
    let caisson = Caisson::start().await;
    caisson.push("reach", guest("reach")).set("url", "http://127.0.0.1:9/").set("report", "yes").await;
    let got = report(&reached(&caisson).await);
    assert_eq!(got["code"], "egress_denied", "{got}");
}

#[tokio::test]
async fn a_grant_is_for_one_scheme_one_host_and_one_port() {
    let (caisson, provider, other) = tokio::join!(Caisson::start(), upstream(), upstream());
    let port = provider.origin().rsplit(':').next().unwrap().to_owned();
    let url = format!("{}/", provider.origin());
    for (number, near_miss) in [
        other.origin(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://127.0.0.2:{port}"),
        format!("http://[::1]:{port}"),
        "http://127.0.0.1".to_owned(),
        format!("http://*.example.com:{port}"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("near-miss-{number}");
        caisson.push(&name, guest("reach")).set("url", &url).allow_host(&near_miss).await;
        caisson.chat(say(&format!("{name}/x"), "x")).await.expect_error(502, "egress_denied");
    }
    assert_eq!(provider.connections_accepted(), 0);

    says(&provider, "made it");
    caisson.push("reach", guest("reach")).set("url", &url).allow_host(&provider.origin()).await;
    assert_eq!(report(&reached(&caisson).await)["body"], "made it");
}

#[tokio::test]
async fn a_host_is_the_same_in_every_spelling() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let port = provider.origin().rsplit(':').next().unwrap().to_owned();
    for (number, spelling) in ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"].into_iter().enumerate() {
        says(&provider, "made it");
        let name = format!("spelling-{number}");
        let push = caisson.push(&name, guest("reach")).set("url", &format!("http://{spelling}:{port}/"));
        push.allow_host(&provider.origin()).await;
        let got = report(&caisson.chat(say(&format!("{name}/x"), "x")).await);
        assert_eq!(got["body"], "made it", "{spelling}");
    }
}

#[tokio::test]
async fn granting_localhost_consents_to_loopback() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let origin = provider.origin().replace("127.0.0.1", "localhost");
    says(&provider, "made it");
    caisson.push("reach", guest("reach")).set("url", &format!("{origin}/")).allow_host(&origin).await;
    assert_eq!(report(&reached(&caisson).await)["body"], "made it");
}

#[tokio::test]
async fn a_redirect_is_given_to_the_guest_and_not_followed() {
    let (caisson, provider, other) = tokio::join!(Caisson::start(), upstream(), upstream());
    let push = caisson.push("reach", guest("reach")).set("url", &format!("{}/", provider.origin()));
    push.allow_host(&provider.origin()).allow_host(&other.origin()).await;
    let redirect = Reply::new(302, Body::Whole("elsewhere".into())).header("location", &other.origin());
    provider.respond_with(redirect);
    let got = report(&reached(&caisson).await);
    assert_eq!((got["status"].as_u64(), got["headers"]["location"].as_str()), (Some(302), Some(&*other.origin())));
    assert_eq!(other.connections_accepted(), 0);
}

#[tokio::test]
async fn requests_are_limited_over_the_whole_sandbox() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let push = caisson.push("many", guest("many_requests")).set("base-url", &provider.origin());
    push.grant_requested().limit("egress-requests", 3).await;
    for round in 1..=2 {
        let answer = caisson.chat(say("many/x", "x")).await;
        let error = answer.expect_error(502, "egress_exhausted");
        assert!(error["message"].as_str().unwrap().contains("egress limits"), "{error}");
        assert_eq!(provider.requests().len(), 3 * round);
    }
}

#[tokio::test]
async fn bytes_are_limited_in_both_directions() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let push = caisson.push("reach", guest("reach")).set("url", &format!("{}/", provider.origin()));
    push.allow_host(&provider.origin()).limit("egress-bytes-in", 1000).await;
    says(&provider, &"x".repeat(1000));
    assert_eq!(report(&reached(&caisson).await)["body"].as_str().unwrap().len(), 1000);
    says(&provider, &"x".repeat(1001));
    reached(&caisson).await.expect_error(502, "egress_exhausted");

    let push = caisson.push("openai", adapter("openai")).upstream(&provider);
    push.limit("egress-bytes-out", 1000).await;
    assert_eq!(caisson.chat(say("openai/gpt-x", "short")).await.status, 200);
    caisson.chat(say("openai/gpt-x", &"long ".repeat(400))).await.expect_error(502, "egress_exhausted");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_the_upstreams_fault() {
    let caisson = Caisson::start().await;
    let gone = upstream().await;
    let origin = gone.origin();
    drop(gone);
    caisson.push("reach", guest("reach")).set("url", &format!("{origin}/")).allow_host(&origin).await;
    let error = reached(&caisson).await.expect_error(502, "upstream_error");
    assert!(error["message"].as_str().unwrap().contains(&origin), "{error}");
}

#[tokio::test]
async fn connections_to_an_upstream_are_kept_for_the_next_request() {
    let (caisson, provider) = OPENAI.served().await;
    for _ in 0..5 {
        assert_eq!(caisson.chat(say(OPENAI.model(), "x")).await.status, 200);
    }
    assert_eq!((provider.requests().len(), provider.connections_accepted()), (5, 1));
}

#[tokio::test]
async fn what_no_request_may_be_reaches_no_upstream() {
    let (caisson, provider) = tokio::join!(Caisson::start(), upstream());
    let authority = provider.origin().trim_start_matches("http://").to_owned();
    let port = authority.rsplit(':').next().unwrap().to_owned();
    let own = format!("{}/", provider.origin());
    for (number, (url, header)) in [
        (format!("http://user:pass@{authority}/"), "x: y"),
        (format!("http://{authority}@evil.test/"), "x: y"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "x: y"),
        (format!("http://[::ffff:7f00:1]:{port}/"), "x: y"),
        (format!("http://[64:ff9b::7f00:1]:{port}/"), "x: y"),
        (format!("http://[2002:7f00:1::]:{port}/"), "x: y"),
        (format!("http://0.0.0.0:{port}/"), "x: y"),
        (format!("http://127.0.0.1.evil.test:{port}/"), "x: y"),
        ("http://127.0.0.1:0/".to_owned(), "x: y"),
        (format!("ftp://{authority}/"), "x: y"),
        (format!("http://{authority}/{}", "x".repeat(20_000)), "x: y"),
        (own.clone(), "x: a\r\nx-injected: b"),
        (own.clone(), "x: a\0b"),
        (own.clone(), "content-length: 5"),
        (own.clone(), "content-length: +0"),
        (own.clone(), "host: evil.test"),
        (own.clone(), "transfer-encoding: chunked"),
        (own.clone(), "connection: x-secret"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("form-{number}");
        let push = caisson.push(&name, guest("reach")).set("url", &url).set("header", header);
        push.allow_host(&provider.origin()).await;
        let answer = caisson.chat(say(&format!("{name}/x"), "x")).await;
        assert!(answer.status >= 400 && answer.status != 500, "{url:.60} {header:?}: {}", answer.text());
        assert!(!answer.expect(answer.status)["error"]["message"].as_str().unwrap().is_empty());
    }
    assert_eq!(provider.connections_accepted(), 0);
}
