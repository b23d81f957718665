//! `--neighbours`: the latency of one deployment in quiet, and while guests of another spin.
//!
//! In turns (quiet, spinning, quiet, …) within one run, so that whatever else the machine does falls on both alike. The guests that
//! spin have a limit on fuel that they don't reach. It reports ratios and judges none.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::load::{self, Bounds, Task};
use crate::machine;
use crate::options::{self, Options, Paced};
use crate::processes::{Caisson, Upstream};
use crate::statistics::percentile;
use crate::stream::{follow, request};

/// More than any round lets a guest use.
const FUEL: &str = "1000000000000000";
/// The time between two pieces of the neighbour's stream.
const EVERY_MS: u64 = 20;
/// Until guests that were asked to spin do.
const WARM: Duration = Duration::from_millis(500);

/// What a neighbour does.
#[derive(Clone, Copy)]
enum Work {
    /// Whole answers of `echo`, over so many connections.
    Echo(u16),
    /// A stream of `openai`, and the time between two of its pieces.
    Gap,
}

/// One work's latencies in microseconds: in quiet, and beside spinning guests.
struct Measured {
    name: String,
    quiet: Vec<u32>,
    spinning: Vec<u32>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let tokens = u32::try_from(options.round_time().as_millis() / u128::from(EVERY_MS)).unwrap_or(u32::MAX).max(10);
    let streams = 2 * u32::from(options.rounds);
    let upstream = Upstream::paced(Paced { streams, tokens, every_ms: EVERY_MS }).await?;
    let build = options.build_of("../adapters/openai.wasm")?;
    let caisson = Caisson::configured(build, "openai", &upstream, "").await?;
    caisson.push("echo", &options::guest("../adapters/echo.wasm")?, &[]).await?;
    let spin = options::guest("../test-guests/spin.wasm")?;
    caisson.push("spin", &spin, &["--fuel", FUEL, "--timeout", "10m"]).await?;

    let works = [Work::Echo(1), Work::Echo(4), Work::Gap];
    let mut measured: Vec<Measured> = works.map(Measured::of).into();
    let before = machine::Load::now();
    round(Work::Echo(4), options.warm_up_time(), &caisson, tokens).await?;
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        for (work, measured) in works.into_iter().zip(&mut measured) {
            measured.quiet.extend(round(work, options.round_time(), &caisson, tokens).await?);
            let spinning = spin_up(options.spinning, &caisson).await?;
            measured.spinning.extend(round(work, options.round_time(), &caisson, tokens).await?);
            // Leaving ends them.
            drop(spinning);
            tokio::time::sleep(WARM).await;
        }
    }
    caisson.stop().await?;
    upstream.stop().await?;
    report(options, measured, &before);
    Ok(ExitCode::SUCCESS)
}

/// One round's latencies.
async fn round(work: Work, time: Duration, caisson: &Caisson, tokens: u32) -> anyhow::Result<Vec<u32>> {
    let address = caisson.address();
    match work {
        Work::Echo(connections) => {
            let task = Task { address, request: request("echo/echo", false), ending: "}" };
            let bounds = Bounds { connections, time, answers: u32::MAX };
            Ok(load::drive(&task, bounds).await?.latencies)
        }
        Work::Gap => {
            let (begun, _) = mpsc::unbounded_channel();
            follow(TcpStream::connect(address).await?, "openai/bench", tokens, begun).await
        }
    }
}

/// Asks for so many answers that never come.
async fn spin_up(number: u32, caisson: &Caisson) -> anyhow::Result<Vec<TcpStream>> {
    let mut spinning = Vec::new();
    for _ in 0..number {
        let mut stream = TcpStream::connect(caisson.address()).await?;
        stream.write_all(&request("spin/x", false)).await.context("no guest to spin")?;
        spinning.push(stream);
    }
    tokio::time::sleep(WARM).await;
    for stream in &spinning {
        let mut answer = [0; 1];
        anyhow::ensure!(stream.try_read(&mut answer).is_err(), "a guest that is to spin has answered");
    }
    Ok(spinning)
}

fn report(options: &Options, measured: Vec<Measured>, before: &machine::Load) {
    println!("| neighbour | | p50 ms | p95 ms | p99 ms | measured |");
    println!("|---|---|---:|---:|---:|---:|");
    for Measured { name, mut quiet, mut spinning } in measured {
        quiet.sort_unstable();
        spinning.sort_unstable();
        let parts = [0.5, 0.95, 0.99];
        let of = |sorted: &[u32]| parts.map(|part| f64::from(percentile(sorted, part)) / 1000.0);
        let (calm, busy) = (of(&quiet), of(&spinning));
        let row = |way: &str, [p50, p95, p99]: [f64; 3], count: usize| {
            println!("| {name} | {way} | {p50:.2} | {p95:.2} | {p99:.2} | {count} |");
        };
        row("quiet", calm, quiet.len());
        row(&format!("{} spinning", options.spinning), busy, spinning.len());
        let ratio = |index: usize| busy[index] / calm[index];
        println!("| {name} | ratio | {:.1} | {:.1} | {:.1} | |", ratio(0), ratio(1), ratio(2));
    }
    println!();
    println!(
        "{} rounds of {:.1} s each way, in turns; a piece of the stream is due every {EVERY_MS} ms; load average {} before, {} after.",
        options.rounds,
        options.round_time().as_secs_f64(),
        before.as_str(),
        machine::Load::now().as_str(),
    );
}

impl Measured {
    fn of(work: Work) -> Self {
        let name = match work {
            Work::Echo(1) => "echo, 1 connection".to_owned(),
            Work::Echo(connections) => format!("echo, {connections} connections"),
            Work::Gap => "openai, gap between two pieces".to_owned(),
        };
        Self { name, quiet: Vec::new(), spinning: Vec::new() }
    }
}
