//! Looks for what a sandbox must not have (environment, arguments, files, sockets) and answers with what it found.

use std::net::TcpStream;

use caisson_sdk::prelude::*;
use serde_json::json;

/// The adapter.
pub struct Pry;

impl Adapter for Pry {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("pry", "1.0.0").setting(Setting::new("address", "where something listens").required())
    }

    fn complete(context: Context, _request: ChatRequest) -> Result<ChatResponse> {
        let address = context.setting("address").unwrap_or_default();
        let found = json!({
            "variables": std::env::vars().count(),
            "arguments": std::env::args().count(),
            "files": std::fs::read_dir("/").map_or(0, Iterator::count),
            "written": std::fs::write("/tmp/pried", "x").is_ok(),
            "connected": TcpStream::connect(address).is_ok(),
            "name resolved": std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok(),
        });
        Ok(ChatAnswer::text(found.to_string()).into())
    }
}

caisson_sdk::export!(Pry);
