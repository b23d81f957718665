//! An answer's message as OpenAI's object: content, refusal, reasoning, tool calls.
//!
//! OpenAI's content is one string or null. Parts that are no more than text are joined into one; where a provider answers with images
//! or the like, the content is an array of parts in the shape that requests have, so that nothing is lost.

use super::super::json::{self, Path};
use super::super::usage::Tally;
use super::super::write::{MalformedAnswer, ObjectWriter, nested_extra, write_array, write_json, write_value};
use super::AnswerContext;
use crate::chat::{Content, Media, Message, Part, Reasoning, Source, TextPart, ToolCall};

/// Writes the message of the choice with this index.
pub(super) fn write(
    out: &mut Vec<u8>,
    context: &AnswerContext,
    (choice, message): (u32, &Message),
    tally: &mut Tally<'_>,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let parts = match &message.content {
        Content::Parts(parts) => parts.as_slice(),
        Content::Empty | Content::Text(_) => &[],
    };
    let mut object = ObjectWriter::open(out);
    object.value("role", "assistant");
    write_content(object.field("content"), &message.content, tally, &path.field("content"))?;
    write_refusal(&mut object, message.refusal.as_deref(), parts, tally);
    let reasoning = message.reasoning.iter().chain(parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning),
        _ => None,
    }));
    write_reasoning(&mut object, reasoning, tally)?;
    if !message.tool_calls.is_empty() {
        let path = path.field("tool_calls");
        let mut calls = message.tool_calls.iter().enumerate();
        write_array(object.field("tool_calls"), &mut calls, |out, (at, call)| {
            tally.add(&call.name);
            tally.add(&call.arguments);
            let made = || context.tool_call_id(choice, at);
            write_tool_call(out, call, made, &path.item(at))
        })?;
    }
    object.optional("name", message.name.as_deref());
    object.extra(&message.extra, path)?;
    object.close();
    Ok(())
}

fn write_content(
    out: &mut Vec<u8>,
    content: &Content,
    tally: &mut Tally<'_>,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    match content {
        Content::Empty => write_json(out, "null"),
        Content::Text(text) => {
            tally.add(text);
            write_value(out, text);
        }
        Content::Parts(parts) if parts.iter().all(is_plain) => {
            let texts = parts.iter().filter_map(plain_text);
            let joined = texts.reduce(|joined, text| joined + &text);
            if let Some(text) = &joined {
                tally.add(text);
            }
            write_value(out, joined);
        }
        Content::Parts(parts) => {
            let mut parts = parts.iter().enumerate();
            write_array(out, &mut parts, |out, (at, part)| {
                if let Some(text) = plain_text(part) {
                    tally.add(&text);
                }
                write_part(out, part, &path.item(at))
            })?;
        }
    }
    Ok(())
}

/// Whether a part is text that one string can hold, or has a place of its own in the message.
fn is_plain(part: &Part) -> bool {
    match part {
        Part::Text(text) | Part::Refusal(text) => text.extra.is_empty(),
        Part::Reasoning(_) => true,
        Part::Image(_) | Part::Audio(_) | Part::File(_) | Part::Other(_) => false,
    }
}

fn plain_text(part: &Part) -> Option<String> {
    match part {
        Part::Text(text) => Some(text.text.clone()),
        _ => None,
    }
}

/// Writes `refusal`, which OpenAI's clients expect to be there: the message's own, else that of its parts.
fn write_refusal(object: &mut ObjectWriter<'_>, refusal: Option<&str>, parts: &[Part], tally: &mut Tally<'_>) {
    let from_parts = || {
        parts.iter().find_map(|part| match part {
            Part::Refusal(text) => Some(&*text.text),
            _ => None,
        })
    };
    let refusal = refusal.or_else(from_parts);
    tally.add(refusal.unwrap_or_default());
    object.value("refusal", refusal);
}

/// Writes the reasoning as one text and, where a provider wants it back with its proof, as blocks.
fn write_reasoning<'r>(
    object: &mut ObjectWriter<'_>,
    reasoning: impl Iterator<Item = &'r Reasoning> + Clone,
    tally: &mut Tally<'_>,
) -> Result<(), MalformedAnswer> {
    let texts = reasoning.clone().filter(|block| !block.redacted).map(|block| &*block.text);
    let text = texts.collect::<String>();
    if !text.is_empty() {
        tally.add(&text);
        object.value("reasoning_content", &text);
    }
    if reasoning.clone().any(|block| block.redacted || block.signature.is_some()) {
        write_array(object.field("thinking_blocks"), reasoning, |out, block| {
            write_block(out, block);
            Ok(())
        })?;
    }
    Ok(())
}

