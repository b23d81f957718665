//! `caisson push` and `caisson set`: what an operator grants, from flags to the control plane's configuration.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::{Output, Remote, shown, units};

/// Uploads a component.
#[derive(Args)]
pub(super) struct Push {
    /// The component
    file: PathBuf,
    /// The deployment's name; clients write `NAME/model`
    #[arg(long)]
    name: String,
    #[command(flatten)]
    grants: Grants,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// Changes a deployment.
#[derive(Args)]
pub(super) struct Set {
    /// The deployment's name
    name: String,
    #[command(flatten)]
    grants: Grants,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// What is granted. What isn't mentioned stays as it was in the last revision.
#[derive(Args, Default)]
pub(super) struct Grants {
    /// Let it reach a host: `scheme://host[:port]`, host exact or `*.suffix`. Replaces all grants made before. Repeatable
    #[arg(long = "allow-host", value_name = "GRANT")]
    pub(super) allow_hosts: Vec<String>,
    /// Grant all hosts that the adapter asks for
    #[arg(long)]
    pub(super) grant_requested: bool,
    /// Let granted names resolve to private addresses
    #[arg(long)]
    pub(super) allow_private: bool,
    /// Let its component be for the world `adapter-async`, on WASI 0.3, which is experimental; `=false` takes that back
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) allow_async: Option<bool>,
    /// Give a credential. The adapter never sees it. Repeatable
    #[arg(long = "credential", value_name = "SLOT=env:VAR|file:PATH")]
    pub(super) credentials: Vec<String>,
    /// Give a setting; base-url points it at another upstream. An empty VALUE takes it away. Repeatable
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) settings: Vec<String>,
    /// Pass a client's header on to the adapter. Replaces those named before. Repeatable
    #[arg(long = "pass-header", value_name = "NAME")]
    pub(super) pass_headers: Vec<String>,
    /// Fuel a request may use, about one unit per Wasm instruction
    #[arg(long, value_name = "N")]
    pub(super) fuel: Option<u64>,
    /// Memory a request may use, as in 64MiB
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    pub(super) memory: Option<u64>,
    /// Time a request may take, as in 30s
    #[arg(long, value_name = "T", value_parser = units::duration)]
    pub(super) timeout: Option<Duration>,
    /// Set any limit by its name, as in concurrency=50 or answer-bytes=1048576. Repeatable
    #[arg(long = "limit", value_name = "NAME=N")]
    pub(super) limits: Vec<String>,
    /// Serve it also if it fails the check that every adapter must pass
    #[arg(long)]
    pub(super) force: bool,
}

impl Push {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let component = std::fs::read(&self.file).with_context(|| format!("can't read {}", self.file.display()))?;
        let config = self.grants.to_config()?;
        let client = Client::new(&self.remote)?;
        eprintln!("uploading {} ({} KiB) …", self.file.display(), component.len().div_ceil(1024));
        let started = Instant::now();
        let tell = |stage: &str| eprintln!("{} …", shown::printable(stage));
        let made = client.upload(&format!("/adapters/{}", self.name), &component, &config, tell).await?;
        eprintln!("done in {:.1} s", started.elapsed().as_secs_f64());
        shown::made(&made, self.output)?;
        if made["active"] != true && shown::has_failed(&made) {
            bail!(
                "the adapter failed the check that every adapter must pass, so this revision isn't served; --force serves it"
            );
        }
        Ok(())
    }
}

impl Set {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let config = self.grants.to_config()?;
        let made =
            Client::new(&self.remote)?.send_json(Method::PATCH, &format!("/adapters/{}", self.name), &config).await?;
        shown::made(&made, self.output)
    }
}

