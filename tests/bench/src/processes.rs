//! The two children: upstream and `caisson serve`. Each is killed when its struct is dropped.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::options::Build;

/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "anthropic";
/// For a control plane that lives for a minute on loopback.
const ADMIN_KEY: &str = "caisson-bench-admin-key";
/// Start-up compiles nothing, but the machine may be busy.
const START_TIME: Duration = Duration::from_secs(30);

/// The fake provider.
pub(crate) struct Upstream {
    child: Running,
    url: String,
    key: String,
}

/// `caisson serve` with one deployment.
pub(crate) struct Caisson {
    name: String,
    child: Running,
    address: SocketAddr,
    versions: Versions,
    // Dropped after `child`, which writes to it.
    _data: TempDir,
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Versions {
    pub(crate) build: String,
    pub(crate) caisson: String,
    pub(crate) adapter: String,
    pub(crate) digest: String,
}

/// A child with its first lines read. Its output stays open: a child that prints to a closed pipe would die.
struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Upstream {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("upstream").stdin(Stdio::piped());
        let mut child = Running::start(command)?;
        let url = child.line().await?;
        let key = child.line().await?;
        Ok(Self { child, url, key })
    }

    /// Its origin, which is also the base URL of Anthropic's wire.
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

impl Caisson {
    /// Starts it with an empty data folder and pushes the adapter.
    pub(crate) async fn start(build: Build, upstream: &Upstream) -> anyhow::Result<Self> {
        let Build { name, binary, adapter } = build;
        let data = tempfile::tempdir().context("no temporary folder")?;
        let mut command = Command::new(&binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data-dir"])
            .arg(data.path())
            .env("CAISSON_ADMIN_KEY", ADMIN_KEY)
            .stdin(Stdio::null());
        let mut child = Running::start(command)?;
        let address = served_address(&child.line().await?)?;
        let pushed = push(&binary, &adapter, address, upstream).await?;
        let versions = Versions {
            build: name.clone(),
            caisson: run(Command::new(&binary).arg("--version")).await?.trim().to_owned(),
            adapter: format!("{} {}", text(&pushed["adapter"]["name"]), text(&pushed["adapter"]["version"])),
            digest: text(&pushed["digest"]).to_owned(),
        };
        Ok(Self { name, child, address, versions, _data: data })
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

/// Deploys the adapter as an operator would: a grant, a setting, a credential, the default limits.
async fn push(binary: &Path, adapter: &Path, address: SocketAddr, upstream: &Upstream) -> anyhow::Result<Value> {
    let url = upstream.url();
    let mut command = Command::new(binary);
    command
        .arg("push")
        .arg(adapter)
        .args(["--json", "--name", DEPLOYMENT, "--credential", "api-key=env:CAISSON_BENCH_UPSTREAM_KEY"])
        .args(["--allow-host", url, "--set", &format!("base-url={url}")])
        .env("CAISSON_BENCH_UPSTREAM_KEY", upstream.key())
        .env("CAISSON_ADMIN_KEY", ADMIN_KEY)
        .env("CAISSON_URL", format!("http://{address}"));
    let made: Value =
        serde_json::from_str(&run(&mut command).await?).context("`caisson push --json` printed no JSON")?;
    anyhow::ensure!(made["active"] == true, "the adapter is not served; still missing: {}", made["missing"]);
    Ok(made)
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
