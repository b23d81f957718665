//! The command line. Bounds are here, so that no flag makes a run endless.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::subject::Way;
use crate::workload::Workload;

/// Measures `caisson serve` against its upstream.
#[derive(Parser)]
#[command(name = "caisson-bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) hidden: Option<Hidden>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What this program starts itself as.
#[derive(Subcommand)]
pub(crate) enum Hidden {
    /// The fake provider, until standard input ends
    #[command(hide = true)]
    Upstream(Paced),
    /// The upstream of fixed answers, until standard input ends
    #[command(hide = true)]
    Fixed,
}

/// Streams that the fake provider sends at a pace of its own, in place of what it would answer.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Paced {
    /// How many requests get one; with any, it speaks OpenAI's wire unless told otherwise
    #[arg(long, default_value_t = 0)]
    pub(crate) streams: u32,
    /// Pieces of text in each
    #[arg(long, default_value_t = 0)]
    pub(crate) tokens: u32,
    /// The time between two of them
    #[arg(long, default_value_t = 0)]
    pub(crate) every_ms: u64,
    /// On Anthropic's wire, not OpenAI's
    #[arg(long)]
    pub(crate) anthropic: bool,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// How much work a second.
    Load,
    /// What many clients at one time cost.
    Crowd,
    /// What one deployment's guests do to another's latency.
    Neighbours,
    /// What the same adapter costs in each language.
    Languages,
    /// How soon a change is served in each language.
    Dev,
    /// How costs grow.
    Growth,
}

/// How to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Connections at one time, each with one request under way
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) connections: u16,
    /// Seconds measured for each workload and each way, over all rounds
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) seconds: u16,
    /// Rounds that those seconds are split into: A, B, A, B, …
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) rounds: u16,
    /// Seconds of load before the first round of each workload and way, not measured
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=60))]
    pub(crate) warm_up: u16,
    /// Answers after which a round ends before its time
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_answers: u32,
    /// Idle clients and live streams at one time instead: what they cost, that nothing is lost, that all comes back
    #[arg(long)]
    crowd: bool,
    /// Idle clients of a crowd
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=15_000))]
    pub(crate) idle: u32,
    /// Live streams of a crowd
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=4000))]
    pub(crate) streams: u32,
    /// A neighbour's latency instead: in quiet, while other guests spin, and while dear uploads compile
    #[arg(long, conflicts_with = "crowd")]
    neighbours: bool,
    /// Guests that spin beside the neighbour
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) spinning: u32,
    /// Instead, what the same adapter costs in each language
    #[arg(long, conflicts_with_all = ["crowd", "neighbours"])]
    languages: bool,
    /// Instead, from a saved change to its answer in `caisson dev`, in each language
    #[arg(long, conflicts_with_all = ["crowd", "neighbours", "languages"])]
    dev: bool,
    /// Curves instead: by deployments, by live streams, by the prompt's size
    #[arg(long, conflicts_with_all = ["crowd", "neighbours", "languages", "dev"])]
    growth: bool,
    /// Write the numbers to this file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Exit with 1 where the floor is not met
    #[arg(long)]
    pub(crate) check_floor: bool,
    /// Measure this kind of work only. Repeatable
    #[arg(long = "workload", value_name = "NAME", value_enum)]
    workloads: Vec<Workload>,
    /// Measure this way only. Repeatable
    #[arg(long = "way", value_name = "NAME", value_enum)]
    ways: Vec<Way>,
    /// The native proxy [default: beside this program]
    #[arg(long, value_name = "FILE")]
    native: Option<PathBuf>,
    /// The folder that reports and curves are written to [default: bench in the target folder]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Criterion's results of the micro benchmarks, to be in the report
    #[arg(long, value_name = "DIR")]
    pub(crate) micro: Option<PathBuf>,
    /// Where other gateways are installed [default: peers in the target folder]
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// The binary `caisson` [default: beside this program]. Repeatable, to compare builds
    #[arg(long = "caisson", value_name = "FILE")]
    binaries: Vec<PathBuf>,
    /// The adapter for Anthropic's wire [default: adapters/anthropic.wasm in the target folder]. Repeatable, each with each binary
    #[arg(long = "adapter", value_name = "FILE")]
    adapters: Vec<PathBuf>,
    /// Push the adapter with this flag, too, as in `--push-flag=--allow-async`. Repeatable
    #[arg(long = "push-flag", value_name = "FLAG", allow_hyphen_values = true)]
    push_flags: Vec<String>,
}

/// A build of `caisson` with a build of the adapter.
pub(crate) struct Build {
    /// For the report: `caisson`, and where there are several, which.
    pub(crate) name: String,
    pub(crate) binary: PathBuf,
    pub(crate) adapter: PathBuf,
    /// What the adapter is pushed with, beside its upstream.
    pub(crate) push_flags: Vec<String>,
}

impl Options {
    /// How long one round of one workload and way lasts.
    pub(crate) fn round_time(&self) -> Duration {
        Duration::from_secs(self.seconds.into()) / u32::from(self.rounds)
    }

    pub(crate) fn warm_up_time(&self) -> Duration {
        Duration::from_secs(self.warm_up.into())
    }

