//! `caisson demo`: the whole product on this machine in one command.
//!
//! Starts fake providers that speak the real wire formats, a server with a data folder of its own, pushes the adapters through the
//! control plane, runs a plain answer, a stream with a tool call and an embedding through them, then keeps serving. Where a real
//! provider's key is in the environment, that provider is deployed beside its fake. Everything stays on loopback but requests that
//! the person sends to a real provider.

mod client;
mod story;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use caisson_fake_providers::{FakeProvider, Wire};
use clap::Args;
use serde_json::{Value, json};

use super::client::Client;
use super::serve::{self, Manner, Started};
use crate::conformance::UploadCheck;
use client::OpenAi;

/// Tries everything.
#[derive(Args)]
pub(super) struct Demo {
    /// The folder with the adapters, as `just guests` leaves them
    #[arg(long, value_name = "DIR", default_value = "target/adapters")]
    adapters: PathBuf,
    /// Where to listen; a free port is taken if this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
    /// Exit after the run
    #[arg(long)]
    once: bool,
}

/// A provider that the demo shows: its fake, and where a real key would be.
struct Shown {
    name: &'static str,
    wire: Option<Wire>,
    model: &'static str,
    embedding_model: Option<&'static str>,
    key_variable: Option<&'static str>,
}

const SHOWN: [Shown; 4] = [
    Shown { name: "echo", wire: None, model: "echo", embedding_model: Some("echo"), key_variable: None },
    Shown {
        name: "openai",
        wire: Some(Wire::OpenAi),
        model: "gpt-4o-mini",
        embedding_model: Some("text-embedding-3-small"),
        key_variable: Some("OPENAI_API_KEY"),
    },
    Shown {
        name: "anthropic",
        wire: Some(Wire::Anthropic),
        model: "claude-sonnet-4-6",
        embedding_model: None,
        key_variable: Some("ANTHROPIC_API_KEY"),
    },
    Shown {
        name: "gemini",
        wire: Some(Wire::Gemini),
        model: "gemini-2.5-flash",
        embedding_model: Some("gemini-embedding-001"),
        key_variable: Some("GEMINI_API_KEY"),
    },
];

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let data = TemporaryFolder::new()?;
        let manner = Manner { hasty: false, checker: UploadCheck::new() };
        let Started { server, new_admin_key, .. } = serve::start_aside(self.listen, &data.0, manner).await?;
        let origin = format!("http://{}", server.address()?);
        let admin_key = new_admin_key.context("the demo's data folder is not new")?;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));

        println!("caisson serves {origin}/v1, with a data folder of its own that is removed at the end\n");
        let control = Client::with_key(&origin, admin_key.as_str().into());
        let mut fakes = Vec::new();
        for shown in &SHOWN {
            fakes.extend(self.deploy(&control, shown).await?);
        }
        story::run(&OpenAi::new(&origin), &SHOWN).await?;
        if !self.once {
            story::print_snippets(&origin, &admin_key, &SHOWN);
            serve::signal().await;
            println!();
        }
        drop(stop);
        serving.await?;
        Ok(())
    }

    /// Pushes an adapter, pointed at a fake of its provider; and at the real one under the name `…-live` where its key is set.
    async fn deploy(&self, control: &Client, shown: &Shown) -> anyhow::Result<Option<FakeProvider>> {
        let file = self.adapters.join(format!("{}.wasm", shown.name));
        let component = std::fs::read(&file)
            .with_context(|| format!("can't read {}: `./just guests` builds it", file.display()))?;
        let Some(wire) = shown.wire else {
            self.push(control, shown.name, &component, &json!({})).await?;
            return Ok(None);
        };
        let fake = FakeProvider::start(wire).await.context("can't start a fake provider")?;
        let config = json!({
            "settings": { "base-url": fake.base_url() },
            "grants": [fake.origin()],
            "credentials": { "api-key": fake.key() },
        });
        self.push(control, shown.name, &component, &config).await?;
        if let Some(key) = shown.key_variable.and_then(|variable| std::env::var(variable).ok()) {
            let config = json!({ "grant-requested": true, "credentials": { "api-key": key } });
            self.push(control, &format!("{}-live", shown.name), &component, &config).await?;
        }
        Ok(Some(fake))
    }

    async fn push(&self, control: &Client, name: &str, component: &[u8], config: &Value) -> anyhow::Result<()> {
        let started = std::time::Instant::now();
        let made = control
            .upload(&format!("/adapters/{name}"), component, config, |_| {})
            .await
            .with_context(|| format!("pushing {name}"))?;
        let hosts: Vec<&str> =
            made["config"]["grants"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let egress = if hosts.is_empty() { "no egress".to_owned() } else { format!("may reach {}", hosts.join(", ")) };
        println!(
            "pushed {name:<15} {:>4} KiB, compiled in {:.1} s, {egress}",
            component.len() / 1024,
            started.elapsed().as_secs_f64()
        );
        Ok(())
    }
}

/// A folder that is removed when this is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> anyhow::Result<Self> {
        let mut random = [0u8; 8];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
        let path = std::env::temp_dir().join(format!("caisson-demo-{:016x}", u64::from_le_bytes(random)));
        std::fs::create_dir(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} was not removed: {error}", self.0.display());
        }
    }
}
