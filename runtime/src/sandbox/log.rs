//! A guest's standard output and error, as log lines.
//!
//! Lines are cut at a fixed length, control characters are escaped (a guest must not forge log entries or colour a terminal), and
//! after the sandbox's allowance the rest is dropped with one notice. Writing never blocks and never fails the guest.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::telemetry::misleads;

const MAX_LINE_BYTES: usize = 4096;
/// Lines of one sandbox that are kept: each costs far more than its bytes.
const MAX_LINES: u32 = 1000;
/// What one write may hand over at once.
const WRITE_BYTES: usize = 64 * 1024;

/// One of a guest's two output streams; clones write to the same log.
#[derive(Clone)]
pub(super) struct GuestLog {
    stream: &'static str,
    shared: Arc<Shared>,
}

struct Shared {
    deployment: Arc<str>,
    request_id: String,
    text: Mutex<Text>,
}

struct Text {
    line: Vec<u8>,
    left: u64,
    lines_left: u32,
}

impl GuestLog {
    /// Standard output and standard error of one sandbox, sharing one allowance of `bytes`.
    pub(super) fn pair(deployment: Arc<str>, request_id: String, bytes: u64) -> (Self, Self) {
        let text = Mutex::new(Text { line: Vec::new(), left: bytes, lines_left: MAX_LINES });
        let shared = Arc::new(Shared { deployment, request_id, text });
        (Self { stream: "stdout", shared: Arc::clone(&shared) }, Self { stream: "stderr", shared })
    }

    fn append(&self, bytes: &[u8]) {
        let mut text = self.shared.text.lock().unwrap_or_else(PoisonError::into_inner);
        if text.left == 0 {
            return;
        }
        let taken = bytes.len().min(usize::try_from(text.left).unwrap_or(usize::MAX));
        text.left -= taken as u64;
        for piece in bytes[..taken].split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE_BYTES - text.line.len();
            text.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") || text.line.len() >= MAX_LINE_BYTES {
                self.emit(&std::mem::take(&mut text.line));
                text.lines_left -= 1;
            }
            if text.lines_left == 0 {
                text.left = 0;
                break;
            }
        }
        if text.left == 0 {
            self.emit(b"(log limit reached: the rest is dropped)");
        }
    }

    fn emit(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line: String = line.trim_end().chars().flat_map(printable).collect();
        if !line.is_empty() {
            tracing::info!(target: "caisson::guest", deployment = &*self.shared.deployment, request_id = self.shared.request_id, stream = self.stream, "{line}");
        }
    }
}

fn printable(character: char) -> impl Iterator<Item = char> {
    let escaped = character != '\t' && misleads(character);
    let plain = (!escaped).then_some(character);
    plain.into_iter().chain(escaped.then(|| character.escape_default()).into_iter().flatten())
}

impl Drop for Shared {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text.get_mut().unwrap_or_else(PoisonError::into_inner).line);
        if !text.is_empty() {
            let line: String = String::from_utf8_lossy(&text).chars().flat_map(printable).collect();
            tracing::info!(target: "caisson::guest", deployment = &*self.deployment, request_id = self.request_id, "{line}");
        }
    }
}

impl IsTerminal for GuestLog {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestLog {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestLog {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestLog {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

impl AsyncWrite for GuestLog {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
