//! Generated Go as packages of the module that they are written into, so that it needs no module of anyone else's and no `replace`.
//!
//! The generator's own runtime, which it would have imported as `go.bytecodealliance.org/pkg`, is written beside the packages that
//! use it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use include_dir::{Dir, include_dir};
use wit_bindgen_core::Files;

use crate::world::write_file;

/// The generator's runtime; from the generator's crate, so that the two fit.
static RUNTIME: Dir<'_> = include_dir!("$GO_PACKAGE");

/// What the generator, and its runtime itself, import the runtime as.
const RUNTIME_PATH: &str = "\"go.bytecodealliance.org/pkg/wit/";

/// The import path of a folder: that of the module above it, and the way down from there.
pub(crate) fn import_path(folder: &Path) -> anyhow::Result<String> {
    let folder = std::path::absolute(folder).with_context(|| format!("can't tell where {} is", folder.display()))?;
    let (root, module) = folder
        .ancestors()
        .find_map(|root| Some((root, module_path(&root.join("go.mod"))?)))
        .with_context(|| format!("{} lies in no Go module: run `go mod init` first", folder.display()))?;
    let below = folder.strip_prefix(root).unwrap_or(Path::new(""));
    let below: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
    anyhow::ensure!(
        !below.is_empty(),
        "{} is a module's root: bindings go into a folder of their own below it",
        folder.display()
    );
    Ok(format!("{module}/{}", below.join("/")))
}

fn module_path(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let module = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    let module = module.split("//").next().unwrap_or_default().trim().trim_matches('"');
    (!module.is_empty()).then(|| module.to_owned())
}

/// Writes the generator's files and its runtime to `folder`, whose import path is `path`.
pub(crate) fn write(folder: &Path, path: &str, files: &Files) -> anyhow::Result<()> {
    let here = format!("\"{path}/wit/");
    for (name, contents) in files.iter() {
        write_source(&folder.join(name), contents, &here)?;
    }
    write_runtime(&RUNTIME, folder, &here)
}

fn write_runtime(dir: &Dir<'_>, folder: &Path, here: &str) -> anyhow::Result<()> {
    for file in dir.files() {
        let extension = file.path().extension().and_then(|extension| extension.to_str());
        let place = match extension {
            Some("go" | "s") => file.path().to_path_buf(),
            _ if file.path().ends_with("LICENSE") => PathBuf::from("wit/LICENSE"),
            _ => continue,
        };
        write_source(&folder.join(place), file.contents(), here)?;
    }
    dir.dirs().try_for_each(|dir| write_runtime(dir, folder, here))
}

fn write_source(path: &Path, contents: &[u8], here: &str) -> anyhow::Result<()> {
    match std::str::from_utf8(contents) {
        Ok(text) => write_file(path, text.replace(RUNTIME_PATH, here).as_bytes()),
        Err(_) => write_file(path, contents),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use std::path::Path;

    use crate::{Language, World};

    fn bindings(folder: &Path) -> anyhow::Result<()> {
        crate::bindings(Language::Go, World::Adapter, folder)
    }

    fn module(text: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("go.mod"), text).unwrap();
        root
    }

    #[test]
    fn packages_import_each_other_by_the_modules_path() {
        let root = module("// an adapter\nmodule example.com/a // ours\n\ngo 1.27\n");
        let folder = root.path().join("internal/bindings");
        bindings(&folder).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        let exports = read("exports/wit_exports/wit_exports.go");
        assert!(exports.contains("\"example.com/a/internal/bindings/imports/caisson_llm_api\""), "{exports}");
        assert!(exports.contains("\"example.com/a/internal/bindings/wit/runtime\""), "{exports}");
        assert!(read("wit/types/stream.go").contains("package"));
        assert!(read("wit/LICENSE").contains("Apache"));
    }

    #[test]
    fn nothing_is_left_to_fetch() {
        let root = module("module a");
        bindings(&root.path().join("b")).unwrap();
        let mut folders = vec![root.path().join("b")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert_ne!(path.file_name().unwrap(), "go.mod", "{}", path.display());
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(!text.contains("\"go.bytecodealliance.org"), "{}", path.display());
                }
            }
        }
    }

    #[test]
    fn a_folder_without_a_path_of_its_own_is_refused() {
        let outside = tempfile::tempdir().unwrap();
        let error = bindings(outside.path()).unwrap_err().to_string();
        assert!(error.contains("go mod init"), "{error}");
        let error = bindings(module("module a").path()).unwrap_err().to_string();
        assert!(error.contains("folder of their own"), "{error}");
    }
}
