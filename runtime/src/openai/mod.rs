//! OpenAI's wire format: bytes to chat requests, answers and events to bytes.
//!
//! Pure conversions between OpenAI's JSON and the provider-neutral vocabulary of [`crate::chat`]. The host owns what a client sees:
//! whatever an adapter answers, ids, indexes, roles, finish reasons and usage are put right here, or the answer is refused as malformed.
//! Nothing here knows which adapter answers.

mod json;
mod request;

pub(crate) use json::BadRequest;
pub(crate) use request::{ParsedChat, parse_chat};
