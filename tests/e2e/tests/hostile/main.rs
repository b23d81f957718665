//! The hostile suite: guests and uploads that attack the real `caisson` binary, one after another, all of them the same process.
//!
//! For each: the client gets a clear error or a well-formed answer, the next request on the same deployment and on a neighbour
//! succeeds (and those during the attack), memory, descriptors and sandboxes come back, and no answer and no log line shows a secret.
//! At the end it prints what stopped each of them. An argument is a filter, as with every test program. It doesn't measure speed.
//!
//! Attacks are data: `wat`, `rust` and `tasks` have a row for each guest of `tests/guests`, `uploads` has the files that are no components.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod attack;
mod beside;
mod replies;
mod run;
mod rust;
mod scene;
mod table;
mod tasks;
mod uploads;
mod wat;

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use attack::{Attack, Upload};
use scene::{Scene, remove};
use table::Row;

/// What the trials share: the server starts with the first of them.
struct Suite {
    runtime: Runtime,
    scene: OnceLock<Scene>,
    rows: Mutex<Vec<Row>>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Memory is measured, so attacks can't run side by side.
    arguments.test_threads = Some(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let suite = Arc::new(Suite { runtime, scene: OnceLock::new(), rows: Mutex::default() });
    let attacks = wat::attacks().into_iter().chain(rust::attacks()).chain(tasks::attacks());
    let trials: Vec<Trial> = attacks
        .map(|attack| suite.attack(attack))
        .chain(uploads::uploads().into_iter().map(|upload| suite.upload(upload)))
        .collect();
    let names: BTreeSet<String> = trials.iter().map(|trial| trial.name().to_owned()).collect();
    assert_eq!(names.len(), trials.len(), "two attacks have the same name");

    let conclusion = libtest_mimic::run(&arguments, trials);
    let rows = suite.rows.lock().unwrap_or_else(PoisonError::into_inner);
    table::print(&rows);
    let lives = suite.server_lives();
    if !rows.is_empty() {
        let server = if lives { "the same server process still answers" } else { "THE SERVER IS GONE" };
        println!(
            "{} attacks: {} stopped, {} not; {server}\n",
            rows.len(),
            conclusion.num_passed,
            conclusion.num_failed
        );
    }
    if lives { conclusion.exit_code() } else { ExitCode::FAILURE }
}

impl Suite {
    fn attack(self: &Arc<Self>, attack: Attack) -> Trial {
        let suite = Arc::clone(self);
        let kind = format!("the guest {}", attack.tries);
        let name = attack.name;
        Trial::test(name, move || suite.row(name, &kind, async |scene| run::attack(scene, &attack).await))
    }

    fn upload(self: &Arc<Self>, upload: Upload) -> Trial {
        let suite = Arc::clone(self);
        let name = upload.name;
        Trial::test(name, move || suite.row(name, upload.what, async |scene| run::upload(scene, &upload).await))
    }

    /// Runs one attack to its row, and cleans up after it whatever happened. `kind` says what it is, where it fails.
    fn row(&self, name: &str, kind: &str, attack: impl AsyncFnOnce(&Scene) -> Row) -> Result<(), Failed> {
        let scene = self.scene.get_or_init(|| self.runtime.block_on(Scene::start()));
        let outcome = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(attack(scene))));
        let (row, result) = match outcome {
            Ok(row) => (row, Ok(())),
            Err(panic) => {
                // What it left deployed must not disturb the next.
                let _ = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(remove(&scene.caisson, name))));
                let why = said(&*panic);
                (Row::failed(name, &why), Err(Failed::from(format!("{kind}: {why}"))))
            }
        };
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
        result
    }

    /// Whether the process that met the first attack still answers, if there was one.
    fn server_lives(&self) -> bool {
        let Some(scene) = self.scene.get() else { return true };
        catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(scene.check_neighbour()))).is_ok()
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_else(|| "a panic".into())
}
