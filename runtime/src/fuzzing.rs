//! Openings for the fuzz targets in `fuzz/`, behind the feature `fuzzing`: what takes hostile bytes, and is otherwise private.
//!
//! No behaviour of its own, and no promise to anybody outside this repository.

use std::net::IpAddr;

use crate::chat::{ChatRequest, EmbedRequest, Event};
use crate::egress::{self, Target};
use crate::openai::{self, AnswerContext, ChunkWriter, Estimate, StreamOptions};
use crate::sandbox::{self, CompileError};

/// Reads a chat request as `POST /v1/chat/completions` does; the error is for the client.
pub fn parse_chat(body: &[u8]) -> Result<ChatRequest, String> {
    openai::parse_chat(body).map(|parsed| parsed.request).map_err(|error| error.to_string())
}

/// Reads a request for vectors as `POST /v1/embeddings` does; the error is for the client.
pub fn parse_embeddings(body: &[u8]) -> Result<EmbedRequest, String> {
    openai::parse_embeddings(body).map(|parsed| parsed.request).map_err(|error| error.to_string())
}

/// Writes a stream as a client gets it. Where an event is malformed: what is written before it, and why.
pub fn write_stream(events: Vec<Event>, choices: u32, include_usage: bool) -> Result<Vec<u8>, (Vec<u8>, String)> {
    let context = AnswerContext { id: "chatcmpl-1".into(), created: 1, model: "fuzz/model".into() };
    let mut writer = ChunkWriter::new(context, StreamOptions { n: choices, include_usage }, ByLength);
    let mut out = Vec::new();
    for event in events {
        if let Err(error) = writer.write(vec![event], &mut out) {
            return Err((out, error.to_string()));
        }
    }
    match writer.finish("fuel=1", &mut out) {
        Ok(_) => Ok(out),
        Err(error) => Err((out, error.to_string())),
    }
}

/// Checks an upload's structure.
pub fn check_structure(bytes: &[u8]) -> Result<(), CompileError> {
    sandbox::check_structure(bytes).map(drop)
}

/// Whether a name may resolve to this address without the operator's consent.
pub fn is_public(address: IpAddr) -> bool {
    egress::is_public(address)
}

/// A target as a grant would be written for it.
pub fn as_grant(target: &Target) -> String {
    target.to_string()
}

/// Counts a token for each byte.
struct ByLength;

impl Estimate for ByLength {
    fn input(&self) -> u32 {
        1
    }

    fn output(&self, text: &str) -> u32 {
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    }
}
