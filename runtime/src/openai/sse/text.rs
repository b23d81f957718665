//! The answer's text, kept only as long as it takes to count its tokens, and only if they may have to be estimated.

use super::super::json::{Path, Value};
use super::super::usage::Estimate;

/// How much text waits to be counted, in bytes. Most answers' usage comes before it fills, and then nothing is counted at all.
const WAITING_TEXT: usize = 64 << 10;

pub(super) struct OutputText<E> {
    wanted: bool,
    waiting: String,
    counted: u32,
    estimate: E,
}

impl<E: Estimate> OutputText<E> {
    pub(super) fn new(wanted: bool, estimate: E) -> Self {
        Self { wanted, waiting: String::new(), counted: 0, estimate }
    }

    /// Takes in a piece of the answer.
    pub(super) fn push(&mut self, text: &str) {
        if self.wanted {
            self.waiting.push_str(text);
            if self.waiting.len() > WAITING_TEXT {
                self.count();
            }
        }
    }

    /// Takes in a string of a chunk that is passed through; nothing else is text.
    pub(super) fn push_json(&mut self, value: Option<Value<'_>>) {
        if self.wanted
            && let Some(Ok(text)) = value.map(|value| value.string(&Path::ROOT))
        {
            self.push(&text);
        }
    }

    /// The adapter counts: no need to.
    pub(super) fn stop(&mut self) {
        self.wanted = false;
        self.waiting = String::new();
    }

    /// Tokens of the request, and of all text so far.
    pub(super) fn tokens(&mut self) -> (u32, u32) {
        self.count();
        (self.estimate.input(), self.counted)
    }

    fn count(&mut self) {
        if !self.waiting.is_empty() {
            self.counted = self.counted.saturating_add(self.estimate.output(&self.waiting));
            self.waiting.clear();
        }
    }
}
