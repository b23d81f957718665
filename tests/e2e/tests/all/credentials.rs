//! A credential reaches the provider it is for, and nobody else: not the guest, not the client, no log, no listing.

use std::time::Duration;

use bytes::Bytes;
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::{Value, json};

use caisson_e2e::{ANTHROPIC, Caisson, GEMINI, OPENAI, PROVIDERS, Provider, adapter, guest, say, world_flags};

const SECRET: &str = "sk-of-nobody-0123456789";
const PLACEHOLDER: &str = "[credential]";

/// A server with `provider`'s adapter, whose key is [`SECRET`], and the fake that wants it.
async fn served(provider: Provider, wire: Wire) -> (Caisson, FakeProvider) {
    let fake = FakeProvider::start_with_key(wire, SECRET).await.unwrap();
    let caisson = Caisson::prepare().log("trace").start().await;
    caisson.push(provider.name, adapter(provider.name)).upstream(&fake).await;
    (caisson, fake)
}

#[tokio::test]
async fn each_provider_gets_its_key_where_it_looks_for_it() {
    for (provider, wire, header, value) in [
        (OPENAI, Wire::OpenAi, "authorization", format!("Bearer {SECRET}")),
        (ANTHROPIC, Wire::Anthropic, "x-api-key", SECRET.to_owned()),
        (GEMINI, Wire::Gemini, "x-goog-api-key", SECRET.to_owned()),
    ] {
        let (caisson, fake) = served(provider, wire).await;
        assert!(caisson.chat(say(provider.model(), "ahoy")).await.content().contains("ahoy"));
        let request = &fake.requests()[0];
        let values: Vec<_> = request.headers.get_all(header).iter().collect();
        assert_eq!(values, [&value], "{}", provider.name);
        let elsewhere =
            request.headers.iter().filter(|(name, sent)| *name != header && sent.to_str().unwrap().contains(SECRET));
        assert_eq!(elsewhere.count(), 0, "{:?}", request.headers);
        assert!(!request.query.as_deref().unwrap_or_default().contains(SECRET));
    }
}

#[tokio::test]
async fn a_key_that_the_provider_quotes_reaches_no_client() {
    for (provider, wire) in [(OPENAI, Wire::OpenAi), (ANTHROPIC, Wire::Anthropic), (GEMINI, Wire::Gemini)] {
        let (caisson, fake) = served(provider, wire).await;
        // Quoted in an error, which is where real providers quote keys.
        fake.respond_with(provider.error(401, &format!("the key {SECRET} is wrong")));
        let answer = caisson.chat(say(provider.model(), "x")).await;
        let error = answer.expect_error(401, "provider_error");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("the key {PLACEHOLDER} is wrong")), "{message}");
        assert!(!answer.text().contains(SECRET), "{}", answer.text());

        // Quoted in a stream, cut between any two bytes.
        let (begin, end) = SECRET.split_at(SECRET.len() / 2);
        let word = String::from_utf8(provider.word(&format!("{begin}|{end}")).to_vec()).unwrap();
        let (first, second) = word.split_once('|').unwrap();
        let pieces = [provider.opening(), first.to_owned().into(), second.to_owned().into(), provider.ending()];
        fake.respond_with(Reply::event_stream(Body::Every(Duration::from_millis(20), pieces.to_vec())));
        let transcript = caisson.stream(say(provider.model(), "x")).await.rest().await;
        assert!(transcript.is_done());
        assert_eq!(transcript.content(), PLACEHOLDER, "{}", provider.name);
    }
}

#[tokio::test]
async fn the_openai_fakes_own_leak_is_scrubbed_too() {
    let (caisson, _fake) = served(OPENAI, Wire::OpenAi).await;
    assert_eq!(caisson.chat(say("openai/leak", "x")).await.content(), format!("Your key is {PLACEHOLDER}"));
    let transcript = caisson.stream(say("openai/leak", "x")).await.rest().await;
    assert_eq!(transcript.content(), format!("Your key is {PLACEHOLDER}"));
}

