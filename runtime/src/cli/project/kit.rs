//! A language's kit in a project's folder: unpacked out of this binary, never edited there, and put there anew where it's missing or
//! another `caisson` left it. Keeps the repository's layout, since the kits name the contract by its place beside them.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Context;
use sha2::{Digest as _, Sha256};

use super::template::write_file;
use super::{Embedded, Language, embedded};

/// Its folder in a project. Git is told to leave it alone.
pub(super) const FOLDER: &str = ".caisson";
/// What says that the kit is whole, and which it is.
const MADE_OF: &str = "made-of";

/// Unpacks the kit into this folder, unless it's there.
pub(super) fn restore(folder: &Path, language: Language) -> anyhow::Result<()> {
    let wanted = made_of(language);
    let made_of = folder.join(MADE_OF);
    let is_whole = || fs::read_to_string(&made_of).is_ok_and(|found| found == wanted);
    if is_whole() {
        return Ok(());
    }
    let place = || format!("can't put the kit into {}", folder.display());
    fs::create_dir_all(folder).with_context(place)?;
    // Builds may run side by side.
    let lock = File::create(folder.join("lock")).and_then(|lock| lock.lock().map(|()| lock)).with_context(place)?;
    if is_whole() {
        return Ok(());
    }
    remove(&made_of).with_context(place)?;
    for old in ["sdk", "wit"] {
        remove(&folder.join(old)).with_context(place)?;
    }
    for file in files(language) {
        write_file(&folder.join(file.path), file.bytes, file.executable)?;
    }
    write_file(&folder.join(".gitignore"), b"*\n", false)?;
    if language == Language::Rust {
        write_file(&folder.join(CARGO), workspace()?.as_bytes(), false)?;
    }
    write_file(&made_of, wanted.as_bytes(), false)?;
    drop(lock);
    Ok(())
}

/// The repository's own manifest, from which the Rust kit inherits.
const CARGO: &str = "Cargo.toml";

/// What of the embedded files a language's kit needs.
fn files(language: Language) -> impl Iterator<Item = &'static Embedded> {
    let kit = format!("sdk/{}/", language.kit());
    embedded::KITS
        .iter()
        .filter(move |file| file.path.starts_with(&kit) || file.path.starts_with("wit/") || file.path == "LICENSE")
}

/// Names the kit by this binary's version and the digest of all its files.
fn made_of(language: Language) -> String {
    let mut digest = Sha256::new();
    for file in files(language) {
        digest.update((file.path.len() as u64).to_le_bytes());
        digest.update(file.path);
        digest.update((file.bytes.len() as u64).to_le_bytes());
        digest.update(file.bytes);
    }
    let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("caisson {} {} {digest}\n", env!("CARGO_PKG_VERSION"), language.kit())
}

/// A manifest for the Rust kit's workspace: of the repository's, what the kit inherits.
fn workspace() -> anyhow::Result<String> {
    let parsed = |path: &str| -> anyhow::Result<toml::Table> {
        let file = embedded::KITS.iter().find(|file| file.path == path).context("it is not there")?;
        Ok(std::str::from_utf8(file.bytes)?.parse()?)
    };
    let mut repository = parsed(CARGO).context("the embedded Cargo.toml")?;
    let kit = parsed("sdk/rust/Cargo.toml").context("the Rust kit's Cargo.toml")?;
    repository.retain(|key, _| key == "workspace");
    if let Some(workspace) = repository.get_mut("workspace").and_then(toml::Value::as_table_mut) {
        workspace.retain(|key, _| matches!(key, "dependencies" | "lints" | "package" | "resolver"));
        workspace.insert("members".into(), vec!["sdk/rust"].into());
        let used = kit.get("dependencies").and_then(toml::Value::as_table);
        if let Some(dependencies) = workspace.get_mut("dependencies").and_then(toml::Value::as_table_mut) {
            dependencies.retain(|name, _| used.is_some_and(|used| used.contains_key(name)));
        }
    }
    Ok(repository.to_string())
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn a_kit_is_put_there_once_and_anew_when_it_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let kit = folder.path().join(FOLDER);
        let contract = kit.join("wit/adapter/world.wit");
        restore(&kit, Language::Python).unwrap();
        assert!(kit.join("sdk/python/src/caisson/__init__.py").is_file() && contract.is_file());
        fs::remove_file(&contract).unwrap();
        fs::write(kit.join("sdk/left-over"), "").unwrap();
        restore(&kit, Language::Python).unwrap();
        assert!(!contract.exists(), "what says that it is whole is believed");
        fs::write(kit.join(MADE_OF), "caisson 0.0.1 python 00\n").unwrap();
        restore(&kit, Language::Python).unwrap();
        assert!(contract.is_file() && !kit.join("sdk/left-over").exists());
    }

    #[test]
    fn kits_hold_sources_alone() {
        for Embedded { path, .. } in embedded::KITS {
            let built = ["__pycache__", "node_modules", "/dist/", "/target/", "made-of"];
            assert!(!built.iter().any(|built| path.contains(built)), "{path}");
        }
    }

    #[test]
    fn the_rust_kits_workspace_has_what_the_kit_inherits_and_no_more() {
        let table: toml::Table = workspace().unwrap().parse().unwrap();
        let workspace = &table["workspace"];
        assert_eq!(workspace["members"], vec!["sdk/rust"].into());
        assert!(workspace["dependencies"].get("wit-bindgen").is_some());
        assert!(workspace["dependencies"].get("wasmtime").is_none());
        assert!(workspace["package"].get("version").is_some() && workspace["lints"].get("rust").is_some());
    }
}
