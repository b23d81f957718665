//! `just bench`: the same work through `caisson serve` and straight to its upstream, side by side on one machine.
//!
//! Load generator (this process), upstream (this program again, with a hidden subcommand) and `caisson serve` share the machine's
//! cores, on loopback alone. Everything is bounded in time and count, and the children end with it. It builds nothing and judges
//! nothing but the floor; what the numbers mean is in README.md.

mod answer;
mod client;
mod crowd;
mod dev;
mod languages;
mod load;
mod machine;
mod measure;
mod neighbours;
mod options;
mod processes;
mod report;
mod statistics;
mod stream;
mod subject;
mod upstream;
mod workload;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use options::{Cli, Hidden, Mode, Options};
use processes::{Caisson, Upstream};
use report::Report;
use subject::Subject;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: the generator is to cost little, and its share of the two cores is the same in every run.
    let done = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no async runtime").and_then(
        |runtime| {
            runtime.block_on(async {
                match cli.hidden {
                    Some(Hidden::Upstream(paced)) => upstream::serve(paced).await.map(|()| ExitCode::SUCCESS),
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
    }
}

async fn bench(options: Options) -> anyhow::Result<ExitCode> {
    let upstream = Upstream::start().await?;
    let mut builds = Vec::new();
    for build in options.builds()? {
        builds.push(Caisson::start(build, &upstream).await?);
    }
    let mut subjects = vec![Subject::direct(&upstream)?];
    subjects.extend(builds.iter().map(Subject::caisson));
    let before = machine::Load::now();
    let measured = measure::all(&options, &subjects, upstream.pid()).await?;
    let versions = builds.iter().map(|build| build.versions().clone()).collect();
    let report = Report::new(&options, versions, before, measured);
    for build in builds {
        build.stop().await?;
    }
    upstream.stop().await?;
    print!("{}", report.markdown());
    if let Some(file) = &options.json {
        std::fs::write(file, report.json()?).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(if options.check_floor && !report.floor_is_met() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