#[tokio::test]
async fn an_echo_of_the_request_shows_the_guest_no_key() {
    let (caisson, provider) = tokio::join!(Caisson::start(), OPENAI.fake());
    let push = caisson.push("reach", guest("reach")).set("base-url", &provider.origin()).grant_requested();
    push.credential("in-bearer", SECRET).await;
    let quoted = Bytes::from(format!("authorization: Bearer {SECRET}\r\nlink: ?key={SECRET}"));
    provider.respond_with(
        Reply::new(200, Body::Whole(quoted)).header("x-echo", SECRET).header("x-url", &format!("/?k={SECRET}")),
    );
    // The guest answers with all that it got, so what the client sees is what the guest saw.
    let answer = caisson.chat(say("reach/x", "x")).await;
    assert_eq!(provider.requests()[0].header("authorization"), Some(&*format!("Bearer {SECRET}")));
    assert!(!answer.text().contains(SECRET), "{}", answer.text());
    let got: Value = serde_json::from_str(&answer.content()).unwrap();
    assert_eq!(got["headers"]["x-echo"], PLACEHOLDER);
    assert_eq!(got["headers"]["x-url"], format!("/?k={PLACEHOLDER}"));
    assert_eq!(got["body"], format!("authorization: Bearer {PLACEHOLDER}\r\nlink: ?key={PLACEHOLDER}"));
}

#[tokio::test]
async fn a_guest_can_neither_choose_nor_double_a_credential() {
    for (slot, header, url, expected) in [
        ("in-bearer", "authorization: Bearer of-the-guest", "/", ("authorization", format!("Bearer {SECRET}"))),
        ("in-header", "X-Secret: of-the-guest", "/", ("x-secret", SECRET.to_owned())),
        (
            "in-query",
            "x-other: x",
            "/?a=1&secret=of-the-guest&b=2&secret=again",
            ("", format!("a=1&b=2&secret={SECRET}")),
        ),
    ] {
        let (caisson, provider) = tokio::join!(Caisson::start(), OPENAI.fake());
        provider.respond_with(Reply::new(200, Body::Whole("fine".into())));
        let push = caisson.push("reach", guest("reach")).set("base-url", &provider.origin()).grant_requested();
        let push = push.credential(slot, SECRET).set("header", header);
        push.set("url", &format!("{}{url}", provider.origin())).await;
        caisson.chat(say("reach/x", "x")).await.content();
        let request = &provider.requests()[0];
        match expected {
            ("", query) => assert_eq!(request.query.as_deref(), Some(&*query)),
            (name, value) => {
                let values: Vec<_> = request.headers.get_all(name).iter().collect();
                assert_eq!(values, [&value], "{slot}");
            }
        }
    }
}

#[tokio::test]
async fn a_credential_goes_to_no_other_host_even_if_that_is_granted_too() {
    let (caisson, provider, other) = tokio::join!(Caisson::start(), OPENAI.fake(), OPENAI.fake());
    other.respond_with(Reply::new(200, Body::Whole("fine".into())));
    let push = caisson.push("reach", guest("reach")).set("base-url", &provider.origin());
    let push = push.credential("in-bearer", SECRET).credential("in-header", SECRET).credential("in-query", SECRET);
    let push = push.allow_host(&provider.origin()).allow_host(&other.origin());
    push.set("url", &format!("{}/?a=1", other.origin())).await;
    caisson.chat(say("reach/x", "x")).await.content();
    let request = &other.requests()[0];
    assert_eq!((request.header("authorization"), request.header("x-secret")), (None, None));
    assert_eq!(request.query.as_deref(), Some("a=1"));
}

#[tokio::test]
async fn pointing_an_adapter_elsewhere_takes_its_credential_away() {
    let (caisson, provider, other) = tokio::join!(Caisson::start(), OPENAI.fake(), OPENAI.fake());
    caisson.push("openai", adapter("openai")).upstream(&provider).await;
    let elsewhere = json!({ "settings": { "base-url": other.base_url() }, "grant-requested": true });
    let made = caisson.control("PATCH", "/adapters/openai").json(&elsewhere).answer().await.expect(200);
    // The credential was given for the first place: nobody gave it for this one.
    assert_eq!(made["wants"]["credentials"][0]["given"], false, "{made}");
    // So what was served still is, until the operator says otherwise.
    assert_eq!(made["active"], false, "{made}");
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));
    caisson.control("POST", "/adapters/openai/activate").json(&json!({ "revision": 2 })).answer().await.expect(200);
    caisson.chat(say("openai/gpt-x", "x")).await.expect_error(401, "provider_error");
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[tokio::test]
async fn no_listing_and_no_log_shows_a_credential() {
    for (provider, wire) in [(OPENAI, Wire::OpenAi), (ANTHROPIC, Wire::Anthropic), (GEMINI, Wire::Gemini)] {
        let (caisson, fake) = served(provider, wire).await;
        caisson.chat(say(provider.model(), "x")).await.content();
        caisson.stream(say(provider.model(), "x")).await.rest().await;
        fake.respond_with(provider.error(401, &format!("the key {SECRET} is wrong")));
        caisson.chat(say(provider.model(), "x")).await.expect_error(401, "provider_error");
        let name = provider.name;
        let short =
            caisson.control("PUT", &format!("/adapters/{name}/credentials")).json(&json!({ "api-key": "short" }));
        let refused = short.answer().await;
        assert!(!refused.text().contains("\"short\""), "{}", refused.text());
        for path in ["/adapters".to_owned(), format!("/adapters/{name}"), format!("/adapters/{name}/revisions")] {
            let shown = caisson.control("GET", &path).answer().await;
            assert!(shown.status == 200 && !shown.text().contains(SECRET), "{path}: {}", shown.text());
        }
        let shown = caisson.run(&["show", name]).printed().await;
        assert!(shown.contains("api-key") && !shown.contains(SECRET), "{shown}");
        let said = caisson.finished().await;
        assert!(!said.contains(SECRET), "{name}: the key is in the log");
    }
}

