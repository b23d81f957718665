//! How many requests of one deployment run at one time, and how many may wait for their turn.
//!
//! A deployment that is slow, or hostile, takes its own share of the sandboxes and no more; what is beyond waits, within bounds, or is
//! refused at once. A request that waits holds its body and no sandbox. Revisions of a deployment share its queue; when an activation
//! changes the numbers, requests that run under the old ones finish beside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::sandbox::Limits;

/// The queues of all deployments that were asked for since they last changed.
#[derive(Default)]
pub(super) struct Queues(Mutex<HashMap<Arc<str>, Arc<Queue>>>);

/// One deployment's.
pub(super) struct Queue {
    bounds: Bounds,
    running: Arc<Semaphore>,
    places: Semaphore,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Bounds {
    concurrency: u32,
    queue: u32,
    queue_ms: u64,
}

/// There was no turn in time, or no place to wait for one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoTurn;

impl Queues {
    /// The queue of a deployment under these limits.
    pub(super) fn of(&self, deployment: &Arc<str>, limits: &Limits) -> Arc<Queue> {
        let bounds = Bounds { concurrency: limits.concurrency, queue: limits.queue, queue_ms: limits.queue_ms };
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match queues.get(deployment) {
            Some(queue) if queue.bounds == bounds => Arc::clone(queue),
            _ => {
                // One that nobody holds any more was removed, or has nothing to remember.
                queues.retain(|_, queue| Arc::strong_count(queue) > 1 || !queue.is_idle());
                let queue = Arc::new(Queue::new(bounds));
                queues.insert(Arc::clone(deployment), Arc::clone(&queue));
                queue
            }
        }
    }
}

impl Queue {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            running: Arc::new(Semaphore::new(permits(bounds.concurrency))),
            places: Semaphore::new(permits(bounds.queue)),
        }
    }

    /// Waits for a turn, which lasts as long as the permit.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, NoTurn> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.places.try_acquire().map_err(|_| NoTurn)?;
        let turn = Arc::clone(&self.running).acquire_owned();
        match tokio::time::timeout(Duration::from_millis(self.bounds.queue_ms), turn).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(NoTurn),
        }
    }

    fn is_idle(&self) -> bool {
        self.running.available_permits() == permits(self.bounds.concurrency)
    }
}

fn permits(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;

    fn queue(concurrency: u32, queue: u32, queue_ms: u64) -> Arc<Queue> {
        let limits = Limits { concurrency, queue, queue_ms, ..Limits::default() };
        Queues::default().of(&"a".into(), &limits)
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_run_as_may_and_the_next_waits_for_one_to_end() {
        let queue = queue(1, 1, 1000);
        let first = queue.turn().await.unwrap();
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.turn().await.map(drop) }
        });
        tokio::task::yield_now().await;
        // Nobody may wait beside it.
        assert_eq!(queue.turn().await.err(), Some(NoTurn));
        drop(first);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_over_in_time_and_gives_its_place_back() {
        let queue = queue(1, 1, 1000);
        let _first = queue.turn().await.unwrap();
        for _ in 0..3 {
            assert_eq!(queue.turn().await.err(), Some(NoTurn));
        }
        assert_eq!(queue.places.available_permits(), 1);
    }

    #[tokio::test]
    async fn deployments_do_not_share_and_revisions_do() {
        let queues = Queues::default();
        let limits = Limits { concurrency: 1, queue: 0, ..Limits::default() };
        let _held = queues.of(&"a".into(), &limits).turn().await.unwrap();
        assert!(queues.of(&"a".into(), &limits).turn().await.is_err());
        assert!(queues.of(&"b".into(), &limits).turn().await.is_ok());
        let more = Limits { concurrency: 2, ..limits };
        assert!(queues.of(&"a".into(), &more).turn().await.is_ok());
    }
}