    pub(crate) fn workloads(&self) -> &[Workload] {
        if self.workloads.is_empty() { Workload::value_variants() } else { &self.workloads }
    }

    /// Whether this way is to be measured.
    pub(crate) fn wants(&self, way: Way) -> bool {
        self.ways.is_empty() || self.ways.contains(&way)
    }

    /// Whether this way was asked for by name: then it must be there.
    pub(crate) fn names(&self, way: Way) -> bool {
        self.ways.contains(&way)
    }

    /// The native proxy.
    pub(crate) fn native(&self) -> anyhow::Result<PathBuf> {
        Ok(existing(self.native.as_slice(), "caisson-native-proxy", "`just bench` builds it")?.swap_remove(0))
    }

    /// Whether nothing was left out: then memory and starts are measured too.
    pub(crate) fn is_whole(&self) -> bool {
        self.workloads.is_empty() && self.ways.is_empty()
    }

    /// The folder that `peers/install.sh` printed.
    pub(crate) fn peers(&self) -> anyhow::Result<PathBuf> {
        beside(self.peers.as_ref(), "../peers")
    }

    /// The folder for what a run gives.
    pub(crate) fn folder(&self) -> anyhow::Result<PathBuf> {
        beside(self.output.as_ref(), "../bench")
    }

    pub(crate) fn mode(&self) -> Mode {
        match self {
            Self { crowd: true, .. } => Mode::Crowd,
            Self { neighbours: true, .. } => Mode::Neighbours,
            Self { languages: true, .. } => Mode::Languages,
            Self { dev: true, .. } => Mode::Dev,
            Self { growth: true, .. } => Mode::Growth,
            _ => Mode::Load,
        }
    }

    /// The first binary.
    pub(crate) fn binary(&self) -> anyhow::Result<PathBuf> {
        Ok(existing(&self.binaries, "caisson", "`just build` builds it")?.swap_remove(0))
    }

    /// The first binary, with the guest that lies at this place seen from this program's folder.
    pub(crate) fn build_of(&self, place: &str) -> anyhow::Result<Build> {
        let binary = self.binary()?;
        Ok(Build { name: String::from("caisson"), binary, adapter: guest(place)?, push_flags: self.push_flags.clone() })
    }

    /// Each binary with each adapter.
    pub(crate) fn builds(&self) -> anyhow::Result<Vec<Build>> {
        let binaries = existing(&self.binaries, "caisson", "`just build` builds it")?;
        let adapters = existing(&self.adapters, "../adapters/anthropic.wasm", "`just guests` builds it")?;
        let pairs = binaries.iter().flat_map(|binary| adapters.iter().map(move |adapter| (binary, adapter)));
        Ok(pairs
            .map(|(binary, adapter)| {
                let mut name = String::from("caisson");
                for (path, all) in [(binary, &binaries), (adapter, &adapters)] {
                    if all.len() > 1 {
                        name = format!("{name} {}", path.display());
                    }
                }
                Build { name, binary: binary.clone(), adapter: adapter.clone(), push_flags: self.push_flags.clone() }
            })
            .collect())
    }
}

/// A guest at a place seen from this program's folder.
pub(crate) fn guest(place: &str) -> anyhow::Result<PathBuf> {
    Ok(existing(&[], place, "`just guests guests-for-tests` builds it")?.swap_remove(0))
}

/// The folder that was given, or the one at this place seen from this program's folder. It may not be there.
fn beside(given: Option<&PathBuf>, place: &str) -> anyhow::Result<PathBuf> {
    match given {
        Some(folder) => Ok(folder.clone()),
        None => Ok(std::env::current_exe()?.parent().context("this program lies in no folder")?.join(place)),
    }
}

/// The files that were given, or the one at this place seen from this program's folder (`target/release`).
fn existing(given: &[PathBuf], place: &str, hint: &str) -> anyhow::Result<Vec<PathBuf>> {
    let standard = beside(None, place)?;
    let paths = if given.is_empty() { std::slice::from_ref(&standard) } else { given };
    let found = paths.iter().map(|path| path.canonicalize().with_context(|| format!("{}: {hint}", path.display())));
    found.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_seconds_are_split_over_the_rounds() {
        let options = Cli::try_parse_from(["bench", "--seconds", "9", "--rounds", "6"]).unwrap().options;
        assert_eq!(options.round_time(), Duration::from_millis(1500));
    }

    #[test]
    fn builds_are_named_only_where_there_are_several() {
        let names = |arguments: &[&str]| {
            let options = Cli::try_parse_from([&["bench"], arguments].concat()).unwrap().options;
            options.builds().unwrap().into_iter().map(|build| build.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["--caisson", "/dev/null", "--adapter", "/dev/null"]), ["caisson"]);
        let several = names(&["--caisson", "/dev/null", "--caisson", "/dev/zero", "--adapter", "/dev/null"]);
        assert_eq!(several, ["caisson /dev/null", "caisson /dev/zero"]);
    }

    #[test]
    fn what_would_run_without_end_is_refused() {
        for flag in ["--seconds", "--rounds", "--connections", "--max-answers"] {
            for value in ["0", "4000000000"] {
                assert!(Cli::try_parse_from(["bench", flag, value]).is_err(), "{flag} {value}");
            }
        }
    }
}