#[tokio::test]
async fn a_key_in_a_query_is_in_no_log_and_no_error() {
    let (caisson, provider) = tokio::join!(Caisson::prepare().log("trace").start(), OPENAI.fake());
    let push = caisson.push("reach", guest("reach")).set("base-url", &provider.origin()).grant_requested();
    push.credential("in-query", SECRET).await;
    provider.respond_with(Reply::new(200, Body::Whole("fine".into())));
    caisson.chat(say("reach/x", "x")).await.content();
    assert!(provider.requests()[0].query.as_deref().unwrap().contains(SECRET));
    provider.respond_with(Reply::new(200, Body::Reset("broken".into())));
    let broken = caisson.chat(say("reach/x", "x")).await;
    assert!(broken.status >= 500 && !broken.text().contains(SECRET), "{}", broken.text());
    drop(provider);
    let refused = caisson.chat(say("reach/x", "x")).await;
    assert!(refused.status >= 500 && !refused.text().contains(SECRET), "{}", refused.text());
    let said = caisson.finished().await;
    assert!(
        !said.contains(SECRET),
        "the key is in the log: {}",
        said.lines().find(|line| line.contains(SECRET)).unwrap()
    );
}

#[tokio::test]
async fn the_command_line_takes_credentials_from_the_environment_or_a_file_alone() {
    let caisson = Caisson::start().await;
    let fake = OPENAI.fake().await;
    let component = caisson.setup().folder().join("openai.wasm");
    std::fs::write(&component, adapter("openai")).unwrap();
    let key = caisson.setup().folder().join("key");
    std::fs::write(&key, format!("{}\n", fake.key())).unwrap();
    let base_url = format!("base-url={}", fake.base_url());
    let push = |credential: &str| {
        let component = component.to_str().unwrap();
        let mut push = vec!["push", component, "--name", "openai", "--set", &base_url, "--grant-requested"];
        push.extend(["--credential", credential].iter().chain(world_flags()));
        caisson.run(&push)
    };
    let printed = push("api-key=env:THE_KEY").env("THE_KEY", fake.key()).printed().await;
    assert!(printed.contains("given") && !printed.contains(fake.key()), "{printed}");
    assert!(caisson.chat(say("openai/gpt-x", "ahoy")).await.content().contains("ahoy"));
    push(&format!("api-key=file:{}", key.display())).printed().await;
    assert!(caisson.chat(say("openai/gpt-x", "ahoy")).await.content().contains("ahoy"));
    let said = push("api-key=sk-on-the-command-line").refused().await;
    assert!(said.contains("every process on the machine") && !said.contains("sk-on-the-command-line"), "{said}");
}

#[tokio::test]
async fn without_its_credential_the_request_goes_out_without_a_key() {
    for provider in PROVIDERS {
        let (caisson, fake) = tokio::join!(Caisson::start(), provider.fake());
        let push = caisson.push(provider.name, adapter(provider.name)).set("base-url", &fake.base_url());
        let made = push.grant_requested().await;
        assert_eq!(made.0["wants"]["credentials"][0]["given"], false, "{:?}", made.0);
        let status = caisson.chat(say(provider.model(), "x")).await.status;
        assert!([400, 401, 403].contains(&status), "{}: {status}", provider.name);
    }
}
