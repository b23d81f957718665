//! One run of `caisson COMMAND …`: what it printed and how it ended.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::artifacts::binary;
use crate::{LONG_PATIENCE, PATIENCE, within};

/// A command to be run.
pub struct CommandLine {
    command: Command,
    patience: Duration,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ran {
    pub success: bool,
    /// None where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CommandLine {
    pub fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).env_remove("CAISSON_URL").env_remove("CAISSON_ADMIN_KEY").kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, patience: PATIENCE }
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// It may install a toolchain first.
    pub fn with_toolchain(mut self) -> Self {
        self.patience = LONG_PATIENCE;
        self
    }

    /// Has it print to a pipe that nobody reads any longer.
    pub fn unread(mut self) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        self.command.stdout(writer);
        self
    }

    /// Runs it to its end.
    pub async fn ran(mut self) -> Ran {
        let child = self.command.spawn().unwrap();
        let output = within(self.patience, "a command's end", child.wait_with_output()).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (success, code) = (output.status.success(), output.status.code());
        Ran { success, code, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub async fn printed(self) -> String {
        let ran = self.ran().await;
        assert!(ran.success, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Runs a command with `--json` that has to succeed, and gives the JSON.
    pub async fn json(mut self) -> Value {
        self.command.arg("--json");
        let printed = self.printed().await;
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
    }

    /// Runs a command that has to fail, and gives what it says of it.
    pub async fn refused(self) -> String {
        let ran = self.ran().await;
        assert!(!ran.success, "{}", ran.stdout);
        ran.stderr
    }
}
