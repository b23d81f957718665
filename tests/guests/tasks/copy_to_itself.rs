//! Writes 16 MiB to a stream and reads them itself, again and again.

use caisson_test_guests::tasks::*;

use std::future::poll_fn;
use std::task::Poll;

/// The attack.
pub struct CopyToItself;

impl Attack for CopyToItself {
    const NAME: &'static str = "copy-to-itself";

    async fn before_answer(_context: Context) {
        let (mut writer, mut reader) = wit_stream::new::<u8>();
        let (mut from, mut to) = (vec![1_u8; 16 << 20], Vec::with_capacity(16 << 20));
        loop {
            let mut reading = Box::pin(reader.read(to));
            let mut writing = Box::pin(writer.write_all(from));
            let (mut read, mut written) = (None, None);
            poll_fn(|cx| {
                if read.is_none()
                    && let Poll::Ready(done) = reading.as_mut().poll(cx)
                {
                    read = Some(done);
                }
                if written.is_none()
                    && let Poll::Ready(done) = writing.as_mut().poll(cx)
                {
                    written = Some(done);
                }
                if read.is_some() && written.is_some() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            drop((reading, writing));
            (from, to) = (read.map(|(_, bytes)| bytes).unwrap_or_default(), written.unwrap_or_default());
            to.clear();
            to.reserve_exact(16 << 20);
        }
    }
}

caisson_test_guests::export_tasks!(CopyToItself);
