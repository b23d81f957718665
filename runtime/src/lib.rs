//! Caisson runs LLM provider adapters in WebAssembly sandboxes behind an OpenAI-compatible endpoint.
//!
//! `ARCHITECTURE.md` beside this crate's manifest maps the modules and follows one request through them.

pub mod chat;
pub mod egress;
pub mod sandbox;
