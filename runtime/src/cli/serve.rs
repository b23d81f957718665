//! `caisson serve`: configuration, data folder, listeners, until a signal.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;

use crate::config::Config;
use crate::deployments::Deployments;
use crate::sandbox::Sandboxes;
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
    /// The admin key; without one it is made and printed once
    #[arg(long, env = "CAISSON_ADMIN_KEY", hide_env_values = true)]
    admin_key: Option<String>,
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
    /// The admin key, if it was made just now.
    pub(super) new_admin_key: Option<String>,
    /// Whether some caller's key exists.
    pub(super) has_keys: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        telemetry::start_logging(&self.log, self.log_json).map_err(anyhow::Error::msg)?;
        let config = self.config()?;
        let Started { server, new_admin_key, has_keys } = start(&config, self.admin_key.as_deref()).await?;
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

    fn config(&self) -> anyhow::Result<Config> {
        let mut config = self.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.admin_listen = self.admin_listen.or(config.admin_listen);
        config.data_dir = self.data_dir.clone().unwrap_or(config.data_dir);
        Ok(config)
    }
}

/// Opens the data folder and binds the listeners.
pub(super) async fn start(config: &Config, admin_key: Option<&str>) -> anyhow::Result<Started> {
    let sandboxes = Sandboxes::new(config.max_sandboxes)?;
    let aliases: BTreeMap<String, String> = config.aliases.clone();
    let deployments = Arc::new(Deployments::open(&config.data_dir, sandboxes, aliases).await?);
    let (admin_key, new_admin_key) = deployments.admin_key(admin_key)?;
    let has_keys = !deployments.keys()?.is_empty();
    let parts = Parts { deployments, admin_key, metrics: Arc::new(Metrics::new()) };
    let server = Server::bind(config, parts).await.with_context(|| format!("can't listen on {}", config.listen))?;
    Ok(Started { server, new_admin_key, has_keys })
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
