//! The children: upstream, native proxy and `caisson serve`. Each is killed when its struct is dropped.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::options::{Build, Paced};

/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "anthropic";
/// For a control plane that lives for a minute on loopback.
const ADMIN_KEY: &str = "caisson-bench-admin-key";
/// Where the pushing command finds the provider's key.
const KEY_VARIABLE: &str = "CAISSON_BENCH_UPSTREAM_KEY";
/// Start-up compiles nothing, but the machine may be busy.
const START_TIME: Duration = Duration::from_secs(30);

/// The fake provider.
pub(crate) struct Upstream {
    child: Running,
    url: String,
    key: String,
}

/// The native proxy.
pub(crate) struct Native {
    child: Running,
    address: SocketAddr,
}

/// An upload to be made again and again.
pub(crate) struct Pushing {
    binary: PathBuf,
    component: PathBuf,
    deployment: String,
    address: SocketAddr,
}

/// `caisson serve` with one deployment.
pub(crate) struct Caisson {
    name: String,
    binary: PathBuf,
    child: Running,
    address: SocketAddr,
    versions: Versions,
    // Dropped after `child`, which writes to it.
    data: TempDir,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Versions {
    pub(crate) build: String,
    /// The program's own name and version.
    pub(crate) program: String,
    /// The adapter's; none where it is no Caisson.
    pub(crate) adapter: Option<String>,
    pub(crate) digest: Option<String>,
}

/// A child with its first lines read. Its output stays open: a child that prints to a closed pipe would die.
struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Upstream {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(&[]).await
    }

    /// One that costs little, for work under load: fixed answers on Anthropic's wire and on OpenAI's.
    pub(crate) async fn fixed() -> anyhow::Result<Self> {
        Self::started("fixed", &[]).await
    }

    /// One that sends streams at a pace of their own.
    pub(crate) async fn paced(Paced { streams, tokens, every_ms, anthropic }: Paced) -> anyhow::Result<Self> {
        let given = [("--streams", u64::from(streams)), ("--tokens", tokens.into()), ("--every-ms", every_ms)];
        let given = given.map(|(flag, value)| format!("{flag}={value}")).into_iter();
        Self::with(&given.chain(anthropic.then(|| "--anthropic".to_owned())).collect::<Vec<_>>()).await
    }

    async fn with(arguments: &[String]) -> anyhow::Result<Self> {
        Self::started("upstream", arguments).await
    }

    async fn started(subcommand: &str, arguments: &[String]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(subcommand).args(arguments).stdin(Stdio::piped());
        let mut child = Running::start(command)?;
        let url = child.line().await?;
        let key = child.line().await?;
        Ok(Self { child, url, key })
    }

    /// Its base URL; of Anthropic's wire that is its origin.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.child.id()
    }

    /// Ends it and waits until it is gone; dropping it does the one without the other.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}

impl Versions {
    /// Of a program that somebody else made.
    pub(crate) fn of_peer(program: &str) -> Self {
        Self { build: String::new(), program: program.to_owned(), adapter: None, digest: None }
    }
}

