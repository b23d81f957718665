//! `caisson dev` as a child process, on a port of its own: what it serves and what it says, killed when the test drops it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::LONG_PATIENCE;
use crate::artifacts::binary;
use crate::output::Output;
use crate::request::ask;
use crate::streaming::Streaming;

/// A running `caisson dev`.
pub struct Dev {
    child: Child,
    address: SocketAddr,
    output: Output,
}

impl Dev {
    /// Starts it on a project and waits until it listens; nothing is served yet.
    pub async fn start(project: &Path, environment: &[(&'static str, String)]) -> Self {
        let mut command = Command::new(binary());
        command.arg("dev").arg(project).args(["--listen", "127.0.0.1:0"]);
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Output::new();
        output.follow(child.stdout.take().unwrap());
        output.follow(child.stderr.take().unwrap());
        // Whoever fails from here on ends it.
        let mut dev = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), output };
        let line = dev.output.line_with(" is served at http://").await;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        dev.address = address.parse().unwrap_or_else(|_| panic!("no address in {line:?}"));
        dev
    }

    /// What it said so far.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Waits until the project was built and is served, which it says beyond the first `bytes` of what it printed.
    pub async fn serves_after(&self, bytes: usize) {
        let outcome = self.output.line_after(bytes, &["pushed in ", "not served: "], LONG_PATIENCE).await;
        assert!(outcome.contains("is served"), "{}", self.output.text());
    }

    /// Asks for a chat completion and has it streamed.
    pub async fn stream(&self, mut body: Value) -> Streaming {
        body["stream"] = true.into();
        ask(self.address, "POST", "/v1/chat/completions").json(&body).streaming().await
    }

    /// Interrupts it, as Ctrl-C does, and waits until it ended.
    pub async fn interrupted(mut self) -> ExitStatus {
        let sent = Command::new("sh").args(["-c", &format!("kill -INT {}", self.child.id())]).status().unwrap();
        assert!(sent.success());
        self.output.whole().await;
        self.child.wait().unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Fails only where the process has ended, and that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
