//! Writes one event after the other without end, as fast as they are taken.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct SingleEvents;

impl Attack for SingleEvents {
    const NAME: &'static str = "single-events";

    async fn streaming(mut ends: Ends) {
        while ends.events.write_all(vec![Event::text(0, "x")]).await.is_empty() {}
    }
}

caisson_test_guests::export_tasks!(SingleEvents);
