//! The upstream of the load: fixed answers over hand-written HTTP/1.1, so that generator, proxy and upstream share the machine and
//! this takes as little of it as can be.
//!
//! The answers are those of the fake providers, asked once at the start. The key is checked; a body is measured, not understood: only
//! `stream` and the words that choose a pace are looked for. One process, one thread, kept connections.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use caisson_fake_providers::{FakeProvider, Wire};
use memchr::memmem;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::client::Connection;
use crate::inbound::Inbound;

/// What a request's body holds where its answer is to come piece by piece, one each [`EVERY`].
pub(crate) const PACED: &str = "\"paced\"";
/// The same for an answer whose first piece comes at once, and all the others together a time later.
pub(crate) const HALTING: &str = "\"halting\"";
/// What a request for vectors asks for, and how many of them.
pub(crate) const INPUTS: usize = 256;
const EVERY: Duration = Duration::from_millis(1);
const KEY: &str = "test-key";
/// How much of a body's beginning and end is searched. What lies between is a prompt.
const SEARCHED: usize = 1024;
/// What is read at a time. Larger than the requests of most work.
const BUFFER: usize = 64 * 1024;

/// Everything that is ever said, heads included.
struct Answers {
    chat: [Provider; 2],
    embeddings_base64: Bytes,
    embeddings_floats: Bytes,
}

/// What one wire's provider says.
struct Provider {
    whole: Bytes,
    burst: Bytes,
    /// The first goes out with the head, each further one after a time.
    pieces: Vec<Bytes>,
    /// The first of them, and the rest.
    halves: Vec<Bytes>,
}

/// Serves until standard input ends, as the fake provider does. Prints its origin, then the key.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let answers = Rc::new(Answers::of_the_fake_providers().await?);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port to listen on")?;
    println!("http://{}\n{KEY}", listener.local_addr()?);
    let local = tokio::task::LocalSet::new();
    let accepting = local.run_until(async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // An error means that the client left, or isn't one that is measured.
            tokio::task::spawn_local(converse(stream, Rc::clone(&answers)));
        }
    });
    tokio::select! {
        failed = accepting => failed,
        ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())) => {
            ended??;
            Ok(())
        }
    }
}

