//! A streamed answer: every `data:` line handed on as it came, and the three ways a stream ends
//! told apart: done, failed, broken off. It changes nothing in a chunk.

use caisson_sdk::prelude::*;
use caisson_sdk::sse;

use crate::conversions::{errors, progress::Progress};

/// The stream being read.
pub(crate) struct Chunks {
    stream: sse::Stream,
    progress: Progress,
    /// How the stream ended, held back while the chunks before the end are handed out.
    end: Option<Result<()>>,
}

impl Chunks {
    pub(crate) fn new(stream: sse::Stream) -> Self {
        Self { stream, progress: Progress::default(), end: None }
    }

    /// The chunks of one batch; stops at the stream's end and keeps how it ended.
    fn read(&mut self, batch: Vec<sse::Event>) -> Vec<Event> {
        let mut chunks = Vec::with_capacity(batch.len());
        for event in batch {
            match self.chunk(event) {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => {
                    self.end = Some(Ok(()));
                    break;
                }
                Err(error) => {
                    self.end = Some(Err(error));
                    break;
                }
            }
        }
        chunks
    }

    /// One chunk, or none at `[DONE]`.
    fn chunk(&mut self, event: sse::Event) -> Result<Option<Event>> {
        if event.is_done() {
            return Ok(None);
        }
        if event.event.as_deref() == Some("error") {
            return Err(errors::in_stream(&event.data));
        }
        self.progress.note(&event.data)?;
        Ok(Some(Event::Raw(event.data)))
    }
}

impl EventSource for Chunks {
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        loop {
            if let Some(end) = self.end.take() {
                return end.map(|()| None);
            }
            let Some(batch) = self.stream.next_batch()? else {
                return self.progress.ended().map(|()| None);
            };
            let chunks = self.read(batch);
            if !chunks.is_empty() {
                return Ok(Some(chunks));
            }
        }
    }
}
