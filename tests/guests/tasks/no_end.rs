//! Writes one event, drops the stream, and never says how it ended.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct NoEnd;

impl Attack for NoEnd {
    const NAME: &'static str = "no-end";

    async fn streaming(mut ends: Ends) {
        ends.events.write_all(vec![Event::text(0, "one")]).await;
        drop(ends.events);
        std::mem::forget(ends.result);
    }
}

caisson_test_guests::export_tasks!(NoEnd);
