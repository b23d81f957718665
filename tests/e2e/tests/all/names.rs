//! Names are looked up by the host, and only addresses that it judged are dialled, whatever a name server says and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use caisson_e2e::{Answer, Caisson, NameServer, Says, ask, guest, say};
use caisson_fake_providers::{Body, FakeProvider, Reply, Wire};
use serde_json::json;

/// A server that looks names up at a fake, and an upstream on loopback.
struct Scene {
    caisson: Caisson,
    names: NameServer,
    upstream: FakeProvider,
    /// Deployments so far: a new one for each case, so that none is left with the grants of the one before.
    deployments: AtomicUsize,
}

impl Scene {
    async fn start() -> Self {
        let (names, upstream) = tokio::join!(NameServer::start(), FakeProvider::start(Wire::OpenAi));
        let caisson = Caisson::prepare().config(&names.config()).start().await;
        Self { caisson, names, upstream: upstream.unwrap(), deployments: AtomicUsize::new(0) }
    }

    /// `http://NAME` with the upstream's port.
    fn origin(&self, name: &str) -> String {
        self.upstream.origin().replace("127.0.0.1", name)
    }

    /// Has a guest ask `name`, which is granted; `private`: with consent to private addresses.
    async fn ask(&self, name: &str, private: bool) -> Answer {
        let origin = self.origin(name);
        let number = self.deployments.fetch_add(1, Ordering::Relaxed) + 1;
        let push = self.caisson.push(&format!("reach-{number}"), guest("reach")).set("url", &format!("{origin}/"));
        push.allow_host(&origin).with("allow-private", json!(private)).await;
        self.again().await
    }

    /// Has the last guest ask once more.
    async fn again(&self) -> Answer {
        self.upstream.respond_with(Reply::new(200, Body::Whole("made it".into())).header("connection", "close"));
        let number = self.deployments.load(Ordering::Relaxed);
        self.caisson.chat(say(&format!("reach-{number}/x"), "x")).await
    }

    #[track_caller]
    fn refused(&self, answer: &Answer, name: &str) {
        let error = answer.expect_error(502, "egress_denied");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&self.origin(name)) && message.contains("no public address"), "{message}");
    }
}

#[tokio::test]
async fn a_granted_name_reaches_a_private_address_with_the_operators_consent_alone() {
    let scene = Scene::start().await;
    scene.names.addresses("inside.test", &["127.0.0.1"]);
    scene.refused(&scene.ask("inside.test", false).await, "inside.test");
    assert_eq!(scene.upstream.connections_accepted(), 0);
    assert!(scene.ask("inside.test", true).await.content().contains("made it"));
    assert!(scene.ask("INSIDE.test.", true).await.content().contains("made it"));
}

#[tokio::test]
async fn an_answer_with_one_forbidden_address_is_refused_as_a_whole() {
    let scene = Scene::start().await;
    for (private, addresses) in [
        (false, &["1.1.1.1", "127.0.0.1"][..]),
        (false, &["127.0.0.1", "1.1.1.1"]),
        (false, &["1.1.1.1", "::1"]),
        (false, &["2606:4700::1111", "10.0.0.1"]),
        // With consent to private addresses, what is never a provider stays closed.
        (true, &["127.0.0.1", "169.254.169.254"]),
        (true, &["127.0.0.1", "0.0.0.0"]),
        (true, &["127.0.0.1", "::"]),
        (true, &["127.0.0.1", "::ffff:0.0.0.0"]),
        (true, &["127.0.0.1", "64:ff9b::a9fe:a9fe"]),
        (true, &["127.0.0.1", "2002:a9fe:a9fe::1"]),
        (true, &["127.0.0.1", "fe80::1"]),
        (true, &["127.0.0.1", "224.0.0.1"]),
    ] {
        scene.names.addresses("mixed.test", addresses);
        scene.refused(&scene.ask("mixed.test", private).await, "mixed.test");
    }
    assert_eq!(scene.upstream.connections_accepted(), 0);
}

#[tokio::test]
async fn no_spelling_of_this_machine_is_taken_for_a_public_address() {
    let scene = Scene::start().await;
    for address in [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "fd00::1",
    ] {
        scene.names.addresses("here.test", &[address]);
        scene.refused(&scene.ask("here.test", false).await, "here.test");
    }
    assert_eq!(scene.upstream.connections_accepted(), 0);
}