async fn converse(mut stream: TcpStream, answers: Rc<Answers>) -> anyhow::Result<()> {
    let mut buffer = Vec::with_capacity(BUFFER);
    loop {
        let mut inbound = Inbound::default();
        while !inbound.is_complete(&buffer)? {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let request = inbound.request(&buffer);
        let is_ours = request.header("x-api-key") == Some(KEY.as_bytes())
            || request.header("authorization").and_then(|value| value.strip_prefix(b"Bearer ")) == Some(KEY.as_bytes());
        let edges = edges(request.body);
        let asks = |name: &str, value: &str| edges.iter().any(|edge| has(edge, name, value));
        let says = |words: &str| edges.iter().any(|edge| memmem::find(edge, words.as_bytes()).is_some());
        if !is_ours {
            stream.write_all(REFUSED).await?;
        } else if request.is_at("/v1/embeddings") {
            let base64 = asks("\"encoding_format\"", "\"base64\"");
            let answer = if base64 { &answers.embeddings_base64 } else { &answers.embeddings_floats };
            stream.write_all(answer).await?;
        } else {
            let provider = &answers.chat[usize::from(request.is_at("/v1/messages"))];
            if !asks("\"stream\"", "true") {
                stream.write_all(&provider.whole).await?;
            } else if says(PACED) {
                pace(&mut stream, &provider.pieces).await?;
            } else if says(HALTING) {
                pace(&mut stream, &provider.halves).await?;
            } else {
                stream.write_all(&provider.burst).await?;
            }
        }
        buffer.drain(..inbound.length());
    }
}

/// One piece after the other. Where the machine is late, no piece is made up for.
async fn pace(stream: &mut TcpStream, pieces: &[Bytes]) -> anyhow::Result<()> {
    let mut due = Instant::now();
    for (number, piece) in pieces.iter().enumerate() {
        if number > 0 {
            due = (due + EVERY).max(Instant::now());
            tokio::time::sleep_until(due).await;
        }
        stream.write_all(piece).await?;
    }
    Ok(())
}

/// A body's beginning and end.
fn edges(body: &[u8]) -> [&[u8]; 2] {
    let start = body.get(..SEARCHED).unwrap_or(body);
    let rest = &body[start.len()..];
    [start, &rest[rest.len().saturating_sub(SEARCHED)..]]
}

/// Whether `"name": value` stands there. Within a JSON string it can't: quotes are escaped.
fn has(bytes: &[u8], name: &str, value: &str) -> bool {
    memmem::find(bytes, name.as_bytes()).is_some_and(|at| {
        let after = bytes[at + name.len()..].trim_ascii_start().strip_prefix(b":");
        after.is_some_and(|after| after.trim_ascii_start().starts_with(value.as_bytes()))
    })
}

const REFUSED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 66\r\n\r\n\
    {\"type\":\"error\",\"error\":{\"type\":\"auth\",\"message\":\"not this key\"}}\n";

impl Answers {
    async fn of_the_fake_providers() -> anyhow::Result<Self> {
        let (openai, anthropic) = (Asked::of(Wire::OpenAi).await?, Asked::of(Wire::Anthropic).await?);
        let embeddings = async |encoding: &str| {
            let input: Vec<String> = (0..INPUTS).map(|number| format!("text number {number}")).collect();
            let body = json!({"model": "bench", "input": input, "encoding_format": encoding});
            anyhow::Ok(whole(&openai.ask("/v1/embeddings", body).await?))
        };
        Ok(Self {
            embeddings_base64: embeddings("base64").await?,
            embeddings_floats: embeddings("float").await?,
            chat: [openai.provider("/v1/chat/completions").await?, anthropic.provider("/v1/messages").await?],
        })
    }
}

/// A fake provider that is asked what it would say.
struct Asked(FakeProvider);

impl Asked {
    async fn of(wire: Wire) -> anyhow::Result<Self> {
        Ok(Self(FakeProvider::start_with_key(wire, KEY).await.context("the fake provider can't listen")?))
    }

    async fn provider(&self, path: &str) -> anyhow::Result<Provider> {
        let message = json!({"role": "user", "content": "Hello"});
        let body =
            |stream: bool| json!({"model": "bench", "max_tokens": 1024, "stream": stream, "messages": [message]});
        let stream = self.ask(path, body(true)).await?;
        let pieces = pieces(&stream);
        let (first, rest) = pieces.split_first().context("the fake provider says nothing")?;
        let halves = vec![first.clone(), rest.concat().into()];
        Ok(Provider { whole: whole(&self.ask(path, body(false)).await?), burst: burst(&stream), pieces, halves })
    }

    async fn ask(&self, path: &str, body: Value) -> anyhow::Result<Vec<u8>> {
        let origin = self.0.origin();
        let address = origin.strip_prefix("http://").context("no origin")?.parse()?;
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-api-key: {KEY}\r\nauthorization: Bearer {KEY}\r\nanthropic-version: 2023-06-01\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut connection = Connection::open(address).await?;
        let answer = connection.exchange(request.as_bytes()).await?;
        ensure!(answer.status == 200, "the fake provider says {}", String::from_utf8_lossy(&answer.content()));
        Ok(answer.content())
    }
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn whole(body: &[u8]) -> Bytes {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat().into()
}

/// A chunk of chunked encoding, in one write with what goes before and after it.
fn chunk(before: &str, body: &[u8], after: &str) -> Bytes {
    let size = format!("{before}{:x}\r\n", body.len());
    [size.as_bytes(), body, b"\r\n", after.as_bytes()].concat().into()
}

fn burst(body: &[u8]) -> Bytes {
    chunk(STREAM_HEAD, body, "0\r\n\r\n")
}

/// The first event that has text and all before it; each further one alone; the last with all that follow it.
fn pieces(body: &[u8]) -> Vec<Bytes> {
    let is_text =
        |event: &[u8]| memmem::find(event, b"text_delta").is_some() || memmem::find(event, b"\"content\":\"").is_some();
    let mut groups: Vec<Vec<u8>> = vec![Vec::new()];
    let (mut rest, mut texts) = (body, 0);
    while let Some(end) = memmem::find(rest, b"\n\n") {
        let (event, after) = rest.split_at(end + 2);
        if is_text(event) {
            texts += 1;
            if texts > 1 {
                groups.push(Vec::new());
            }
        }
        groups.last_mut().into_iter().for_each(|group| group.extend_from_slice(event));
        rest = after;
    }
    let last = groups.len() - 1;
    let framed = groups.iter().enumerate().map(|(number, group)| {
        chunk(if number == 0 { STREAM_HEAD } else { "" }, group, if number == last { "0\r\n\r\n" } else { "" })
    });
    framed.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use crate::answer::Reader;

    #[test]
    fn what_is_said_piece_by_piece_is_what_is_said_at_once() {
        let event = |text: &str| {
            format!("event: content_block_delta\ndata: {{\"type\":\"text_delta\",\"text\":\"{text}\"}}\n\n")
        };
        let body = format!("event: message_start\n\n{}{}{}event: message_stop\n\n", event("a"), event("b"), event("c"));
        let pieces = pieces(body.as_bytes());
        assert_eq!(pieces.len(), 3);
        for said in [pieces.concat(), burst(body.as_bytes()).to_vec()] {
            let mut reader = Reader::default();
            assert!(reader.is_complete(&said).unwrap());
            assert_eq!(reader.answer(&said).content(), body.as_bytes());
        }
    }

    #[test]
    fn a_field_is_found_with_and_without_blanks_and_not_in_a_string() {
        assert!(has(br#"{"stream":true}"#, "\"stream\"", "true") && has(br#"{"stream" : true}"#, "\"stream\"", "true"));
        assert!(!has(br#"{"a":"\"stream\":true"}"#, "\"stream\"", "true"));
        let body = [b"a".repeat(5000), b"end".to_vec()].concat();
        let [start, end] = edges(&body);
        assert!(start.len() == SEARCHED && end.ends_with(b"end"));
    }
}
