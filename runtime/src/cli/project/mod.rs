//! An adapter's project: the folder that `caisson new` makes, and that `build`, `test` and `dev` work in.
//!
//! The kits and the templates are in this binary, so that a project builds although no registry has our packages. Compiling is the
//! languages' own toolchains' work; they are installed from their registries where that can be done without being root.

mod kit;
mod manifest;
mod template;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use serde::Deserialize;

use manifest::Manifest;
pub(super) use manifest::{Dev, FILE, Fake};
pub(super) use template::{Names, write as write_template};
pub(super) use toolchain::{Built, Speed};

/// A language with a kit and a template.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Language {
    Rust,
    Python,
    Ts,
    Go,
    C,
}

/// A file that came with the binary.
struct Embedded {
    /// From the repository's root, or from the templates'.
    path: &'static str,
    executable: bool,
    bytes: &'static [u8],
}

mod embedded {
    use super::Embedded;
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// A project that is there and says what it is.
pub(super) struct Project {
    /// Absolute.
    pub(super) folder: PathBuf,
    pub(super) manifest: Manifest,
}

impl Language {
    /// Its name in texts.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Ts => "TypeScript",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// The folder of its kit in `sdk`.
    fn kit(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Ts => "js",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// The folder of its template.
    fn template(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Ts => "ts",
            Self::Go => "go",
            Self::C => "c",
        }
    }
}

impl Project {
    /// Reads what the project in this folder says of itself.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let manifest = Manifest::read(folder)?;
        let folder = folder.canonicalize().with_context(|| format!("can't find {}", folder.display()))?;
        Ok(Self { folder, manifest })
    }

    /// Where builds leave the component.
    pub(super) fn component(&self) -> PathBuf {
        self.folder.join("build").join(format!("{}.wasm", self.manifest.name))
    }

    /// Where the kit is, once [`Project::restore_kit`] has put it there.
    pub(super) fn kit(&self) -> PathBuf {
        self.folder.join(kit::FOLDER)
    }

    /// Puts the kit into the project, where it's missing or came with another `caisson`.
    pub(super) fn restore_kit(&self) -> anyhow::Result<()> {
        kit::restore(&self.kit(), self.manifest.language)
    }
}
