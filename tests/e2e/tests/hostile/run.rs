//! Runs one attack or one upload against the scene, and judges what came of it.

use std::time::{Duration, Instant};

use caisson_e2e::{Answer, Asking, adapter, ask, async_guest, guest, say};
use serde_json::json;
use tokio::task::JoinSet;

use crate::attack::{Ask, Attack, Expected, UPLOAD_BOUND, Upload};
use crate::beside::Beside;
use crate::replies::{Reply, check_error};
use crate::scene::{Scene, remove};
use crate::table::{Row, stopped_by};

/// What an attack may use unless it says otherwise: a fifth of a second of computing, and a time that shows a hang as a wrong code.
const FUEL: u64 = 300_000_000;
const MEMORY: u64 = 64 << 20;
const TIMEOUT_MS: u64 = 60_000;
/// Between two looks at the neighbour during an attack.
const PACE: Duration = Duration::from_millis(50);
/// The deployment that uploads are pushed onto.
const STANDING: &str = "standing";

/// Runs an attack.
pub(crate) async fn attack(scene: &Scene, attack: &Attack) -> Row {
    let caisson = &scene.caisson;
    let log = caisson.output().len();
    let beside = attack.stand.start().await;
    if let Expected::Refusal(code) = attack.expected {
        let push = push(scene, attack, &beside, STANDING);
        let (answer, slowest) = refused_upload(scene, push.answer(), &[code]).await;
        let peak = scene.check_peak(1, MEMORY);
        let row = Row::new(attack.name, stopped_by(code), format!("422 {code}"), slowest).peaked(peak);
        check_secrets(attack, &[answer.text()], &caisson.output().after(log));
        return row.settled(scene.settled().await, scene.resting());
    }

    push(scene, attack, &beside, attack.name).await;
    scene.forget_peak();
    let mut asking = JoinSet::new();
    let mut replies = Vec::new();
    let mut slowest = Duration::ZERO;
    for kind in attack.asks.iter().flat_map(|kind| std::iter::repeat_n(*kind, attack.times)) {
        for _ in 0..attack.at_once {
            let request = request(scene, attack, kind);
            asking.spawn(async move { (send(request, kind).await, Instant::now()) });
        }
        let began = Instant::now();
        let mut look = tokio::time::interval(PACE);
        while !asking.is_empty() {
            tokio::select! {
                Some(done) = asking.join_next() => {
                    let (reply, ended) = done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                    slowest = slowest.max(ended - began);
                    replies.push(reply);
                }
                _ = look.tick() => {
                    scene.check_neighbour().await;
                    check_behaves(scene, attack).await;
                }
            }
        }
    }
    // Requests for the model `behave` take next to nothing beside the attack's.
    let memory =
        attack.limits.iter().rev().find(|(name, _)| *name == "memory-bytes").map_or(MEMORY, |(_, bytes)| *bytes);
    let peak = scene.check_peak(attack.at_once, memory);
    let (stopped, error) = judge(attack, &replies, &beside);
    check_behaves(scene, attack).await;
    scene.check_neighbour().await;
    let seen: Vec<String> = replies.iter().map(Reply::text).collect();
    drop(replies);
    remove(caisson, attack.name).await;
    let taken = scene.settled().await;
    let log = caisson.output().after(log);
    (attack.log)(&log);
    check_secrets(attack, &seen, &log);
    Row::new(attack.name, stopped, error, slowest).peaked(peak).settled(taken, scene.resting())
}

/// Runs an upload.
pub(crate) async fn upload(scene: &Scene, upload: &Upload) -> Row {
    let component = (upload.component)();
    let push = scene.caisson.push(STANDING, component).answer();
    let (answer, took) = refused_upload(scene, push, upload.codes).await;
    // Compiling isn't done in the server: what it takes there is the file and its check.
    let peak = scene.check_peak(1, MEMORY);
    let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
    assert!(took < UPLOAD_BOUND, "{took:?} until {}", answer.text());
    let row = Row::new(upload.name, stopped_by(&code), format!("422 {code}"), took).peaked(peak);
    row.settled(scene.settled().await, scene.resting())
}

