//! `caisson dev`: builds a project with each change and serves it on this machine, with what requests cost and what the adapter says.
//!
//! The server is this process's own, with a data folder in the project that begins empty. What doesn't build is told, and what was
//! served before stays served. Everything ends with this process.

mod granted;
mod later;
mod watch;

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use caisson_fake_providers::FakeProvider;
use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::client::Client;
use super::project::{FILE, Fake, Project, Speed};
use super::serve::{self, Manner, Started};
use super::shown;
use crate::deployments::{Checked, Deployments, FailedCase};
use crate::telemetry;
use granted::{Granted, granted};
use later::Later;
use watch::Watch;

/// Builds and serves a project while it's being written.
#[derive(Args)]
pub(super) struct Dev {
    /// The project's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Where to listen; a free port is taken if this one is in use
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,
}

/// What stays the same from change to change.
struct Session {
    folder: PathBuf,
    control: Client,
    deployments: Arc<Deployments>,
    later: Arc<Later>,
    origin: String,
    /// The fake provider that the manifest asks for.
    fake: Option<(Fake, FakeProvider)>,
    /// What was pushed last: the component's bytes, and its configuration.
    pushed: Option<(Vec<u8>, Value)>,
    /// What is served, as `name@revision`.
    served: Option<String>,
}

impl Dev {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let project = Project::open(&self.folder)?;
        let stopped = serve::signal();
        tokio::pin!(stopped);
        tokio::select! {
            prepared = project.prepare() => prepared?,
            () = &mut stopped => return Ok(()),
        }
        let _alone = alone(&project.kit())?;
        let data = project.kit().join("dev-data");
        let emptied = || format!("can't empty {}", data.display());
        if data.exists() {
            std::fs::remove_dir_all(&data).with_context(emptied)?;
        }
        telemetry::start_telling().map_err(anyhow::Error::msg)?;
        let later = Later::new();
        let manner = Manner { hasty: true, checker: later.clone() };
        let Started { server, deployments, new_admin_key, .. } = serve::start_aside(self.listen, &data, manner).await?;
        let origin = format!("http://{}", server.address()?);
        let admin_key = new_admin_key.context("the data folder is not new")?;
        let (stop, stop_serving) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(server.serve(async { drop(stop_serving.await) }));
        println!("{} is served at {origin}/v1 as long as this runs; Ctrl-C ends it", project.manifest.name);
        let control = Client::with_key(&origin, admin_key.as_str().into());
        let mut session = Session {
            folder: project.folder.clone(),
            control,
            deployments,
            later,
            origin,
            fake: None,
            pushed: None,
            served: None,
        };
        tokio::select! {
            ended = session.run() => ended?,
            () = stopped => println!(),
        }
        drop((stop, session));
        serving.await?;
        std::fs::remove_dir_all(&data).with_context(emptied)
    }
}

impl Session {
    /// Builds and pushes with each change, the first time without one.
    async fn run(&mut self) -> anyhow::Result<()> {
        let mut watch = Watch::new(&self.folder)?;
        let mut needs_build = true;
        loop {
            let outcome = tokio::select! {
                outcome = self.round(needs_build) => Some(outcome),
                // What is being built is old already: it's dropped, and with it the toolchain's processes.
                changed = watch.changed() => {
                    needs_build |= tell_changed(&changed?);
                    None
                }
            };
            match outcome {
                Some(Ok(())) => needs_build = false,
                Some(Err(error)) => {
                    let served = self.served.as_ref().map(|served| format!("; {served} is still served"));
                    println!("not served: {error:#}{}", served.unwrap_or_default());
                }
                None => continue,
            }
            let changed = tokio::select! {
                changed = watch.changed() => changed,
                () = self.tell_check() => watch.changed().await,
            };
            needs_build |= tell_changed(&changed?);
        }
    }

