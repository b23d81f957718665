//! One paced stream, read as it comes: when each piece of text arrived, and whether all of them did.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use memchr::memmem;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::answer::Reader;
use crate::upstream::token;

/// A chat request that is written out; a stream where `stream` says so.
pub(crate) fn request(model: &str, stream: bool) -> Bytes {
    let message = json!({ "role": "user", "content": "Say something." });
    let body = json!({ "model": model, "messages": [message], "stream": stream }).to_string();
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

/// Reads one stream to its end and checks that it has all its pieces in order; tells `begun` at the first of them. Gives the times
/// between two pieces, in microseconds.
pub(crate) async fn follow(
    mut stream: TcpStream,
    model: &str,
    tokens: u32,
    begun: mpsc::UnboundedSender<()>,
) -> anyhow::Result<Vec<u32>> {
    stream.write_all(&request(model, true)).await.context("the request was not taken")?;
    let (mut reader, mut bytes, mut gaps) = (Reader::default(), Vec::new(), Vec::new());
    let (mut seen, mut last) = (0, None::<Instant>);
    while !reader.is_complete(&bytes)? {
        let read = stream.read_buf(&mut bytes).await.context("a stream broke")?;
        ensure!(read > 0, "a stream was cut off after {seen} of {tokens} pieces");
        let now = Instant::now();
        while seen < tokens && memmem::find(&bytes, format!("\"{}\"", token(seen)).as_bytes()).is_some() {
            if let Some(last) = last {
                gaps.push(u32::try_from((now - last).as_micros()).unwrap_or(u32::MAX));
            } else {
                // Nobody listens any more where another stream failed first.
                let _ = begun.send(());
            }
            last = Some(now);
            seen += 1;
        }
    }
    let content = reader.answer(&bytes).content();
    let content = String::from_utf8_lossy(&content);
    let events = content.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let text: String =
        events.filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned())).collect();
    let expected: String = (0..tokens).map(token).collect();
    ensure!(text == expected, "a stream said `{text}`, not `{expected}`");
    ensure!(content.trim_end().ends_with("data: [DONE]"), "a stream has no end");
    Ok(gaps)
}

/// Connects from one of several addresses of this machine, so that ports suffice for a crowd.
pub(crate) async fn connect(number: u32, address: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    let last = u8::try_from(2 + number % 8).unwrap_or(2);
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
    let stream =
        socket.connect(address).await.with_context(|| format!("no connection number {number} to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
