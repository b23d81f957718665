//! A whole answer, written as OpenAI's `chat.completion` object.
//!
//! The host owns the wire: ids, `object`, `created`, sorted indexes, the role, `finish_reason: tool_calls` where there are tool calls and
//! usage are right whatever the adapter answered. Reasoning goes out as `reasoning_content` and `thinking_blocks`. An answer that cannot
//! be put right is refused. Answers that an adapter passes through as JSON are put right by [`raw`]; streams by [`super::sse`].

mod message;
mod raw;

pub(super) use message::call_fields;
pub(super) use raw::{word, write_arguments};

use super::json::Path;
use super::usage::{self, Estimate, Tally};
use super::write::{MalformedAnswer, ObjectWriter, write_array, write_value};
use crate::chat::{ChatAnswer, ChatResponse, Choice, FinishReason, TokenLogprob, TopLogprob, Usage};

/// What OpenAI writes for a probability too small to say; JSON has no infinities.
const LEAST_LOGPROB: f64 = -9999.0;

/// What the host knows of an answer before the adapter gives it.
#[derive(Debug, Clone)]
pub(crate) struct AnswerContext {
    /// The answer's id where the adapter has none, as in `chatcmpl-…`. Unique: ids of tool calls are made from it.
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// The model as the client named it, for adapters that don't say which one answered.
    pub(crate) model: String,
}

impl AnswerContext {
    /// The adapter's word if it is one, else the host's.
    pub(super) fn id_or<'c>(&'c self, given: Option<&'c str>) -> &'c str {
        given.filter(|id| !id.is_empty()).unwrap_or(&self.id)
    }

    pub(super) fn model_or<'c>(&'c self, given: Option<&'c str>) -> &'c str {
        given.filter(|model| !model.is_empty()).unwrap_or(&self.model)
    }

    /// An id for a tool call that has none, the same whenever it is asked for.
    pub(super) fn tool_call_id(&self, choice: u32, position: usize) -> String {
        let unique = self.id.strip_prefix("chatcmpl-").unwrap_or(&self.id);
        format!("call_{unique}_{choice}_{position}")
    }
}

/// A whole answer, ready to send.
#[derive(Debug)]
pub(crate) struct Answer {
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// The tokens that the adapter or, if `estimated`, the host counted.
    pub(crate) usage: Usage,
    /// Whether the usage is the host's.
    pub(crate) estimated: bool,
}

/// Writes the answer to `POST /v1/chat/completions`.
pub(crate) fn chat_completion(
    context: &AnswerContext,
    response: ChatResponse,
    estimate: &dyn Estimate,
) -> Result<Answer, MalformedAnswer> {
    match response {
        ChatResponse::Answer(answer) => typed(context, answer, estimate),
        ChatResponse::Raw(json) => raw::chat_completion(context, &json, estimate),
    }
}

fn typed(context: &AnswerContext, mut answer: ChatAnswer, estimate: &dyn Estimate) -> Result<Answer, MalformedAnswer> {
    let path = Path::ROOT;
    let choices_path = path.field("choices");
    if answer.choices.is_empty() {
        return Err(MalformedAnswer::at(&choices_path, "is empty"));
    }
    let indexes = in_order(&mut answer.choices, |choice| choice.index);

    let mut body = Vec::new();
    let mut object = ObjectWriter::open(&mut body);
    object.value("id", context.id_or(answer.id.as_deref()));
    object.value("object", "chat.completion");
    object.value("created", context.created);
    object.value("model", context.model_or(answer.model.as_deref()));
    let mut tally = Tally::new(answer.usage.as_ref(), estimate);
    let mut choices = indexes.into_iter().zip(&answer.choices).enumerate();
    write_array(object.field("choices"), &mut choices, |out, (at, (index, choice))| {
        write_choice(out, context, (index, choice), &mut tally, &choices_path.item(at))
    })?;
    let (usage, estimated) = tally.usage(answer.usage.take());
    usage::write(object.field("usage"), &usage, estimated, &path.field("usage"))?;
    object.optional("service_tier", answer.service_tier.as_deref());
    object.optional("system_fingerprint", answer.system_fingerprint.as_deref());
    object.extra(&answer.extra, &path)?;
    object.close();
    Ok(Answer { body, usage, estimated })
}

/// Sorts choices by index and gives the indexes to write: the choices' own or, where two claim the same one, their positions.
fn in_order<T>(choices: &mut [T], index: impl Fn(&T) -> u32) -> Vec<u32> {
    choices.sort_by_key(&index);
    let indexes = choices.iter().map(index).collect::<Vec<_>>();
    if indexes.is_sorted_by(|one, next| one < next) {
        return indexes;
    }
    (0..).take(choices.len()).collect()
}

fn write_choice(
    out: &mut Vec<u8>,
    context: &AnswerContext,
    (index, choice): (u32, &Choice),
    tally: &mut Tally<'_>,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let has_tool_calls = !choice.message.tool_calls.is_empty();
    let mut object = ObjectWriter::open(out);
    object.value("index", index);
    let message = (index, &choice.message);
    message::write(object.field("message"), context, message, tally, &path.field("message"))?;
    write_logprobs(object.field("logprobs"), &choice.logprobs)?;
    object.value("finish_reason", finish_reason(&choice.finish_reason, has_tool_calls));
    object.extra(&choice.extra, path)?;
    object.close();
    Ok(())
}

/// OpenAI's word for why a choice ended.
pub(super) fn finish_reason(reason: &FinishReason, has_tool_calls: bool) -> &str {
    let word = match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::Other(word) => word,
    };
    put_right(word, has_tool_calls)
}

/// A choice with tool calls that just stopped, stopped for them; one that doesn't say, stopped.
pub(super) fn put_right(reason: &str, has_tool_calls: bool) -> &str {
    match reason {
        "stop" | "" if has_tool_calls => "tool_calls",
        "" => "stop",
        reason => reason,
    }
}

/// Writes OpenAI's `logprobs` object, or null where there are none.
pub(super) fn write_logprobs(out: &mut Vec<u8>, tokens: &[TokenLogprob]) -> Result<(), MalformedAnswer> {
    if tokens.is_empty() {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let mut object = ObjectWriter::open(out);
    write_array(object.field("content"), tokens, |out, token| {
        let mut object = ObjectWriter::open(out);
        write_token(&mut object, &token.token, token.logprob, token.bytes.as_deref());
        write_array(object.field("top_logprobs"), &token.top, |out, top: &TopLogprob| {
            let mut object = ObjectWriter::open(out);
            write_token(&mut object, &top.token, top.logprob, top.bytes.as_deref());
            object.close();
            Ok(())
        })?;
        object.close();
        Ok(())
    })?;
    object.null("refusal");
    object.close();
    Ok(())
}

fn write_token(object: &mut ObjectWriter<'_>, token: &str, logprob: f64, bytes: Option<&[u8]>) {
    object.value("token", token);
    object.value("logprob", if logprob.is_finite() { logprob } else { LEAST_LOGPROB });
    write_value(object.field("bytes"), bytes);
}

#[cfg(test)]
mod tests;