impl Native {
    pub(crate) async fn start(binary: &Path, upstream: &Upstream) -> anyhow::Result<Self> {
        let address = upstream.url().trim_start_matches("http://");
        let mut command = Command::new(binary);
        command.args(["--anthropic", address, "--openai", address, "--key", upstream.key()]).stdin(Stdio::null());
        let mut child = Running::start(command)?;
        let line = child.line().await?;
        let address = line.parse().with_context(|| format!("the native proxy printed `{line}`"))?;
        Ok(Self { child, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.child.id()
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}

impl Caisson {
    /// Starts it with an empty data folder and pushes the adapter.
    pub(crate) async fn start(build: Build, upstream: &Upstream) -> anyhow::Result<Self> {
        Self::configured(build, DEPLOYMENT, upstream, "").await
    }

    /// Starts it with these lines of configuration, and pushes the adapter by this name.
    pub(crate) async fn configured(
        build: Build,
        deployment: &str,
        upstream: &Upstream,
        config: &str,
    ) -> anyhow::Result<Self> {
        let Build { name, binary, adapter, push_flags } = build;
        let data = tempfile::tempdir().context("no temporary folder")?;
        let file = data.path().join("caisson.toml");
        std::fs::write(&file, config)?;
        let mut child = Running::start(serve(&binary, data.path()))?;
        let address = served_address(&child.line().await?)?;
        let flags = [upstreams(upstream.url(), upstream.key()), push_flags].concat();
        let pushed = push(&binary, &adapter, deployment, address, &flags).await?;
        let versions = Versions {
            build: name.clone(),
            program: run(Command::new(&binary).arg("--version")).await?.trim().to_owned(),
            adapter: Some(format!("{} {}", text(&pushed["adapter"]["name"]), text(&pushed["adapter"]["version"]))),
            digest: Some(text(&pushed["digest"]).to_owned()),
        };
        Ok(Self { name, binary, child, address, versions, data })
    }

    /// Kills it and starts it again with what it had. Gives the time from its start until it serves.
    pub(crate) async fn restart(&mut self) -> anyhow::Result<Duration> {
        self.child.child.kill().await.context("a child doesn't end")?;
        let begun = Instant::now();
        self.child = Running::start(serve(&self.binary, self.data.path()))?;
        let line = self.child.line().await?;
        let took = begun.elapsed();
        self.address = served_address(&line)?;
        Ok(took)
    }

    /// Pushes another adapter, with these flags.
    pub(crate) async fn push(&self, deployment: &str, adapter: &Path, flags: &[&str]) -> anyhow::Result<()> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        push(&self.binary, adapter, deployment, self.address, &flags).await.map(drop)
    }

    /// An upload that nobody expects to be taken, to be made again and again.
    pub(crate) fn pushing(&self, deployment: &str, component: &Path) -> Pushing {
        Pushing {
            binary: self.binary.clone(),
            component: component.to_owned(),
            deployment: deployment.to_owned(),
            address: self.address,
        }
    }

    /// Changes a deployment, with these flags.
    pub(crate) async fn set(&self, deployment: &str, flags: &[&str]) -> anyhow::Result<()> {
        run(control(&self.binary, self.address).args(["set", deployment]).args(flags)).await.map(drop)
    }

    /// Pushes another adapter, pointed at this upstream.
    pub(crate) async fn push_before(
        &self,
        upstream: &Upstream,
        deployment: &str,
        adapter: &Path,
    ) -> anyhow::Result<()> {
        self.push_at(upstream.url(), upstream.key(), deployment, adapter).await
    }

    /// The same, with the base URL that this adapter wants.
    pub(crate) async fn push_at(&self, url: &str, key: &str, deployment: &str, adapter: &Path) -> anyhow::Result<()> {
        push(&self.binary, adapter, deployment, self.address, &upstreams(url, key)).await.map(drop)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.child.id()
    }

    pub(crate) fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Ends it and waits until it is gone; dropping it does the one without the other.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }
}

impl Pushing {
    /// Pushes until the server says no. Dropping it leaves.
    pub(crate) async fn refused(&self) -> anyhow::Result<()> {
        let mut command = control(&self.binary, self.address);
        command.arg("push").arg(&self.component).args(["--name", &self.deployment]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let ended = command.output().await.context("`caisson push` doesn't start")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        anyhow::ensure!(
            !ended.status.success() && said.contains("compiling"),
            "it was not compiled and refused: {said}"
        );
        Ok(())
    }
}

/// `caisson serve` with the configuration and the data in this folder.
fn serve(binary: &Path, folder: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--config"])
        .arg(folder.join("caisson.toml"))
        .arg("--data-dir")
        .arg(folder.join("data"))
        .env("CAISSON_ADMIN_KEY", ADMIN_KEY)
        .stdin(Stdio::null());
    command
}

/// The flags with which an operator points an adapter at its provider: a grant, a setting, a credential.
fn upstreams(url: &str, key: &str) -> Vec<String> {
    let origin = url.strip_suffix("/v1").unwrap_or(url);
    let credential = format!("api-key=env:{KEY_VARIABLE}");
    let flags = ["--credential", &credential, "--allow-host", origin, "--set", &format!("base-url={url}")];
    flags.map(str::to_owned).into_iter().chain([format!("{KEY_VARIABLE}={key}")]).collect()
}

/// Deploys an adapter as an operator would, with the default limits unless the flags say otherwise.
async fn push(
    binary: &Path,
    adapter: &Path,
    deployment: &str,
    address: SocketAddr,
    flags: &[String],
) -> anyhow::Result<Value> {
    let mut command = control(binary, address);
    command.arg("push").arg(adapter).args(["--json", "--name", deployment]);
    for flag in flags {
        match flag.strip_prefix(KEY_VARIABLE).and_then(|rest| rest.strip_prefix('=')) {
            Some(key) => command.env(KEY_VARIABLE, key),
            None => command.arg(flag),
        };
    }
    let made: Value =
        serde_json::from_str(&run(&mut command).await?).context("`caisson push --json` printed no JSON")?;
    anyhow::ensure!(made["active"] == true, "the adapter is not served; still missing: {}", made["missing"]);
    Ok(made)
}

/// A command of `caisson` that knows this server and its admin key.
fn control(binary: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.env("CAISSON_ADMIN_KEY", ADMIN_KEY).env("CAISSON_URL", format!("http://{address}"));
    command
}

/// Runs a command to its end.
async fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        bail!("{:?} failed: {}", command.as_std().get_program(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The address in `caisson serves http://ADDRESS/v1 (…)`.
fn served_address(line: &str) -> anyhow::Result<SocketAddr> {
    let address = line.split_once("http://").and_then(|(_, rest)| rest.split_once("/v1")).map(|(address, _)| address);
    address.and_then(|address| address.parse().ok()).with_context(|| format!("`caisson serve` printed `{line}`"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

impl Running {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        let spawned = command.stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = spawned.with_context(|| format!("{:?} doesn't start", command.as_std().get_program()))?;
        let output = child.stdout.take().context("the child has no output")?;
        Ok(Self { child, output: BufReader::new(output).lines() })
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("a child doesn't end")
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let line =
            tokio::time::timeout(START_TIME, self.output.next_line()).await.context("a child doesn't get ready")?;
        line?.context("a child ended before it was ready")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    #[test]
    fn the_address_is_read_from_what_serve_prints() {
        let line = "caisson serves http://127.0.0.1:41681/v1 (control plane http://127.0.0.1:41681/admin/v1)";
        assert_eq!(served_address(line).unwrap(), "127.0.0.1:41681".parse().unwrap());
        assert!(served_address("error: the address is in use").unwrap_err().to_string().contains("in use"));
    }
}
