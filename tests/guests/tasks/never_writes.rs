//! Gives a stream, keeps its end, and never writes to it.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct NeverWrites;

impl Attack for NeverWrites {
    const NAME: &'static str = "never-writes";

    async fn streaming(ends: Ends) {
        forever().await;
        drop(ends);
    }
}

caisson_test_guests::export_tasks!(NeverWrites);
