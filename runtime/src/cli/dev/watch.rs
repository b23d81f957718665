//! What in a project's folder changed: its sources, not what builds leave beside them.
//!
//! The system's notices only say when to look. What counts is what is there then: files, their lengths and times. So an editor's
//! temporary files, and notices that come twice, change nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long it has to be quiet after a notice: saving is several.
const QUIET: Duration = Duration::from_millis(40);
/// How long a notice may be waited after, whatever follows it.
const MOST_QUIETS: usize = 10;
/// Folders that builds and package managers fill.
const BUILT: [&str; 7] = ["__pycache__", "build", "dist", "node_modules", "target", "vendor", "venv"];
/// Names that begin with a dot and are sources all the same.
const DOTTED: [&str; 2] = [".cargo", ".env"];

/// The files of a project's folder, looked at as they change.
pub(super) struct Watch {
    folder: PathBuf,
    watcher: RecommendedWatcher,
    notices: mpsc::Receiver<()>,
    seen: Files,
}

/// Files by their path in the folder.
type Files = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl Watch {
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        // One that waits to be looked after stands for all that follow it.
        let (notice, notices) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Of reading, as builds do, there are notices too.
            if event.is_ok_and(|event| event.kind.is_access()) {
                return;
            }
            let _ = notice.try_send(());
        });
        let watcher = watcher.context("files can't be watched")?;
        let mut watch = Self { folder: folder.to_owned(), watcher, notices, seen: Files::new() };
        watch.seen = watch.look()?;
        Ok(watch)
    }

    /// Waits until files differ from what they last were, and gives those. May be dropped at any time: what changed is still to be seen.
    pub(super) async fn changed(&mut self) -> anyhow::Result<Vec<PathBuf>> {
        loop {
            self.notices.recv().await.context("files are no longer watched")?;
            for _ in 0..MOST_QUIETS {
                if tokio::time::timeout(QUIET, self.notices.recv()).await.is_err() {
                    break;
                }
            }
            let found = self.look()?;
            let is_other = |path: &&PathBuf| found.get(*path) != self.seen.get(*path);
            let mut changed: Vec<PathBuf> = found.keys().chain(self.seen.keys()).filter(is_other).cloned().collect();
            changed.sort();
            changed.dedup();
            self.seen = found;
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
    }

    /// What is there now. Folders are watched before they are read, so that nothing is missed in between.
    fn look(&mut self) -> anyhow::Result<Files> {
        let mut files = Files::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let path = self.folder.join(&folder);
            if let Err(error) = self.watcher.watch(&path, RecursiveMode::NonRecursive) {
                // It may have gone meanwhile; the project's own must be there.
                anyhow::ensure!(!folder.as_os_str().is_empty(), "{} can't be watched: {error}", path.display());
                continue;
            }
            let Ok(entries) = std::fs::read_dir(&path) else { continue };
            for entry in entries.flatten() {
                let name = entry.file_name();
                let Ok(data) = entry.metadata() else { continue };
                let inside = folder.join(&name);
                if !is_source(&name.to_string_lossy(), data.is_dir()) {
                    continue;
                }
                if data.is_dir() {
                    folders.push(inside);
                } else if data.is_file() {
                    files.insert(inside, (data.len(), data.modified().ok()));
                }
            }
        }
        Ok(files)
    }
}

fn is_source(name: &str, is_folder: bool) -> bool {
    if is_folder && BUILT.contains(&name) {
        return false;
    }
    // Editors' backups and swap files, logs, and what Cargo writes while it builds.
    let is_beside = name.ends_with('~')
        || name.ends_with(".swp")
        || name.ends_with(".log")
        || name.starts_with('#')
        || name == "Cargo.lock";
    (!name.starts_with('.') || DOTTED.contains(&name)) && !is_beside
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    async fn next(watch: &mut Watch) -> Vec<PathBuf> {
        let changed = tokio::time::timeout(Duration::from_secs(60), watch.changed());
        changed.await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn changed_new_and_removed_sources_are_told_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "1");
        write("Cargo.toml", "1");
        let mut watch = Watch::new(folder.path()).unwrap();
        for noise in
            ["target/x", "src/.lib.rs.swp", "src/lib.rs~", "dev.log", "build/x.wasm", ".caisson/made-of", "Cargo.lock"]
        {
            write(noise, "noise");
        }
        write("src/lib.rs", "22");
        assert_eq!(next(&mut watch).await, [Path::new("src/lib.rs")]);
        write("src/deep/new.rs", "1");
        assert_eq!(next(&mut watch).await, [Path::new("src/deep/new.rs")]);
        write("src/deep/new.rs", "22");
        assert_eq!(next(&mut watch).await, [Path::new("src/deep/new.rs")]);
        std::fs::remove_file(folder.path().join("Cargo.toml")).unwrap();
        assert_eq!(next(&mut watch).await, [Path::new("Cargo.toml")]);
        write(".env", "A=1");
        assert_eq!(next(&mut watch).await, [Path::new(".env")]);
    }
}
