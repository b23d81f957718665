//! What goes on on one connection: how many requests run, and which answers wait to be taken.
//!
//! A request runs from its head to the moment at which the connection lets go of its answer's body. An answer of which the client
//! takes nothing more for too long is given up: what it holds (a sandbox, its upstream connection, a slot) is dropped, and its
//! client sees it break off. That is what a full socket alone wouldn't tell: an HTTP/2 client can keep its connection alive and its
//! stream's window shut.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

/// One connection's requests.
#[derive(Default)]
pub(super) struct Activity {
    running: AtomicUsize,
    /// Requests so far.
    requests: AtomicUsize,
    /// Whether bytes wait for the client to read.
    writing: AtomicBool,
    /// Answers of which the connection has a piece.
    begun: Mutex<Vec<Weak<Mutex<Held>>>>,
}

/// A request that runs, until dropped.
pub(super) struct Running(Arc<Activity>);

/// An answer's body on its way to the connection.
pub(super) struct Answer {
    activity: Arc<Activity>,
    held: Arc<Mutex<Held>>,
    listed: bool,
}

/// Why an answer breaks off: its client didn't take it.
#[derive(Debug)]
pub(super) struct NotTaken;

struct Held {
    /// None while it is being polled, and once it is given up.
    body: Option<Body>,
    /// None once it is given up.
    running: Option<Running>,
    /// When the connection was handed a piece, and hasn't asked for another since.
    handed: Option<Instant>,
}

impl Activity {
    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    /// Notes whether bytes wait for the client to read.
    pub(super) fn note_writing(&self, waits: bool) {
        self.writing.store(waits, Ordering::Relaxed);
    }

    /// Where no request runs and nothing waits to be read, how many requests there have been: as long as that stays, it is one silence.
    pub(super) fn silence(&self) -> Option<usize> {
        let is_quiet = self.running.load(Ordering::Relaxed) == 0 && !self.writing.load(Ordering::Relaxed);
        is_quiet.then(|| self.requests.load(Ordering::Relaxed))
    }

    /// Whether the connection has begun with an answer and is not through with it.
    pub(super) fn has_begun_answers(&self) -> bool {
        !lock(&self.begun).is_empty()
    }

    /// Gives up each answer of which nothing was taken for `patience`.
    pub(super) fn give_up_untaken(&self, patience: Duration) {
        let now = Instant::now();
        let mut dropped = Vec::new();
        for answer in lock(&self.begun).iter().filter_map(Weak::upgrade) {
            let mut held = lock(&answer);
            if held.handed.is_some_and(|handed| now.duration_since(handed) >= patience) {
                held.handed = None;
                dropped.push((held.body.take(), held.running.take()));
            }
        }
        // Outside the locks: dropping a sandbox is work.
        drop(dropped);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Answer {
    pub(super) fn new(body: Body, running: Running) -> Self {
        let activity = Arc::clone(&running.0);
        let held = Held { body: Some(body), running: Some(running), handed: None };
        Self { activity, held: Arc::new(Mutex::new(held)), listed: false }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.listed {
            lock(&self.activity.begun).retain(|listed| !std::ptr::eq(listed.as_ptr(), Arc::as_ptr(&self.held)));
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        // Taken out, since a guest may run in here, and no lock is held then.
        let Some(mut body) = lock(&self.held).body.take() else { return Poll::Ready(Some(Err(NotTaken.into()))) };
        let polled = Pin::new(&mut body).poll_frame(cx).map_err(Into::into);
        let mut held = lock(&self.held);
        // While an adapter thinks, nothing is there to be taken.
        held.handed = polled.is_ready().then(Instant::now);
        held.body = Some(body);
        drop(held);
        if polled.is_ready() && !self.listed {
            self.listed = true;
            lock(&self.activity.begun).push(Arc::downgrade(&self.held));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.held).body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.held).body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client took too long to read the answer")
    }
}

impl std::error::Error for NotTaken {}

/// A poisoned lock says only that another thread panicked; what is in here is whole at every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step is the failure the test looks for")]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::BodyExt;
    use std::convert::Infallible;
    use tokio::time::advance;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// An answer of many pieces, and what tells whether it still exists.
    fn long_answer(activity: &Arc<Activity>) -> (Answer, Weak<()>) {
        let alive = Arc::new(());
        let watched = Arc::downgrade(&alive);
        let pieces = stream::repeat_with(move || {
            let _ = &alive;
            Ok::<_, Infallible>(Bytes::from_static(b"piece"))
        });
        (Answer::new(Body::from_stream(pieces), activity.begin()), watched)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up_with_all_it_holds() {
        let activity = Arc::new(Activity::default());
        let (mut answer, alive) = long_answer(&activity);
        for _ in 0..3 {
            assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "piece");
            advance(PATIENCE / 2).await;
            activity.give_up_untaken(PATIENCE);
        }
        assert!(activity.silence().is_none() && alive.upgrade().is_some());
        advance(PATIENCE / 2).await;
        activity.give_up_untaken(PATIENCE);
        assert!(activity.silence().is_some() && alive.upgrade().is_none());
        assert!(answer.frame().await.unwrap().unwrap_err().is::<NotTaken>());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_being_thought_of_is_not_given_up() {
        let activity = Arc::new(Activity::default());
        let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"piece"))]);
        let silent = Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()));
        let mut answer = Answer::new(silent, activity.begin());
        assert!(answer.frame().await.unwrap().is_ok());
        assert!(tokio::time::timeout(PATIENCE * 10, answer.frame()).await.is_err());
        activity.give_up_untaken(PATIENCE);
        assert!(activity.silence().is_none());
        drop(answer);
        assert!(activity.silence().is_some());
    }

    #[tokio::test]
    async fn a_request_is_over_when_the_connection_lets_go_of_its_answer() {
        let activity = Arc::new(Activity::default());
        let mut answer = Answer::new(Body::from("whole"), activity.begin());
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), "whole");
        assert!(answer.is_end_stream() && activity.silence().is_none() && activity.has_begun_answers());
        drop(answer);
        let first = activity.silence();
        assert!(first.is_some() && !activity.has_begun_answers());
        drop(activity.begin());
        assert!(
            activity.silence().is_some_and(|second| Some(second) != first),
            "a request so short that nobody saw it"
        );
        activity.note_writing(true);
        assert!(activity.silence().is_none());
    }
}
