//! `caisson build` and `caisson test`: a project's component, and its unit tests, by its language's toolchain.

use std::path::{Path, PathBuf};

use clap::Args;

use super::project::{Built, Project, Speed};

/// Builds a project's component.
#[derive(Args)]
pub(super) struct Build {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Runs a project's unit tests.
#[derive(Args)]
pub(super) struct Test {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Build {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        project.prepare().await?;
        let Built { path, bytes, took } = project.build(Speed::Release).await?;
        println!("{}: {} KiB, built in {:.1} s", shortened(&path), bytes.div_ceil(1024), took.as_secs_f64());
        Ok(())
    }
}

impl Test {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        project.prepare().await?;
        project.test().await
    }
}

/// The path as from here, if it is below.
fn shortened(path: &Path) -> String {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).display().to_string()
}
