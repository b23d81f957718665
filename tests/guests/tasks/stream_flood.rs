//! Makes streams and keeps both ends of each.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct StreamFlood;

impl Attack for StreamFlood {
    const NAME: &'static str = "stream-flood";

    async fn before_answer(_context: Context) {
        let mut kept = Vec::new();
        loop {
            kept.push(wit_stream::new::<Event>());
        }
    }
}

caisson_test_guests::export_tasks!(StreamFlood);
