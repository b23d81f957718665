//! OpenAI's wire format: bytes to chat requests, answers and events to bytes.
//!
//! Conversions between OpenAI's JSON and the provider-neutral vocabulary of [`crate::chat`]. The host owns what a client sees:
//! whatever an adapter answers, ids, indexes, roles, finish reasons and usage are put right here, or the answer is refused as malformed.
//! Nothing here knows which adapter answers. [`mod@routes`] alone touches HTTP, and [`mod@error`] turns errors into it.

mod answer;
mod billed;
mod embeddings;
mod error;
mod estimate;
mod json;
mod models;
mod request;
mod routes;
mod sse;
mod usage;
mod write;

pub(crate) use answer::{AnswerContext, chat_completion};
pub(crate) use embeddings::{EmbedContext, ParsedEmbed, embeddings, parse_embeddings};
pub(crate) use error::ApiError;
pub(crate) use json::BadRequest;
pub(crate) use models::{ServedModel, model, model_list};
pub(crate) use request::{ParsedChat, parse_chat};
pub use routes::{RequestId, routes};
pub(crate) use sse::{ChunkWriter, StreamOptions, write_error};
pub(crate) use usage::Estimate;
pub(crate) use write::MalformedAnswer;
