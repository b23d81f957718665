//! What Caisson takes beside CPU time: memory for each live stream, and time and memory to start with many deployments whose machine
//! code lies ready.
//!
//! A stream's memory is measured in a server that never had one: what it leaves is used again by the next. The deployments' components
//! differ in a custom section alone, so each is compiled, kept and loaded for itself.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::machine::memory_kib;
use crate::options::{self, Options, Paced};
use crate::processes::{Caisson, DEPLOYMENT, Native, Upstream};
use crate::statistics::Spread;
use crate::stream::{connect, follow, request};

/// Streams at one time.
pub(crate) const STREAMS: u32 = 400;
/// Deployments that a server starts with.
pub(crate) const DEPLOYMENTS: u32 = 100;
const MODEL: &str = "anthropic/claude-bench";
const RESTARTS: usize = 5;
/// A stream lasts longer than all of them take to begin.
const TOKENS: u32 = 60;
const EVERY_MS: u64 = 250;

/// What was measured.
#[derive(Serialize)]
pub(crate) struct Footprint {
    streams: u32,
    /// Resident memory of each live stream, in bytes.
    pub(crate) stream_bytes: f64,
    native_stream_bytes: f64,
    deployments: u32,
    pub(crate) start: Start,
}

/// A start with machine code at hand.
#[derive(Serialize)]
pub(crate) struct Start {
    /// From the process's start until it serves.
    pub(crate) milliseconds: Spread,
    /// The first answer of a deployment after it.
    pub(crate) first_answer_ms: Spread,
    /// Resident memory once it serves, in bytes.
    pub(crate) memory_bytes: f64,
}

pub(crate) async fn measure(options: &Options) -> anyhow::Result<Footprint> {
    eprintln!("memory of {STREAMS} streams");
    let stream_bytes = stream_bytes(options, STREAMS).await?;
    let native_stream_bytes = native_stream_bytes(options, STREAMS).await?;
    eprintln!("start with {DEPLOYMENTS} deployments");
    let start = start(options, DEPLOYMENTS).await?;
    Ok(Footprint { streams: STREAMS, stream_bytes, native_stream_bytes, deployments: DEPLOYMENTS, start })
}

/// Resident memory of each of so many live streams of the adapter in Rust.
pub(crate) async fn stream_bytes(options: &Options, streams: u32) -> anyhow::Result<f64> {
    let upstream = paced(streams).await?;
    let build = options.build_of("../adapters/anthropic.wasm")?;
    let config = format!("max-sandboxes = {}", streams + 10);
    let caisson = Caisson::configured(build, DEPLOYMENT, &upstream, &config).await?;
    caisson.set(DEPLOYMENT, &["--limit", &format!("concurrency={streams}")]).await?;
    let each = each_of(streams, MODEL, TOKENS, caisson.address(), caisson.pid()).await?;
    caisson.stop().await?;
    upstream.stop().await?;
    Ok(each)
}

async fn native_stream_bytes(options: &Options, streams: u32) -> anyhow::Result<f64> {
    let upstream = paced(streams).await?;
    let native = Native::start(&options.native()?, &upstream).await?;
    let each = each_of(streams, MODEL, TOKENS, native.address(), native.pid()).await?;
    native.stop().await?;
    upstream.stop().await?;
    Ok(each)
}

async fn paced(streams: u32) -> anyhow::Result<Upstream> {
    Upstream::paced(Paced { streams, tokens: TOKENS, every_ms: EVERY_MS, anthropic: true }).await
}

