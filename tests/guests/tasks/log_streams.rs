//! Opens its log again and again, and writes a mebibyte to each before it lets go of any.

use caisson_test_guests::tasks::*;

use caisson_sdk::bindings::wasi::cli::stdout::write_via_stream;

/// The attack.
pub struct LogStreams;

impl Attack for LogStreams {
    const NAME: &'static str = "log-streams";

    async fn before_answer(_context: Context) {
        let mut kept = Vec::new();
        loop {
            let (mut writer, reader) = wit_stream::new::<u8>();
            kept.push(write_via_stream(reader));
            writer.write_all(vec![b'x'; 1 << 20]).await;
            std::mem::forget(writer);
        }
    }
}

caisson_test_guests::export_tasks!(LogStreams);