fn write_block(out: &mut Vec<u8>, block: &Reasoning) {
    let mut object = ObjectWriter::open(out);
    if block.redacted {
        object.value("type", "redacted_thinking");
        object.value("data", block.signature.as_deref().unwrap_or_default());
    } else {
        object.value("type", "thinking");
        object.value("thinking", &block.text);
        object.optional("signature", block.signature.as_deref());
    }
    object.close();
}

fn write_tool_call(
    out: &mut Vec<u8>,
    call: &ToolCall,
    made: impl FnOnce() -> String,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let mut object = ObjectWriter::open(out);
    if call.id.is_empty() {
        object.value("id", made());
    } else {
        object.value("id", &call.id);
    }
    let Some((kind, arguments)) = call_fields(&call.kind) else {
        object.value("type", &call.kind);
        object.extra(&call.extra, path)?;
        object.close();
        return Ok(());
    };
    object.value("type", kind);
    let nested = nested_extra(&call.extra, kind, path)?;
    let mut inner = ObjectWriter::open(object.field(kind));
    inner.value("name", &call.name);
    inner.value(arguments, &call.arguments);
    inner.extra(&nested, &path.field(kind))?;
    inner.close();
    object.extra(&call.extra, path)?;
    object.close();
    Ok(())
}

/// Where a call has its name and its text: the object's name, which is the kind's too, and in it the text's.
///
/// None for a kind whose shape the vocabulary doesn't know: its fields are among the extra ones.
pub(in super::super) fn call_fields(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "" | "function" => Some(("function", "arguments")),
        "custom" => Some(("custom", "input")),
        _ => None,
    }
}

/// Writes a part as requests have it.
fn write_part(out: &mut Vec<u8>, part: &Part, path: &Path<'_>) -> Result<(), MalformedAnswer> {
    match part {
        Part::Text(text) => write_text_part(out, "text", text, path),
        Part::Refusal(text) => write_text_part(out, "refusal", text, path),
        Part::Image(media) => write_media(out, "image_url", media, path),
        Part::Audio(media) => write_media(out, "input_audio", media, path),
        Part::File(media) => write_media(out, "file", media, path),
        Part::Reasoning(reasoning) => {
            write_block(out, reasoning);
            Ok(())
        }
        Part::Other(part) => {
            json::check(part).map_err(|error| MalformedAnswer::at(path, error))?;
            write_json(out, part);
            Ok(())
        }
    }
}

fn write_text_part(
    out: &mut Vec<u8>,
    kind: &'static str,
    text: &TextPart,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let mut object = ObjectWriter::open(out);
    object.value("type", kind);
    object.value(kind, &text.text);
    object.extra(&text.extra, path)?;
    object.close();
    Ok(())
}

fn write_media(out: &mut Vec<u8>, kind: &'static str, media: &Media, path: &Path<'_>) -> Result<(), MalformedAnswer> {
    let nested = nested_extra(&media.extra, kind, path)?;
    let mime_type = media.mime_type.as_deref();
    let mut object = ObjectWriter::open(out);
    object.value("type", kind);
    let mut inner = ObjectWriter::open(object.field(kind));
    match (kind, &media.source) {
        ("input_audio", Source::Base64(data)) => {
            inner.value("data", data);
            let format = match mime_type {
                Some("audio/mpeg") => "mp3",
                other => other.and_then(|mime| mime.strip_prefix("audio/")).unwrap_or("wav"),
            };
            inner.value("format", format);
        }
        ("file", Source::Base64(data)) => inner.value("file_data", data_url(mime_type, data)),
        (_, Source::Base64(data)) => inner.value("url", data_url(mime_type, data)),
        (_, Source::Url(url)) => inner.value("url", url),
        (_, Source::Id(id)) => inner.value("file_id", id),
    }
    inner.optional("filename", media.file_name.as_deref());
    inner.optional("detail", media.detail.as_deref());
    inner.extra(&nested, &path.field(kind))?;
    inner.close();
    object.extra(&media.extra, path)?;
    object.close();
    Ok(())
}

fn data_url(mime_type: Option<&str>, data: &str) -> String {
    format!("data:{};base64,{data}", mime_type.unwrap_or_default())
}
