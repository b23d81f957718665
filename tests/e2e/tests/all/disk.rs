//! A disk that refuses: full, locked, damaged, not what it was; and clocks that jump. Each fault is told with what to do, what was
//! acknowledged is served all the while, nothing half-written ever is, and once the fault is gone the same push succeeds.
//!
//! A disk is full here where the process may write no longer files: that needs no rights and holds for root as well. What a kernel
//! or a drive does wrong in silence is not tried.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;

use crate::durability::padded_by;
use caisson_e2e::{Caisson, adapter, guest, say};

#[tokio::test]
async fn a_component_that_does_not_fit_on_the_disk_is_refused_until_it_does() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let before = files_in(&caisson.data_dir().join("artifacts"));

    // Room for what wasmtime keeps in memory files, and none for a component that is padded by more.
    limit_files(&caisson, Some(1 << 20));
    let large = padded_by(&guest("tell"), "padding");
    for name in ["tell", "echo"] {
        let error = caisson.push(name, large.clone()).answer().await.expect_error(507, "storage_failed");
        assert!(says(&error, "can't store the artifact sha256:") && says(&error, "try again"), "{error}");
    }
    assert_eq!(files_in(&caisson.data_dir().join("artifacts")), before);
    still_serves(&caisson, "echo@1").await;
    caisson.chat(say("tell/one", "x")).await.expect_error(404, "model_not_found");
    caisson.output().line_with("File too large").await;

    limit_files(&caisson, None);
    assert!(caisson.push("tell", large).await.is_active());
    let caisson = caisson.restarted().await;
    assert_eq!(caisson.chat(say("tell/one", "x")).await.receipt().revision, "tell@1");
    still_serves(&caisson, "echo@1").await;
}

#[tokio::test]
async fn a_revision_that_the_database_can_not_take_was_never_made() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).set("prefix", "past ").await;
    caisson.push("echo", adapter("echo")).set("prefix", "first ").await;

    // The component is on the disk already, so that only the database is left to fail.
    limit_files(&caisson, Some(0));
    for name in ["echo", "second"] {
        let push = caisson.push(name, adapter("echo")).set("prefix", "second ");
        let error = push.answer().await.expect_error(507, "storage_failed");
        assert!(says(&error, "the database can't store the revision") && says(&error, "try again"), "{error}");
    }
    for (method, path) in [("DELETE", "/adapters/echo"), ("POST", "/keys")] {
        caisson.control(method, path).answer().await.expect_error(507, "storage_failed");
    }
    let activate = caisson.control("POST", "/adapters/echo/activate").text(r#"{"revision":1}"#).answer().await;
    activate.expect_error(507, "storage_failed");
    still_serves(&caisson, "echo@2").await;
    assert!(caisson.chat(say("echo/echo", "x")).await.content().contains("first "));
    caisson.chat(say("second/echo", "x")).await.expect_error(404, "model_not_found");

    // What failed is not there after a restart either.
    let caisson = caisson.restarted().await;
    still_serves(&caisson, "echo@2").await;
    caisson.control("GET", "/adapters/second").answer().await.expect_error(404, "unknown_deployment");
    assert_eq!(caisson.push("echo", adapter("echo")).set("prefix", "second ").await.revision(), 3);
    assert!(caisson.chat(say("echo/echo", "x")).await.content().contains("second "));
}

