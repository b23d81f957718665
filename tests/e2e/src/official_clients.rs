//! The official clients' scripts in `tests/clients`: installed once, then run against whatever the environment names.
//!
//! The scripts say what is checked. No client and no field of OpenAI's is known here.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::root;

/// Each script, program first. Paths are below the folder of the clients.
pub const SCRIPTS: [[&str; 2]; 3] = [PYTHON, NODE, AI_SDK];
pub const PYTHON: [&str; 2] = ["python/bin/python", "python/suite.py"];
pub const NODE: [&str; 2] = ["node", "node/openai.mjs"];
pub const AI_SDK: [&str; 2] = ["node", "node/ai-sdk.mjs"];

/// Cold, it downloads some 50 MB from the registries that pip and npm are set up for.
const INSTALLATION: Duration = Duration::from_secs(600);
const SCRIPT: Duration = Duration::from_secs(180);

/// Runs a script in this environment, expects each of its checks to pass, and gives what it printed.
pub async fn run_script([program, script]: [&str; 2], environment: &[(&str, String)]) -> String {
    let clients = installed().await;
    let program = if program.contains('/') { clients.join(program) } else { program.into() };
    let mut command = Command::new(program);
    command.arg(clients.join(script)).stdin(Stdio::null()).kill_on_drop(true);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let ended = tokio::time::timeout(SCRIPT, command.output()).await.expect("the script ends").unwrap();
    let (printed, said) = (text(&ended.stdout), text(&ended.stderr));
    let failed: Vec<_> = printed.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(ended.status.success() && failed.is_empty(), "{}\n{said}", failed.join("\n"));
    printed
}

/// The folder of the installed clients. Tests that ask at the same time wait for one installation.
async fn installed() -> &'static Path {
    static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
    let install = || async {
        let mut command = Command::new("sh");
        command.arg(root().join("tests/clients/install.sh")).stdin(Stdio::null()).kill_on_drop(true);
        let ended = tokio::time::timeout(INSTALLATION, command.output()).await.expect("the installation ends").unwrap();
        assert!(ended.status.success(), "{}{}", text(&ended.stdout), text(&ended.stderr));
        let cache = std::env::var_os("CAISSON_CACHE").map_or_else(|| root().join("target"), PathBuf::from);
        cache.join("clients")
    };
    FOLDER.get_or_init(install).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