impl Grants {
    /// The configuration as the control plane reads it, with the credentials' values.
    pub(super) fn to_config(&self) -> anyhow::Result<Value> {
        let mut config = Map::new();
        if !self.allow_hosts.is_empty() {
            config.insert("grants".into(), json!(self.allow_hosts));
        }
        if self.grant_requested {
            config.insert("grant-requested".into(), true.into());
        }
        if self.force {
            config.insert("force".into(), true.into());
        }
        if self.allow_private {
            config.insert("allow-private".into(), true.into());
        }
        if let Some(allow) = self.allow_async {
            config.insert("allow-async".into(), allow.into());
        }
        if !self.pass_headers.is_empty() {
            config.insert("pass-headers".into(), json!(self.pass_headers));
        }
        let mut credentials = Map::new();
        for given in &self.credentials {
            let (slot, value) = credential(given)?;
            credentials.insert(slot, value.into());
        }
        config.insert("credentials".into(), credentials.into());
        let mut settings = Map::new();
        for given in &self.settings {
            let Some((key, value)) = given.split_once('=') else { bail!("--set {given}: write KEY=VALUE") };
            settings.insert(key.into(), if value.is_empty() { Value::Null } else { value.into() });
        }
        config.insert("settings".into(), settings.into());
        let timeout = self.timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        let mut limits: Map<String, Value> =
            [("fuel", self.fuel), ("memory-bytes", self.memory), ("timeout-ms", timeout)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
                .collect();
        for given in &self.limits {
            let number = given.split_once('=').and_then(|(name, number)| Some((name, number.parse::<u64>().ok()?)));
            let Some((name, number)) = number else { bail!("--limit {given}: write NAME=N, N a whole number") };
            limits.insert(name.into(), number.into());
        }
        if !limits.is_empty() {
            config.insert("limits".into(), limits.into());
        }
        Ok(config.into())
    }
}

/// Reads `SLOT=env:VAR` or `SLOT=file:PATH`. A value on the command line itself would be seen by every process on the machine.
fn credential(given: &str) -> anyhow::Result<(String, String)> {
    let usage = "write SLOT=env:VAR or SLOT=file:PATH (a value itself would be seen by every process on the machine)";
    let Some((slot, place)) = given.split_once('=') else { bail!("--credential: {usage}") };
    if !place.starts_with("env:") && !place.starts_with("file:") {
        bail!("--credential {slot}: {usage}");
    }
    let value = credential_value(place, Path::new(""), |variable| std::env::var(variable).ok());
    Ok((slot.to_owned(), value.with_context(|| format!("--credential {slot}"))?))
}

/// The value that `env:VAR` or `file:PATH` names, the path as from `folder`.
pub(super) fn credential_value(
    place: &str,
    folder: &Path,
    variable: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<String> {
    let value = match place.split_once(':') {
        Some(("env", name)) => variable(name).with_context(|| format!("the environment variable {name} is not set"))?,
        Some(("file", path)) => {
            std::fs::read_to_string(folder.join(path)).with_context(|| format!("can't read {path}"))?
        }
        // The value itself, perhaps: not to be repeated.
        _ => bail!("write env:VAR or file:PATH"),
    };
    Ok(value.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_mentioned_is_changed() {
        assert_eq!(Grants::default().to_config().unwrap(), json!({"credentials": {}, "settings": {}}));
    }

    #[test]
    fn flags_become_the_control_planes_configuration() {
        let grants = Grants {
            allow_hosts: vec!["https://a.com".into()],
            settings: vec!["base-url=http://127.0.0.1:1/v1?=".into(), "gone=".into()],
            memory: Some(1 << 20),
            timeout: Some(Duration::from_secs(2)),
            limits: vec!["concurrency=7".into()],
            ..Grants::default()
        };
        let expected = json!({
            "grants": ["https://a.com"],
            "credentials": {},
            "settings": {"base-url": "http://127.0.0.1:1/v1?=", "gone": null},
            "limits": {"memory-bytes": 1 << 20, "timeout-ms": 2000, "concurrency": 7},
        });
        assert_eq!(grants.to_config().unwrap(), expected);
    }

    #[test]
    fn a_credentials_value_on_the_command_line_is_refused_and_not_repeated() {
        let error = credential("api-key=sk-secret-value").unwrap_err().to_string();
        assert!(error.contains("env:VAR") && !error.contains("sk-secret"), "{error}");
    }
}
