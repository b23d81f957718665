//! What was built before the tests: the binary, the adapters, the test guests. Missing ones fail a test with the command that makes them.

use std::path::{Path, PathBuf};

use bytes::Bytes;

/// The other world: the same adapters and guests, and some more, built for it.
pub(crate) const ADAPTER_ASYNC: &str = "adapter-async";

/// The release binary, or the one that `CAISSON_BIN` names.
pub(crate) fn binary() -> PathBuf {
    let built = || build_folder().join("release/caisson");
    let binary = std::env::var_os("CAISSON_BIN").map_or_else(built, PathBuf::from);
    assert!(binary.exists(), "{} is missing: build it with `cargo build --release -p caisson`", binary.display());
    binary
}

/// Where Cargo builds.
pub fn build_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().canonicalize().unwrap().join("target"), PathBuf::from)
}

/// An adapter that a user of Caisson gets, as `just guests` leaves it.
#[track_caller]
pub fn adapter(name: &str) -> Bytes {
    read(&built("adapters", name), "./just guests")
}

/// The names of all adapters that are built, in order.
pub fn adapters() -> Vec<String> {
    let folder = root().join("target/adapters");
    let found = std::fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!("{} can't be read ({error}): build the adapters with `./just guests`", folder.display())
    });
    let files = found.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|is| is == "wasm"));
    let mut names: Vec<_> = files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    names
}

/// A guest of `tests/guests`, which does one thing.
#[track_caller]
pub fn guest(name: &str) -> Bytes {
    read(&built("test-guests", name), "./just guests-for-tests")
}

/// The repository's top folder.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A guest of `tests/guests/tasks`, which are for the other world alone.
#[track_caller]
pub fn async_guest(name: &str) -> Bytes {
    let path = root().join("target").join(ADAPTER_ASYNC).join("test-guests").join(name);
    read(&path.with_extension("wasm"), "./just async-guests")
}

/// Whether the tests run with what was built for the other world, wherever there is such.
pub(crate) fn in_other_world() -> bool {
    std::env::var_os("CAISSON_WORLD").is_some_and(|world| world == ADAPTER_ASYNC)
}

/// What `caisson push` has to be told of a component of the world that the tests run with.
pub fn world_flags() -> &'static [&'static str] {
    if in_other_world() { &["--allow-async"] } else { &[] }
}

/// Where a component is that `just` leaves in `folder` of `target`.
fn built(folder: &str, name: &str) -> PathBuf {
    let target = root().join("target");
    let path = |target: PathBuf| target.join(folder).join(name).with_extension("wasm");
    let other = path(target.join(ADAPTER_ASYNC));
    // Not everything has a build for it.
    if in_other_world() && other.exists() { other } else { path(target) }
}

#[track_caller]
fn read(path: &Path, command: &str) -> Bytes {
    match std::fs::read(path) {
        Ok(bytes) => bytes.into(),
        Err(error) => panic!("{} can't be read ({error}): build it with `{command}`", path.display()),
    }
}
