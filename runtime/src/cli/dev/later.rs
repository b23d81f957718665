//! The check of a push, put off until what was pushed is served: whoever writes an adapter waits for the answer, not for the check.
//!
//! A server keeps what fails from its callers; here it's served all the same, and told. What the check is made of is `conformance`'s.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use crate::conformance::UploadCheck;
use crate::deployments::{Checked, Checker, Component};
use crate::sandbox::Limits;

/// Passes every push, and remembers the last one.
pub(super) struct Later {
    check: Arc<UploadCheck>,
    due: Mutex<Option<(Arc<Component>, Limits)>>,
}

impl Later {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { check: UploadCheck::new(), due: Mutex::default() })
    }

    /// Checks what was pushed last; none where that was done, or where no sandbox was free.
    pub(super) async fn check_now(&self) -> Option<Checked> {
        let due = self.due.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (component, limits) = due?;
        self.check.check(&component, limits).await
    }
}

impl Checker for Later {
    fn check<'c>(&'c self, component: &Arc<Component>, limits: Limits) -> BoxFuture<'c, Option<Checked>> {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(component), limits));
        let nothing = Checked { suite: String::new(), passed: 0, failed: 0, skipped: 0, failures: Vec::new() };
        Box::pin(std::future::ready(Some(nothing)))
    }
}
