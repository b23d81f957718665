//! Machine code that is kept: a restart uses it, and nothing but what this host wrote is ever run.

use std::fs;
use std::path::PathBuf;

use caisson_e2e::{Caisson, adapter, guest, say};

/// What the log says where something is compiled.
const COMPILED: &str = "compiled";

async fn with_two() -> Caisson {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson.push("tell", guest("tell")).await;
    caisson
}

async fn check_both(caisson: &Caisson) {
    assert!(caisson.chat(say("echo/echo", "ahoy")).await.content().contains("ahoy"));
    assert_eq!(caisson.chat(say("tell/one", "x")).await.status, 200);
}

/// The kept files, by name.
fn kept(caisson: &Caisson) -> Vec<PathBuf> {
    let files = fs::read_dir(caisson.data_dir().join("compiled")).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
}

fn compilations(caisson: &Caisson) -> usize {
    caisson.output().text().lines().filter(|line| line.contains("INFO") && line.contains(COMPILED)).count()
}

#[tokio::test]
async fn a_restart_compiles_nothing_again() {
    let caisson = with_two().await;
    assert_eq!((kept(&caisson).len(), compilations(&caisson)), (2, 2));
    let caisson = caisson.restarted().await;
    check_both(&caisson).await;
    assert_eq!(compilations(&caisson), 0, "{}", caisson.output().text());
    // Another upload of the same bytes needs no compiler either.
    caisson.push("again", guest("tell")).await;
    assert_eq!(compilations(&caisson), 0);
}

#[tokio::test]
async fn machine_code_that_was_changed_swapped_cut_or_forged_is_never_run() {
    let mut caisson = with_two().await;
    let tampering: [fn(&[PathBuf]); 5] = [
        |files| {
            let mut bytes = fs::read(&files[0]).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&files[0], bytes).unwrap();
        },
        |files| {
            let (first, second) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
            fs::write(&files[0], second).unwrap();
            fs::write(&files[1], first).unwrap();
        },
        |files| {
            let bytes = fs::read(&files[0]).unwrap();
            fs::write(&files[0], &bytes[..bytes.len() / 2]).unwrap();
        },
        |files| fs::write(&files[0], b"").unwrap(),
        |files| {
            // Whole machine code without the key's mark.
            let mut bytes = fs::read(&files[0]).unwrap();
            let end = bytes.len() - 32;
            bytes[end..].fill(0);
            fs::write(&files[0], bytes).unwrap();
        },
    ];
    for tamper in tampering {
        caisson.kill();
        tamper(&kept(&caisson));
        caisson = caisson.restarted().await;
        check_both(&caisson).await;
        assert!(caisson.output().text().contains("isn't what was written; it is compiled anew"));
        assert!((1..=2).contains(&compilations(&caisson)), "{}", caisson.output().text());
        // What was made anew is kept and good.
        caisson = caisson.restarted().await;
        check_both(&caisson).await;
        assert_eq!(compilations(&caisson), 0);
    }
}

#[tokio::test]
async fn what_no_deployment_uses_is_not_kept() {
    let caisson = with_two().await;
    assert_eq!(caisson.control("DELETE", "/adapters/tell").answer().await.status, 204);
    assert_eq!(kept(&caisson).len(), 1);
    fs::write(caisson.data_dir().join("compiled/of-another-engine-0123.cwasm"), "x").unwrap();
    fs::write(caisson.data_dir().join("compiled/0123.part"), "x").unwrap();
    let caisson = caisson.restarted().await;
    assert_eq!(kept(&caisson).len(), 1);
}

#[tokio::test]
async fn an_upload_reports_its_stages_to_whoever_asks() {
    let caisson = Caisson::start().await;
    let lines = |component| {
        let push = caisson.push("tell", component).request().header("accept", "application/x-ndjson");
        async { push.answer().await.text() }
    };
    let made = lines(guest("tell")).await;
    let made: Vec<serde_json::Value> = made.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stages: Vec<&str> = made.iter().filter_map(|line| line["stage"].as_str()).collect();
    assert_eq!(stages, ["checking", "compiling", "describing", "playing", "storing"]);
    let end = made.last().unwrap();
    assert_eq!((&end["status"], &end["answer"]["revision"]), (&201.into(), &1.into()));

    let refused = lines(guest("spin_describe")).await;
    let end: serde_json::Value = serde_json::from_str(refused.lines().last().unwrap()).unwrap();
    assert_eq!((&end["status"], &end["answer"]["error"]["code"]), (&422.into(), &"describe_failed".into()));
}
