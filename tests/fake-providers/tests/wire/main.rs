//! The fake providers seen from outside, over HTTP: one module a wire, one for what they share. What
//! the canned model says is tested where it is written, in the library.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on should stop there")]

mod anthropic;
mod client;
mod desk;
mod gemini;
mod ollama;
mod openai;
mod replies;
