//! `--languages`: the same adapter, for Anthropic's wire, in each language. How long is it, how large, and what does it cost?
//!
//! One server for each, so that nothing of one is warm for the next. It prints the table that README.md shows, and judges nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::client::Connection;
use crate::footprint;
use crate::load::{self, Bounds};
use crate::machine;
use crate::options::{self, Options, Paced};
use crate::processes::{Caisson, Upstream};
use crate::statistics::percentile;
use crate::stream::request;

/// An adapter, and where its source is.
struct Language {
    name: &'static str,
    adapter: &'static str,
    /// The folder of its source, below `guests`.
    source: &'static str,
    /// How the names of source files end.
    ending: &'static str,
}

/// What the others are compared with comes first.
const LANGUAGES: [Language; 5] = [
    Language { name: "Rust", adapter: "anthropic", source: "anthropic/src", ending: ".rs" },
    Language { name: "C", adapter: "anthropic-c", source: "anthropic-c/src", ending: ".c" },
    Language { name: "Go", adapter: "anthropic-go", source: "anthropic-go", ending: ".go" },
    Language { name: "TypeScript", adapter: "anthropic-ts", source: "anthropic-ts/src", ending: ".ts" },
    Language { name: "Python", adapter: "anthropic-py", source: "anthropic-py/src", ending: ".py" },
];
/// How the names of tests end, which some languages keep beside the source.
const TESTS: [&str; 3] = ["_test.go", ".test.ts", "_test.py"];
const MODEL: &str = "claude-bench";
const STREAMS: u32 = 50;
/// A stream lasts longer than all of them take to begin.
const TOKENS: u32 = 40;
const EVERY_MS: u64 = 250;

/// What one language's adapter takes.
struct Figures {
    language: &'static str,
    adapter: &'static str,
    lines: usize,
    bytes: u64,
    push: Duration,
    first: Duration,
    p50_us: u32,
    stream_kib: u64,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let before = machine::Load::now();
    let mut all = Vec::new();
    let mut lacking = Vec::new();
    for (number, language) in LANGUAGES.iter().enumerate() {
        let Language { name, adapter, .. } = language;
        match options::guest(&format!("../adapters/{adapter}.wasm")) {
            Ok(component) => {
                eprintln!("{name}");
                let measured = measure(options, language, &component).await;
                all.push(measured.with_context(|| format!("the adapter in {name}"))?);
            }
            // There is nothing to compare the others with.
            Err(error) if number == 0 => return Err(error),
            Err(_) => lacking.push(language),
        }
    }
    report(&all, &before);
    for Language { name, adapter, .. } in lacking {
        println!("{name} is not in the table: `{adapter}` is not built; `just guests` builds it.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn measure(options: &Options, language: &Language, component: &Path) -> anyhow::Result<Figures> {
    let upstream = Upstream::start().await?;
    let paced = Paced { streams: STREAMS, tokens: TOKENS, every_ms: EVERY_MS, anthropic: true };
    let streaming = Upstream::paced(paced).await?;
    let caisson = Caisson::start(options.build_of("../adapters/openai.wasm")?, &upstream).await?;
    // Something else answers first, so that the server itself is warm.
    caisson.push("echo", &options::guest("../adapters/echo.wasm")?, &[]).await?;
    let mut warm = Connection::open(caisson.address()).await?;
    warm.exchange(&request("echo/echo", false)).await?;

    let begun = Instant::now();
    caisson.push_before(&upstream, "measured", component).await?;
    let push = begun.elapsed();
    let asked = request(&format!("measured/{MODEL}"), false);
    let begun = Instant::now();
    anyhow::ensure!(warm.exchange(&asked).await?.status == 200, "the first answer is an error");
    let first = begun.elapsed();

    let task = load::Task { address: caisson.address(), request: asked, ending: "}", first: None };
    let bounds = |time| Bounds { connections: 1, time, answers: options.max_answers };
    load::drive(&task, bounds(options.warm_up_time())).await?;
    let mut latencies = load::drive(&task, bounds(options.round_time())).await?.latencies;
    latencies.sort_unstable();

    // Compiled already: the same component.
    caisson.push_before(&streaming, "streamed", component).await?;
    let each = footprint::each_of(STREAMS, "streamed/claude-bench", TOKENS, caisson.address(), caisson.pid()).await?;
    caisson.stop().await?;
    streaming.stop().await?;
    upstream.stop().await?;
    Ok(Figures {
        language: language.name,
        adapter: language.adapter,
        lines: lines(&sources().join(language.source), language.ending)?,
        bytes: fs::metadata(component)?.len(),
        push,
        first,
        p50_us: percentile(&latencies, 0.5),
        stream_kib: (each / 1024.0) as u64,
    })
}

/// Where the adapters' sources lie.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests")
}

/// Lines of source in a folder and below, empty ones and tests left out.
fn lines(folder: &Path, ending: &str) -> anyhow::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            count += lines(&path, ending)?;
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(ending) && !TESTS.iter().any(|test| name.ends_with(test)) {
            count += fs::read_to_string(&path)?.lines().filter(|line| !line.trim().is_empty()).count();
        }
    }
    Ok(count)
}

fn report(all: &[Figures], before: &machine::Load) {
    println!("| language | adapter | lines | size | push | first answer | p50 | over Rust | memory per live stream |");
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|");
    let rust = all.first().map_or(0, |figures| figures.p50_us);
    for figures in all {
        let Figures { language, adapter, lines, bytes, push, first, p50_us, stream_kib } = figures;
        println!(
            "| {language} | `{adapter}` | {lines} | {:.1} MB | {:.1} s | {:.1} ms | {:.2} ms | {} | {stream_kib} KiB |",
            *bytes as f64 / 1e6,
            push.as_secs_f64(),
            first.as_secs_f64() * 1e3,
            f64::from(*p50_us) / 1e3,
            if p50_us == &rust {
                "–".into()
            } else {
                format!("{:.2} ms", f64::from(p50_us - rust.min(*p50_us)) / 1e3)
            },
        );
    }
    println!(
        "\nThe same adapter for Anthropic's wire. Push: from upload to served, compiling included. p50: a plain answer, one connection. \
         Memory: the proportional set size, of {STREAMS} streams at one time. Load average {} before, {} after.",
        before.as_str(),
        machine::Load::now().as_str(),
    );
}
