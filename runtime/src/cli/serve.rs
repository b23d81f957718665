//! `caisson serve`: configuration, data folder, listeners, until a signal.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use super::process::{self, Secrets};
use crate::config::Config;
use crate::conformance::UploadCheck;
use crate::deployments::{Checker, Deployments, GivenKeys, KeySource, SecretKey};
use crate::egress::{Network, SecretText};
use crate::sandbox::{CompileBounds, Sandboxes};
use crate::server::{Parts, Server};
use crate::telemetry::{self, Metrics};

/// Serves.
#[derive(Args)]
pub(super) struct Serve {
    /// Read this configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Give the control plane its own address
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
    /// The folder for the database and the artifacts [default: caisson-data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The admin key; without one it is made and printed once. Better in the environment than here, where every process sees it
    /// [env: CAISSON_ADMIN_KEY]
    #[arg(long, value_name = "KEY")]
    admin_key: Option<SecretText>,
    /// Seal credentials with the secret key in this file. Without a key, one is made in the data folder [env: CAISSON_SECRET_KEY, the
    /// key itself]
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
    /// The secret key that sealed credentials until now, to change it [env: CAISSON_OLD_SECRET_KEY, the key itself]
    #[arg(long, value_name = "FILE")]
    old_secret_key_file: Option<PathBuf>,
    /// How this process hands secrets to itself, out of its environment
    #[arg(long, hide = true)]
    secrets_on_stdin: bool,
    /// What to log, in tracing's syntax
    #[arg(long, env = "CAISSON_LOG", default_value = "info")]
    log: String,
    /// Log JSON
    #[arg(long)]
    log_json: bool,
}

/// A server that is bound, with what whoever started it has to know.
pub(super) struct Started {
    pub(super) server: Server,
    pub(super) deployments: Arc<Deployments>,
    /// The admin key, if it was made just now.
    pub(super) new_admin_key: Option<String>,
    /// Whether some caller's key exists.
    pub(super) has_keys: bool,
}

/// How a server for a while takes pushes.
pub(super) struct Manner {
    /// Machine code is there sooner and runs slower.
    pub(super) hasty: bool,
    pub(super) checker: Arc<dyn Checker>,
}

impl Serve {
    /// Takes the secrets out of the environment, before anything else is done.
    pub(super) fn secrets(&self) -> anyhow::Result<Secrets> {
        if self.secrets_on_stdin {
            return Secrets::take_from_stdin().context("can't read the secrets on standard input");
        }
        Ok(Secrets::take_from_environment())
    }

    pub(super) async fn run(self, secrets: Secrets) -> anyhow::Result<()> {
        telemetry::start_logging(&self.log, self.log_json).map_err(anyhow::Error::msg)?;
        if let Some(error) = &secrets.left {
            tracing::warn!(%error, "secrets stay in this process's environment, where root and its own user can read them");
        }
        process::survive_file_size_limit().context("can't handle the signal of a reached file size limit")?;
        if let Err(error) = process::give_memory_back() {
            tracing::warn!(%error, "memory that a crowd took is given back only while others come");
        }
        let config = self.config()?;
        let keys = self.keys(&config, &secrets)?;
        let admin_key = self.admin_key.as_ref().or(secrets.admin_key.as_ref());
        let Started { server, new_admin_key, has_keys, .. } =
            start(&config, admin_key.map(SecretText::expose), &keys).await?;
        // What serving needs of them is derived: the secrets themselves need not be in memory any longer.
        drop((keys, secrets));
        let (address, admin_address) = (server.address()?, server.admin_address()?);
        // Before anybody can know that it serves, and stop it.
        let stopped = signal();
        println!("caisson serves http://{address}/v1 (control plane http://{admin_address}/admin/v1)");
        if let Some(key) = new_admin_key {
            println!("admin key, shown only this once: {key}");
        }
        if !has_keys {
            println!("no caller key exists yet: only this machine is served; `caisson key create` makes one");
        }
        server.serve(stopped).await;
        Ok(())
    }

