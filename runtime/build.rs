//! Puts into the binary what `caisson new` and `caisson build` unpack: the kits, the contract, the templates of projects.
//!
//! Makes a table of files. What is listed here comes along and nothing else, so that what builds leave beside the sources stays out.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Files, and folders with all in them, by their path in the repository.
const KITS: &[&str] = &[
    "Cargo.toml",
    "LICENSE",
    "wit/adapter",
    "wit/adapter-async",
    "sdk/c/README.md",
    "sdk/c/build.sh",
    "sdk/c/requirements.txt",
    "sdk/c/src",
    "sdk/c/yyjson.txt",
    "sdk/go/README.md",
    "sdk/go/build.sh",
    "sdk/go/caisson",
    "sdk/go/caissontest",
    "sdk/go/component",
    "sdk/go/go.mod",
    // The rest of the bindings is generated.
    "sdk/go/internal/bindings/exports/export_caisson_adapter_provider",
    "sdk/go/internal/transport",
    "sdk/js/.prettierrc.json",
    "sdk/js/README.md",
    "sdk/js/build.sh",
    "sdk/js/package-lock.json",
    "sdk/js/package.json",
    "sdk/js/scripts",
    "sdk/js/src",
    "sdk/js/tsconfig.build.json",
    "sdk/js/tsconfig.json",
    "sdk/python/README.md",
    "sdk/python/build.sh",
    "sdk/python/pyproject.toml",
    "sdk/python/requirements.txt",
    "sdk/python/src",
    "sdk/rust/Cargo.toml",
    "sdk/rust/README.md",
    "sdk/rust/examples",
    "sdk/rust/src",
];

fn main() -> io::Result<()> {
    // A conformance case that comes or goes: the suites are in the binary, too.
    println!("cargo::rerun-if-changed=../tests/conformance");
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let repository = here.join("..").canonicalize()?;
    let mut table = String::new();
    let kits = KITS.iter().map(|kit| repository.join(kit)).collect();
    write_table(&mut table, "KITS", &repository, kits)?;
    let templates = here.join("templates").canonicalize()?;
    write_table(&mut table, "TEMPLATES", &templates, vec![templates.clone()])?;
    fs::write(Path::new(&variable("OUT_DIR")?).join("embedded.rs"), table)
}

/// Writes a table of all files in these places, in order, with their paths from `root`.
fn write_table(table: &mut String, name: &str, root: &Path, places: Vec<PathBuf>) -> io::Result<()> {
    let mut files = Vec::new();
    for place in places {
        // Of a folder, Cargo looks at everything in it.
        println!("cargo::rerun-if-changed={}", place.display());
        collect(place, &mut files)?;
    }
    files.sort();
    let _ = writeln!(table, "pub(super) static {name}: &[Embedded] = &[");
    for file in files {
        let path = file.strip_prefix(root).map_err(io::Error::other)?;
        let executable = path.extension().is_some_and(|extension| extension == "sh");
        let _ = writeln!(
            table,
            "    Embedded {{ path: {path:?}, executable: {executable}, bytes: include_bytes!({file:?}) }},"
        );
    }
    table.push_str("];\n");
    Ok(())
}

fn collect(place: PathBuf, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !place.is_dir() {
        files.push(place);
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        // Python keeps what it compiled beside its source.
        if entry.file_name() != "__pycache__" {
            collect(entry.path(), files)?;
        }
    }
    Ok(())
}

fn variable(name: &str) -> io::Result<String> {
    std::env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}
