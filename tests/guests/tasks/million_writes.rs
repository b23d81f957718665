//! Writes two million events at once, then ends.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct MillionWrites;

impl Attack for MillionWrites {
    const NAME: &'static str = "million-writes";

    async fn streaming(ends: Ends) {
        ends.end((0..2_000_000).map(|_| Event::text(0, "x")).collect()).await;
    }
}

caisson_test_guests::export_tasks!(MillionWrites);
