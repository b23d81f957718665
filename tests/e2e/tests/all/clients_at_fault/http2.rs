//! Frames of HTTP/2 (RFC 9113) made by hand, for what no client library would send.

use std::net::SocketAddr;

use caisson_e2e::soon;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// `SETTINGS_INITIAL_WINDOW_SIZE`
const INITIAL_WINDOW: u16 = 4;

/// A connection after its preface.
pub(crate) struct Http2 {
    stream: TcpStream,
}

/// A frame that came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Http2 {
    /// `window` is how much of each answer may be sent before it is asked for more.
    pub(crate) async fn connect(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut http2 = Self { stream };
        let settings = [&INITIAL_WINDOW.to_be_bytes()[..], &window.to_be_bytes()].concat();
        let begin = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &settings)].concat();
        assert!(http2.send(&begin).await);
        http2
    }

    /// Sends; whether the server still took it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        soon("a server that reads or closes", self.stream.write_all(bytes)).await.is_ok()
    }

    /// The next frame but for those that keep the connection going, which are answered where they want it; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            soon("a frame, or the end", self.stream.read_exact(&mut head)).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            soon("a frame's payload", self.stream.read_exact(&mut payload)).await.ok()?;
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let came = Frame { kind: head[3], flags: head[4], stream, payload };
            match came.kind {
                PING if came.flags & ACK == 0 => drop(self.send(&frame(PING, ACK, 0, &came.payload)).await),
                SETTINGS if came.flags & ACK == 0 => drop(self.send(&frame(SETTINGS, ACK, 0, &[])).await),
                PING | SETTINGS | WINDOW_UPDATE => {}
                _ => return Some(came),
            }
        }
    }

    /// Reads until a frame of this kind; none where the connection ends without one.
    pub(crate) async fn next_of(&mut self, kind: u8) -> Option<Frame> {
        loop {
            let came = self.next().await?;
            if came.kind == kind {
                return Some(came);
            }
        }
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A request's headers, each written out (RFC 7541, 6.2.2), and others after them.
pub(crate) fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let pseudo = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost")];
    pseudo.iter().chain(more).flat_map(|(name, value)| field(name, value)).collect()
}

pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &text(name), &text(value)].concat()
}

/// A string without Huffman's code, its length as an integer with a prefix of 7 bits.
fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    match u8::try_from(text.len()) {
        Ok(length) if length < 127 => out.push(length),
        _ => {
            out.push(127);
            let mut rest = text.len() - 127;
            while rest >= 128 {
                out.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            out.push(rest as u8);
        }
    }
    out.extend_from_slice(text.as_bytes());
    out
}