    /// What the command line says goes before the environment, and that before the configuration.
    fn keys(&self, config: &Config, secrets: &Secrets) -> anyhow::Result<GivenKeys> {
        let file = |path: &Option<PathBuf>| path.clone().map(KeySource::File);
        let text = |key: &Option<SecretText>, variable| {
            let key = key.as_ref().map(|key| SecretKey::new(key.expose(), variable));
            Ok::<_, anyhow::Error>(key.transpose()?.map(KeySource::Text))
        };
        let current = text(&secrets.secret_key, "CAISSON_SECRET_KEY")?;
        let old = text(&secrets.old_secret_key, "CAISSON_OLD_SECRET_KEY")?;
        Ok(GivenKeys {
            current: file(&self.secret_key_file).or(current).or(file(&config.secret_key_file)),
            old: file(&self.old_secret_key_file).or(old),
        })
    }

    fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.admin_listen = self.admin_listen.or(config.admin_listen);
        config.data_dir = self.data_dir.clone().unwrap_or(config.data_dir);
        Ok(config)
    }
}

/// Opens the data folder and binds the listeners.
pub(super) async fn start(config: &Config, admin_key: Option<&str>, keys: &GivenKeys) -> anyhow::Result<Started> {
    start_with(config, admin_key, keys, compile_bounds(config), UploadCheck::new()).await
}

async fn start_with(
    config: &Config,
    admin_key: Option<&str>,
    keys: &GivenKeys,
    bounds: CompileBounds,
    checker: Arc<dyn Checker>,
) -> anyhow::Result<Started> {
    let sandboxes = Sandboxes::new(config.max_sandboxes, bounds)?;
    let aliases: BTreeMap<String, String> = config.aliases.clone();
    let network = Network::new(&config.dns_servers);
    let deployments = Arc::new(Deployments::open(&config.data_dir, sandboxes, aliases, network, checker, keys).await?);
    let (admin_key, new_admin_key) = deployments.admin_key(admin_key)?;
    let has_keys = !deployments.keys()?.is_empty();
    let parts = Parts { deployments: Arc::clone(&deployments), admin_key, metrics: Arc::new(Metrics::new()) };
    let server = Server::bind(config, parts).await.with_context(|| format!("can't listen on {}", config.listen))?;
    Ok(Started { server, deployments, new_admin_key, has_keys })
}

/// As [`start`], for a while on this machine: with a new data folder, and on a free port where somebody's real server may be there
/// already.
pub(super) async fn start_aside(listen: SocketAddr, data: &Path, manner: Manner) -> anyhow::Result<Started> {
    let config = Config { listen, data_dir: data.to_owned(), shutdown_grace_seconds: 1, ..Config::default() };
    let bounds = CompileBounds { hasty: manner.hasty, ..compile_bounds(&config) };
    let checker = || Arc::clone(&manner.checker);
    match start_with(&config, None, &GivenKeys::default(), bounds, checker()).await {
        Err(_) if listen.port() != 0 => {
            let (listen, data_dir) = (SocketAddr::new(listen.ip(), 0), data.join("second"));
            start_with(&Config { listen, data_dir, ..config }, None, &GivenKeys::default(), bounds, checker()).await
        }
        started => started,
    }
}

/// What compiling one component may cost.
pub(super) fn compile_bounds(config: &Config) -> CompileBounds {
    CompileBounds {
        cpu_seconds: config.compile_cpu_seconds,
        memory_bytes: config.compile_memory_bytes,
        seconds: config.compile_seconds,
        hasty: false,
    }
}

/// Resolves at SIGINT or SIGTERM, also one that came before this is polled.
pub(super) fn signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{Signal, SignalKind, signal};
        async fn received(signal: std::io::Result<Signal>) {
            match signal {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
        }
        let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async move {
            tokio::select! {
                () = received(interrupt) => {}
                () = received(terminate) => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        drop(tokio::signal::ctrl_c().await);
    }
}
