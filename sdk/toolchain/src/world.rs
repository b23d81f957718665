//! The contract, built in.

use std::path::{Path, PathBuf};

use anyhow::Context;
use include_dir::{Dir, include_dir};
use wit_parser::{Resolve, SourceMap, UnresolvedPackageGroup, WorldId};

static ADAPTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit/adapter");
static ADAPTER_ASYNC: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit/adapter-async");

/// A world of the contract: what an adapter imports and exports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// `adapter`, on WASI 0.2.
    #[default]
    Adapter,
    /// `adapter-async`, on WASI 0.3.
    AdapterAsync,
}

impl World {
    /// Its name in WIT.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adapter => "adapter",
            Self::AdapterAsync => "adapter-async",
        }
    }

    /// The world, with all that it names.
    pub(crate) fn resolve(self) -> anyhow::Result<(Resolve, WorldId)> {
        let folder = match self {
            Self::Adapter => &ADAPTER,
            Self::AdapterAsync => &ADAPTER_ASYNC,
        };
        let mut resolve = Resolve::default();
        let deps = folder.get_dir("deps").into_iter().flat_map(Dir::entries).map(|entry| match entry {
            include_dir::DirEntry::Dir(package) => parse(package.files()),
            include_dir::DirEntry::File(file) => parse([file]),
        });
        let package = resolve.push_groups(parse(folder.files())?, deps.collect::<anyhow::Result<_>>()?)?;
        let world = resolve.select_world(&[package], Some(self.name()))?;
        Ok((resolve, world))
    }
}

fn parse<'f>(files: impl IntoIterator<Item = &'f include_dir::File<'f>>) -> anyhow::Result<UnresolvedPackageGroup> {
    let mut sources = SourceMap::default();
    for file in files {
        sources.push(file.path(), file.contents_utf8().context("WIT is text")?);
    }
    sources.parse().map_err(|(_, error)| anyhow::anyhow!("{error}"))
}

pub(crate) fn write_file(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let parent: PathBuf = path.parent().map(Path::to_path_buf).unwrap_or_default();
    std::fs::create_dir_all(&parent).with_context(|| format!("can't make {}", parent.display()))?;
    std::fs::write(path, contents).with_context(|| format!("can't write {}", path.display()))
}
