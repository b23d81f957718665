//! The ways that the same work goes: straight to the upstream, or through `caisson serve`.

use std::net::SocketAddr;

use bytes::Bytes;
use serde_json::Value;

use crate::processes::{Caisson, DEPLOYMENT, Upstream};

/// The adapter serves models of Claude's names alone.
const MODEL: &str = "claude-bench";

/// The wire that a way is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    Anthropic,
}

/// One way.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) wire: Wire,
    pub(crate) address: SocketAddr,
    /// The process whose CPU time counts for this way alone; none where there is nothing between generator and upstream.
    pub(crate) pid: Option<u32>,
    pub(crate) model: String,
    headers: String,
}

impl Subject {
    /// The ceiling of this machine: generator and upstream alone.
    pub(crate) fn direct(upstream: &Upstream) -> anyhow::Result<Self> {
        let address = upstream.url().trim_start_matches("http://").parse()?;
        Ok(Self {
            name: "direct".to_owned(),
            wire: Wire::Anthropic,
            address,
            pid: None,
            model: MODEL.to_owned(),
            headers: format!("x-api-key: {}\r\nanthropic-version: 2023-06-01\r\n", upstream.key()),
        })
    }

    /// OpenAI's wire in, Anthropic's out.
    pub(crate) fn caisson(caisson: &Caisson) -> Self {
        Self {
            name: caisson.name().to_owned(),
            wire: Wire::OpenAi,
            address: caisson.address(),
            pid: caisson.pid(),
            model: format!("{DEPLOYMENT}/{MODEL}"),
            headers: "user-agent: caisson-bench\r\naccept: application/json\r\n".to_owned(),
        }
    }

    /// A request with this body, written out.
    pub(crate) fn post(&self, body: &Value) -> Bytes {
        let path = match self.wire {
            Wire::OpenAi => "/v1/chat/completions",
            Wire::Anthropic => "/v1/messages",
        };
        let body = body.to_string();
        let Self { address, headers, .. } = self;
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
        .into()
    }
}
