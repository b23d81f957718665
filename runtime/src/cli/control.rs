//! The commands that ask a running control plane for one thing.

use clap::{Args, Subcommand};
use http::Method;
use serde_json::json;

use super::client::Client;
use super::{Output, Remote, shown};

/// Lists deployments.
#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// Shows one deployment.
#[derive(Args)]
pub(super) struct Show {
    /// The deployment's name
    name: String,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// Serves another revision.
#[derive(Args)]
pub(super) struct Activate {
    /// The deployment's name
    name: String,
    /// The revision's number
    revision: u32,
    /// Serve it also if its check failed
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    output: Output,
}

/// Removes a deployment.
#[derive(Args)]
pub(super) struct Remove {
    /// The deployment's name
    name: String,
    #[command(flatten)]
    remote: Remote,
}

/// Manages callers' keys.
#[derive(Args)]
pub(super) struct Key {
    #[command(subcommand)]
    action: KeyAction,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Subcommand)]
enum KeyAction {
    /// Make a key; it is printed once
    Create {
        /// Whose it is
        #[arg(long, default_value = "")]
        label: String,
        #[command(flatten)]
        output: Output,
    },
    /// List the keys, without the keys themselves
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Make a key worthless, at once
    Revoke {
        /// The key's id, from `caisson key list`
        id: String,
    },
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        shown::deployments(&Client::new(&self.remote)?.get("/adapters").await?, self.output)
    }
}

impl Show {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = Client::new(&self.remote)?;
        let mut made = client.get(&format!("/adapters/{}", self.name)).await?;
        let revisions = client.get(&format!("/adapters/{}/revisions", self.name)).await?;
        if self.output.json {
            made["revisions"] = revisions["revisions"].clone();
            return shown::json(&made);
        }
        shown::made(&made, self.output)?;
        shown::revisions(&revisions);
        Ok(())
    }
}

impl Activate {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let path = format!("/adapters/{}/activate", self.name);
        let body = json!({ "revision": self.revision, "force": self.force });
        let made = Client::new(&self.remote)?.send_json(Method::POST, &path, &body).await?;
        shown::made(&made, self.output)
    }
}

impl Remove {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        Client::new(&self.remote)?.delete(&format!("/adapters/{}", self.name)).await?;
        println!("{} is removed", self.name);
        Ok(())
    }
}

impl Key {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let client = Client::new(&self.remote)?;
        match self.action {
            KeyAction::Create { label, output } => {
                let made = client.send_json(Method::POST, "/keys", &json!({ "label": label })).await?;
                if output.json {
                    return shown::json(&made);
                }
                println!("{}", made["key"].as_str().unwrap_or_default());
                eprintln!(
                    "this is the only time the key is shown; its id is {}",
                    made["id"].as_str().unwrap_or_default()
                );
                Ok(())
            }
            KeyAction::List { output } => shown::keys(&client.get("/keys").await?, output),
            KeyAction::Revoke { id } => {
                client.delete(&format!("/keys/{id}")).await?;
                println!("{id} is revoked");
                Ok(())
            }
        }
    }
}
