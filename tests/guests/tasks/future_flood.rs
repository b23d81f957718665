//! Makes futures and keeps both ends of each.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct FutureFlood;

impl Attack for FutureFlood {
    const NAME: &'static str = "future-flood";

    async fn before_answer(_context: Context) {
        let mut kept = Vec::new();
        loop {
            kept.push(wit_future::new::<Result<(), Error>>(|| Ok(())));
        }
    }
}

caisson_test_guests::export_tasks!(FutureFlood);