/// Pushes what has to be refused onto a deployment that has a revision, while the neighbour answers.
async fn refused_upload(scene: &Scene, push: impl Future<Output = Answer>, codes: &[&str]) -> (Answer, Duration) {
    let caisson = &scene.caisson;
    remove(caisson, STANDING).await;
    let before = caisson.push(STANDING, adapter("echo")).await.revision();
    scene.forget_peak();
    let began = Instant::now();
    let mut push = std::pin::pin!(push);
    let mut look = tokio::time::interval(PACE);
    let answer = loop {
        tokio::select! {
            answer = &mut push => break answer,
            _ = look.tick() => drop(scene.check_neighbour().await),
        }
    };
    let took = began.elapsed();
    assert_eq!(answer.status, 422, "{}", answer.text());
    let code = check_error(&answer.json()["error"]);
    assert!(codes.contains(&&*code), "{code} where one of {codes:?} was to come: {}", answer.text());
    let standing = caisson.chat(say("standing/echo", "as before")).await;
    assert!(standing.content().contains("as before"));
    assert_eq!(standing.receipt().revision, format!("{STANDING}@{before}"));
    scene.check_neighbour().await;
    remove(caisson, STANDING).await;
    (answer, took)
}

fn push(scene: &Scene, attack: &Attack, beside: &Beside, name: &str) -> caisson_e2e::Push {
    let mut push = if attack.of_other_world {
        scene.caisson.push(name, async_guest(attack.guest)).with("allow-async", true.into())
    } else {
        scene.caisson.push(name, guest(attack.guest))
    };
    for (name, value) in [("fuel", FUEL), ("memory-bytes", MEMORY), ("timeout-ms", TIMEOUT_MS)] {
        push = push.limit(name, value);
    }
    for (name, value) in &attack.limits {
        push = push.limit(name, *value);
    }
    for (name, value) in &attack.settings {
        push = push.set(name, value);
    }
    for (slot, secret) in &attack.credentials {
        push = push.credential(slot, secret);
    }
    (attack.terms)(push, beside)
}

fn request(scene: &Scene, attack: &Attack, kind: Ask) -> Asking {
    let model = format!("{}/attack", attack.name);
    let (path, mut body) = match kind {
        Ask::Chat => ("/v1/chat/completions", say(&model, "x")),
        Ask::Stream | Ask::Leave => ("/v1/chat/completions", say(&model, "x")),
        Ask::Embed => ("/v1/embeddings", json!({ "model": model, "input": "x" })),
    };
    if matches!(kind, Ask::Stream | Ask::Leave) {
        body["stream"] = true.into();
    }
    (attack.body)(&mut body);
    ask(scene.caisson.address(), "POST", path).json(&body)
}

async fn send(request: Asking, kind: Ask) -> Reply {
    if matches!(kind, Ask::Chat | Ask::Embed) {
        return Reply::Whole(request.answer().await);
    }
    let mut streaming = request.streaming().await;
    match kind {
        _ if streaming.status != 200 => Reply::Whole(streaming.whole().await),
        Ask::Leave => Reply::Left(streaming.next().await),
        _ => Reply::Streamed(streaming.rest().await),
    }
}

/// Checks what the clients got; what stopped the attack and the clients' error, for the table.
fn judge(attack: &Attack, replies: &[Reply], beside: &Beside) -> (String, String) {
    match &attack.expected {
        Expected::Answers(stopped_by, check) => {
            for reply in replies {
                if let Some((status, error)) = reply.error() {
                    panic!("{status} where an answer was to come: {error}");
                }
                check(reply, beside);
            }
            ((*stopped_by).to_owned(), "none".to_owned())
        }
        Expected::Errors(errors) => {
            let mut met: Vec<(u16, String)> = Vec::new();
            for reply in replies {
                let Some((status, error)) = reply.error() else {
                    panic!("an answer where an error was to come: {reply:?}")
                };
                let code = check_error(&error);
                assert!(errors.contains(&(status, &*code)), "{status} {error} where {errors:?} was to come");
                if !met.contains(&(status, code.clone())) {
                    met.push((status, code));
                }
            }
            let stoppers: Vec<&str> = met.iter().map(|(_, code)| stopped_by(code)).collect();
            let errors: Vec<String> = met.iter().map(|(status, code)| format!("{status} {code}")).collect();
            (stoppers.join(", "), errors.join(", "))
        }
        Expected::Refusal(_) => unreachable!("an upload has no requests"),
    }
}

/// The next request on the same deployment is answered.
async fn check_behaves(scene: &Scene, attack: &Attack) {
    let answer = scene.caisson.chat(say(&format!("{}/behave", attack.name), "x")).await;
    assert!(!answer.content().is_empty(), "the model `behave` says nothing");
}

/// Neither the clients nor the log saw a secret.
fn check_secrets(attack: &Attack, seen: &[String], log: &str) {
    for (_, secret) in &attack.credentials {
        for text in seen {
            assert!(!text.contains(*secret), "a client saw the secret {secret:?}: {text}");
        }
        if let Some(line) = log.lines().find(|line| line.contains(*secret)) {
            panic!("a log line has the secret {secret:?}: {line}");
        }
    }
}
