//! `caisson bindings`, `caisson componentize`: what an adapter in C or Go needs beside its compiler.

use std::path::PathBuf;

use anyhow::Context;
use caisson_toolchain::Language;
use clap::{Args, ValueEnum};

/// Writes bindings.
#[derive(Args)]
pub(super) struct Bindings {
    /// The adapter's language
    #[arg(long, value_name = "LANGUAGE")]
    lang: Lang,
    /// The folder to write them to; for Go one below a `go.mod`, from which its packages' import paths follow
    folder: PathBuf,
}

/// A language with bindings of ours; the others' toolchains make their own.
#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    C,
    Go,
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
        caisson_toolchain::bindings(language, &self.folder)
    }
}

impl Componentize {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let module = std::fs::read(&self.module).with_context(|| format!("can't read {}", self.module.display()))?;
        let component = caisson_toolchain::componentize(&module).with_context(|| self.module.display().to_string())?;
        std::fs::write(&self.output, component).with_context(|| format!("can't write {}", self.output.display()))
    }
}
