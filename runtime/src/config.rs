//! What an operator decides: `caisson.toml`, under what the command line says.
//!
//! Every field has a default, so `caisson serve` needs no file. Unknown fields are refused by name: a misspelt limit must not be a
//! limit that isn't there. It reads no environment and opens no socket.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The settings of one `caisson serve`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the data plane listens, and the control plane too unless it has its own address.
    pub listen: SocketAddr,
    /// Where the control plane listens, if apart.
    pub admin_listen: Option<SocketAddr>,
    /// The folder for the database and the artifacts. Made if missing.
    pub data_dir: PathBuf,
    /// The file with the secret key that credentials are sealed with. Without a key, one is made in the data folder.
    pub secret_key_file: Option<PathBuf>,
    /// The largest request body of the data plane, in bytes.
    pub max_body_bytes: usize,
    /// The largest component that may be uploaded, in bytes.
    pub max_upload_bytes: usize,
    /// Sandboxes at one time, over all deployments; further requests get a 503 with `retry-after`.
    pub max_sandboxes: u32,
    /// CPU time that compiling one component may take over all threads, in seconds.
    pub compile_cpu_seconds: u64,
    /// Memory that compiling one component may take, in bytes.
    pub compile_memory_bytes: u64,
    /// How long compiling one component may take, in seconds.
    pub compile_seconds: u64,
    /// What the data plane's request bodies may take together, in bytes; a request beyond gets a 503 with `retry-after`.
    pub max_buffered_bytes: usize,
    /// Clients' connections at one time. When there are as many, the one that has been idle for longest is closed for the next.
    pub max_connections: usize,
    /// How long a client may do nothing amid a request or an answer, in seconds.
    pub client_stall_seconds: u64,
    /// How long a whole request body may take, in seconds.
    pub body_seconds: u64,
    /// How long a connection may lie idle between requests, in seconds.
    pub idle_seconds: u64,
    /// Name servers for egress; none: the system's.
    pub dns_servers: Vec<SocketAddr>,
    /// How long running requests may go on after a signal to stop, in seconds.
    pub shutdown_grace_seconds: u64,
    /// Other names for models: `"gpt-4o" = "openai/gpt-4o"`.
    pub aliases: BTreeMap<String, String>,
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// The file is no TOML, or a field is unknown or mistyped.
    #[error("the configuration {} is wrong: {reason}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        reason: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            admin_listen: None,
            data_dir: PathBuf::from("caisson-data"),
            secret_key_file: None,
            max_body_bytes: 32 << 20,
            max_upload_bytes: 64 << 20,
            max_sandboxes: 1000,
            // A Python runtime of 40 MB takes a good minute of one core and about a gigabyte.
            compile_cpu_seconds: 240,
            compile_memory_bytes: 2 << 30,
            compile_seconds: 300,
            max_buffered_bytes: 512 << 20,
            max_connections: 16_384,
            client_stall_seconds: 60,
            body_seconds: 300,
            idle_seconds: 75,
            dns_servers: Vec::new(),
            shutdown_grace_seconds: 30,
            aliases: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.to_owned(), error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Parse { path: path.to_owned(), reason: error.to_string() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    }

    #[test]
    fn name_servers_are_addresses_with_ports() {
        let config: Config = toml::from_str("dns-servers = [\"10.0.0.53:53\", \"[::1]:5353\"]").unwrap();
        assert_eq!(config.dns_servers.len(), 2);
        assert!(toml::from_str::<Config>("dns-servers = [\"dns.example.com\"]").is_err());
    }

    #[test]
    fn a_misspelt_field_is_refused_by_name() {
        let error = toml::from_str::<Config>("max-sandboxs = 3").unwrap_err().to_string();
        assert!(error.contains("max-sandboxs"), "{error}");
    }
}
