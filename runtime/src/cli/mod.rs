//! The command line: arguments in, text or `--json` out. `serve` and `demo` run the server; the others talk to one.
//!
//! Errors are printed as one sentence with their causes, on standard error, with exit code 1 (2 for wrong arguments).

// First: its macros are those of what follows.
#[macro_use]
mod out;

mod build;
mod check;
mod client;
mod control;
mod demo;
mod dev;
mod new;
mod process;
mod project;
mod push;
mod record;
mod serve;
mod shown;
mod toolchain;
mod units;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::egress::SecretText;
use crate::sandbox::{COMPILE_COMMAND, Inside, World, run_inside};

/// Runs LLM provider adapters in WebAssembly sandboxes behind an OpenAI-compatible endpoint.
#[derive(Parser)]
#[command(name = "caisson", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve: the data plane, and the control plane beside it
    Serve(serve::Serve),
    /// Upload an adapter and serve it
    Push(push::Push),
    /// Change what a deployment is granted, without uploading again
    Set(push::Set),
    /// List the deployments
    List(control::List),
    /// Show a deployment: its adapter, what it wants, its revisions
    Show(control::Show),
    /// Serve another revision of a deployment, as for a rollback
    Activate(control::Activate),
    /// Remove a deployment with its revisions and credentials
    Remove(control::Remove),
    /// Manage callers' keys
    Key(control::Key),
    /// Make the project of a new adapter, which builds and answers as it stands
    New(new::New),
    /// Build the component of a project, with its language's toolchain
    Build(build::Build),
    /// Run the unit tests of a project
    Test(build::Test),
    /// Build and serve a project on this machine, and again with each change
    Dev(dev::Dev),
    /// Check a component without a server: does it fit, what does it want, and does it do what the conformance cases say?
    Check(check::Check),
    /// Make a conformance case out of one real exchange with a provider
    Record(record::Record),
    /// Write the contract's bindings for an adapter in C or Go
    Bindings(toolchain::Bindings),
    /// Make a component of a core module that was compiled with them
    Componentize(toolchain::Componentize),
    /// Try everything on this machine, with fake providers
    Demo(demo::Demo),
    /// Compile what standard input holds, confined; how `serve` runs its compiler
    #[command(name = COMPILE_COMMAND, hide = true)]
    Compile(Compile),
}

/// What is compiled, and what the compiler may use.
#[derive(Args, Clone, Copy)]
struct Compile {
    #[arg(long, value_parser = |name: &str| World::named(name).ok_or("there is no such world"))]
    world: World,
    #[arg(long)]
    cpu_seconds: u64,
    #[arg(long)]
    memory_bytes: u64,
    #[arg(long)]
    hasty: bool,
}

/// Where the control plane is, and the key to it.
#[derive(Args, Clone)]
struct Remote {
    /// The control plane's address
    #[arg(long, env = "CAISSON_URL", default_value = "http://127.0.0.1:8787", global = true)]
    url: String,
    /// The admin key
    #[arg(long, env = "CAISSON_ADMIN_KEY", hide_env_values = true, global = true)]
    admin_key: Option<SecretText>,
}

/// How to print.
#[derive(Args, Clone, Copy)]
struct Output {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let closed = process::close();
    let cli = Cli::parse();
    if let Command::Compile(Compile { world, cpu_seconds, memory_bytes, hasty }) = cli.command {
        // Before any thread is started, and without the rest of what a command has.
        return run_inside(Inside { world, cpu_seconds, memory_bytes, hasty });
    }
    if let Err(error) = closed {
        eprintln!("warning: this process's memory can't be kept out of core dumps: {error}");
    }
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // Before there are threads: the process may start over here.
    let secrets = match &command {
        Command::Serve(serve) => serve.secrets()?,
        _ => process::Secrets::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve(serve) => serve.run(secrets).await,
            Command::Push(push) => push.run().await,
            Command::Set(set) => set.run().await,
            Command::List(list) => list.run().await,
            Command::Show(show) => show.run().await,
            Command::Activate(activate) => activate.run().await,
            Command::Remove(remove) => remove.run().await,
            Command::Key(key) => key.run().await,
            Command::New(new) => new.run(),
            Command::Build(build) => build.run().await,
            Command::Test(test) => test.run().await,
            Command::Dev(dev) => dev.run().await,
            Command::Check(check) => check.run().await,
            Command::Record(record) => record.run().await,
            Command::Bindings(bindings) => bindings.run(),
            Command::Componentize(componentize) => componentize.run(),
            Command::Demo(demo) => demo.run().await,
            Command::Compile(_) => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
