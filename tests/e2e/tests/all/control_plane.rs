//! The control plane's door, and what it says to requests that make no sense.

use serde_json::json;

use caisson_e2e::{ADMIN_KEY, Caisson, adapter, ask};

#[tokio::test]
async fn without_the_admin_key_there_is_no_control_plane() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let key = caisson.run(&["key", "create"]).printed().await.trim().to_owned();
    for (method, path) in [
        ("GET", "/adapters"),
        ("PUT", "/adapters/echo"),
        ("DELETE", "/adapters/echo"),
        ("GET", "/adapters/echo/revisions"),
        ("POST", "/adapters/echo/activate"),
        ("PUT", "/adapters/echo/credentials"),
        ("POST", "/keys"),
        ("GET", "/no-such-path"),
    ] {
        let asked = || caisson.ask(method, &format!("/admin/v1{path}"));
        for refused in [
            asked(),
            asked().key("cak-wrong"),
            asked().key(""),
            asked().key(&key),
            asked().header("authorization", "Basic x"),
        ] {
            let answer = refused.answer().await;
            answer.expect_error(401, "invalid_admin_key");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    let listed = caisson.control("GET", "/adapters").answer().await.expect(200);
    assert_eq!(listed["adapters"][0]["name"], "echo");
}

#[tokio::test]
async fn the_command_line_says_what_to_do_without_a_key_or_with_a_wrong_one() {
    let caisson = Caisson::start().await;
    let said = caisson.run(&["list"]).without("CAISSON_ADMIN_KEY").refused().await;
    assert!(said.contains("set CAISSON_ADMIN_KEY"), "{said}");
    let said = caisson.run(&["list"]).env("CAISSON_ADMIN_KEY", "cak-wrong").refused().await;
    assert!(said.contains("needs the admin key") && !said.contains("cak-wrong"), "{said}");
    let said = caisson.run(&["list"]).env("CAISSON_URL", "http://127.0.0.1:9").refused().await;
    assert!(said.contains("does `caisson serve` run there?"), "{said}");
}

#[tokio::test]
async fn the_control_plane_can_have_its_own_address() {
    let caisson = Caisson::prepare().config("admin-listen = \"127.0.0.1:0\"").start().await;
    let line = caisson.output().line_with("control plane ").await;
    let address = line.split("control plane http://").nth(1).unwrap().split('/').next().unwrap().parse().unwrap();
    caisson.control("GET", "/adapters").answer().await.expect_error(404, "unknown_url");
    let apart = |path: &str| ask(address, "GET", path).key(ADMIN_KEY);
    apart("/admin/v1/adapters").answer().await.expect(200);
    assert_eq!(apart("/v1/models").answer().await.status, 404);
}

#[tokio::test]
async fn an_admin_key_is_made_and_shown_once_where_none_is_given() {
    let caisson = Caisson::prepare().without_admin_key().start().await;
    let line = caisson.output().line_with("admin key, shown only this once: ").await;
    let key = line.rsplit(' ').next().unwrap().to_owned();
    assert!(key.starts_with("cak-"), "{line}");
    caisson.ask("GET", "/admin/v1/adapters").key(&key).answer().await.expect(200);

    let caisson = caisson.restarted().await;
    caisson.ask("GET", "/admin/v1/adapters").key(&key).answer().await.expect(200);
    assert!(!caisson.output().text().contains("admin key"), "{}", caisson.output().text());
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let caisson = Caisson::start().await;
    for (method, path) in [
        ("GET", "/adapters/nobody"),
        ("DELETE", "/adapters/nobody"),
        ("GET", "/adapters/nobody/revisions"),
        ("PUT", "/adapters/nobody/settings"),
        ("PATCH", "/adapters/nobody"),
    ] {
        let error = caisson.control(method, path).answer().await.expect_error(404, "unknown_deployment");
        assert!(error["message"].as_str().unwrap().contains("`nobody`"), "{error}");
    }
    caisson.push("echo", adapter("echo")).await;
    let activate = caisson.control("POST", "/adapters/echo/activate").json(&json!({ "revision": 7 }));
    let error = activate.answer().await.expect_error(404, "unknown_revision");
    assert!(error["message"].as_str().unwrap().contains("no revision 7"), "{error}");
    caisson.control("DELETE", "/keys/key_nobody").answer().await.expect_error(404, "unknown_key");
    caisson.control("GET", "/nothing").answer().await.expect_error(404, "unknown_path");
    caisson.control("PUT", "/adapters").answer().await.expect_error(405, "method_not_allowed");
}

#[tokio::test]
async fn a_configuration_that_could_never_work_is_refused_by_field() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    for (change, says) in [
        (json!({ "grants": ["example.com"] }), "must begin with https:// or http://"),
        (json!({ "grants": ["https://*.com"] }), "wildcard"),
        (json!({ "grants": ["https://example.com/path"] }), "and nothing more"),
        (json!({ "settings": { "no-such": "x" } }), "no setting `no-such`; it has: prefix"),
        (json!({ "settings": { "base-url": "ftp://x" } }), "base-url"),
        (json!({ "credentials": { "no-such": "a-long-secret" } }), "no credential slot `no-such`"),
        (json!({ "limits": { "fuel": 0 } }), "`fuel`"),
        (json!({ "limits": { "memory-bytes": 1 } }), "`memory-bytes`"),
        (json!({ "pass-headers": ["Authorization"] }), "authorization"),
    ] {
        let answer = caisson.control("PATCH", "/adapters/echo").json(&change).answer().await;
        let error = answer.expect_error(422, "invalid_configuration");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    for change in [r#"{"grant": []}"#, r#"{"limits": {"fule": 1}}"#, "{", "[]"] {
        caisson.control("PATCH", "/adapters/echo").text(change).answer().await.expect_error(400, "invalid_body");
    }
    let revisions = caisson.control("GET", "/adapters/echo/revisions").answer().await.expect(200);
    assert_eq!(revisions["revisions"].as_array().unwrap().len(), 1);
}
