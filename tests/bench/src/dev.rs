//! `--dev`: in each language, from a saved change to its answer, in `caisson dev` on the project that `caisson new` makes.
//!
//! Toolchains are installed by `caisson` where they are missing, so the first run takes minutes. Each change alters a text in the
//! source. It prints the table that README.md shows, and judges nothing.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::Connection;
use crate::machine;
use crate::options::Options;
use crate::statistics::Spread;
use crate::stream::request;

/// What `--lang` takes, its name in the table, and the source that is changed.
const LANGUAGES: [(&str, &str, &str); 5] = [
    ("rust", "Rust", "src/lib.rs"),
    ("c", "C", "src/adapter.c"),
    ("go", "Go", "main.go"),
    ("ts", "TypeScript", "src/adapter.ts"),
    ("python", "Python", "src/adapter.py"),
];
const NAME: &str = "parrot";
/// A text that each template has once, in what `describe` says.
const TEXT: &str = "Text and embeddings";
const CHANGES: u32 = 5;
/// A first build may install its toolchain; reaching this is a failure.
const PATIENCE: Duration = Duration::from_secs(900);

/// What one language takes.
struct Figures {
    language: &'static str,
    first: Duration,
    built: Spread,
    answered: Spread,
}

/// A `caisson dev` that runs.
struct Dev {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

pub(crate) async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let before = machine::Load::now();
    let binary = options.binary()?;
    let mut all = Vec::new();
    for language in LANGUAGES {
        eprintln!("{}", language.1);
        all.push(measure(&binary, language).await.with_context(|| format!("the project in {}", language.1))?);
    }
    println!("| language | new to answer | save to answer | of it, build |");
    println!("|---|---:|---:|---:|");
    for Figures { language, first, built, answered } in &all {
        let (first, built, answered) = (first.as_secs_f64(), built.median, answered.median);
        println!("| {language} | {first:.0} s | {answered:.1} s | {built:.1} s |");
    }
    for Figures { language, answered, .. } in &all {
        eprintln!("{language}: {:.2} to {:.2} s", answered.min, answered.max);
    }
    println!(
        "\nNew to answer: `caisson new` and `caisson dev`, to the end of the first streamed answer. Save to answer: from a changed \
         source to its answer, the median of {CHANGES}. Load average {} before, {} after.",
        before.as_str(),
        machine::Load::now().as_str(),
    );
    Ok(ExitCode::SUCCESS)
}

async fn measure(binary: &Path, (lang, language, source): (&str, &'static str, &str)) -> anyhow::Result<Figures> {
    let desk = tempfile::tempdir().context("no temporary folder")?;
    let folder = desk.path().join(NAME);
    let begun = Instant::now();
    let made = Command::new(binary).args(["new", "--lang", lang]).arg(&folder).stdout(Stdio::null()).status().await?;
    ensure!(made.success(), "`caisson new` failed");
    let mut dev = Dev::start(binary, &folder)?;
    let address = dev.address().await?;
    dev.built().await?;
    ask(address).await?;
    let first = begun.elapsed();

    let source = folder.join(source);
    let text = std::fs::read_to_string(&source)?;
    ensure!(text.matches(TEXT).count() == 1, "{} doesn't say `{TEXT}` once", source.display());
    let (mut built, mut answered) = (Vec::new(), Vec::new());
    for number in 1..=CHANGES {
        dev.settled().await?;
        let begun = Instant::now();
        std::fs::write(&source, text.replace(TEXT, &format!("{TEXT}, {number},")))?;
        built.push(dev.built().await?);
        ask(address).await?;
        answered.push(begun.elapsed().as_secs_f64());
    }
    dev.child.kill().await.context("`caisson dev` doesn't end")?;
    Ok(Figures { language, first, built: Spread::of(built), answered: Spread::of(answered) })
}

/// A streamed answer, to its end.
async fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(&request(&format!("{NAME}/gpt-4o-mini"), true)).await?;
    ensure!(answer.status == 200, "the answer is an error, {}", answer.status);
    ensure!(answer.content().trim_ascii_end().ends_with(b"data: [DONE]"), "the answer has no end");
    Ok(())
}

impl Dev {
    fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(binary);
        command.arg("dev").arg(folder).args(["--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().context("`caisson dev` doesn't start")?;
        let output = child.stdout.take().context("the child has no output")?;
        Ok(Self { child, output: BufReader::new(output).lines() })
    }

    async fn address(&mut self) -> anyhow::Result<SocketAddr> {
        let line = self.line_with(" is served at http://").await?;
        let address =
            line.split_once("http://").and_then(|(_, rest)| rest.split_once("/v1")).map(|(address, _)| address);
        address.and_then(|address| address.parse().ok()).with_context(|| format!("`caisson dev` printed `{line}`"))
    }

    /// Waits until a change is served; what its build took, in seconds.
    async fn built(&mut self) -> anyhow::Result<f64> {
        let line = self.line_with("built in ").await?;
        self.line_with("pushed in ").await?;
        let seconds = line.strip_prefix("built in ").and_then(|rest| rest.strip_suffix(" s"));
        seconds.and_then(|seconds| seconds.parse().ok()).with_context(|| format!("`caisson dev` printed `{line}`"))
    }

    /// Waits until nothing goes on any longer: what is served has been checked, too.
    async fn settled(&mut self) -> anyhow::Result<()> {
        self.line_with("checked ").await.map(drop)
    }

    async fn line_with(&mut self, part: &str) -> anyhow::Result<String> {
        let found = async {
            while let Some(line) = self.output.next_line().await? {
                ensure!(!line.starts_with("not served") && !line.starts_with("a server would not"), "{line}");
                if line.contains(part) {
                    return Ok(line);
                }
            }
            bail!("`caisson dev` ended")
        };
        tokio::time::timeout(PATIENCE, found)
            .await
            .with_context(|| format!("`caisson dev` says nothing of `{part}`"))?
    }
}
