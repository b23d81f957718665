//! Spawns tasks of its own without end, each of which waits.

use caisson_test_guests::tasks::*;

/// The attack.
pub struct TaskStorm;

impl Attack for TaskStorm {
    const NAME: &'static str = "task-storm";

    async fn before_answer(_context: Context) {
        loop {
            spawn_local(forever());
            wait_for(1).await;
        }
    }

    async fn streaming(ends: Ends) {
        Self::before_answer(Context::default()).await;
        drop(ends);
    }
}

caisson_test_guests::export_tasks!(TaskStorm);
