//! Waits for a value that only it could give, and doesn't; gives no stream an end.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct NeverAnswers;

impl Attack for NeverAnswers {
    const NAME: &'static str = "never-answers";

    async fn before_answer(_context: Context) {
        let (kept, never) = wit_future::new::<Result<(), Error>>(|| Ok(()));
        let _ = never.await;
        drop(kept);
    }

    async fn streaming(ends: Ends) {
        // Every task is over, and both ends are open.
        std::mem::forget(ends);
    }
}

caisson_test_guests::export_tasks!(NeverAnswers);
