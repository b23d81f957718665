//! Caisson runs LLM provider adapters in WebAssembly sandboxes behind an OpenAI-compatible endpoint.
//!
//! `ARCHITECTURE.md` beside this crate's manifest maps the modules and follows one request through them.

pub mod admin;
pub mod chat;
pub mod cli;
pub mod config;
pub mod conformance;
pub mod deployments;
pub mod dispatch;
pub mod egress;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod intake;
pub mod openai;
pub mod sandbox;
pub mod server;
pub mod telemetry;
