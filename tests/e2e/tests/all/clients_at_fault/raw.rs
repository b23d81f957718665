//! A client without manners: whatever bytes a test wants, on one connection, and whatever comes back.

use std::net::SocketAddr;

use caisson_e2e::soon;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any answer here.
const MOST: usize = 16 << 20;

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    came: Vec<u8>,
}

/// One answer, taken apart as far as tests look.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, came: Vec::new() }
    }

    /// Connects, and sends this.
    pub(crate) async fn saying(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Self {
        let mut raw = Self::connect(address).await;
        raw.send(bytes).await;
        raw
    }

    /// Sends; whether the server still took it.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        soon("a server that reads or closes", self.stream.write_all(bytes.as_ref())).await.is_ok()
    }

    /// Reads what comes next; none at the end.
    pub(crate) async fn more(&mut self) -> Option<usize> {
        let before = self.came.len();
        assert!(before < MOST, "an answer without end");
        let read = soon("an answer's next bytes, or its end", self.stream.read_buf(&mut self.came)).await;
        read.ok().filter(|read| *read > 0).map(|_| self.came.len() - before)
    }

    /// Reads at most so many bytes of what comes next; none at the end.
    pub(crate) async fn up_to(&mut self, most: usize) -> Option<usize> {
        let mut piece = vec![0; most];
        let read = self.stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        self.came.extend_from_slice(&piece[..read]);
        Some(read)
    }

    /// Whether the answer that came is over.
    pub(crate) fn is_whole(&self, stream: bool) -> bool {
        if stream {
            return self.came.ends_with(b"0\r\n\r\n");
        }
        let text = String::from_utf8_lossy(&self.came);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.to_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        length.is_some_and(|length: usize| body.len() >= length)
    }

    /// All bytes until the server closes.
    pub(crate) async fn until_closed(mut self) -> Vec<u8> {
        while self.more().await.is_some() {}
        self.came
    }

    /// The next answer with a `content-length`; none where the server closes instead.
    pub(crate) async fn answer(&mut self) -> Option<Said> {
        loop {
            if let Some(end) = self.came.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.came[..end]).to_lowercase();
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
                let status = status.unwrap_or_else(|| panic!("no answer: {head}"));
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let length: usize = if status < 200 { 0 } else { length.unwrap_or(0) };
                if self.came.len() >= end + 4 + length {
                    let body = String::from_utf8_lossy(&self.came[end + 4..end + 4 + length]).into_owned();
                    self.came.drain(..end + 4 + length);
                    return Some(Said { status, head, body });
                }
            }
            self.more().await?;
        }
    }
}

/// A POST of this body, whole.
pub(crate) fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
