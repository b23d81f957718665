//! Begins to wait for timers, all of them at one time, without end.

use caisson_test_guests::tasks::*;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// The attack.
pub struct TimerFlood;

impl Attack for TimerFlood {
    const NAME: &'static str = "timer-flood";

    async fn before_answer(_context: Context) {
        let mut waits: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        poll_fn(|cx| {
            loop {
                let mut wait: Pin<Box<dyn Future<Output = ()>>> = Box::pin(forever());
                if wait.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                waits.push(wait);
            }
        })
        .await;
    }
}

caisson_test_guests::export_tasks!(TimerFlood);
