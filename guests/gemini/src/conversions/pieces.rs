//! One part of an answer taken apart, the same for a whole answer and for a stream; also what both
//! need of a candidate: finish reason, logprobs, usage.

use caisson_sdk::Result;
use caisson_sdk::api::{Error, FinishReason, TokenLogprob, TopLogprob, Usage};
use serde_json::value::RawValue;

use super::compact;
use crate::client::wire::{AnswerBlob, AnswerPart, LogprobsCandidate, LogprobsResult, ModalityCount, UsageMetadata};

pub(super) enum Piece {
    /// `signature` may come with empty text.
    Text {
        text: String,
        signature: Option<String>,
    },
    Thought {
        text: String,
        signature: Option<String>,
    },
    Call {
        id: Option<String>,
        name: String,
        arguments: String,
        signature: Option<String>,
    },
    Image {
        url: String,
        signature: Option<String>,
    },
    Audio(AnswerBlob),
    /// JSON: executed code, its output, and kinds yet to come.
    Other(String),
}

pub(super) fn piece(part: &RawValue) -> Result<Piece> {
    let parsed: AnswerPart<'_> = serde_json::from_str(part.get()).map_err(|error| unreadable(&error))?;
    let signature = parsed.thought_signature.filter(|text| !text.is_empty());
    Ok(match parsed {
        AnswerPart { function_call: Some(call), .. } => Piece::Call {
            id: call.id,
            name: call.name,
            arguments: call.args.map_or_else(|| "{}".to_owned(), |args| compact(args.get())),
            signature,
        },
        AnswerPart { text: Some(text), thought: true, .. } => Piece::Thought { text, signature },
        AnswerPart { text: Some(text), .. } => Piece::Text { text, signature },
        // Images that a model drafts while it thinks are not its answer.
        AnswerPart { inline_data: Some(blob), thought: false, .. } if blob.mime_type.starts_with("image/") => {
            Piece::Image { url: format!("data:{};base64,{}", blob.mime_type, blob.data), signature }
        }
        AnswerPart { inline_data: Some(blob), thought: false, .. } if blob.mime_type.starts_with("audio/") => {
            Piece::Audio(blob)
        }
        _ => Piece::Other(compact(part.get())),
    })
}

/// The error of an answer that is not what Gemini documents.
pub(super) fn unreadable(error: &serde_json::Error) -> Error {
    Error::upstream(format!("Gemini's answer cannot be read: {error}"))
}

/// An entry of the `images` field. Clients that assemble streams go by the `index`.
pub(super) fn image(index: usize, url: &str, signature: Option<&str>) -> serde_json::Value {
    let mut image = serde_json::json!({
        "type": "image_url",
        "image_url": { "url": url },
        "index": index,
    });
    if let Some(signature) = signature {
        image["extra_content"] = serde_json::json!({ "google": { "thought_signature": signature } });
    }
    image
}

/// OpenAI's `audio` of a message. Gemini's clips are not kept, so they expire at once.
pub(super) fn audio(id: &str, blob: &AnswerBlob) -> String {
    serde_json::json!({
        "id": id,
        "data": blob.data,
        "mime_type": blob.mime_type,
        "expires_at": 0,
        "transcript": "",
    })
    .to_string()
}

/// The reason to report; `has_calls` since Gemini says STOP there too.
pub(super) fn finish_reason(reason: &str, has_calls: bool) -> FinishReason {
    match reason {
        "STOP" if has_calls => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_ascii_lowercase()),
    }
}

pub(super) fn logprobs(result: LogprobsResult) -> Vec<TokenLogprob> {
    let mut tops = result.top_candidates.into_iter();
    result
        .chosen_candidates
        .into_iter()
        .map(|chosen| TokenLogprob {
            token: chosen.token,
            logprob: chosen.log_probability,
            bytes: None,
            top: tops.next().map(|top| top.candidates.into_iter().map(top_logprob).collect()).unwrap_or_default(),
        })
        .collect()
}

fn top_logprob(candidate: LogprobsCandidate) -> TopLogprob {
    TopLogprob { token: candidate.token, logprob: candidate.log_probability, bytes: None }
}

/// OpenAI counts reasoning among the completion's tokens and cached ones among the prompt's;
/// Gemini counts the former apart, the latter alike.
pub(crate) fn usage(metadata: &UsageMetadata) -> Usage {
    let thoughts = metadata.thoughts_token_count;
    Usage {
        input: metadata.prompt_token_count.saturating_add(metadata.tool_use_prompt_token_count),
        output: metadata.candidates_token_count.saturating_add(thoughts.unwrap_or(0)),
        total: metadata.total_token_count,
        cached_input: metadata.cached_content_token_count,
        audio_input: audio_tokens(&metadata.prompt_tokens_details),
        reasoning_output: thoughts,
        audio_output: audio_tokens(&metadata.candidates_tokens_details),
        ..Usage::default()
    }
}

fn audio_tokens(details: &[ModalityCount]) -> Option<u32> {
    let audio = details.iter().find(|count| count.modality == "AUDIO")?;
    Some(audio.token_count)
}
