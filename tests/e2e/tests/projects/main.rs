//! The project that `caisson new` makes, in each language, with that language's own toolchain: its unit tests pass, `caisson dev`
//! serves it and its changes, it builds, and what it builds passes `caisson check`.
//!
//! Toolchains come from the registries by way of `caisson` itself, into the kits' cache, and Rust's packages into a target folder that
//! outlives the run. What is said to a machine that lacks a toolchain is tried elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use caisson_e2e::{CommandLine, Dev, build_folder, root, say};

/// A language, and what is changed in its template.
struct Language {
    /// As `--lang` takes it.
    name: &'static str,
    source: &'static str,
    /// What stands where a piece of the provider's text becomes the adapter's, and what is put there.
    change: (&'static str, &'static str),
}

const RUST: Language = Language {
    name: "rust",
    source: "src/lib.rs",
    change: ("Event::text(0, text)", "Event::text(0, format!(\"<{text}>\"))"),
};
const C: Language = Language {
    name: "c",
    source: "src/adapter.c",
    change: (
        "caisson_push_text(events, text)",
        "caisson_push_text(events, caisson_format(\"<%.*s>\", CAISSON_ARG(text)))",
    ),
};
const GO: Language = Language {
    name: "go",
    source: "main.go",
    change: (
        "caisson.TextDelta{Text: choice.Delta.Content}",
        "caisson.TextDelta{Text: \"<\" + choice.Delta.Content + \">\"}",
    ),
};
const PYTHON: Language = Language {
    name: "python",
    source: "src/adapter.py",
    change: ("yield TextDelta(text)", "yield TextDelta(f\"<{text}>\")"),
};
const TYPESCRIPT: Language = Language {
    name: "ts",
    source: "src/adapter.ts",
    change: ("event.text(choice.delta.content)", "event.text(`<${choice.delta.content}>`)"),
};

#[tokio::test]
async fn a_project_in_rust_is_tested_served_changed_built_and_checked() {
    RUST.whole_way().await;
}

#[tokio::test]
async fn a_project_in_c_is_tested_served_changed_built_and_checked() {
    C.whole_way().await;
}

#[tokio::test]
async fn a_project_in_go_is_tested_served_changed_built_and_checked() {
    GO.whole_way().await;
}

#[tokio::test]
async fn a_project_in_python_is_tested_served_changed_built_and_checked() {
    PYTHON.whole_way().await;
}

#[tokio::test]
async fn a_project_in_typescript_is_tested_served_changed_built_and_checked() {
    TYPESCRIPT.whole_way().await;
}

impl Language {
    async fn whole_way(&self) {
        let folder = self.new_project().await;
        let place = folder.to_str().unwrap();
        with_toolchain(&["test", place]).printed().await;
        self.serve_and_change(&folder).await;
        with_toolchain(&["build", place]).printed().await;
        let component = folder.join("build/parrot.wasm");
        let checked = CommandLine::new(&["check", component.to_str().unwrap()]).json().await;
        assert_eq!(checked["name"], "parrot", "{checked}");
        // That it ended well says that no case failed; this, that there were some.
        let passed = checked["cases"].as_array().unwrap().iter().filter(|case| case["result"] == "passed").count();
        assert!(passed >= 15, "{checked}");
    }

    /// Always the same folder, so that packages which are built for Rust are found again.
    async fn new_project(&self) -> PathBuf {
        let folder = desk().join(self.name).join("parrot");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        CommandLine::new(&["new", "--lang", self.name, folder.to_str().unwrap()]).printed().await;
        folder
    }

    async fn serve_and_change(&self, folder: &Path) {
        let dev = Dev::start(folder, &toolchain()).await;
        dev.serves_after(0).await;
        let said = dev.stream(say("parrot/gpt-4o-mini", "Hello")).await.rest().await.content();
        assert!(!said.is_empty() && !said.contains('<'), "{}: {said}", self.name);
        let source = folder.join(self.source);
        let (old, new) = self.change;
        let text = fs::read_to_string(&source).unwrap();
        assert!(text.contains(old), "{}: {text}", self.name);
        let before = dev.output().len();
        fs::write(&source, text.replace(old, new)).unwrap();
        dev.serves_after(before).await;
        let changed = dev.stream(say("parrot/gpt-4o-mini", "Hello")).await.rest().await.content();
        assert!(changed.starts_with('<') && changed.ends_with('>'), "{}: {changed}", self.name);
        assert_eq!(changed.replace(['<', '>'], ""), said, "{}", self.name);
        assert!(dev.interrupted().await.success(), "{}", self.name);
        assert!(!folder.join(".caisson/dev-data").exists(), "{}: what was served is still there", self.name);
    }
}

/// Where projects and what is built for them lie.
fn desk() -> PathBuf {
    build_folder().join("projects")
}

/// The kits' cache, and one target folder for Rust.
fn toolchain() -> Vec<(&'static str, String)> {
    let cache =
        std::env::var_os("CAISSON_CACHE").map_or_else(|| root().canonicalize().unwrap().join("target"), PathBuf::from);
    let text = |path: &Path| std::path::absolute(path).unwrap().to_str().unwrap().to_owned();
    vec![("CAISSON_CACHE", text(&cache)), ("CARGO_TARGET_DIR", text(&desk().join("target")))]
}

fn with_toolchain(arguments: &[&str]) -> CommandLine {
    let command = CommandLine::new(arguments).with_toolchain();
    toolchain().iter().fold(command, |command, (name, value)| command.env(name, value))
}
