//! Which threads a guest runs on: everyone starts in the fast lane, and whoever keeps computing goes on in the slow one.
//!
//! A guest yields with every tick of the epoch, so it can't keep a thread. It could still make others wait for tick after tick: with
//! eight guests that spin on two threads, each step of a neighbour would stand in a queue of slices. So a call that has used more
//! than its share is moved, as it is, to threads that the kernel lets run when nobody else wants to. It is
//! slower there only while others are busy. Adapters wait for their providers nearly all the time and never get there.
//!
//! Timers and connections stay with the runtime that the call came from. Dropping the future drops the call, in either lane. Nobody
//! waits for the slow lane beyond a call's deadline: a call there obeys it only when it gets to run.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::{Failure, Fault};

/// What a sandbox may compute before anything is held against it: instances of a language runtime begin with some work.
const FREE: Duration = Duration::from_millis(10);
/// And then one part in so many of the time since it began.
const SHARE: u32 = 10;
/// How long after its deadline a call in the slow lane may still answer.
const GRACE: Duration = Duration::from_millis(50);

/// The slow lane's threads; the fast lane is wherever the caller runs.
pub(super) struct Lanes {
    /// None only while it is being dropped.
    slow: Option<Runtime>,
}

/// How much one sandbox has computed so far.
pub(super) struct Pace {
    began: Instant,
    spent: AtomicU64,
}

impl Lanes {
    pub(super) fn new() -> std::io::Result<Arc<Self>> {
        let slow = Builder::new_multi_thread().thread_name("caisson-slow").on_thread_start(step_back).build()?;
        Ok(Arc::new(Self { slow: Some(slow) }))
    }

    /// Runs one call of this sandbox, which fails where it's still in the slow lane after its deadline.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        ledger: &Arc<Ledger>,
        call: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut call = Paced { call: Box::pin(call), ledger: Arc::clone(ledger) };
        let done = std::future::poll_fn(|cx| {
            if call.ledger.pace.is_over() {
                return Poll::Ready(None);
            }
            match Pin::new(&mut call).poll(cx) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending if call.ledger.pace.is_over() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        if let Some(outcome) = done.await {
            return outcome;
        }
        let call = Homed { home: Handle::current(), call };
        let Some(slow) = &self.slow else { return call.await };
        // A set ends its task when it's dropped.
        let mut task = JoinSet::new();
        task.spawn_on(call, slow.handle());
        // Within the grace, the call itself says that its time is over, and what it had used by then.
        match tokio::time::timeout_at(ledger.deadline + GRACE, task.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(Some(Err(error))) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(ledger.failure(Fault::Deadline)),
            // The lane ends with the process only, and nobody waits for an answer then.
            _ => std::future::pending().await,
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        if let Some(slow) = self.slow.take() {
            // A guest that spins is at a tick soon; nobody waits for it.
            slow.shutdown_background();
        }
    }
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), spent: AtomicU64::new(0) }
    }

    fn is_over(&self) -> bool {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed)) > FREE + self.began.elapsed() / SHARE
    }

    fn add(&self, spent: Duration) {
        self.spent.fetch_add(u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// A call whose time on a thread is counted.
struct Paced<T> {
    call: Pin<Box<dyn Future<Output = T> + Send>>,
    ledger: Arc<Ledger>,
}

impl<T> Future for Paced<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let begun = Instant::now();
        let polled = self.call.as_mut().poll(cx);
        self.ledger.pace.add(begun.elapsed());
        polled
    }
}

/// A call that runs on another runtime's threads and takes its timers, connections and tasks from home.
struct Homed<T> {
    home: Handle,
    call: Paced<T>,
}

impl<T> Future for Homed<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Self { home, call } = &mut *self;
        let _at_home = home.enter();
        Pin::new(call).poll(cx)
    }
}

/// Puts the calling thread behind all others. On Linux that is a policy of its own, and any thread that wakes up preempts it at once,
/// where the lowest priority alone would let it finish its slice. Elsewhere the lane is still apart, if not slower.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "no crate that we have sets a thread's policy"))]
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        let parameters = libc::sched_param { sched_priority: 0 };
        // SAFETY: 0 is the calling thread, and the parameters are read during the call only.
        if unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) } != 0 {
            let error = std::io::Error::last_os_error();
            tracing::warn!(%error, "guests that keep computing run at the priority of all others");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::super::Limits;
    use super::*;
    use std::thread;

    fn ledger() -> Arc<Ledger> {
        Ledger::begin(&Limits::default())
    }

    /// A call that computes for `slices` and yields after each; says on which threads it did.
    async fn compute(slices: usize) -> Vec<String> {
        let mut threads = Vec::new();
        for _ in 0..slices {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(4) {
                std::hint::spin_loop();
            }
            threads.push(thread::current().name().unwrap_or_default().to_owned());
            tokio::task::yield_now().await;
        }
        threads
    }

    #[tokio::test]
    async fn whoever_keeps_computing_goes_on_in_the_slow_lane() {
        let lanes = Lanes::new().unwrap();
        let threads = lanes.run(&ledger(), async { Ok(compute(20).await) }).await.unwrap();
        assert_ne!(threads.first().unwrap(), "caisson-slow");
        assert_eq!(threads.last().unwrap(), "caisson-slow");
    }

    #[tokio::test]
    async fn whoever_waits_stays_in_the_fast_lane() {
        let lanes = Lanes::new().unwrap();
        let call = async {
            for _ in 0..50 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(thread::current().name().unwrap_or_default().to_owned())
        };
        assert_ne!(lanes.run(&ledger(), call).await.unwrap(), "caisson-slow");
    }

    #[tokio::test]
    async fn timers_and_tasks_come_from_home_in_the_slow_lane_too() {
        let lanes = Lanes::new().unwrap();
        let call = async {
            compute(20).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(tokio::spawn(async { thread::current().name().unwrap_or_default().to_owned() }).await.unwrap())
        };
        assert_ne!(lanes.run(&ledger(), call).await.unwrap(), "caisson-slow");
    }

    #[tokio::test]
    async fn leaving_ends_a_call_in_the_slow_lane() {
        let lanes = Lanes::new().unwrap();
        let (held, mut released) = tokio::sync::mpsc::channel::<()>(1);
        let call = async move {
            let _held = held;
            Ok(compute(usize::MAX).await)
        };
        let left = tokio::time::timeout(Duration::from_millis(100), lanes.run(&ledger(), call)).await;
        assert!(left.is_err());
        assert_eq!(released.recv().await, None);
    }

    #[tokio::test]
    async fn nobody_waits_for_the_slow_lane_beyond_the_deadline() {
        let lanes = Lanes::new().unwrap();
        let ledger = Ledger::begin(&Limits { timeout_ms: 100, ..Limits::default() });
        // Never yields again, as if its thread got no turn: what would notice the deadline never runs.
        let (release, stuck) = std::sync::mpsc::channel::<()>();
        let call = async move {
            compute(20).await;
            let _ = stuck.recv();
            Ok(())
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), lanes.run(&ledger, call)).await;
        drop(release);
        assert!(matches!(ended, Ok(Err(Failure { fault: Fault::Deadline, .. }))));
    }
}
