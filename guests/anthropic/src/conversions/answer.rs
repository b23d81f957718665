//! A whole answer of the Messages API → the contract's. Fields without a name in the
//! contract stay beside the answer as they came.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{ChatAnswer, Choice, Content, Error, FinishReason, Message, Reasoning, Role, ToolCall};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::Counts;
use super::verbatim::{self, Shape};
use crate::client::answer::AnswerBlock;
use crate::client::fields::Fields;

/// Reads the body of a successful answer.
pub(crate) fn chat_answer(body: &str) -> Result<ChatAnswer> {
    let mut fields: Fields = serde_json::from_str(body)
        .map_err(|error| Error::upstream(format!("the answer is not a message in JSON: {error}")))?;
    let content = fields.take_raw("content").filter(|content| content.get().starts_with('['));
    let Some(content) = content else {
        return Err(Error::upstream("the answer is no message: it has no list of content"));
    };
    let usage = fields.take("usage").map(Counts::of);
    let ending = Ending::of(&mut fields);
    let head = Head::of(&mut fields);
    Ok(ChatAnswer {
        id: head.id,
        model: head.model,
        choices: vec![Choice {
            index: 0,
            message: message(content)?,
            finish_reason: ending.finish_reason(),
            logprobs: Vec::new(),
            extra: ending.into_extra(),
        }],
        service_tier: usage.as_ref().and_then(Counts::service_tier),
        usage: usage.map(Counts::into_usage),
        system_fingerprint: None,
        extra: fields.into_pairs(),
    })
}

fn message(content: &RawValue) -> Result<Message> {
    let mut message = Message { role: Role::Assistant, ..Message::default() };
    let mut text = String::new();
    let mut shape = Shape::default();
    let blocks = match serde_json::from_str::<Vec<AnswerBlock>>(content.get()) {
        Ok(blocks) => blocks,
        Err(_) => {
            shape.lose();
            readable(content)?
        }
    };
    for block in blocks {
        shape.see(&block);
        match block.kind.as_ref() {
            "text" if text.is_empty() => text = block.text.unwrap_or_default(),
            "text" => text.push_str(&block.text.unwrap_or_default()),
            "thinking" => message.reasoning.push(Reasoning {
                text: block.thinking.unwrap_or_default(),
                signature: block.signature.filter(|signature| !signature.is_empty()),
                redacted: false,
            }),
            "redacted_thinking" => {
                message.reasoning.push(Reasoning { text: String::new(), signature: block.data, redacted: true })
            }
            "tool_use" => message.tool_calls.push(tool_call(block)),
            _ => {}
        }
    }
    if !text.is_empty() {
        message.content = Content::Text(text);
    }
    if shape.is_lossy() {
        message.extra.push((verbatim::FIELD.to_owned(), content.get().to_owned()));
    }
    Ok(message)
}

/// The blocks that can be read, where not all can.
fn readable(content: &RawValue) -> Result<Vec<AnswerBlock<'_>>> {
    let each: Vec<&RawValue> = serde_json::from_str(content.get())
        .map_err(|error| Error::upstream(format!("the answer's content could not be read: {error}")))?;
    let mut blocks = Vec::with_capacity(each.len());
    for raw in each {
        match serde_json::from_str(raw.get()) {
            Ok(block) => blocks.push(block),
            Err(error) if is_text(raw) => {
                return Err(Error::upstream(format!("a text of the answer could not be read: {error}")));
            }
            Err(_) => {}
        }
    }
    Ok(blocks)
}

/// Whether the block is the answer itself: what is said must not be lost for half a surrogate pair in it.
fn is_text(raw: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }

    serde_json::from_str::<Kind>(raw.get()).is_ok_and(|block| block.kind == "text")
}

fn tool_call(block: AnswerBlock) -> ToolCall {
    ToolCall {
        extra: caller(&block),
        arguments: block.input.map_or("{}", RawValue::get).to_owned(),
        id: block.id.unwrap_or_default(),
        kind: "function".to_owned(),
        name: block.name.unwrap_or_default(),
    }
}

/// The field that a call has beside OpenAI's where not the model itself made it.
pub(super) fn caller(block: &AnswerBlock) -> Vec<(String, String)> {
    let caller = block.indirect_caller();
    caller.map(|caller| ("caller".to_owned(), caller.get().to_owned())).into_iter().collect()
}

/// What a message says of itself before its content.
pub(super) struct Head {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
}

impl Head {
    /// Takes the fields out, and those that say only what kind of object this is.
    pub(super) fn of(fields: &mut Fields) -> Self {
        fields.retain(|name| name != "type" && name != "role");
        Self { id: fields.take("id"), model: fields.take("model") }
    }
}

/// Why a message ended.
#[derive(Default)]
pub(super) struct Ending {
    reason: Option<String>,
    extra: Vec<(String, String)>,
}

impl Ending {
    /// Takes the fields that speak of it out of a message or a `message_delta`.
    pub(super) fn of(fields: &mut Fields) -> Self {
        let reason: Option<String> = fields.take("stop_reason");
        let mut extra = Vec::new();
        for name in ["stop_sequence", "stop_details"] {
            if let Some(value) = fields.take_raw(name) {
                extra.push((name.to_owned(), value.get().to_owned()));
            }
        }
        Self { reason, extra }
    }

    /// Whether a reason was given at all.
    pub(super) fn is_known(&self) -> bool {
        self.reason.is_some()
    }

    pub(super) fn finish_reason(&self) -> FinishReason {
        match self.reason.as_deref() {
            None | Some("end_turn" | "stop_sequence") => FinishReason::Stop,
            Some("max_tokens" | "model_context_window_exceeded") => FinishReason::Length,
            Some("tool_use") => FinishReason::ToolCalls,
            Some("refusal") => FinishReason::ContentFilter,
            // `pause_turn`, and whatever comes: the answer is not over, so not `stop`.
            Some(other) => FinishReason::Other(other.to_owned()),
        }
    }

    /// What OpenAI's word for the reason does not say.
    pub(super) fn into_extra(self) -> Vec<(String, String)> {
        let mut extra = self.extra;
        if let Some(reason @ ("stop_sequence" | "refusal" | "model_context_window_exceeded")) = self.reason.as_deref() {
            extra.push(("stop_reason".to_owned(), format!("\"{reason}\"")));
        }
        extra
    }
}
