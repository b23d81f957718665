//! Writes 200 events at once that all hold the same 4 MiB of text.
#![allow(unsafe_code, reason = "what it does is wrong")]

use caisson_test_guests::tasks::*;

/// The attack.
pub struct EventsAliased;

impl Attack for EventsAliased {
    const NAME: &'static str = "events-aliased";

    async fn streaming(mut ends: Ends) {
        let text = "x".repeat(4 << 20).leak();
        let alias = || {
            // SAFETY: there is none: each text is the same memory, and the instance ends before any of them is freed.
            let text = unsafe { String::from_raw_parts(text.as_ptr().cast_mut(), text.len(), text.len()) };
            Event::text(0, text)
        };
        let left = ends.events.write_all((0..200).map(|_| alias()).collect()).await;
        std::mem::forget(left);
        forever().await;
    }
}

caisson_test_guests::export_tasks!(EventsAliased);
