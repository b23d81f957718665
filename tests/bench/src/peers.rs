//! The gateways that are measured beside Caisson: LiteLLM's proxy with a CustomLLM, and Portkey's. `peers/install.sh` installs them;
//! here they are started, with what they would print in a file.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::processes::{Upstream, Versions};
use crate::subject::Way;

/// LiteLLM imports for a while.
const START_TIME: Duration = Duration::from_secs(120);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A gateway of somebody else's. Killed when it is dropped.
pub(crate) struct Peer {
    pub(crate) way: Way,
    child: Child,
    address: SocketAddr,
    version: String,
    output: NamedTempFile,
}

impl Peer {
    /// Starts the gateway that is installed in `folder`; none where it isn't.
    pub(crate) async fn start(way: Way, folder: &Path, upstream: &Upstream) -> anyhow::Result<Option<Self>> {
        // Neither takes port 0. Somebody else may take this one meanwhile, and then the start fails.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let (command, version) = match way {
            Way::LiteLlm => (litellm(folder, address, upstream), litellm_version(folder)),
            _ => (portkey(folder, address), portkey_version(folder)),
        };
        let Some(version) = version else { return Ok(None) };
        let output = NamedTempFile::new()?;
        let mut command = command;
        command.stdin(Stdio::null()).stdout(output.reopen()?).stderr(output.reopen()?).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("{version} doesn't start"))?;
        let mut peer = Self { way, child, address, version, output };
        peer.ready().await?;
        Ok(Some(peer))
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + START_TIME;
        while TcpStream::connect(self.address).await.is_err() {
            let said = || fs::read_to_string(self.output.path()).unwrap_or_default();
            ensure!(self.child.try_wait()?.is_none(), "{} ended before it was ready: {}", self.version, said());
            ensure!(Instant::now() < until, "{} doesn't get ready: {}", self.version, said());
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(crate) fn versions(&self) -> Versions {
        Versions::of_peer(&self.version)
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("a gateway doesn't end")
    }
}

/// With one worker, which is its default, no keys and no database.
fn litellm(folder: &Path, address: SocketAddr, upstream: &Upstream) -> Command {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/litellm.yaml");
    let mut command = Command::new(folder.join("litellm/bin/litellm"));
    command
        .arg("--config")
        .arg(config)
        .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
        .env("BENCH_UPSTREAM", upstream.url())
        .env("BENCH_KEY", upstream.key())
        // As whoever tries it on loopback: without a key to check, and without asking the network for prices.
        .env("LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY", "true")
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        .env("LITELLM_LOG", "ERROR")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn litellm_version(folder: &Path) -> Option<String> {
    let packages = fs::read_dir(folder.join("litellm/lib")).ok()?.flatten().next()?.path().join("site-packages");
    let names = fs::read_dir(packages).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let version = |name: String| Some(name.strip_prefix("litellm-")?.strip_suffix(".dist-info")?.to_owned());
    Some(format!("LiteLLM {} with a CustomLLM", names.filter_map(version).next()?))
}

fn portkey(folder: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new("node");
    command.arg(portkey_package(folder).join("build/start-server.js"));
    command.args([&format!("--port={}", address.port()), "--headless"]).env("NODE_ENV", "production");
    command
}

fn portkey_version(folder: &Path) -> Option<String> {
    let package: Value = serde_json::from_slice(&fs::read(portkey_package(folder).join("package.json")).ok()?).ok()?;
    Some(format!("Portkey's gateway {}", package["version"].as_str()?))
}

fn portkey_package(folder: &Path) -> PathBuf {
    folder.join("portkey/node_modules/@portkey-ai/gateway")
}
