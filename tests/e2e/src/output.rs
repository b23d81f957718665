//! What a process prints, kept for assertions and awaited line by line. Threads read it, so that no pipe ever fills.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::{PATIENCE, soon, within};

/// The text that came so far from a process's pipes. Clones share it.
#[derive(Clone)]
pub struct Output(Arc<watch::Sender<Printed>>);

#[derive(Default)]
struct Printed {
    text: String,
    /// Pipes that are not at their end.
    open: usize,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Printed::default())))
    }

    /// Reads a pipe to its end.
    pub(crate) fn follow(&self, pipe: impl Read + Send + 'static) {
        let printed = Arc::clone(&self.0);
        printed.send_modify(|printed| printed.open += 1);
        std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                printed.send_modify(|printed| printed.text.push_str(&String::from_utf8_lossy(&line)));
                line.clear();
            }
            printed.send_modify(|printed| printed.open -= 1);
        });
    }

    /// All of it so far.
    pub fn text(&self) -> String {
        self.0.borrow().text.clone()
    }

    /// How many bytes came so far.
    pub fn len(&self) -> usize {
        self.0.borrow().text.len()
    }

    /// Whether nothing came so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What came after the first `bytes`, as [`Output::len`] counted them.
    pub fn after(&self, bytes: usize) -> String {
        self.0.borrow().text[bytes..].to_owned()
    }

    /// Waits for a line that holds `part`.
    pub async fn line_with(&self, part: &str) -> String {
        self.line_after(0, &[part], PATIENCE).await
    }

    /// Waits for a line beyond the first `bytes`, as [`Output::len`] counted them, that holds one of the parts.
    pub(crate) async fn line_after(&self, bytes: usize, parts: &[&str], patience: Duration) -> String {
        let holds = |line: &&str| parts.iter().any(|part| line.contains(part));
        let find = |printed: &Printed| printed.text[bytes..].lines().find(holds).map(str::to_owned);
        let mut changes = self.0.subscribe();
        let came = changes.wait_for(|printed| find(printed).is_some() || printed.open == 0);
        let line =
            within(patience, &format!("a line with {parts:?}"), came).await.ok().and_then(|printed| find(&printed));
        line.unwrap_or_else(|| panic!("no line with {parts:?} in:\n{}", self.text()))
    }

    /// All of it, once the process has ended.
    pub(crate) async fn whole(&self) -> String {
        let mut changes = self.0.subscribe();
        let ended = soon("the end of the output", changes.wait_for(|printed| printed.open == 0)).await;
        drop(ended);
        self.text()
    }
}
