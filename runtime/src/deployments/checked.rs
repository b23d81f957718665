//! What a check of an upload said, as it is kept with the revision. Who checks, and what by, is not known here.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::Component;
use crate::sandbox::Limits;

/// Says whether an upload does what every adapter has to do.
pub trait Checker: Send + Sync {
    /// Checks it under these limits, within bounds of its own; none where no sandbox was free. Dropping the future ends the check.
    fn check<'c>(&'c self, component: &Arc<Component>, limits: Limits) -> BoxFuture<'c, Option<Checked>>;
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Which suite, in which version.
    pub suite: String,
    /// Cases that passed.
    pub passed: u32,
    /// Cases that failed.
    pub failed: u32,
    /// Cases that don't apply to this adapter.
    pub skipped: u32,
    /// The failed ones, not more than a few.
    pub failures: Vec<FailedCase>,
}

/// A case that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCase {
    /// Its name.
    pub case: String,
    /// What was expected and what came.
    pub reason: String,
}

impl Checked {
    /// Whether the adapter may be served on the strength of it.
    pub fn is_passed(&self) -> bool {
        self.failed == 0
    }
}
