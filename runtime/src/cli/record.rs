//! `caisson record FILE --request REQUEST -o CASE`: one real exchange, made into a case that `caisson check --cases` plays. Needs no server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;

use super::push::Grants;
use super::serve::compile_bounds;
use crate::config::Config;
use crate::conformance::{Recording, record};
use crate::deployments::{Change, examine};
use crate::egress::Network;
use crate::sandbox::Sandboxes;

/// Records an exchange.
#[derive(Args)]
pub(super) struct Record {
    /// The component
    file: PathBuf,
    /// The client's request, OpenAI's JSON; the model as the provider names it
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// It is a request for embeddings, and not for a chat
    #[arg(long)]
    embeddings: bool,
    /// What the case shows, in a sentence
    #[arg(long, value_name = "TEXT", default_value = "a recorded exchange")]
    shows: String,
    /// Where to write the case
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    grants: Grants,
}

impl Record {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let read = |file: &PathBuf| std::fs::read(file).with_context(|| format!("can't read {}", file.display()));
        let request = serde_json::from_slice(&read(&self.request)?)
            .with_context(|| format!("{} is no JSON", self.request.display()))?;
        let change: Change = serde_json::from_value(self.grants.to_config()?)?;
        let settings = self.grants.settings.iter().filter_map(|given| given.split_once('='));
        let settings: BTreeMap<String, String> =
            settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let sandboxes = Sandboxes::new(1, compile_bounds(&Config::default()))?;
        let examined = examine(&sandboxes, read(&self.file)?.into(), true, &|_| {}).await;
        let (component, _) = examined.with_context(|| self.file.display().to_string())?;
        let recording = Recording { request, embeddings: self.embeddings, shows: self.shows, settings, change };
        let (case, report) = record(&Arc::new(component), Network::new(&[]), recording).await?;
        std::fs::write(&self.output, case).with_context(|| format!("can't write {}", self.output.display()))?;
        if report.count("failed") > 0 {
            print!("{}", report.to_text());
            bail!("{} is written, but playing it doesn't give the same: what differs is above", self.output.display());
        }
        println!("{} is written, and passes", self.output.display());
        Ok(())
    }
}
