//! What `caisson new` and `caisson build` say to what they can't do. That the projects build and answer needs every language's toolchain
//! and is tried by a program of its own, `tests/projects`.

use std::fs;
use std::path::Path;

use caisson_e2e::CommandLine;

/// The names that `--lang` takes, and what a machine without their toolchain is told to install.
const LANGUAGES: [(&str, &str); 5] = [
    ("rust", "Rust is missing: rustup.rs"),
    ("python", "Python, 3.11 or later, is missing: apt-get install python3"),
    ("ts", "Node.js, 20 or later, with npm is missing: apt-get install nodejs npm"),
    ("go", "Python, 3.11 or later, is missing: apt-get install python3"),
    ("c", "Python, 3.11 or later, is missing: apt-get install python3"),
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn project(folder: &Path, language: &str) {
    CommandLine::new(&["new", "--lang", language, text(folder)]).printed().await;
}

#[tokio::test]
async fn a_machine_without_the_toolchain_is_told_in_one_line_what_to_install() {
    let desk = tempfile::tempdir().unwrap();
    for (language, advice) in LANGUAGES {
        let folder = desk.path().join(language);
        project(&folder, language).await;
        let build = CommandLine::new(&["build", text(&folder)]);
        let said = build.env("PATH", "/nonexistent").env("CARGO_HOME", "/nonexistent").refused().await;
        assert!(said.contains(advice), "{language}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{language}: {said}");
    }
}

#[tokio::test]
async fn a_project_names_itself_after_its_folder_and_does_not_overwrite_another() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("my-parrot");
    project(&folder, "python").await;
    let manifest = fs::read_to_string(folder.join("caisson-adapter.toml")).unwrap();
    assert!(manifest.contains("name = \"my-parrot\""), "{manifest}");
    let said = CommandLine::new(&["new", "--lang", "c", text(&folder)]).refused().await;
    assert!(said.contains("is not empty: name a folder that is, or a new one"), "{said}");
    assert_eq!(fs::read_to_string(folder.join("caisson-adapter.toml")).unwrap(), manifest);
}

#[tokio::test]
async fn a_mistake_in_the_manifest_is_told_with_its_line_and_column() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("parrot");
    project(&folder, "ts").await;
    let manifest = folder.join("caisson-adapter.toml");
    let wrong = fs::read_to_string(&manifest).unwrap().replace("language = \"ts\"", "language = \"cobol\"");
    fs::write(&manifest, wrong).unwrap();
    let said = CommandLine::new(&["build", text(&folder)]).refused().await;
    assert!(said.contains("caisson-adapter.toml:3:12: unknown variant `cobol`, expected one of"), "{said}");
}
