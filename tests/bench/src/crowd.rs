//! `--crowd`: idle clients and live streams at one time. What does each cost, is anything lost, and does all of it come back?
//!
//! Three crowds, one after the other: memory stays higher after the first (the sandbox pool's slots and the allocator keep
//! some), and settles. The verdict is on what the last leaves beyond the one before, and the table shows the rest. Memory and
//! descriptors are read from Linux's /proc, from outside of the server.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::machine::memory_kib;
use crate::options::{Options, Paced};
use crate::processes::{Caisson, Upstream};
use crate::stream::{connect, follow};

/// What the last crowd may leave in memory beyond the one before: the noise of an allocator.
const MARGIN_KIB: u64 = 32 << 10;
/// Descriptors that may be open beside those of before: a look at the metrics, a database's page.
const MARGIN_DESCRIPTORS: u64 = 8;
/// How long connections with the provider are kept for the next request, and some.
const UNTIL_BACK: Duration = Duration::from_secs(120);
const CROWDS: usize = 3;
/// A stream lasts longer than all of them take to begin.
const TOKENS: u32 = 60;
const EVERY_MS: u64 = 500;
/// Longer than a crowd takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the server takes.
#[derive(Clone, Copy, Debug)]
struct Level {
    memory_kib: u64,
    descriptors: u64,
}

/// One crowd's levels.
struct Crowd {
    before: Level,
    idle: Level,
    streams: Level,
    after: Level,
    seconds: f64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).context("no more open files")?;
    let needed = u64::from(options.idle) + 2 * u64::from(options.streams) + 100;
    ensure!(most.is_none_or(|most| most >= needed), "the limit on open files must be at least {needed} (ulimit -Hn)");
    let paced =
        Paced { streams: CROWDS as u32 * options.streams, tokens: TOKENS, every_ms: EVERY_MS, anthropic: false };
    let upstream = Upstream::paced(paced).await?;
    let build = options.build_of("../adapters/openai.wasm")?;
    let config = format!("max-sandboxes = {}", options.streams + 10);
    let caisson = Caisson::configured(build, "openai", &upstream, &config).await?;
    caisson.set("openai", &["--limit", &format!("concurrency={}", options.streams)]).await?;
    let mut crowds = Vec::new();
    for number in 1..=CROWDS {
        eprintln!("crowd {number} of {CROWDS}: {} idle clients, {} streams", options.idle, options.streams);
        crowds.push(tokio::time::timeout(PATIENCE, crowd(options, &caisson)).await.context("the crowd hangs")??);
    }
    caisson.stop().await?;
    upstream.stop().await?;
    Ok(if report(options, &crowds) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn crowd(options: &Options, caisson: &Caisson) -> anyhow::Result<Crowd> {
    let pid = caisson.pid().context("the server is gone")?;
    let begun = Instant::now();
    let before = Level::of(pid)?;
    let mut clients = Vec::new();
    for number in 0..options.idle {
        let mut client = connect(number, caisson.address()).await?;
        ask(&mut client).await.with_context(|| format!("idle client {number}"))?;
        clients.push(client);
    }
    let idle = Level::of(pid)?;

    let (sender, mut started) = mpsc::unbounded_channel();
    let mut reading = JoinSet::new();
    for number in 0..options.streams {
        let stream = connect(number, caisson.address()).await?;
        reading.spawn(follow(stream, "openai/bench", TOKENS, sender.clone()));
    }
    drop(sender);
    for number in 0..options.streams {
        if started.recv().await.is_none() {
            while let Some(read) = reading.join_next().await {
                read??;
            }
            anyhow::bail!("only {number} of {} streams began", options.streams);
        }
    }
    ensure!(
        reading.len() == options.streams as usize,
        "streams ended before all had begun: there never was the whole crowd"
    );
    let streams = Level::of(pid)?;
    while let Some(read) = reading.join_next().await {
        read??;
    }
    // Each idle client is still known.
    for (number, client) in clients.iter_mut().enumerate() {
        ask(client).await.with_context(|| format!("idle client {number}, afterwards"))?;
    }
    drop(clients);
    let after = back(pid, before).await?;
    Ok(Crowd { before, idle, streams, after, seconds: begun.elapsed().as_secs_f64() })
}

/// One request on a kept connection.
async fn ask(client: &mut TcpStream) -> anyhow::Result<()> {
    client.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"ok\n") {
        ensure!(client.read_buf(&mut answer).await? > 0, "closed after {:?}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Waits until the descriptors are back, and gives the level of then; or of when they still aren't.
async fn back(pid: u32, before: Level) -> anyhow::Result<Level> {
    let until = Instant::now() + UNTIL_BACK;
    loop {
        let now = Level::of(pid)?;
        if now.descriptors <= before.descriptors + MARGIN_DESCRIPTORS || Instant::now() > until {
            return Ok(now);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Level {
    fn of(pid: u32) -> anyhow::Result<Self> {
        Ok(Self { memory_kib: memory_kib(pid)?, descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64 })
    }
}

/// Prints the figures; whether all came back.
fn report(options: &Options, crowds: &[Crowd]) -> bool {
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!("| crowd | moment | memory MiB | descriptors |");
    println!("|---|---|---:|---:|");
    for (number, crowd) in (1..).zip(crowds) {
        let moments = [
            ("before", crowd.before),
            ("idle clients", crowd.idle),
            ("idle clients and streams", crowd.streams),
            ("all left", crowd.after),
        ];
        for (moment, level) in moments {
            println!("| {number} | {moment} | {:.1} | {} |", mib(level.memory_kib), level.descriptors);
        }
    }
    let [first, .., before_last, last] = crowds else { return false };
    let each = |with: Level, without: Level, number: u32| {
        with.memory_kib.saturating_sub(without.memory_kib) as f64 / f64::from(number)
    };
    println!(
        "\nAn idle client takes {:.1} KiB ({} of them), a live stream {:.1} KiB ({} of them), in the first crowd; the next ones use again what it left.",
        each(first.idle, first.before, options.idle),
        options.idle,
        each(first.streams, first.idle, options.streams),
        options.streams,
    );
    println!(
        "Nothing lost in {} crowds of {:.0} s: every one of {TOKENS} pieces of every stream came, every idle client was answered before and after.",
        crowds.len(),
        crowds.iter().map(|crowd| crowd.seconds).sum::<f64>() / crowds.len() as f64,
    );
    let left = last.after.memory_kib.saturating_sub(before_last.after.memory_kib);
    let descriptors = last.after.descriptors.saturating_sub(first.before.descriptors);
    let (memory_back, descriptors_back) = (left <= MARGIN_KIB, descriptors <= MARGIN_DESCRIPTORS);
    println!(
        "Kept for the next crowd: {:.1} MiB. The last left {:.1} MiB beyond the one before (margin {} MiB: {}) and {descriptors} descriptors (margin {MARGIN_DESCRIPTORS}: {}).",
        mib(before_last.after.memory_kib.saturating_sub(first.before.memory_kib)),
        mib(left),
        MARGIN_KIB >> 10,
        verdict(memory_back),
        verdict(descriptors_back),
    );
    memory_back && descriptors_back
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "NOT met" }
}
