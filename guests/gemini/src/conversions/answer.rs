//! A whole `generateContent` answer as a chat answer.

use caisson_sdk::Result;
use caisson_sdk::api::{ChatAnswer, Choice, Content, Error, FinishReason, Message, Reasoning, Role, ToolCall};
use serde_json::value::RawValue;

use super::pieces::{self, Piece, piece, unreadable};
use super::{EXTRA_CONTENT, GEMINI_PARTS, call_extra, client_id, compact, extra_content};
use crate::client::error::from_failure;
use crate::client::wire::{Candidate, GenerateResponse, PromptFeedback};

/// `request_id` makes call ids unique where Gemini names neither call nor answer.
pub(crate) fn answer(json: &str, request_id: &str) -> Result<ChatAnswer> {
    let response: GenerateResponse<'_> = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
    if let Some(failure) = &response.error {
        return Err(from_failure(failure, None));
    }
    let seed = response.response_id.as_deref().unwrap_or(request_id);
    let mut choices =
        response.candidates.into_iter().map(|candidate| choice(candidate, seed)).collect::<Result<Vec<_>>>()?;
    if choices.is_empty() {
        choices.push(blocked_choice(response.prompt_feedback)?);
    }
    Ok(ChatAnswer {
        choices,
        usage: response.usage_metadata.as_ref().map(pieces::usage),
        model: response.model_version,
        id: response.response_id,
        ..ChatAnswer::default()
    })
}

/// A refused prompt has no candidates. OpenAI clients expect a choice, so it is one without
/// content that the filter stopped.
fn blocked_choice(feedback: Option<&RawValue>) -> Result<Choice> {
    let feedback = feedback
        .filter(|feedback| blocks(feedback))
        .ok_or_else(|| Error::upstream("Gemini answered without a candidate"))?;
    Ok(Choice {
        finish_reason: FinishReason::ContentFilter,
        extra: vec![("promptFeedback".to_owned(), compact(feedback.get()))],
        ..Choice::default()
    })
}

/// Whether a prompt's feedback says that it was blocked.
pub(super) fn blocks(feedback: &RawValue) -> bool {
    serde_json::from_str::<PromptFeedback>(feedback.get()).is_ok_and(|feedback| feedback.block_reason.is_some())
}

fn choice(candidate: Candidate<'_>, seed: &str) -> Result<Choice> {
    let extra = candidate.extras().map(|(name, value)| (name.to_owned(), compact(value.get()))).collect();
    let parts = candidate.content.map(|content| content.parts);
    let message = message(&parts.unwrap_or_default(), seed, candidate.index)?;
    let reason = candidate.finish_reason.as_deref().unwrap_or("STOP");
    Ok(Choice {
        index: candidate.index,
        finish_reason: pieces::finish_reason(reason, !message.tool_calls.is_empty()),
        message,
        logprobs: candidate.logprobs_result.map(pieces::logprobs).unwrap_or_default(),
        extra,
    })
}

fn message(parts: &[&RawValue], seed: &str, index: u32) -> Result<Message> {
    let mut message = Message { role: Role::Assistant, ..Message::default() };
    let mut text = String::new();
    let mut text_signature = None;
    let mut images = Vec::new();
    let mut audio = None;
    let mut others = Vec::new();
    for part in parts {
        match piece(part)? {
            Piece::Text { text: more, signature } => {
                text.push_str(&more);
                text_signature = signature.or(text_signature);
            }
            Piece::Thought { text, signature } => {
                message.reasoning.push(Reasoning { text, signature, redacted: false })
            }
            Piece::Call { id, name, arguments, signature } => {
                let n = message.tool_calls.len();
                message.tool_calls.push(ToolCall {
                    id: client_id(id, signature.as_deref(), seed, index, n),
                    name,
                    arguments,
                    extra: call_extra(signature.as_deref()),
                    ..ToolCall::default()
                });
            }
            Piece::Image { url, signature } => {
                images.push(pieces::image(images.len(), &url, signature.as_deref()));
            }
            Piece::Audio(blob) if audio.is_none() => audio = Some(pieces::audio(seed, &blob)),
            Piece::Audio(_) => others.push(compact(part.get())),
            Piece::Other(json) => others.push(json),
        }
    }
    if !text.is_empty() {
        message.content = Content::Text(text);
    }
    let mut extra = |name: &str, json: String| message.extra.push((name.to_owned(), json));
    if let Some(signature) = text_signature {
        extra(EXTRA_CONTENT, extra_content(&signature));
    }
    if !images.is_empty() {
        extra("images", serde_json::Value::Array(images).to_string());
    }
    if let Some(audio) = audio {
        extra("audio", audio);
    }
    if !others.is_empty() {
        extra(GEMINI_PARTS, format!("[{}]", others.join(",")));
    }
    Ok(message)
}

#[cfg(test)]
mod tests;
