//! The generic suite as an upload meets it: bounded in time, and over at the first case that uses up its own.
//!
//! An upload is hostile until shown otherwise, so its check may cost no more than a few requests would: each case runs under the
//! deployment's own limits, in the slow lane where it computes, and all of them together have [`SUITE_TIME`]; only a few uploads are
//! checked at one time. No credential of the operator's is given to it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::report::Report;
use super::run::{self, Subject, Verdict};
use super::{CASES, GENERIC, Suite, generic};
use crate::deployments::{Checked, Checker, Component, FailedCase};
use crate::sandbox::Limits;

/// For all cases together, from their start.
const SUITE_TIME: Duration = Duration::from_secs(15);
/// For one case, where the deployment's own timeout is longer.
const CASE_MS: u64 = 15_000;
/// What the requests and the answer of one case may take of the host's memory: the longest prompt has 1 MB.
const CASE_BYTES: u64 = 16 << 20;
/// Uploads that are checked at one time; others wait for their turn.
const AT_ONE_TIME: usize = 4;
/// Failed cases that are kept with a revision.
const MAX_KEPT: usize = 20;

/// Checks uploads.
pub struct UploadCheck {
    turns: Semaphore,
}

impl UploadCheck {
    /// Knows the generic suite, and nothing of any upload.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { turns: Semaphore::new(AT_ONE_TIME) })
    }

    async fn play(&self, subject: &Subject, report: &mut Report) -> Option<()> {
        // Never closed, so it can't fail.
        let _turn = self.turns.acquire().await.ok()?;
        // The cases' requests are nobody's, and most of them end in an error: no line of them is for the log.
        let played = play(subject, report).with_subscriber(NoSubscriber::new());
        let played = tokio::time::timeout(SUITE_TIME, played).await;
        played.unwrap_or_else(|_| {
            let expected = format!("all cases to end within {} s", SUITE_TIME.as_secs());
            report.add(
                GENERIC,
                "time",
                "all of it is over in time",
                run::failed("suite", expected, "some that didn't"),
            );
            Some(())
        })
    }
}

impl Checker for UploadCheck {
    fn check<'c>(&'c self, component: &Arc<Component>, limits: Limits) -> BoxFuture<'c, Option<Checked>> {
        let subject = Subject { component: Arc::clone(component), limits: self::limits(limits) };
        Box::pin(async move {
            let mut report = Report::default();
            self.play(&subject, &mut report).await?;
            let count = |result| u32::try_from(report.count(result)).unwrap_or(u32::MAX);
            Some(Checked {
                suite: version().to_owned(),
                passed: count("passed"),
                failed: count("failed"),
                skipped: count("skipped"),
                failures: report
                    .failed()
                    .take(MAX_KEPT)
                    .map(|case| FailedCase { case: case.case.clone(), reason: case.reason.clone() })
                    .collect(),
            })
        })
    }
}

/// The limits under which a case runs: the deployment's own, but no more than a case needs.
fn limits(own: Limits) -> Limits {
    Limits {
        timeout_ms: own.timeout_ms.min(CASE_MS),
        egress_bytes_out: own.egress_bytes_out.min(CASE_BYTES),
        answer_bytes: own.answer_bytes.min(CASE_BYTES),
        // What it says to cases is of no use to an operator, and each case would have an allowance of its own.
        log_bytes: 0,
        ..own
    }
}

/// Plays until a case used up its time or its fuel; none where there was no sandbox.
async fn play(subject: &Subject, report: &mut Report) -> Option<()> {
    let suite = Suite::generic();
    let checks = generic::CHECKS.len();
    for number in 0..checks + suite.cases.len() {
        let (name, shows, verdict) = match generic::CHECKS.get(number) {
            Some((name, shows, check)) => (*name, *shows, check.run(subject).await),
            None => {
                let (name, case) = &suite.cases[number - checks];
                (name.as_str(), case.shows.as_str(), run::play(subject, case).await)
            }
        };
        let spent = match verdict {
            Verdict::Busy => return None,
            Verdict::Spent(_) => true,
            _ => false,
        };
        report.add(GENERIC, name, shows, verdict);
        if spent {
            break;
        }
    }
    Some(())
}

/// Which suite it is: this program's version, and what its cases say.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let mut hash = Sha256::new();
        let files = CASES.get_dir(GENERIC).into_iter().flat_map(|folder| folder.files());
        files.for_each(|file| hash.update(file.contents()));
        let hash = hash.finalize();
        format!("{}-{:02x}{:02x}{:02x}{:02x}", env!("CARGO_PKG_VERSION"), hash[0], hash[1], hash[2], hash[3])
    });
    &VERSION
}
