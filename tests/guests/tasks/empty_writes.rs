//! Writes no events at all, again and again.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct EmptyWrites;

impl Attack for EmptyWrites {
    const NAME: &'static str = "empty-writes";

    async fn streaming(mut ends: Ends) {
        loop {
            ends.events.write(Vec::new()).await;
        }
    }
}

caisson_test_guests::export_tasks!(EmptyWrites);
