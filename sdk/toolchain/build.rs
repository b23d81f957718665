//! Finds the Go package that generated bindings import: it is part of the generator's own crate, wherever Cargo keeps that.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    let package = go_package();
    println!("cargo::rerun-if-changed=build.rs");
    // Another version of the generator lies elsewhere.
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    println!("cargo::rustc-env=GO_PACKAGE={}", package.display());
}

fn go_package() -> PathBuf {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform"])
        .arg(std::env::var("TARGET").unwrap_or_default())
        .output()
        .unwrap_or_else(|error| panic!("`cargo metadata` doesn't start: {error}"));
    let text = String::from_utf8_lossy(&metadata.stdout);
    // Each package has one manifest path, and a path holds no quote.
    let manifest = text
        .split("\"manifest_path\":\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.contains("wit-bindgen-go"))
        .unwrap_or_else(|| {
            panic!("`cargo metadata` names no wit-bindgen-go: {}", String::from_utf8_lossy(&metadata.stderr))
        });
    PathBuf::from(manifest).with_file_name("src/pkg")
}