/// Resident memory of each of so many streams of a model at one time, in bytes. Each is read to its end and checked.
pub(crate) async fn each_of(
    streams: u32,
    model: &'static str,
    tokens: u32,
    address: SocketAddr,
    pid: Option<u32>,
) -> anyhow::Result<f64> {
    let pid = pid.context("the server is gone")?;
    let before = memory_kib(pid)?;
    let (sender, mut begun) = mpsc::unbounded_channel();
    let mut reading = JoinSet::new();
    for number in 0..streams {
        let stream = connect(number, address).await?;
        reading.spawn(follow(stream, model, tokens, sender.clone()));
    }
    drop(sender);
    for number in 0..streams {
        if begun.recv().await.is_none() {
            while let Some(read) = reading.join_next().await {
                read??;
            }
            anyhow::bail!("only {number} of {streams} streams began");
        }
    }
    ensure!(reading.len() == streams as usize, "streams ended before all had begun");
    let during = memory_kib(pid)?;
    while let Some(read) = reading.join_next().await {
        read??;
    }
    Ok(during.saturating_sub(before) as f64 * 1024.0 / f64::from(streams))
}

/// Starts that follow each other on one data folder.
pub(crate) async fn start(options: &Options, deployments: u32) -> anyhow::Result<Start> {
    let upstream = Upstream::fixed().await?;
    let build = options.build_of("../adapters/anthropic.wasm")?;
    let echo = fs::read(options::guest("../adapters/echo.wasm")?)?;
    let mut caisson = Caisson::start(build, &upstream).await?;
    let file = tempfile::NamedTempFile::with_suffix(".wasm")?;
    for number in 1..deployments {
        fs::write(file.path(), numbered(&echo, number))?;
        push(&caisson, number, file.path()).await?;
    }
    let last = if deployments > 1 { format!("{}/echo", name(deployments - 1)) } else { MODEL.to_owned() };
    let (mut times, mut answers, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RESTARTS {
        times.push(milliseconds(caisson.restart().await?));
        memory.push(memory_kib(caisson.pid().context("the server is gone")?)? as f64 * 1024.0);
        let mut connection = Connection::open(caisson.address()).await?;
        let begun = Instant::now();
        let answer = connection.exchange(&request(&last, false)).await?;
        answers.push(milliseconds(begun.elapsed()));
        ensure!(answer.status == 200, "the last deployment says {}", String::from_utf8_lossy(&answer.content()));
    }
    caisson.stop().await?;
    upstream.stop().await?;
    Ok(Start {
        milliseconds: Spread::of(times),
        first_answer_ms: Spread::of(answers),
        memory_bytes: Spread::of(memory).median,
    })
}

async fn push(caisson: &Caisson, number: u32, component: &Path) -> anyhow::Result<()> {
    caisson.push(&name(number), component, &[]).await
}

fn name(number: u32) -> String {
    format!("echo-{number}")
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The component with a custom section that holds a number.
fn numbered(component: &[u8], number: u32) -> Vec<u8> {
    const NAME: &[u8; 5] = b"bench";
    // A section is its id (0: custom), its size, and here a name and what it holds. All sizes fit into a byte.
    let section = [&[0, 10, 5][..], NAME, &number.to_le_bytes()].concat();
    [component, &section].concat()
}

impl Footprint {
    /// A sentence for each thing.
    pub(crate) fn lines(&self) -> String {
        let Self { streams, stream_bytes, native_stream_bytes, deployments, start } = self;
        format!(
            "Memory of a live stream, over {streams} at one time: {:.1} KB (native proxy: {:.1} KB).\n\
             Start with {deployments} deployments whose machine code is at hand: {:.0} ms ({:.0}–{:.0}), {:.1} MB of memory, first answer after {:.1} ms.\n",
            stream_bytes / 1e3,
            native_stream_bytes / 1e3,
            start.milliseconds.median,
            start.milliseconds.min,
            start.milliseconds.max,
            start.memory_bytes / 1e6,
            start.first_answer_ms.median,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_component_ends_in_a_whole_custom_section() {
        let component = numbered(b"component", 7);
        assert_eq!(component.strip_prefix(b"component"), Some(&b"\0\x0a\x05bench\x07\0\0\0"[..]));
    }
}
