//! Who may call: this machine while no key exists, then whoever has one.

use serde_json::Value;

use caisson_e2e::{ADMIN_KEY, Caisson, adapter, say};

const CHAT: &str = "/v1/chat/completions";

#[tokio::test]
async fn without_keys_this_machine_is_served_and_the_server_says_so() {
    let caisson = Caisson::start().await;
    caisson.output().line_with("only this machine is served").await;
    caisson.push("echo", adapter("echo")).await;
    caisson.chat(say("echo/echo", "hello")).await.content();
    let port = caisson.address().port();
    for host in [format!("localhost:{port}"), format!("[::1]:{port}"), "LOCALHOST".to_owned()] {
        assert_eq!(caisson.ask("GET", "/v1/models").header("host", &host).answer().await.status, 200, "{host}");
    }
    // A key that an SDK insists on sending does no harm.
    assert_eq!(caisson.ask("GET", "/v1/models").key("unused").answer().await.status, 200);
}

#[tokio::test]
async fn without_keys_a_web_page_on_this_machine_gets_nothing() {
    let caisson = Caisson::start().await;
    for (header, value) in [
        ("host", "attacker.example:8787"),
        ("host", "localhost.attacker.example"),
        ("origin", "https://attacker.example"),
        ("origin", "null"),
    ] {
        let answer = caisson.ask("GET", "/v1/models").header(header, value).answer().await;
        let error = answer.expect_error(403, "loopback_only");
        assert!(error["message"].as_str().unwrap().contains("caisson key create"), "{error}");
    }
    assert_eq!(caisson.ask("GET", "/v1/models").header("origin", "http://localhost:3000").answer().await.status, 200);
}

#[tokio::test]
async fn once_a_key_exists_only_keys_open_the_data_plane() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let key = caisson.run(&["key", "create", "--label", "ci"]).printed().await.trim().to_owned();
    assert!(key.starts_with("ck-"), "{key}");

    let asked = || caisson.ask("POST", CHAT).json(&say("echo/echo", "hello"));
    assert_eq!(asked().key(&key).answer().await.status, 200);
    for (refused, what) in [
        (asked(), "no key"),
        (asked().key("ck-wrong"), "a wrong one"),
        (asked().key(""), "an empty one"),
        (asked().key(&key.to_uppercase()), "another case"),
        (asked().key(ADMIN_KEY), "the admin key"),
        (asked().header("authorization", &key), "no scheme"),
        (asked().header("authorization", &format!("Basic {key}")), "another scheme"),
    ] {
        let answer = refused.answer().await;
        let error = answer.expect_error(401, "invalid_api_key");
        assert_eq!(error["type"], "invalid_request_error", "{what}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    }
    // With a key, it doesn't matter by which name the machine is called.
    assert_eq!(asked().key(&key).header("host", "llm.example.com").answer().await.status, 200);
}

#[tokio::test]
async fn every_path_of_the_data_plane_asks_for_the_key() {
    let caisson = Caisson::start().await;
    caisson.run(&["key", "create"]).printed().await;
    for (method, path) in [
        ("POST", CHAT),
        ("POST", "/v1/embeddings"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/x"),
        ("GET", "/v1/other"),
        ("GET", "/"),
    ] {
        caisson.ask(method, path).text("{").answer().await.expect_error(401, "invalid_api_key");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_the_others_still_work() {
    let caisson = Caisson::start().await;
    let made = caisson.run(&["key", "create", "--label", "leaver"]).json().await;
    let (id, leaver) = (made["id"].as_str().unwrap().to_owned(), made["key"].as_str().unwrap().to_owned());
    let stayer = caisson.run(&["key", "create", "--label", "stayer"]).printed().await.trim().to_owned();

    let printed = caisson.run(&["key", "revoke", &id]).printed().await;
    assert!(printed.contains("is revoked"), "{printed}");
    caisson.ask("GET", "/v1/models").key(&leaver).answer().await.expect_error(401, "invalid_api_key");
    assert_eq!(caisson.ask("GET", "/v1/models").key(&stayer).answer().await.status, 200);

    let listed = caisson.run(&["key", "list"]).json().await;
    let listed: Vec<(&Value, bool)> =
        listed["keys"].as_array().unwrap().iter().map(|key| (&key["label"], key["revoked"].is_null())).collect();
    assert_eq!(listed, [(&"leaver".into(), false), (&"stayer".into(), true)]);
    let printed = caisson.run(&["key", "list"]).printed().await;
    assert!(!printed.contains(&leaver) && !printed.contains(&stayer), "{printed}");

    let unknown = caisson.run(&["key", "revoke", "key_nobody"]).refused().await;
    assert!(unknown.contains("there is no key `key_nobody`"), "{unknown}");
}

#[tokio::test]
async fn revoking_the_last_key_does_not_open_the_door_again() {
    let caisson = Caisson::start().await;
    let made = caisson.run(&["key", "create"]).json().await;
    caisson.run(&["key", "revoke", made["id"].as_str().unwrap()]).printed().await;
    caisson.get("/v1/models").await.expect_error(401, "invalid_api_key");
    let caisson = caisson.restarted().await;
    caisson.get("/v1/models").await.expect_error(401, "invalid_api_key");
}

#[tokio::test]
async fn keys_outlive_a_restart_and_lie_on_disk_only_as_hashes() {
    let caisson = Caisson::start().await;
    let key = caisson.run(&["key", "create"]).printed().await.trim().to_owned();
    let caisson = caisson.restarted().await;
    assert_eq!(caisson.ask("GET", "/v1/models").key(&key).answer().await.status, 200);
    caisson.get("/v1/models").await.expect_error(401, "invalid_api_key");
    for file in std::fs::read_dir(caisson.data_dir()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn no_key_is_ever_logged() {
    let caisson = Caisson::prepare().log("trace").start().await;
    let key = caisson.run(&["key", "create"]).printed().await.trim().to_owned();
    assert_eq!(caisson.ask("GET", "/v1/models").key(&key).answer().await.status, 200);
    caisson.ask("GET", "/v1/models").key("ck-a-wrong-key").answer().await.expect_error(401, "invalid_api_key");
    caisson
        .ask("GET", "/admin/v1/adapters")
        .key("cak-a-wrong-key")
        .answer()
        .await
        .expect_error(401, "invalid_admin_key");
    caisson.control("GET", "/adapters").answer().await.expect(200);
    let said = caisson.finished().await;
    for secret in [key.as_str(), "ck-a-wrong-key", "cak-a-wrong-key", ADMIN_KEY] {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
}
