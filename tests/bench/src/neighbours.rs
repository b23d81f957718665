//! `--neighbours`: the latency of one deployment in quiet, while guests of another spin, and while uploads made to be dear compile.
//!
//! In turns (quiet, spinning, compiling, quiet, …) within one run, so that whatever else the machine does falls on all alike. Neither
//! the guests' limit on fuel nor the compiler's bounds are reached meanwhile. It reports ratios and judges none.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

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
/// Until guests that were asked to spin do, and the machine is calm after it.
const WARM: Duration = Duration::from_millis(500);

/// What a neighbour does.
#[derive(Clone, Copy)]
enum Work {
    /// Whole answers of `echo`, over so many connections.
    Echo(u16),
    /// A stream of `openai`, and the time between two of its pieces.
    Gap,
}

/// What goes on beside the neighbour. The first is what the others are compared with.
#[derive(Clone, Copy)]
enum Beside {
    Quiet,
    Spinning,
    Compiling,
}

/// Ends what goes on beside the neighbour when it's dropped.
enum Burden {
    Nothing,
    Guests(Vec<TcpStream>),
    Uploads(JoinSet<anyhow::Result<()>>),
}

/// One work's latencies in microseconds, beside each of [`BESIDE`].
struct Measured {
    name: String,
    latencies: [Vec<u32>; BESIDE.len()],
}

const BESIDE: [Beside; 3] = [Beside::Quiet, Beside::Spinning, Beside::Compiling];

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let tokens = u32::try_from(options.round_time().as_millis() / u128::from(EVERY_MS)).unwrap_or(u32::MAX).max(10);
    let streams = BESIDE.len() as u32 * u32::from(options.rounds);
    let upstream = Upstream::paced(Paced { streams, tokens, every_ms: EVERY_MS, anthropic: false }).await?;
    let build = options.build_of("../adapters/openai.wasm")?;
    let caisson = Caisson::configured(build, "openai", &upstream, "").await?;
    caisson.push("echo", &options::guest("../adapters/echo.wasm")?, &[]).await?;
    let spin = options::guest("../test-guests/spin.wasm")?;
    caisson.push("spin", &spin, &["--fuel", FUEL, "--timeout", "10m"]).await?;

    let bomb = tempfile::NamedTempFile::with_suffix(".wasm").context("no temporary file")?;
    std::fs::write(&bomb, wat::parse_str(bomb_text())?)?;

    let works = [Work::Echo(1), Work::Echo(4), Work::Gap];
    let mut measured: Vec<Measured> = works.map(Measured::of).into();
    let before = machine::Load::now();
    round(Work::Echo(4), options.warm_up_time(), &caisson, tokens).await?;
    for number in 1..=options.rounds {
        eprintln!("round {number} of {}", options.rounds);
        for (work, measured) in works.into_iter().zip(&mut measured) {
            for (beside, latencies) in BESIDE.into_iter().zip(&mut measured.latencies) {
                let burden = Burden::begin(beside, options, &caisson, &bomb).await?;
                latencies.extend(round(work, options.round_time(), &caisson, tokens).await?);
                burden.end().await?;
            }
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
            let task = Task { address, request: request("echo/echo", false), ending: "}", first: None };
            let bounds = Bounds { connections, time, answers: u32::MAX };
            Ok(load::drive(&task, bounds).await?.latencies)
        }
        Work::Gap => {
            let (begun, _) = mpsc::unbounded_channel();
            follow(TcpStream::connect(address).await?, "openai/bench", tokens, begun).await
        }
    }
}

impl Burden {
    async fn begin(beside: Beside, options: &Options, caisson: &Caisson, bomb: &NamedTempFile) -> anyhow::Result<Self> {
        let burden = match beside {
            Beside::Quiet => return Ok(Self::Nothing),
            Beside::Spinning => {
                let mut guests = Vec::new();
                // Each is asked for an answer that never comes.
                for _ in 0..options.spinning {
                    let mut stream = TcpStream::connect(caisson.address()).await?;
                    stream.write_all(&request("spin/x", false)).await.context("no guest to spin")?;
                    guests.push(stream);
                }
                Self::Guests(guests)
            }
            Beside::Compiling => {
                let mut uploads = JoinSet::new();
                let pushing = caisson.pushing("bomb", bomb.path());
                uploads.spawn(async move {
                    // Compiled each time: what is no adapter isn't kept.
                    loop {
                        pushing.refused().await?;
                    }
                });
                Self::Uploads(uploads)
            }
        };
        tokio::time::sleep(WARM).await;
        Ok(burden)
    }

    /// Ends it, once it's seen to have gone on until now.
    async fn end(self) -> anyhow::Result<()> {
        match self {
            Self::Nothing => return Ok(()),
            Self::Guests(guests) => {
                for guest in &guests {
                    anyhow::ensure!(guest.try_read(&mut [0; 1]).is_err(), "a guest that is to spin has answered");
                }
            }
            Self::Uploads(mut uploads) => {
                if let Some(failed) = uploads.try_join_next() {
                    failed??;
                }
                uploads.shutdown().await;
            }
        }
        tokio::time::sleep(WARM).await;
        Ok(())
    }
}

/// As dear to compile as the structural check lets pass: loops inside each other, around locals that change in them.
fn bomb_text() -> String {
    let (loops, locals) = (25, 1990);
    let change = |n: usize| format!("local.get {n} local.get {} i32.add local.set {n} ", (n + 1) % locals);
    let function = format!(
        "(func (local {}) {} {} {})",
        "i32 ".repeat(locals),
        "loop ".repeat(loops),
        (0..locals).map(change).collect::<String>(),
        "local.get 0 br_if 0 end ".repeat(loops)
    );
    let export = r#"(instance $none) (export "caisson:adapter/provider@0.1.0" (instance $none))"#;
    format!("(component (core module {}) {export})", function.repeat(9))
}

fn report(options: &Options, measured: Vec<Measured>, before: &machine::Load) {
    println!("| neighbour | | p50 ms | p95 ms | p99 ms | measured |");
    println!("|---|---|---:|---:|---:|---:|");
    for Measured { name, latencies } in measured {
        let parts = [0.5, 0.95, 0.99];
        let mut calm: Option<[f64; 3]> = None;
        for (beside, mut sorted) in BESIDE.into_iter().zip(latencies) {
            sorted.sort_unstable();
            let way = match beside {
                Beside::Quiet => "quiet".to_owned(),
                Beside::Spinning => format!("{} spinning", options.spinning),
                Beside::Compiling => "compiling".to_owned(),
            };
            let took = parts.map(|part| f64::from(percentile(&sorted, part)) / 1000.0);
            let [p50, p95, p99] = took;
            println!("| {name} | {way} | {p50:.2} | {p95:.2} | {p99:.2} | {} |", sorted.len());
            match calm {
                None => calm = Some(took),
                Some([q50, q95, q99]) => {
                    println!("| {name} | ratio | {:.1} | {:.1} | {:.1} | |", p50 / q50, p95 / q95, p99 / q99);
                }
            }
        }
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
        Self { name, latencies: Default::default() }
    }
}
