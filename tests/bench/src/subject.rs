//! The ways that the same work goes: straight to the upstream, or through a proxy.

use std::net::SocketAddr;

use bytes::Bytes;
use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use crate::peers::Peer;
use crate::processes::{Caisson, DEPLOYMENT, Native, Upstream};
use crate::workload::{Provider, Workload};

/// The wire that a way is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    OpenAi,
    Anthropic,
}

/// A kind of way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// Generator to upstream, nothing between: the most that this machine can do.
    Direct,
    /// The native proxy: the most that a proxy can do here.
    Native,
    /// Caisson with the adapter in Rust.
    Caisson,
    /// Caisson with the adapter in C.
    C,
    /// Caisson with the adapter in Go.
    Go,
    /// Caisson with the adapter in TypeScript.
    TypeScript,
    /// Caisson with the adapter in Python.
    Python,
    /// LiteLLM's proxy with a CustomLLM that does the same.
    #[value(name = "litellm")]
    #[serde(rename = "litellm")]
    LiteLlm,
    /// Portkey's gateway, which has the same built in.
    Portkey,
}

/// One way.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) way: Way,
    pub(crate) address: SocketAddr,
    /// The process whose CPU time counts for this way alone; none where there is nothing between generator and upstream.
    pub(crate) pid: Option<u32>,
    /// What stands before the model's name for Anthropic's API; nothing where models have their provider's names.
    deployment: String,
    headers: String,
}

impl Way {
    /// The adapter of a language other than Rust.
    pub(crate) fn adapter(self) -> Option<&'static str> {
        match self {
            Self::C => Some("anthropic-c"),
            Self::Go => Some("anthropic-go"),
            Self::TypeScript => Some("anthropic-ts"),
            Self::Python => Some("anthropic-py"),
            Self::Direct | Self::Native | Self::Caisson | Self::LiteLlm | Self::Portkey => None,
        }
    }

    /// Whether it's Caisson, with whichever adapter.
    pub(crate) fn is_caisson(self) -> bool {
        self == Self::Caisson || self.adapter().is_some()
    }

    /// Whether it's somebody else's gateway.
    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Self::LiteLlm | Self::Portkey)
    }

    /// Whether this way does this work. Languages differ in the guest alone, which other work says nothing new about; gateways that
    /// serve some hundred answers a second are far from anything that it shows. Portkey's 1.15.2 answers every translated stream with
    /// a 500 on Node 20 (it appends to headers that are immutable there).
    pub(crate) fn does(self, workload: Workload) -> bool {
        match workload {
            Workload::Plain | Workload::OneConnection => true,
            Workload::Burst | Workload::FirstToken => self != Self::Portkey,
            _ => self.adapter().is_none() && !self.is_peer(),
        }
    }
}

impl Subject {
    /// The ceiling of this machine: generator and upstream alone.
    pub(crate) fn direct(upstream: &Upstream) -> anyhow::Result<Self> {
        let key = upstream.key();
        Ok(Self {
            name: "direct".to_owned(),
            way: Way::Direct,
            address: upstream.url().trim_start_matches("http://").parse()?,
            pid: None,
            deployment: String::new(),
            headers: format!("x-api-key: {key}\r\nauthorization: Bearer {key}\r\nanthropic-version: 2023-06-01\r\n"),
        })
    }

    pub(crate) fn native(native: &Native) -> Self {
        Self::proxy("native", Way::Native, native.address(), native.pid(), DEPLOYMENT)
    }

    /// OpenAI's wire in, Anthropic's out.
    pub(crate) fn caisson(caisson: &Caisson) -> Self {
        Self::proxy(caisson.name(), Way::Caisson, caisson.address(), caisson.pid(), DEPLOYMENT)
    }

    /// The same, by the adapter of another language, which is deployed by its own name.
    pub(crate) fn language(caisson: &Caisson, way: Way, adapter: &str) -> Self {
        Self::proxy(&format!("caisson {adapter}"), way, caisson.address(), caisson.pid(), adapter)
    }

    pub(crate) fn peer(peer: &Peer, upstream: &Upstream) -> Self {
        match peer.way {
            Way::LiteLlm => Self::proxy("litellm", Way::LiteLlm, peer.address(), peer.pid(), DEPLOYMENT),
            way => {
                let mut subject = Self::proxy("portkey", way, peer.address(), peer.pid(), "");
                let (url, key) = (upstream.url(), upstream.key());
                // Where to send a request is in its headers.
                subject.headers += &format!(
                    "x-portkey-provider: anthropic\r\nx-portkey-custom-host: {url}/v1\r\nauthorization: Bearer {key}\r\n"
                );
                subject
            }
        }
    }

    fn proxy(name: &str, way: Way, address: SocketAddr, pid: Option<u32>, deployment: &str) -> Self {
        let headers = "user-agent: caisson-bench\r\naccept: application/json\r\n".to_owned();
        Self { name: name.to_owned(), way, address, pid, deployment: deployment.to_owned(), headers }
    }

    /// The wire that it speaks when the upstream is this provider.
    pub(crate) fn wire(&self, provider: Provider) -> Wire {
        match (self.way, provider) {
            (Way::Direct, Provider::Anthropic) => Wire::Anthropic,
            _ => Wire::OpenAi,
        }
    }

    /// The model's name on that wire. The adapters serve models of Claude's names alone.
    pub(crate) fn model(&self, provider: Provider) -> String {
        let (deployment, model) = match provider {
            Provider::Anthropic => (self.deployment.as_str(), "claude-bench"),
            Provider::OpenAi => ("openai", "bench"),
        };
        if self.deployment.is_empty() { model.to_owned() } else { format!("{deployment}/{model}") }
    }

    /// A request with this body, written out.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Bytes {
        let body = body.to_string();
        let Self { address, headers, .. } = self;
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
        .into()
    }
}
