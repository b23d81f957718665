//! Answers, and leaves tasks behind that compute without end.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct SpinAfterAnswer;

impl Attack for SpinAfterAnswer {
    const NAME: &'static str = "spin-after-answer";

    async fn before_answer(_context: Context) {
        for _ in 0..3 {
            spawn_local(async {
                wait_for(1).await;
                spin()
            });
        }
    }
}

caisson_test_guests::export_tasks!(SpinAfterAnswer);
