//! `just bench`: the same work through `caisson serve` and straight to its upstream, side by side on one machine.
//!
//! Load generator (this process), upstream (this program again, with a hidden subcommand) and `caisson serve` share the machine's
//! cores, on loopback alone. Everything is bounded in time and count, and the children end with it. It builds nothing and judges
//! nothing but the floor; what the numbers mean is in README.md.

mod answer;
mod client;
mod crowd;
mod dev;
mod fixed;
mod footprint;
mod goals;
mod growth;
mod inbound;
mod languages;
mod load;
mod machine;
mod measure;
mod micro;
mod neighbours;
mod options;
mod peers;
mod plot;
mod processes;
mod report;
mod statistics;
mod stream;
mod subject;
mod upstream;
mod workload;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, ValueEnum};

use options::{Cli, Hidden, Mode, Options};
use peers::Peer;
use processes::{Caisson, Native, Upstream, Versions};
use report::{Parts, Report};
use subject::{Subject, Way};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: the generator is to cost little, and its share of the two cores is the same in every run.
    let done = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no async runtime").and_then(
        |runtime| {
            runtime.block_on(async {
                match cli.hidden {
                    Some(Hidden::Upstream(paced)) => upstream::serve(paced).await.map(|()| ExitCode::SUCCESS),
                    Some(Hidden::Fixed) => fixed::serve().await.map(|()| ExitCode::SUCCESS),
                    None => until_stopped(run(cli.options)).await,
                }
            })
        },
    );
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.mode() {
        Mode::Load => bench(options).await,
        Mode::Crowd => crowd::run(&options).await,
        Mode::Neighbours => neighbours::run(&options).await,
        Mode::Languages => languages::run(&options).await,
        Mode::Dev => dev::run(&options).await,
        Mode::Growth => growth::run(&options).await,
    }
}

async fn bench(options: Options) -> anyhow::Result<ExitCode> {
    let before = machine::Load::now();
    let micro = options.micro.as_deref().map(micro::read).transpose()?.unwrap_or_default();
    let upstream = Upstream::fixed().await?;
    let ways = Ways::start(&options, &upstream).await?;
    let measured = measure::all(&options, &ways.subjects, upstream.pid()).await?;
    let versions = ways.versions();
    ways.stop().await?;
    upstream.stop().await?;
    let footprint = if options.is_whole() { Some(footprint::measure(&options).await?) } else { None };
    let report = Report::new(&options, versions, before, Parts { measured, footprint, micro });
    print!("{}", report.markdown());
    write(&options.folder()?, "report.md", &report.markdown())?;
    write(&options.folder()?, "report.json", &report.json()?)?;
    if let Some(file) = &options.json {
        std::fs::write(file, report.json()?).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(if options.check_floor && !report.floors_are_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Writes what a run gave to the folder of results.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let file = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .with_context(|| format!("can't write {}", file.display()))
}

/// Everything that stands between generator and upstream.
struct Ways {
    subjects: Vec<Subject>,
    native: Option<Native>,
    builds: Vec<Caisson>,
    peers: Vec<Peer>,
}

impl Ways {
    async fn start(options: &Options, upstream: &Upstream) -> anyhow::Result<Self> {
        let mut ways = Self { subjects: Vec::new(), native: None, builds: Vec::new(), peers: Vec::new() };
        if options.wants(Way::Direct) {
            ways.subjects.push(Subject::direct(upstream)?);
        }
        if options.wants(Way::Native) {
            let native = Native::start(&options.native()?, upstream).await?;
            ways.subjects.push(Subject::native(&native));
            ways.native = Some(native);
        }
        let is_wanted = Way::value_variants().iter().any(|way| way.is_caisson() && options.wants(*way));
        let builds = if is_wanted { options.builds()? } else { Vec::new() };
        for (number, build) in builds.into_iter().enumerate() {
            let caisson = Caisson::start(build, upstream).await?;
            let openai = options::guest("../adapters/openai.wasm")?;
            caisson.push_at(&format!("{}/v1", upstream.url()), upstream.key(), "openai", &openai).await?;
            if options.wants(Way::Caisson) {
                ways.subjects.push(Subject::caisson(&caisson));
            }
            if number == 0 {
                ways.subjects.extend(languages(options, &caisson, upstream).await?);
            }
            ways.builds.push(caisson);
        }
        for way in Way::value_variants().iter().copied().filter(|way| way.is_peer() && options.wants(*way)) {
            eprintln!("starting {way:?}");
            match Peer::start(way, &options.peers()?, upstream).await? {
                Some(peer) => {
                    ways.subjects.push(Subject::peer(&peer, upstream));
                    ways.peers.push(peer);
                }
                None if options.names(way) => anyhow::bail!("{way:?} is not installed: tests/bench/peers/install.sh"),
                None => {
                    eprintln!("{way:?} is not installed and not measured; tests/bench/peers/install.sh installs it")
                }
            }
        }
        Ok(ways)
    }

    fn versions(&self) -> Vec<Versions> {
        let builds = self.builds.iter().map(|build| build.versions().clone());
        builds.chain(self.peers.iter().map(Peer::versions)).collect()
    }

    async fn stop(self) -> anyhow::Result<()> {
        for build in self.builds {
            build.stop().await?;
        }
        for peer in self.peers {
            peer.stop().await?;
        }
        match self.native {
            Some(native) => native.stop().await,
            None => Ok(()),
        }
    }
}

/// Deploys the adapters of the other languages that are built.
async fn languages(options: &Options, caisson: &Caisson, upstream: &Upstream) -> anyhow::Result<Vec<Subject>> {
    let mut subjects = Vec::new();
    for way in Way::value_variants().iter().copied().filter(|way| options.wants(*way)) {
        let Some(adapter) = way.adapter() else { continue };
        match options::guest(&format!("../adapters/{adapter}.wasm")) {
            Ok(component) => {
                eprintln!("deploying {adapter}");
                caisson.push_before(upstream, adapter, &component).await?;
                subjects.push(Subject::language(caisson, way, adapter));
            }
            Err(error) if options.names(way) => return Err(error),
            Err(_) => eprintln!("{adapter} is not built and not measured; `just guests` builds it"),
        }
    }
    Ok(subjects)
}

/// Drops the work at SIGINT or SIGTERM, and the children with it.
async fn until_stopped(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into).and_then(|()| anyhow::bail!("interrupted")),
        _ = terminate.recv() => anyhow::bail!("terminated"),
    }
}
