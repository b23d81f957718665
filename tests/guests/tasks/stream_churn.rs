//! Makes a stream and drops it, again and again.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct StreamChurn;

impl Attack for StreamChurn {
    const NAME: &'static str = "stream-churn";

    async fn before_answer(_context: Context) {
        loop {
            drop(wit_stream::new::<Event>());
        }
    }
}

caisson_test_guests::export_tasks!(StreamChurn);
