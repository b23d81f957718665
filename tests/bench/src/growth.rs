//! `--growth`: how costs grow with the number of deployments, with the number of live streams, and with the size of a prompt. Each curve
//! is a table and an SVG; none is judged.

use std::process::ExitCode;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use crate::footprint;
use crate::load::{self, Bounds, Task};
use crate::machine;
use crate::options::Options;
use crate::plot::{Plot, Series};
use crate::processes::{Caisson, DEPLOYMENT, Native, Upstream};
use crate::statistics::percentile;
use crate::write;

const DEPLOYMENTS: [u32; 4] = [1, 10, 100, 1000];
const STREAMS: [u32; 5] = [1, 10, 100, 1000, 10_000];
const PROMPTS: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).context("no more open files")?;
    let before = machine::Load::now();
    show(options, "prompts", &prompts(options).await?)?;
    show(options, "streams", &streams(options).await)?;
    show(options, "deployments", &deployments(options).await)?;
    println!(
        "SVGs in {}. Load average {} before, {} after.",
        options.folder()?.display(),
        before.as_str(),
        machine::Load::now().as_str()
    );
    Ok(ExitCode::SUCCESS)
}

/// Prints curves and draws them, as soon as they are there.
fn show(options: &Options, name: &str, plots: &[Plot]) -> anyhow::Result<()> {
    for (number, plot) in (1..).zip(plots) {
        print!("{}", table(plot));
        write(&options.folder()?, &format!("{name}-{number}.svg"), &plot.svg())?;
    }
    Ok(())
}

/// Latency of a whole answer over one connection, by the prompt's size.
async fn prompts(options: &Options) -> anyhow::Result<Vec<Plot>> {
    let upstream = Upstream::fixed().await?;
    let native = Native::start(&options.native()?, &upstream).await?;
    let caisson = Caisson::start(options.build_of("../adapters/anthropic.wasm")?, &upstream).await?;
    let mut series = Vec::new();
    for (name, address) in [("native", native.address()), ("caisson", caisson.address())] {
        let mut points = Vec::new();
        for bytes in PROMPTS {
            eprintln!("a prompt of {bytes} bytes through {name}");
            let task = Task { address, request: prompt(bytes), ending: "}", first: None };
            let bounds = Bounds { connections: 1, time: options.round_time(), answers: options.max_answers };
            let mut latencies = load::drive(&task, bounds).await?.latencies;
            latencies.sort_unstable();
            points.push((bytes as f64, f64::from(percentile(&latencies, 0.5)) / 1e3));
        }
        series.push(Series { name: name.to_owned(), points });
    }
    caisson.stop().await?;
    native.stop().await?;
    upstream.stop().await?;
    Ok(vec![plot("A whole answer over one connection", "bytes of the prompt", "p50, ms", series)])
}

fn prompt(bytes: usize) -> bytes::Bytes {
    let text = "the quick brown fox jumps over the lazy dog ".repeat(bytes.div_ceil(44));
    let messages = json!([{"role": "user", "content": text}]);
    let body =
        json!({"model": format!("{DEPLOYMENT}/claude-bench"), "messages": messages, "max_tokens": 64}).to_string();
    let length = body.len();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

/// Memory by the number of streams. The curve ends where the server says no.
async fn streams(options: &Options) -> Vec<Plot> {
    let (mut each, mut all) = (Vec::new(), Vec::new());
    for streams in STREAMS {
        eprintln!("{streams} streams");
        match footprint::stream_bytes(options, streams).await {
            Ok(bytes) => {
                each.push((f64::from(streams), bytes / 1e3));
                all.push((f64::from(streams), bytes * f64::from(streams) / 1e6));
            }
            Err(error) => eprintln!("{streams} streams: {error:#}"),
        }
    }
    let one = |points| vec![Series { name: "caisson".to_owned(), points }];
    vec![
        plot("Memory of each live stream", "live streams", "KB", one(each)),
        plot("Memory of all live streams", "live streams", "MB", one(all)),
    ]
}

/// Start time, first answer and memory by the number of deployments.
async fn deployments(options: &Options) -> Vec<Plot> {
    let (mut times, mut firsts, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for deployments in DEPLOYMENTS {
        eprintln!("{deployments} deployments");
        match footprint::start(options, deployments).await {
            Ok(start) => {
                times.push((f64::from(deployments), start.milliseconds.median));
                firsts.push((f64::from(deployments), start.first_answer_ms.median));
                memory.push((f64::from(deployments), start.memory_bytes / 1e6));
            }
            Err(error) => eprintln!("{deployments} deployments: {error:#}"),
        }
    }
    let series = |name: &str, points| Series { name: name.to_owned(), points };
    vec![
        plot(
            "A start with machine code at hand",
            "deployments",
            "ms",
            vec![series("until it serves", times), series("first answer after it", firsts)],
        ),
        plot("Resident memory after a start", "deployments", "MB", vec![series("caisson", memory)]),
    ]
}

fn plot(title: &str, across: &str, up: &str, series: Vec<Series>) -> Plot {
    Plot { title: title.to_owned(), across: across.to_owned(), up: up.to_owned(), series }
}

/// The numbers of a curve.
fn table(plot: &Plot) -> String {
    let mut out = format!("{}\n\n| {} |", plot.title, plot.across);
    for series in &plot.series {
        out += &format!(" {}, {} |", series.name, plot.up);
    }
    out += &format!("\n|---:|{}\n", "---:|".repeat(plot.series.len()));
    let across = plot.series.iter().map(|series| series.points.len()).max().unwrap_or(0);
    for row in 0..across {
        let points: Vec<Option<&(f64, f64)>> = plot.series.iter().map(|series| series.points.get(row)).collect();
        let x = points.iter().flatten().map(|(x, _)| *x).next().unwrap_or_default();
        out += &format!("| {x} |");
        for point in points {
            out += &point.map_or(" – |".to_owned(), |(_, y)| format!(" {y:.2} |"));
        }
        out.push('\n');
    }
    out + "\n"
}
