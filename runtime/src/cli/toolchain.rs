//! `caisson bindings`, `caisson componentize`: what an adapter in C or Go needs beside its compiler.

use std::path::PathBuf;

use anyhow::Context;
use caisson_toolchain::{Language, World};
use clap::{Args, ValueEnum};

/// Writes bindings.
#[derive(Args)]
pub(super) struct Bindings {
    /// The adapter's language
    #[arg(long, value_name = "LANGUAGE")]
    lang: Lang,
    /// The contract's world; `adapter-async`, on WASI 0.3, for C alone
    #[arg(long, value_name = "WORLD", default_value = "adapter")]
    world: ContractWorld,
    /// The folder to write them to; for Go one below a `go.mod`, from which its packages' import paths follow
    folder: PathBuf,
}

/// A language with bindings of ours; the others' toolchains make their own.
#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    C,
    Go,
}

/// A world of the contract.
#[derive(Clone, Copy, ValueEnum)]
enum ContractWorld {
    Adapter,
    AdapterAsync,
}

/// Wraps a core module.
#[derive(Args)]
pub(super) struct Componentize {
    /// The core module, compiled for wasm32-wasi with the bindings
    module: PathBuf,
    /// The component to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Bindings {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let language = match self.lang {
            Lang::C => Language::C,
            Lang::Go => Language::Go,
        };
        let world = match self.world {
            ContractWorld::Adapter => World::Adapter,
            ContractWorld::AdapterAsync => World::AdapterAsync,
        };
        caisson_toolchain::bindings(language, world, &self.folder)
    }
}

impl Componentize {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let module = std::fs::read(&self.module).with_context(|| format!("can't read {}", self.module.display()))?;
        let component = caisson_toolchain::componentize(&module).with_context(|| self.module.display().to_string())?;
        std::fs::write(&self.output, component).with_context(|| format!("can't write {}", self.output.display()))
    }
}
