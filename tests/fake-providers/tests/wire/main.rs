//! The fake providers seen from outside, over HTTP: one module a wire, one for what they share. What
//! the canned model says is tested where it is written, in the library.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on should stop there")]

mod anthropic;
mod client;
mod gemini;
mod openai;
mod replies;
