//! Runs a language's toolchain on a project: Cargo for Rust, and for the others the script that comes with the kit, which installs what
//! the registries offer. What a toolchain prints goes to the person as it is.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::process::Command;

use super::{Language, Project};

/// Rust's target for components.
const RUST_TARGET: &str = "wasm32-wasip2";

/// What a build is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Speed {
    /// Serving: few instructions, a small file.
    Release,
    /// Trying while writing: there soon. The toolchain has a process group of its own, which ends when the build is dropped.
    Dev,
}

/// A component that a build left.
pub(in crate::cli) struct Built {
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) bytes: u64,
    pub(in crate::cli) took: Duration,
}

impl Project {
    /// Puts the kit where it's missing, and sees to it that the commands of the toolchain are there.
    pub(in crate::cli) async fn prepare(&self) -> anyhow::Result<()> {
        self.restore_kit()?;
        for need in needs(self.manifest.language) {
            if !need.commands.iter().all(|command| is_command(command)) {
                bail!("{} is missing: {}", need.what, need.remedy);
            }
        }
        if self.manifest.language == Language::Rust {
            self.prepare_rust().await?;
        }
        Ok(())
    }

    /// Builds the component. What is wrong with the source has been printed when this fails.
    pub(in crate::cli) async fn build(&self, speed: Speed) -> anyhow::Result<Built> {
        let begun = Instant::now();
        let path = self.component();
        match self.manifest.language {
            Language::Rust => self.build_rust(&path, speed).await?,
            Language::Python => {
                let source = self.folder.join("src");
                let arguments = [self.manifest.adapter.as_ref(), source.as_os_str(), path.as_os_str()];
                self.script("adapter", &arguments, speed).await?;
            }
            Language::Ts | Language::Go | Language::C => {
                self.script("adapter", &[self.folder.as_os_str(), path.as_os_str()], speed).await?
            }
        }
        let bytes = std::fs::metadata(&path).with_context(|| format!("the build left no {}", path.display()))?.len();
        Ok(Built { path, bytes, took: begun.elapsed() })
    }

    /// Runs the project's unit tests, which need no Wasm.
    pub(in crate::cli) async fn test(&self) -> anyhow::Result<()> {
        match self.manifest.language {
            Language::Rust => self.succeeds(self.command("cargo").arg("test"), Speed::Release).await.map(drop),
            _ => self.script("unit-test", &[self.folder.as_os_str()], Speed::Release).await,
        }
    }

    /// Installs Rust's target, where it's missing and rustup can.
    async fn prepare_rust(&self) -> anyhow::Result<()> {
        let mut command = self.command("rustc");
        let printed =
            command.args(["--print", "target-libdir", "--target", RUST_TARGET]).stderr(Stdio::inherit()).output();
        let printed = printed.await.context("rustc does not start")?;
        if printed.status.success() && Path::new(String::from_utf8_lossy(&printed.stdout).trim()).is_dir() {
            return Ok(());
        }
        if !is_command("rustup") {
            bail!(
                "Rust's target {RUST_TARGET} is missing, and so is rustup to add it: rustup.rs says how to install it"
            );
        }
        let added = self.command("rustup").args(["target", "add", RUST_TARGET]).status().await;
        if !added.is_ok_and(|status| status.success()) {
            bail!("Rust's target {RUST_TARGET} is missing, and `rustup target add {RUST_TARGET}` failed");
        }
        Ok(())
    }

    async fn build_rust(&self, path: &Path, speed: Speed) -> anyhow::Result<()> {
        let mut command = self.command("cargo");
        command.args(["build", "--target", RUST_TARGET, "--message-format", "json-render-diagnostics"]);
        if speed == Speed::Release {
            command.arg("--release");
        }
        let output = self.succeeds(command.stdout(Stdio::piped()), speed).await?;
        let manifest = self.folder.join("Cargo.toml");
        let module = output.stdout.split(|byte| *byte == b'\n').find_map(|line| module_of(line, &manifest));
        let module =
            module.context("the package makes no component: Cargo.toml wants [lib] crate-type = [\"cdylib\"]")?;
        let failed = || format!("can't write {}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(&self.folder)).with_context(failed)?;
        std::fs::copy(module, path).with_context(failed)?;
        Ok(())
    }

    /// Runs a command of the kit's script.
    async fn script(&self, name: &str, arguments: &[&OsStr], speed: Speed) -> anyhow::Result<()> {
        let mut command = self.command(self.kit().join("sdk").join(self.manifest.language.kit()).join("build.sh"));
        command.arg(name).args(arguments).env("CAISSON_CACHE", cache()?);
        // Kits for languages without tools of their own have this binary do their work.
        command.env("CAISSON_BIN", std::env::current_exe().context("can't find this binary")?);
        if name == "adapter" {
            // What is wrong is told on standard error; sizes and times are ours to tell.
            command.stdout(Stdio::null());
        }
        self.succeeds(&mut command, speed).await.map(drop)
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn succeeds(&self, command: &mut Command, speed: Speed) -> anyhow::Result<Output> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        #[cfg(unix)]
        if speed == Speed::Dev {
            command.process_group(0);
        }
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let group = (speed == Speed::Dev).then(|| Group(child.id()));
        let output = child.wait_with_output().await.with_context(|| format!("{name} can't be waited for"))?;
        drop(group);
        if !output.status.success() {
            bail!("{} failed, as told above", if name == "cargo" { "cargo" } else { "the toolchain" });
        }
        Ok(output)
    }
}

/// A process group that is ended when this is dropped: what a script started goes with it.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
            // Where all of it has ended already there is nothing to do.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

/// A part of a toolchain that no registry of a language offers.
struct Need {
    what: &'static str,
    commands: &'static [&'static str],
    remedy: &'static str,
}

const SHELL: Need = Need { what: "bash", commands: &["sh", "bash"], remedy: "apt-get install bash" };
const LOCK: Need = Need { what: "flock", commands: &["flock"], remedy: "apt-get install util-linux" };

fn needs(language: Language) -> &'static [Need] {
    match language {
        Language::Rust => &[Need {
            what: "Rust",
            commands: &["cargo", "rustc"],
            remedy: "rustup.rs says how to install it, without root",
        }],
        Language::Python | Language::Go | Language::C => &[
            Need {
                what: "Python, 3.11 or later,",
                commands: &["python3"],
                remedy: "apt-get install python3 python3-venv, or see python.org/downloads",
            },
            SHELL,
            LOCK,
        ],
        Language::Ts => &[
            Need {
                what: "Node.js, 20 or later, with npm",
                commands: &["node", "npm"],
                remedy: "apt-get install nodejs npm, or see nodejs.org/download",
            },
            SHELL,
            LOCK,
        ],
    }
}

fn is_command(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .any(|folder| folder.join(name).is_file() || folder.join(format!("{name}.exe")).is_file())
}

/// Where toolchains are kept, for all projects.
fn cache() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = variable("CAISSON_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|folder| folder.join("caisson")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".cache/caisson")))
        .context("there is no place for toolchains: set CAISSON_CACHE to a folder")?;
    std::path::absolute(cache).context("CAISSON_CACHE")
}

/// The component that this line of Cargo's messages tells of, if it is of the package with this manifest.
fn module_of(line: &[u8], manifest: &Path) -> Option<PathBuf> {
    let message: Value = serde_json::from_slice(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["manifest_path"].as_str().map(Path::new) != Some(manifest) {
        return None;
    }
    let files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    files.map(PathBuf::from).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}
