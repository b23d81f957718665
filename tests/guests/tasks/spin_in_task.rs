//! Writes one event, then computes without end in the task that goes on after `open-stream` has returned.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct SpinInTask;

impl Attack for SpinInTask {
    const NAME: &'static str = "spin-in-task";

    async fn streaming(mut ends: Ends) {
        ends.events.write_all(vec![Event::text(0, "one")]).await;
        spin()
    }
}

caisson_test_guests::export_tasks!(SpinInTask);
