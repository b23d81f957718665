//! Fake LLM providers: HTTP/1.1 servers on loopback that speak the wire formats of OpenAI, Anthropic,
//! Gemini and Ollama, and that of a made-up internal service, for the demo, the end-to-end tests and the benchmark.
//!
//! A [`FakeProvider`] is as strict as the real service about what it accepts and answers in the same
//! shapes, so that an adapter's mistake shows here and not in production. It deliberately runs no
//! model, speaks neither TLS nor HTTP/2, and binds nothing but 127.0.0.1.
//!
//! ```
//! # async fn example() -> std::io::Result<()> {
//! use caisson_fake_providers::{FakeProvider, Wire};
//!
//! let provider = FakeProvider::start(Wire::Anthropic).await?;
//! println!("{} accepts the key {}", provider.base_url(), provider.key());
//! # Ok(())
//! # }
//! ```
//!
//! # What it answers
//!
//! The answer follows from the request alone, unless a test queued one ([`FakeProvider::respond_with`]).
//!
//! - A user's message is echoed: `You said: …`, with the MIME type of each attachment in brackets.
//! - Where tools may be called, the first is (or the one that the request names), with arguments made from
//!   the schema's required properties (`{"city":"Paris"}`); streams carry them in fragments where the
//!   provider's do (Gemini sends a call whole).
//! - A tool's result is quoted: `The tool answered: …`.
//! - Where JSON is asked for, a value that fits the schema.
//! - Thinking comes first where the request turns it on, with a signature. Anthropic refuses a thinking
//!   block whose signature is not the one it gave ([`thinking_signature`]); Gemini 3 refuses a function
//!   call of the present turn without one.
//! - Fewer than five tokens allowed: the answer is cut short with the provider's reason for it.
//! - A stop sequence ends the answer before it.
//! - Embeddings are unit vectors that depend on the text alone.
//!
//! # Model names that choose a behaviour
//!
//! | model | what happens |
//! |---|---|
//! | `fault-NNN` | the provider's error for the status NNN (400–599): `fault-401`, `fault-429` (with `retry-after: 2`), `fault-500`, `fault-529` (overloaded: 529 at Anthropic, 503 elsewhere) … |
//! | `fault-midstream` | a stream breaks off with the provider's in-stream error (a whole answer: status 500) |
//! | `fault-cut` | the connection is reset half-way through the body |
//! | `slow` | 40 words more, one token every 20 ms |
//! | `endless` | a body that never ends, as fast as it is read |
//! | `filtered` | cut short by the provider's content filter |
//! | `refused` | no answer: OpenAI's `refusal`, Anthropic's stop reason `refusal`, Gemini's `promptFeedback` |
//! | `redacted` | thinking is withheld where the provider has a form for that (Anthropic's `redacted_thinking`) |
//! | `parallel` | every tool is called, not only the first |
//! | `leak` | the answer quotes the key that came with the request |
//! | `bench` | a fixed answer, or a stream of 100 text chunks in one burst; neither parsed, checked nor recorded |
//!
//! All but the last may have `claude-` or `gemini-` before them, for adapters that send on no other names.
//! Every other name is taken for a model that exists, but for those that begin with `missing`.

mod answer;
mod anthropic;
mod behaviour;
mod bench;
mod connection;
mod desk;
mod example;
mod gemini;
mod incoming;
mod ollama;
mod openai;
mod outgoing;
mod pace;
mod provider;
mod reply;
mod seed;
mod text;

pub use anthropic::thinking_signature;
pub use provider::{FakeProvider, Recorded};
pub use reply::{Body, Reply};

/// The provider whose API a [`FakeProvider`] speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Chat completions, embeddings and models.
    OpenAi,
    /// Messages and models.
    Anthropic,
    /// `generateContent`, its stream, embeddings and models.
    Gemini,
    /// Ollama's own API: chat and embeddings.
    Ollama,
    /// The made-up internal service that `guests/intranet` speaks to.
    Desk,
}

impl Wire {
    /// What the provider's own SDK takes after the origin in its base URL.
    fn base_path(self) -> &'static str {
        match self {
            Wire::OpenAi => "/v1",
            _ => "",
        }
    }
}
