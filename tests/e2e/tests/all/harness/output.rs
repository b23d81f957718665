//! What a process prints, kept for assertions and awaited line by line. Threads read it, so that no pipe ever fills.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// The text that came so far from one or more pipes. Clones share it.
#[derive(Clone)]
pub(crate) struct Output {
    text: Arc<Mutex<String>>,
    length: Arc<watch::Sender<usize>>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { text: Arc::default(), length: Arc::new(watch::Sender::new(0)) }
    }

    /// Reads a pipe to its end.
    pub(super) fn follow(&self, pipe: impl Read + Send + 'static) {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let mut text = output.text.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&String::from_utf8_lossy(&line));
                let length = text.len();
                drop(text);
                output.length.send_replace(length);
                line.clear();
            }
            output.length.send_modify(|_| {});
            drop(output);
        });
    }

    pub(crate) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line that holds `part`.
    pub(crate) async fn line_with(&self, part: &str) -> String {
        let mut length = self.length.subscribe();
        let found = async {
            loop {
                length.borrow_and_update();
                if let Some(line) = self.text().lines().find(|line| line.contains(part)) {
                    return line.to_owned();
                }
                if length.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(super::PATIENCE, found).await {
            Ok(line) => line,
            Err(_) => panic!("no line with {part:?} in:\n{}", self.text()),
        }
    }
}
