//! Every example adapter, a line each: the fake provider it is tried before, and what it can do.
//!
//! An adapter that is built and not named here fails the tests, and so does one that is named and not built.

use caisson_fake_providers::{FakeProvider, Wire};

/// An adapter, and how it is tried.
#[derive(Clone, Copy)]
pub(crate) struct Example {
    pub(crate) name: &'static str,
    /// The command that builds it.
    pub(crate) build: &'static str,
    /// None: it asks nobody.
    pub(crate) wire: Option<Wire>,
    /// Where its provider's key goes.
    pub(crate) slot: &'static str,
    /// Its base URL is the provider's origin, whatever its provider's own SDK takes.
    at_origin: bool,
    model: &'static str,
    pub(crate) has_tools: bool,
    embed_model: Option<&'static str>,
}

const RUST: &str = "./just rust-guests";

pub(crate) const EXAMPLES: [Example; 13] = [
    Example::alone("echo", RUST, "echo").embeds("echo"),
    Example::before("openai", RUST, Wire::OpenAi, "gpt-x").embeds("text-embedding-3-small"),
    Example::before("anthropic", RUST, Wire::Anthropic, "claude-opus-5-5"),
    Example::before("gemini", RUST, Wire::Gemini, "gemini-3.5-flash").embeds("gemini-embedding-001"),
    Example::before("anthropic-py", "guests/anthropic-py/build.sh", Wire::Anthropic, "claude-opus-5-5"),
    Example::before("anthropic-ts", "guests/anthropic-ts/build.sh", Wire::Anthropic, "claude-opus-5-5"),
    Example::before("anthropic-go", "guests/anthropic-go/build.sh", Wire::Anthropic, "claude-opus-5-5"),
    Example::before("anthropic-c", "guests/anthropic-c/build.sh", Wire::Anthropic, "claude-opus-5-5"),
    Example::before("anthropic-sdk", "guests/anthropic-sdk/build.sh", Wire::Anthropic, "claude-opus-5-5"),
    Example::before("house-rules", "guests/house-rules/build.sh", Wire::OpenAi, "gpt-x")
        .embeds("text-embedding-3-small"),
    Example::before("mistral", "guests/mistral/build.sh", Wire::OpenAi, "mistral-large")
        .at_origin()
        .embeds("mistral-embed"),
    Example::before("ollama", "guests/ollama/build.sh", Wire::Ollama, "qwen3:8b").embeds("embeddinggemma"),
    Example::before("intranet", "guests/intranet/build.sh", Wire::Desk, "clerk")
        .slot("session")
        .without_tools()
        .embeds("ledger"),
];

impl Example {
    const fn alone(name: &'static str, build: &'static str, model: &'static str) -> Self {
        Self { name, build, wire: None, slot: "api-key", at_origin: false, model, has_tools: true, embed_model: None }
    }

    const fn before(name: &'static str, build: &'static str, wire: Wire, model: &'static str) -> Self {
        Self { wire: Some(wire), ..Self::alone(name, build, model) }
    }

    const fn embeds(self, model: &'static str) -> Self {
        Self { embed_model: Some(model), ..self }
    }

    const fn at_origin(self) -> Self {
        Self { at_origin: true, ..self }
    }

    const fn slot(self, slot: &'static str) -> Self {
        Self { slot, ..self }
    }

    const fn without_tools(self) -> Self {
        Self { has_tools: false, ..self }
    }

    /// The model as a client names it.
    pub(crate) fn model(&self) -> String {
        self.named(self.model)
    }

    pub(crate) fn embed_model(&self) -> Option<String> {
        self.embed_model.map(|model| self.named(model))
    }

    /// The model of its provider's that behaves like this (see `caisson_fake_providers`).
    pub(crate) fn behaving(&self, behaviour: &str) -> String {
        let family = match self.wire {
            Some(Wire::Anthropic) => "claude-",
            Some(Wire::Gemini) => "gemini-",
            _ => "",
        };
        self.named(&format!("{family}{behaviour}"))
    }

    /// What points the adapter at this provider.
    pub(crate) fn base_url(&self, provider: &FakeProvider) -> String {
        if self.at_origin { provider.origin() } else { provider.base_url() }
    }

    fn named(&self, model: &str) -> String {
        format!("{}/{model}", self.name)
    }
}