#[tokio::test]
async fn each_connection_is_judged_by_its_own_lookup() {
    let scene = Scene::start().await;
    // To dial 0.0.0.0 is to dial this machine: the upstream would see a second connection.
    let rebound = ["127.0.0.1", "0.0.0.0"].map(|address| address.parse().unwrap());
    scene.names.say("rebound.test", Says::InTurn(rebound.into()));
    assert!(scene.ask("rebound.test", true).await.content().contains("made it"));
    for _ in 0..3 {
        scene.refused(&scene.again().await, "rebound.test");
    }
    assert_eq!(scene.upstream.connections_accepted(), 1);
}

#[tokio::test]
async fn an_alias_is_judged_by_where_it_leads() {
    let scene = Scene::start().await;
    scene.names.say("alias.test", Says::Alias("another.test"));
    scene.names.say("another.test", Says::Alias("inside.test"));
    scene.names.addresses("inside.test", &["127.0.0.1"]);
    scene.refused(&scene.ask("alias.test", false).await, "alias.test");
    assert!(scene.ask("alias.test", true).await.content().contains("made it"));
    scene.names.addresses("inside.test", &["169.254.169.254"]);
    scene.refused(&scene.ask("alias.test", true).await, "alias.test");
    scene.names.say("inside.test", Says::Alias("alias.test"));
    scene.ask("alias.test", true).await.expect_error(502, "upstream_error");
}

#[tokio::test]
async fn thousands_of_addresses_are_all_judged_and_few_are_dialled() {
    let scene = Scene::start().await;
    let many = |last: &str| {
        let mut addresses: Vec<_> =
            (0..3000_u16).map(|n| std::net::IpAddr::from([127, 1, (n >> 8) as u8, n as u8])).collect();
        addresses.push(last.parse().unwrap());
        Says::Addresses(addresses)
    };
    scene.names.say("many.test", many("169.254.169.254"));
    scene.refused(&scene.ask("many.test", true).await, "many.test");
    scene.names.say("many.test", many("127.0.0.1"));
    scene.ask("many.test", true).await.expect_error(502, "upstream_error");
    assert_eq!(scene.upstream.connections_accepted(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_said_to_be_unknown() {
    let scene = Scene::start().await;
    scene.names.addresses("empty.test", &[]);
    for name in ["unknown.test", "empty.test"] {
        let error = scene.ask(name, false).await.expect_error(502, "upstream_error");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("the name was not found") && message.contains(name), "{message}");
    }
}

#[tokio::test]
async fn a_name_server_that_never_answers_holds_up_nobody_else() {
    let scene = Scene::start().await;
    scene.names.say("silent.test", Says::Nothing);
    scene.names.addresses("inside.test", &["127.0.0.1"]);
    let inside = scene.origin("inside.test");
    let push = scene.caisson.push("inside", guest("reach")).set("url", &format!("{inside}/")).allow_host(&inside);
    push.with("allow-private", json!(true)).await;
    let silent = scene.origin("*.silent.test");
    for n in 0..3 {
        let name = format!("{n}.silent.test");
        scene.names.say(&name, Says::Nothing);
        let push = scene.caisson.push(&format!("silent-{n}"), guest("reach")).set("url", &scene.origin(&name));
        push.allow_host(&silent).await;
    }
    // More than any pool of blocking threads would take, and for as long as it takes another to be served.
    let served = Arc::new(AtomicBool::new(false));
    let waiting = (0..600).map(|n| {
        let (served, address) = (Arc::clone(&served), scene.caisson.address());
        tokio::spawn(async move {
            let request = say(&format!("silent-{}/x", n % 3), "x");
            while !served.load(Ordering::Relaxed) {
                let answer = ask(address, "POST", "/v1/chat/completions").json(&request).answer().await;
                let error = answer.expect_error(504, "upstream_timeout");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains("looking up the name took too long"), "{message}");
            }
        })
    });
    let waiting: Vec<_> = waiting.collect();
    scene.names.was_asked(3).await;
    scene.upstream.respond_with(Reply::new(200, Body::Whole("made it".into())));
    let answer = scene.caisson.chat(say("inside/x", "x")).await;
    served.store(true, Ordering::Relaxed);
    assert!(answer.content().contains("made it"));
    for waited in waiting {
        waited.await.unwrap();
    }
}
