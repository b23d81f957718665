//! `caisson check FILE`: does the component fit the world, what does it want, and does it do what the cases say? Needs no server, and
//! no network.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::serve::compile_bounds;
use super::{Output, shown};
use crate::chat::{AdapterInfo, Placement};
use crate::config::Config;
use crate::conformance::{Report, Suite};
use crate::deployments::examine;
use crate::sandbox::{Sandboxes, World};

/// Checks a component.
#[derive(Args)]
pub(super) struct Check {
    /// The component
    file: PathBuf,
    /// Play the cases in this folder too. Repeatable
    #[arg(long, value_name = "DIR")]
    cases: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Check {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let suites = self.cases.iter().map(|folder| Suite::read(folder)).collect::<Result<Vec<_>, _>>()?;
        let bytes = std::fs::read(&self.file).with_context(|| format!("can't read {}", self.file.display()))?;
        let sandboxes = Sandboxes::new(1, compile_bounds(&Config::default()))?;
        let examined = examine(&sandboxes, bytes.into(), true, &|_| {}).await;
        let (component, _) = examined.with_context(|| self.file.display().to_string())?;
        let component = Arc::new(component);
        let (info, world) = (&component.info, component.adapter.world());
        let mut report = Report::default();
        Suite::generic().run(&component, &mut report).await;
        for suite in Suite::named(&info.suites, &suites, &mut report).iter().chain(&suites) {
            suite.run(&component, &mut report).await;
        }
        if self.output.json {
            shown::json(&json!({
                "digest": component.digest.to_string(),
                "world": world.name(),
                "name": info.name,
                "version": info.version,
                "description": info.description,
                "models": info.models.iter().map(|model| &model.id).collect::<Vec<_>>(),
                "hosts": info.hosts,
                "credentials": info.credentials.iter().map(|slot| &slot.name).collect::<Vec<_>>(),
                "settings": info.settings.iter().map(|setting| &setting.name).collect::<Vec<_>>(),
                "cases": report.cases,
            }))?;
        } else {
            let (file, name) = (self.file.display(), world.name());
            println!("{file} is an adapter: it fits the world `{name}`, and `describe` answers");
            if world == World::AdapterAsync {
                println!("  is on {}, which is experimental: push it with --allow-async", world.wasi());
            }
            print_info(info);
            print!("\n{}", report.to_text());
        }
        match report.count("failed") {
            0 => Ok(()),
            failed => bail!("{failed} of {} cases failed", report.cases.len()),
        }
    }
}

fn print_info(info: &AdapterInfo) {
    let line = |text: String| println!("  {}", shown::printable(&text));
    line(format!("{} {} — {}", info.name, info.version, info.description));
    for host in &info.hosts {
        line(format!("wants host        {host}"));
    }
    for slot in &info.credentials {
        let place = match &slot.placement {
            Placement::Bearer => "as a bearer token".to_owned(),
            Placement::Header(name) => format!("in the header {name}"),
            Placement::Query(name) => format!("in the query parameter {name}"),
            Placement::Scheme(scheme) => format!("signed by {}", scheme.name),
        };
        let optional = if slot.required { "" } else { " (optional)" };
        line(format!("wants credential  {} for {}, {place}{optional}", slot.name, slot.host));
    }
    for setting in &info.settings {
        line(format!("has setting       {} — {}", setting.name, setting.description));
    }
}
