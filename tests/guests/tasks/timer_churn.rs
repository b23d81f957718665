//! Begins to wait for a timer and gives it up, again and again.

use caisson_test_guests::tasks::*;

use std::future::poll_fn;
use std::task::Poll;

/// The attack.
pub struct TimerChurn;

impl Attack for TimerChurn {
    const NAME: &'static str = "timer-churn";

    async fn before_answer(_context: Context) {
        poll_fn(|cx| {
            loop {
                let mut wait = Box::pin(forever());
                if wait.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }
}

caisson_test_guests::export_tasks!(TimerChurn);