#[tokio::test]
async fn a_folder_that_takes_nothing_is_named_and_what_is_loaded_is_served() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let (artifacts, aside) = (caisson.data_dir().join("artifacts"), caisson.data_dir().join("aside"));
    fs::rename(&artifacts, &aside).unwrap();
    // A file in its place stops root too, whom no mode stops.
    fs::write(&artifacts, "").unwrap();

    let error = caisson.push("tell", guest("tell")).answer().await.expect_error(507, "storage_failed");
    assert!(says(&error, "`artifacts`") && says(&error, "try again"), "{error}");
    still_serves(&caisson, "echo@1").await;
    let mut caisson = caisson;
    caisson.kill();
    let (status, said) = caisson.setup().refused().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains(&format!("can't use the folder {}", artifacts.display())), "{said}");

    fs::remove_file(&artifacts).unwrap();
    fs::rename(&aside, &artifacts).unwrap();
    let caisson = caisson.setup().start().await;
    assert!(caisson.push("tell", guest("tell")).await.is_active());
    still_serves(&caisson, "echo@1").await;
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_told_from_one_that_fails() {
    let caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    let other = Connection::open(caisson.data_dir().join("caisson.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let answer = caisson.push("echo", adapter("echo")).answer().await;
    let error = answer.expect_error(503, "storage_busy");
    assert!(says(&error, "another process holds it; try again"), "{error}");
    assert_eq!(answer.header("retry-after"), "1");
    still_serves(&caisson, "echo@1").await;
    caisson.control("GET", "/adapters/echo").answer().await.expect(200);

    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(caisson.push("echo", adapter("echo")).await.revision(), 2);
}

#[tokio::test]
async fn a_damaged_database_is_refused_at_the_start_and_a_copy_of_it_serves_again() {
    let mut caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).await;
    caisson.kill();
    let path = caisson.data_dir().join("caisson.db");
    // Into the file with all that the log holds.
    Connection::open(&path).unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let copy = fs::read(&path).unwrap();
    for damaged in [b"this is no database, whatever its name says".to_vec(), copy[..copy.len() / 2].to_vec()] {
        fs::write(&path, damaged).unwrap();
        let (status, said) = caisson.setup().refused().await;
        assert_eq!(status.code(), Some(1));
        assert!(said.contains(&format!("the database {} is damaged: put a copy of it back", path.display())), "{said}");
    }
    fs::write(&path, copy).unwrap();
    still_serves(&caisson.setup().start().await, "echo@1").await;
}

#[tokio::test]
async fn a_data_folder_that_can_not_be_one_is_named() {
    let setup = Caisson::prepare();
    fs::write(setup.data_dir(), "a file").unwrap();
    let path = setup.data_dir();
    let (status, said) = setup.refused().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains(&format!("can't use the data folder {}", path.display())), "{said}");
}

#[tokio::test]
async fn a_clock_that_jumped_between_starts_breaks_nothing() {
    const NEVER: u64 = 0;
    const FAR_AHEAD: u64 = 32_503_680_000;
    let mut caisson = Caisson::start().await;
    caisson.push("echo", adapter("echo")).set("prefix", "first ").await;
    caisson.push("echo", adapter("echo")).set("prefix", "second ").await;
    let key = caisson.run(&["key", "create"]).printed().await.trim().to_owned();
    for (round, created) in [FAR_AHEAD, NEVER].into_iter().enumerate() {
        caisson.kill();
        // What was made under a clock that has been put right since.
        let database = Connection::open(caisson.data_dir().join("caisson.db")).unwrap();
        for table in ["revisions", "keys"] {
            database.execute(&format!("UPDATE {table} SET created = ?1"), [created]).unwrap();
        }
        drop(database);
        caisson = caisson.setup().start().await;
        let answer = caisson.ask("POST", "/v1/chat/completions").key(&key).json(&say("echo/echo", "x")).answer().await;
        assert_eq!(answer.receipt().revision, format!("echo@{}", round + 2));
        let listed = caisson.control("GET", "/adapters/echo").answer().await.expect(200);
        assert_eq!(listed["created"], created);
        // The order is that of the numbers, whatever the clock said.
        assert_eq!(caisson.push("echo", adapter("echo")).await.revision(), round as u64 + 3);
        let listed = caisson.control("GET", "/adapters/echo/revisions").answer().await.expect(200);
        let numbers: Vec<_> =
            listed["revisions"].as_array().unwrap().iter().map(|of| of["revision"].as_u64()).collect();
        assert!(numbers.is_sorted_by(|newer, older| newer > older), "{numbers:?}");
        caisson.control("GET", "/keys").answer().await.expect(200);
    }
}

/// Has no file of the process grow beyond `bytes` from now on.
fn limit_files(caisson: &Caisson, bytes: Option<u64>) {
    let process = Pid::from_raw(caisson.process_id().cast_signed()).unwrap();
    // The hard limit stays: taking a lowered one back would need rights.
    prlimit(Some(process), Resource::Fsize, Rlimit { current: bytes, maximum: None }).unwrap();
}

async fn still_serves(caisson: &Caisson, revision: &str) {
    let answer = caisson.chat(say("echo/echo", "ahoy")).await;
    assert!(answer.content().contains("ahoy"));
    assert_eq!(answer.receipt().revision, revision);
}

fn says(error: &Value, part: &str) -> bool {
    error["message"].as_str().unwrap().contains(part)
}

fn files_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| format!("{} {}", file.file_name().display(), file.metadata().unwrap().len())).collect()
}
