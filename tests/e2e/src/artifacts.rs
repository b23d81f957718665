//! What was built before the tests: the binary, the adapters, the test guests. Missing ones fail a test with the command that makes them.

use std::path::{Path, PathBuf};

use bytes::Bytes;

/// The release binary, or the one that `CAISSON_BIN` names.
pub(crate) fn binary() -> PathBuf {
    let built = || std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let binary = std::env::var_os("CAISSON_BIN").map_or_else(|| built().join("release/caisson"), PathBuf::from);
    assert!(binary.exists(), "{} is missing: build it with `cargo build --release -p caisson`", binary.display());
    binary
}

/// An adapter that a user of Caisson gets, as `just guests` leaves it.
#[track_caller]
pub fn adapter(name: &str) -> Bytes {
    read(&root().join("target/adapters").join(name).with_extension("wasm"), "./just guests")
}

/// A guest of `tests/guests`, which does one thing.
#[track_caller]
pub fn guest(name: &str) -> Bytes {
    read(&root().join("target/test-guests").join(name).with_extension("wasm"), "./just guests-for-tests")
}

/// The repository's top folder.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[track_caller]
fn read(path: &Path, command: &str) -> Bytes {
    match std::fs::read(path) {
        Ok(bytes) => bytes.into(),
        Err(error) => panic!("{} can't be read ({error}): build it with `{command}`", path.display()),
    }
}