    async fn round(&mut self, needs_build: bool) -> anyhow::Result<()> {
        // It may say something else by now.
        let project = Project::open(&self.folder)?;
        let begun = Instant::now();
        if needs_build && self.pushed.is_none() {
            println!("building …");
        }
        let path = if needs_build { project.build(Speed::Dev).await?.path } else { project.component() };
        let built = begun.elapsed();
        let component = std::fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        self.start_fake(project.manifest.dev.fake).await?;
        let Granted { config, lacks } = granted(&project, self.fake.as_ref().map(|(_, fake)| fake));
        let now = (component, config);
        if self.pushed.as_ref() == Some(&now) {
            println!("built in {:.1} s: nothing changed", built.as_secs_f64());
            return Ok(());
        }
        println!("built in {:.1} s", built.as_secs_f64());
        let begun = Instant::now();
        let made = self.push(&project, &now.0, &now.1).await?;
        println!("pushed in {:.1} s: revision {} is served", begun.elapsed().as_secs_f64(), made["revision"]);
        let is_first = self.served.replace(format!("{}@{}", project.manifest.name, made["revision"])).is_none();
        self.pushed = Some(now);
        lacks.iter().for_each(|lacking| println!("  {lacking}: set it in the environment or in the file .env"));
        let missing = made["missing"].as_array().into_iter().flatten().filter_map(Value::as_str);
        missing.for_each(|missing| println!("  still missing: {}", shown::printable(missing)));
        if is_first {
            self.print_request(&project, &made);
        }
        self.deployments.remove_inactive(&project.manifest.name).await?;
        Ok(())
    }

    /// Checks what was pushed last, where that wasn't done, and says what came of it.
    async fn tell_check(&self) {
        let Some(Checked { passed, failed, skipped, failures, .. }) = self.later.check_now().await else { return };
        if failed == 0 {
            println!("checked as every push is: {passed} cases passed, {skipped} skipped");
            return;
        }
        println!(
            "a server would not serve it: {failed} of {} cases failed, which every adapter must pass",
            passed + failed
        );
        for FailedCase { case, reason } in failures {
            println!("  failed  {}: {}", shown::printable(&case), shown::printable(&reason));
        }
    }

    /// Makes a revision and has it served, whatever it lacks.
    async fn push(&self, project: &Project, component: &[u8], config: &Value) -> anyhow::Result<Value> {
        let path = format!("/adapters/{}", project.manifest.name);
        let mut made = self.control.upload(&path, component, config, |_| {}).await?;
        if let Some((_, fake)) = &self.fake {
            let slots = made["wants"]["credentials"].as_array().into_iter().flatten();
            let lacking = slots.filter(|slot| slot["given"] != true).filter_map(|slot| slot["slot"].as_str());
            let credentials: serde_json::Map<_, _> = lacking.map(|slot| (slot.to_owned(), json!(fake.key()))).collect();
            if !credentials.is_empty() {
                let change = json!({ "credentials": credentials, "force": true });
                made = self.control.send_json(Method::PATCH, &path, &change).await?;
            }
        }
        if made["active"] != true {
            let revision = json!({ "revision": made["revision"], "force": true });
            made = self.control.send_json(Method::POST, &format!("{path}/activate"), &revision).await?;
        }
        Ok(made)
    }

    /// Has the fake provider run that is wanted, and no other.
    async fn start_fake(&mut self, wanted: Option<Fake>) -> anyhow::Result<()> {
        if self.fake.as_ref().map(|(fake, _)| *fake) == wanted {
            return Ok(());
        }
        self.fake = None;
        let Some(wanted) = wanted else { return Ok(()) };
        let fake = FakeProvider::start(wanted.wire()).await.context("can't start a fake provider")?;
        println!("a fake provider answers at {}, whatever the model; {FILE} says so", fake.base_url());
        self.fake = Some((wanted, fake));
        Ok(())
    }

    fn print_request(&self, project: &Project, made: &Value) {
        let known = made["models"].as_array().into_iter().flatten().filter_map(|model| model["id"].as_str());
        let model = project.manifest.dev.model.as_deref().or_else(|| known.into_iter().find(|id| !id.contains('*')));
        let body = json!({
            "model": format!("{}/{}", project.manifest.name, model.unwrap_or("MODEL")),
            "stream": true,
            "messages": [{ "role": "user", "content": "Hello" }],
        });
        println!("\n  curl -N {}/v1/chat/completions -d '{}'\n", self.origin, shown::printable(&body.to_string()));
    }
}

/// Says which files changed; whether one of them goes into the component.
fn tell_changed(changed: &[PathBuf]) -> bool {
    let names: Vec<_> = changed.iter().take(3).map(|path| path.display().to_string()).collect();
    let more = if changed.len() > names.len() { " …" } else { "" };
    println!("changed: {}{more}", names.join(", "));
    changed.iter().any(|path| path != Path::new(".env"))
}

/// Holds the project's own lock: two servers can't share its data folder.
fn alone(kit: &Path) -> anyhow::Result<File> {
    let path = kit.join("dev-lock");
    let lock = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => bail!("another `caisson dev` runs in this project"),
        Err(std::fs::TryLockError::Error(error)) => Err(error).context("can't lock the project"),
    }
}
