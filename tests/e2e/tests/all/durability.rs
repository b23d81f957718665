//! What was acknowledged is durable: `kill -9` in the middle of uploads, and artifacts that changed on disk.
//!
//! What operators do follows from a seed, which a failing test prints; when the process is struck down among it does not. `CAISSON_SEED`
//! takes another seed and `CAISSON_ROUNDS` more rounds. Disks that refuse are `disk`'s.

mod chance;
mod operator;

use std::fs;
use std::path::Path;
use std::time::Duration;

use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::{Value, json};
use tokio::sync::watch;

use caisson_e2e::{Caisson, adapter, guest, say, soon};
use chance::Chance;
use operator::Operator;
pub(crate) use operator::padded_by;

const ROUNDS: u64 = 20;

/// How many acknowledgements all operators together wait for before the process may be struck down, at most.
const ACKNOWLEDGED: u64 = 12;

/// How much later that happens, at most.
const LATER: Duration = Duration::from_millis(150);

#[tokio::test]
async fn every_acknowledged_revision_survives_being_killed_at_any_moment() {
    let (seed, rounds) = (number("CAISSON_SEED", 0), number("CAISSON_ROUNDS", ROUNDS));
    println!("CAISSON_SEED={seed} CAISSON_ROUNDS={rounds}");
    let provider = FakeProvider::start(Wire::OpenAi).await.unwrap();
    let mut operators = [
        Operator::new(seed, "first-echo", adapter("echo"), "prefix", "echo"),
        // The same component, so that two upload one artifact at the same time.
        Operator::new(seed, "second-echo", adapter("echo"), "prefix", "echo"),
        Operator::new(seed, "tell", guest("tell"), "size", "one"),
        Operator::new(seed, "openai", adapter("openai"), "organization", "gpt-x").with_upstream(provider),
    ];
    let mut chance = Chance::new(seed, "when to strike");
    let mut caisson = Caisson::start().await;
    for round in 0..rounds {
        println!("round {round}");
        work_until_killed(&caisson, &mut operators, &mut chance).await;
        // One more than the process may have left itself: a write is over too fast to be struck each time.
        fs::write(caisson.data_dir().join("artifacts/0123456789abcdef.part"), "half").unwrap();
        caisson = caisson.restarted().await;
        assert_eq!(half_written(&caisson.data_dir()), Vec::<String>::new());
        for operator in &mut operators {
            operator.finds_its_work(&caisson).await;
        }
    }
    let made: Vec<_> = operators.iter().map(Operator::revisions).collect();
    println!("revisions {made:?}");
    assert!(made.iter().sum::<usize>() as u64 > rounds, "too little work to tell: {made:?}");
}

#[tokio::test]
async fn a_component_that_changed_on_disk_is_reported_and_the_others_are_served() {
    let mut caisson = Caisson::start().await;
    let whole = caisson.push("whole", adapter("echo")).await;
    let hurt = caisson.push("hurt", guest("tell")).await;
    assert_ne!(whole.0["digest"], hurt.0["digest"]);
    caisson.kill();
    flip_a_byte(&caisson.data_dir(), &hurt.0["digest"]);
    let caisson = caisson.restarted().await;

    assert!(caisson.chat(say("whole/echo", "ahoy")).await.content().contains("ahoy"));
    let refused = caisson.chat(say("hurt/one", "x")).await.expect_error(503, "deployment_unavailable");
    assert!(refused["message"].as_str().unwrap().contains("`hurt`"), "{refused}");
    let listed = caisson.control("GET", "/adapters").answer().await.expect(200);
    let of =
        |name: &str| listed["adapters"].as_array().unwrap().iter().find(|each| each["name"] == name).unwrap().clone();
    assert_eq!((&of("whole")["active"], &of("whole")["error"]), (&json!(1), &Value::Null));
    assert_eq!(of("hurt")["active"], Value::Null);
    let error = of("hurt")["error"].as_str().unwrap().to_owned();
    assert!(error.contains(hurt.0["digest"].as_str().unwrap()) && error.contains("changed on disk"), "{error}");
    let printed = caisson.run(&["list"]).printed().await;
    assert!(printed.contains("changed on disk"), "{printed}");
    let activate = caisson.control("POST", "/adapters/hurt/activate").json(&json!({ "revision": 1 }));
    assert_ne!(activate.answer().await.status, 200);

    // The same bytes again mend it.
    let mended = caisson.push("hurt", guest("tell")).await;
    assert!(mended.is_active());
    assert_eq!(caisson.chat(say("hurt/one", "x")).await.receipt().revision, "hurt@2");
    let caisson = caisson.restarted().await;
    assert_eq!(caisson.chat(say("hurt/one", "x")).await.receipt().revision, "hurt@2");
}

#[tokio::test]
async fn an_upload_outlives_the_removal_of_others_at_the_same_moment() {
    const EACH: usize = 20;
    let caisson = Caisson::start().await;
    let uploads = async {
        for number in 0..EACH {
            let component = padded_by(&guest("tell"), &format!("kept {number} "));
            assert!(caisson.push(&format!("kept-{number}"), component).await.is_active());
        }
    };
    let removals = async {
        for number in 0..EACH {
            caisson.push("passing", padded_by(&guest("tell"), &format!("passing {number} "))).await;
            assert_eq!(caisson.control("DELETE", "/adapters/passing").answer().await.status, 204);
        }
    };
    tokio::join!(uploads, removals);
    let caisson = caisson.restarted().await;
    for number in 0..EACH {
        let answer = caisson.chat(say(&format!("kept-{number}/one"), "x")).await;
        assert_eq!(answer.receipt().revision, format!("kept-{number}@1"));
    }
}

/// Lets all operators work at a time until the process is struck down among it.
async fn work_until_killed(caisson: &Caisson, operators: &mut [Operator; 4], chance: &mut Chance) {
    let enough = chance.below(ACKNOWLEDGED + 1);
    let later = LATER.mul_f64(chance.below(1000) as f64 / 1000.0);
    let (acknowledged, mut counted) = watch::channel(0);
    let strike = async {
        soon("acknowledgements", counted.wait_for(|count| *count >= enough)).await.unwrap();
        tokio::time::sleep(later).await;
        caisson.strike();
    };
    let [first, second, third, fourth] = operators.each_mut().map(|operator| operator.work(caisson, &acknowledged));
    tokio::join!(first, second, third, fourth, strike);
}

/// Names of files that an upload writes to before it has all bytes.
fn half_written(data_dir: &Path) -> Vec<String> {
    let files = fs::read_dir(data_dir.join("artifacts")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.ends_with(".wasm")).collect()
}

fn flip_a_byte(data_dir: &Path, digest: &Value) {
    let hex = digest.as_str().unwrap().strip_prefix("sha256:").unwrap();
    let path = data_dir.join("artifacts").join(hex).with_extension("wasm");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}")))
}
