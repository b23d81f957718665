//! Deployments over time: revisions made, served, rolled back, removed, and changed without an upload.

use serde_json::{Value, json};

use caisson_e2e::{ANTHROPIC, Answer, Caisson, OPENAI, adapter, guest, say};

/// What the guest `tell` was told.
async fn told(caisson: &Caisson, name: &str) -> Value {
    let answer = caisson.chat(say(&format!("{name}/one"), "x")).await;
    serde_json::from_str(&answer.content()).unwrap()
}

async fn put(caisson: &Caisson, path: &str, body: Value) -> Value {
    caisson.control("PUT", path).json(&body).answer().await.expect(200)
}

#[tokio::test]
async fn each_upload_is_a_revision_and_the_newest_is_served() {
    let caisson = Caisson::start().await;
    let first = caisson.push("it", guest("counter")).await;
    assert_eq!(caisson.chat(say("it/x", "x")).await.content(), "1");
    let second = caisson.push("it", adapter("echo")).await;
    assert_eq!((first.revision(), second.revision()), (1, 2));
    let answer = caisson.chat(say("it/echo", "ahoy")).await;
    assert!(answer.content().contains("ahoy"));
    assert_eq!(answer.receipt().revision, "it@2");

    let listed = caisson.control("GET", "/adapters/it/revisions").answer().await.expect(200);
    let listed: Vec<_> = listed["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["revision"].as_u64(), r["active"].as_bool()))
        .collect();
    assert_eq!(listed, [(Some(2), Some(true)), (Some(1), Some(false))]);
}

#[tokio::test]
async fn a_revision_of_before_can_be_served_again() {
    let caisson = Caisson::start().await;
    caisson.push("it", guest("tell")).set("colour", "red").await;
    caisson.push("it", guest("tell")).set("colour", "green").await;
    assert_eq!(told(&caisson, "it").await["settings"]["colour"], "green");
    let activate = caisson.control("POST", "/adapters/it/activate").json(&json!({ "revision": 1 }));
    let made = activate.answer().await.expect(200);
    assert_eq!((&made["revision"], &made["active"]), (&json!(1), &json!(true)));
    assert_eq!(told(&caisson, "it").await["settings"]["colour"], "red");
    let caisson = caisson.restarted().await;
    assert_eq!(told(&caisson, "it").await["settings"]["colour"], "red");
}

#[tokio::test]
async fn an_upload_that_lacks_something_does_not_replace_what_is_served() {
    let (caisson, _fake) = ANTHROPIC.served().await;
    let taken = json!({ "api-key": null });
    let made = put(&caisson, "/adapters/anthropic/credentials", taken).await;
    assert_eq!((&made["revision"], &made["active"]), (&json!(2), &json!(false)));
    assert!(made["missing"][0].as_str().unwrap().contains("--credential api-key="), "{made}");
    let answer = caisson.chat(say(ANTHROPIC.model(), "ahoy")).await;
    assert!(answer.content().contains("ahoy"));
    assert_eq!(answer.receipt().revision, "anthropic@1");

    // Another adapter under the same name, with a setting that nobody made.
    let made = caisson.push("anthropic", guest("midstream")).await;
    assert_eq!((made.revision(), made.is_active()), (3, false));
    assert!(made.missing()[0].contains("--set then=VALUE"), "{:?}", made.missing());
    assert_eq!(caisson.chat(say(ANTHROPIC.model(), "ahoy")).await.receipt().revision, "anthropic@1");
}

#[tokio::test]
async fn the_first_upload_says_what_the_adapter_wants_and_lacks() {
    let caisson = Caisson::start().await;
    let made = caisson.push("anthropic", adapter("anthropic")).await;
    let wants = &made.0["wants"];
    assert_eq!(wants["hosts"], json!([{ "grant": "https://api.anthropic.com", "granted": false }]));
    let slot = &wants["credentials"][0];
    assert_eq!((&slot["slot"], &slot["required"], &slot["given"]), (&json!("api-key"), &json!(true), &json!(false)));
    assert_eq!(slot["placement"], json!({ "header": "x-api-key" }));
    let missing = made.missing();
    assert!(missing.len() == 2 && missing[0].contains("--allow-host https://api.anthropic.com"), "{missing:?}");
    assert!(missing[1].contains("--credential api-key=env:VAR"), "{missing:?}");
    // Nothing was granted unasked.
    assert_eq!(made.0["config"]["grants"], json!([]));

    let made =
        caisson.push("anthropic", adapter("anthropic")).grant_requested().credential("api-key", "a-long-secret").await;
    assert!(made.missing().is_empty() && made.is_active());
    assert_eq!(made.0["config"]["grants"], json!(["https://api.anthropic.com"]));
}

#[tokio::test]
async fn settings_limits_and_headers_reach_the_adapter_without_an_upload() {
    let caisson = Caisson::start().await;
    let made = caisson.push("tell", guest("tell")).await;
    let digest = made.0["digest"].clone();
    assert_eq!(told(&caisson, "tell").await["settings"], json!({ "colour": "blue" }));

    let made =
        put(&caisson, "/adapters/tell/settings", json!({ "size": "large", "base-url": "http://127.0.0.1:9/v1/" }))
            .await;
    assert_eq!((&made["revision"], &made["digest"]), (&json!(2), &digest));
    let context = told(&caisson, "tell").await;
    assert_eq!(context["settings"], json!({ "colour": "blue", "size": "large" }));
    assert_eq!(context["base-url"], "http://127.0.0.1:9/v1");

    let made = put(&caisson, "/adapters/tell/limits", json!({ "timeout-ms": 5000, "fuel": 123_456_789 })).await;
    assert_eq!(
        (&made["config"]["limits"]["fuel"], &made["config"]["limits"]["log-bytes"]),
        (&json!(123_456_789), &json!(64 << 10))
    );
    let left = told(&caisson, "tell").await["timeout-ms"].as_u64().unwrap();
    assert!((1..=5000).contains(&left), "{left}");

    put(&caisson, "/adapters/tell/settings", json!({ "size": null, "colour": "red", "base-url": null })).await;
    let context = told(&caisson, "tell").await;
    assert_eq!((&context["settings"], &context["base-url"]), (&json!({ "colour": "red" }), &Value::Null));

    let change = json!({ "pass-headers": ["X-Tenant"] });
    caisson.control("PATCH", "/adapters/tell").json(&change).answer().await.expect(200);
    let asked = caisson.ask("POST", "/v1/chat/completions").header("x-tenant", "acme").header("x-other", "no");
    let asked = asked
        .key("not-for-the-adapter")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let answer = asked.json(&say("tell/one", "x")).answer().await;
    let context: Value = serde_json::from_str(&answer.content()).unwrap();
    assert_eq!(context["headers"], json!({ "x-tenant": "acme" }));
    assert_eq!(context["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(context["request-id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn grants_and_credentials_are_given_and_taken_without_an_upload() {
    let (caisson, fake) = tokio::join!(Caisson::start(), OPENAI.fake());
    caisson.push("openai", adapter("openai")).set("base-url", &fake.base_url()).await;
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(502, "egress_denied");
    put(&caisson, "/adapters/openai/credentials", json!({ "api-key": fake.key() })).await;
    let made = put(&caisson, "/adapters/openai/grants", json!({ "grants": [fake.origin()] })).await;
    assert_eq!((&made["missing"], &made["active"]), (&json!([]), &json!(true)), "{made}");
    assert!(caisson.chat(say(OPENAI.model(), "ahoy")).await.content().contains("ahoy"));

    let made = put(&caisson, "/adapters/openai/grants", json!({ "grants": [] })).await;
    let activate = caisson.control("POST", "/adapters/openai/activate").json(&json!({ "revision": made["revision"] }));
    activate.answer().await.expect(200);
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(502, "egress_denied");
}

#[tokio::test]
async fn a_removed_deployment_is_gone_and_leaves_nothing_behind() {
    let (caisson, fake) = OPENAI.served().await;
    caisson.push("echo", adapter("echo")).await;
    let removed: Answer = caisson.control("DELETE", "/adapters/openai").answer().await;
    assert_eq!(removed.status, 204);
    caisson.chat(say(OPENAI.model(), "x")).await.expect_error(404, "model_not_found");
    caisson.control("GET", "/adapters/openai").answer().await.expect_error(404, "unknown_deployment");
    caisson.control("DELETE", "/adapters/openai").answer().await.expect_error(404, "unknown_deployment");
    assert!(caisson.chat(say("echo/echo", "ahoy")).await.content().contains("ahoy"));

    // Whoever takes the name next gets none of what the last one was granted.
    let made = caisson.push("openai", adapter("openai")).set("base-url", &fake.base_url()).await;
    assert_eq!(made.missing().len(), 1);
    // And no number that a client has seen stands for another artifact.
    assert_eq!(made.revision(), 2);
    assert_eq!(made.0["wants"]["credentials"][0]["given"], false, "{:?}", made.0);
    let caisson = caisson.restarted().await;
    let listed = caisson.control("GET", "/adapters").answer().await.expect(200);
    let names: Vec<_> = listed["adapters"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["echo", "openai"]);
    caisson.run(&["remove", "openai"]).printed().await;
    let caisson = caisson.restarted().await;
    assert_eq!(caisson.push("openai", adapter("openai")).await.revision(), 3);
}

#[tokio::test]
async fn a_running_stream_finishes_on_the_revision_it_began_with() {
    let (caisson, fake) = OPENAI.served().await;
    let (gate, mut streaming) = OPENAI.gated_stream(&caisson, &fake).await;
    gate.send(OPENAI.word("before ")).await;
    assert_eq!(streaming.next_text().await, "before ");

    caisson.push("openai", guest("counter")).await;
    let answer = caisson.chat(say("openai/x", "x")).await;
    assert_eq!((&*answer.content(), &*answer.receipt().revision), ("1", "openai@2"));
    caisson.control("DELETE", "/adapters/openai").answer().await;
    caisson.chat(say("openai/x", "x")).await.expect_error(404, "model_not_found");

    gate.send(OPENAI.word("after")).await;
    assert_eq!(streaming.next_text().await, "after");
    gate.send(OPENAI.ending()).await;
    drop(gate);
    let rest = streaming.rest().await;
    assert_eq!((rest.finish_reasons().len(), &*rest.receipt().revision), (1, "openai@1"));
}

#[tokio::test]
async fn the_command_line_does_all_of_it() {
    let caisson = Caisson::start().await;
    let file = caisson.setup().folder().join("tell.wasm");
    std::fs::write(&file, guest("tell")).unwrap();
    let file = file.to_str().unwrap();
    assert!(caisson.run(&["list"]).printed().await.contains("nothing is deployed yet"));

    let printed =
        caisson.run(&["push", file, "--name", "tell", "--set", "colour=red", "--timeout", "5s"]).printed().await;
    assert!(printed.contains("tell: revision 1 is active") && printed.contains("sha256:"), "{printed}");
    assert_eq!(told(&caisson, "tell").await["settings"]["colour"], "red");

    let made = caisson
        .run(&["set", "tell", "--set", "colour=green", "--fuel", "1000000000", "--memory", "32MiB"])
        .json()
        .await;
    assert_eq!((&made["revision"], &made["config"]["limits"]["memory-bytes"]), (&json!(2), &json!(32 << 20)));
    assert_eq!(told(&caisson, "tell").await["settings"]["colour"], "green");

    let printed = caisson.run(&["activate", "tell", "1"]).printed().await;
    assert!(printed.contains("tell: revision 1 is active"), "{printed}");
    assert_eq!(told(&caisson, "tell").await["settings"]["colour"], "red");

    let shown = caisson.run(&["show", "tell"]).json().await;
    let revisions: Vec<_> = shown["revisions"].as_array().unwrap().iter().map(|r| &r["revision"]).collect();
    assert_eq!(revisions, [2, 1]);
    let printed = caisson.run(&["show", "tell"]).printed().await;
    assert!(printed.contains("* 1") && printed.contains("models      one, family-*"), "{printed}");
    let listed = caisson.run(&["list"]).json().await;
    assert_eq!((&listed["adapters"][0]["name"], &listed["adapters"][0]["active"]), (&json!("tell"), &json!(1)));

    assert!(caisson.run(&["remove", "tell"]).printed().await.contains("tell is removed"));
    let said = caisson.run(&["show", "tell"]).refused().await;
    assert!(said.contains("there is no deployment `tell`"), "{said}");
}
