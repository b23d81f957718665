//! Writes one event, then traps in the task that goes on after `open-stream` has returned.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct TrapInTask;

impl Attack for TrapInTask {
    const NAME: &'static str = "trap-in-task";

    async fn streaming(mut ends: Ends) {
        ends.events.write_all(vec![Event::text(0, "one")]).await;
        panic!("as planned")
    }
}

caisson_test_guests::export_tasks!(TrapInTask);
