//! `caisson serve` as a child process: its own port and data folder, killed when the test drops it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tempfile::TempDir;

use crate::answer::Answer;
use crate::artifacts::binary;
use crate::command_line::CommandLine;
use crate::output::Output;
use crate::push::Push;
use crate::request::{Asking, ask};
use crate::soon;
use crate::streaming::Streaming;

/// The admin key of every server here.
pub const ADMIN_KEY: &str = "cak-of-the-end-to-end-tests";

/// A running server.
pub struct Caisson {
    // Killed before the folder goes.
    child: Serving,
    address: SocketAddr,
    setup: Setup,
    output: Output,
}

/// What a server is started with.
#[derive(Clone)]
pub struct Setup {
    folder: Arc<TempDir>,
    config: String,
    log: String,
    listen: SocketAddr,
    admin_key: Option<&'static str>,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// The child, killed and reaped on drop.
struct Serving(Child);

impl Caisson {
    /// Starts a server that has nothing but defaults.
    pub async fn start() -> Self {
        Self::prepare().start().await
    }

    /// A server to be configured before it starts.
    pub fn prepare() -> Setup {
        Setup {
            folder: Arc::new(TempDir::new().unwrap()),
            config: String::new(),
            log: "info".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_key: Some(ADMIN_KEY),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// Uploads `component` as the deployment `name`, with what the builder says. Nothing is sent before it's awaited.
    pub fn push(&self, name: &str, component: Bytes) -> Push {
        Push::new(self.control("PUT", &format!("/adapters/{name}")), component)
    }

    /// A request to the data plane.
    pub fn ask(&self, method: &str, path: &str) -> Asking {
        ask(self.address, method, path)
    }

    /// A request to the control plane, with the admin key; `path` is what follows `/admin/v1`.
    pub fn control(&self, method: &str, path: &str) -> Asking {
        self.ask(method, &format!("/admin/v1{path}")).key(ADMIN_KEY)
    }

    /// Asks for a chat completion.
    pub async fn chat(&self, body: Value) -> Answer {
        self.ask("POST", "/v1/chat/completions").json(&body).answer().await
    }

    /// Asks for a chat completion and has it streamed.
    pub async fn stream(&self, mut body: Value) -> Streaming {
        body["stream"] = true.into();
        self.ask("POST", "/v1/chat/completions").json(&body).streaming().await
    }

    /// Asks for embeddings.
    pub async fn embed(&self, body: Value) -> Answer {
        self.ask("POST", "/v1/embeddings").json(&body).answer().await
    }

    /// Gets a path of the data plane.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).answer().await
    }

    /// A command of `caisson`, told where this server is and what its admin key is.
    pub fn run(&self, arguments: &[&str]) -> CommandLine {
        CommandLine::new(arguments).env("CAISSON_URL", &self.url()).env("CAISSON_ADMIN_KEY", ADMIN_KEY)
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn process_id(&self) -> u32 {
        self.child.0.id()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.setup.data_dir()
    }

    /// What it printed and logged so far.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// What it was started with, to start another on the same data folder.
    pub fn setup(&self) -> Setup {
        self.setup.clone()
    }

    /// Asks it to stop, as a service manager does (SIGTERM).
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Ends it with no chance to do anything (SIGKILL), and waits until it's gone.
    pub fn kill(&mut self) {
        self.child.end();
    }

    /// Has it ended with no chance to do anything while others are still asking it something.
    pub fn strike(&self) {
        self.signal("KILL");
    }

    /// Ends it with no chance to do anything, and starts it again on the same data folder.
    pub async fn restarted(mut self) -> Self {
        self.kill();
        self.setup().start().await
    }

    /// Waits until it ended of itself.
    pub async fn exited(mut self) -> ExitStatus {
        let ended = tokio::task::spawn_blocking(move || self.child.0.wait().unwrap());
        soon("the end of the process", ended).await.unwrap()
    }

    /// Ends it and gives all that it printed and logged.
    pub async fn finished(mut self) -> String {
        self.kill();
        self.output.whole().await
    }

    fn signal(&self, name: &str) {
        // The shell's own `kill`: a slim image has no other, and a crate would be there for this line.
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.process_id())]).status().unwrap();
        assert!(sent.success());
    }
}

impl Setup {
    /// Lines of `caisson.toml`.
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self.config.push('\n');
        self
    }

    /// What to log, in tracing's syntax.
    pub fn log(mut self, filter: &str) -> Self {
        self.log = filter.into();
        self
    }

    /// An address to listen on, in place of a free port of 127.0.0.1.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Leaves it to make its own admin key.
    pub fn without_admin_key(mut self) -> Self {
        self.admin_key = None;
        self
    }

    /// Another argument of `caisson serve`.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// A variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it and waits until it listens.
    pub async fn start(self) -> Caisson {
        let (child, output) = self.spawn();
        let line = output.line_with("caisson serves ").await;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        let address = address.parse().unwrap_or_else(|_| panic!("no address in {line:?}"));
        Caisson { child, address, setup: self, output }
    }

    /// Starts it where it is not to come up: its exit and what it said.
    pub async fn refused(self) -> (ExitStatus, String) {
        let (mut child, output) = self.spawn();
        let ended = soon("a refusal to start", tokio::task::spawn_blocking(move || child.0.wait().unwrap())).await;
        (ended.unwrap(), output.line_with("error: ").await)
    }

    fn spawn(&self) -> (Serving, Output) {
        let config = self.folder.path().join("caisson.toml");
        std::fs::write(&config, &self.config).unwrap();
        let output = Output::new();
        let mut command = Command::new(binary());
        command.arg("serve").arg("--config").arg(&config).arg("--data-dir").arg(self.data_dir());
        command.args(["--listen", &self.listen.to_string(), "--log", &self.log]);
        command.args(&self.arguments);
        for name in ["CAISSON_ADMIN_KEY", "CAISSON_SECRET_KEY", "CAISSON_OLD_SECRET_KEY"] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").envs(self.admin_key.map(|key| ("CAISSON_ADMIN_KEY", key)));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        output.follow(child.stdout.take().unwrap());
        output.follow(child.stderr.take().unwrap());
        (Serving(child), output)
    }

    /// The folder that holds the data folder and the configuration, for a test's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Serving {
    fn end(&mut self) {
        // Fails only where the process has ended, and that is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}
