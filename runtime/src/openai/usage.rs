//! Token counts on OpenAI's wire, both ways, and the host's estimate where a provider counted nothing.

use super::json::{BadRequest, Object, Pairs, Path, Value};
use super::write::{MalformedAnswer, ObjectWriter};
use crate::chat::Usage;

const PROMPT_DETAILS: &str = "prompt_tokens_details";
const COMPLETION_DETAILS: &str = "completion_tokens_details";

/// Counts tokens for the host where the adapter gave no usage. Only asked when its counts will be used.
pub(crate) trait Estimate {
    /// Tokens of the request.
    fn input(&self) -> u32;

    /// Tokens of a piece of the answer.
    fn output(&self, text: &str) -> u32;
}

/// A usage of which the host knows no more than two counts.
pub(super) fn estimated(input: u32, output: u32) -> Usage {
    Usage {
        input,
        output,
        total: input.saturating_add(output),
        cached_input: None,
        cache_write_input: None,
        audio_input: None,
        reasoning_output: None,
        audio_output: None,
        extra: Vec::new(),
    }
}

/// Fills in the total where the provider gave none.
pub(super) fn totalled(mut usage: Usage) -> Usage {
    if usage.total == 0 {
        usage.total = usage.input.saturating_add(usage.output);
    }
    usage
}

/// Reads OpenAI's usage object. A count that isn't one, and whatever has no name, stays among the extra fields.
pub(super) fn read(value: Value<'_>, path: &Path<'_>) -> Result<Usage, BadRequest> {
    let mut usage = value.object(path)?;
    let mut prompt = [("cached_tokens", None), ("cache_creation_tokens", None), ("audio_tokens", None)];
    let mut completion = [("reasoning_tokens", None), ("audio_tokens", None)];
    details(&mut usage, PROMPT_DETAILS, &mut prompt)?;
    details(&mut usage, COMPLETION_DETAILS, &mut completion)?;
    let [(_, cached_input), (_, cache_write_input), (_, audio_input)] = prompt;
    let [(_, reasoning_output), (_, audio_output)] = completion;
    Ok(totalled(Usage {
        input: count(&mut usage, "prompt_tokens").unwrap_or(0),
        output: count(&mut usage, "completion_tokens").unwrap_or(0),
        total: count(&mut usage, "total_tokens").unwrap_or(0),
        cached_input,
        cache_write_input,
        audio_input,
        reasoning_output,
        audio_output,
        extra: usage.into_extra(),
    }))
}

fn details(
    usage: &mut Object<'_, '_>,
    name: &str,
    counts: &mut [(&str, Option<u32>)],
) -> Result<(), BadRequest> {
    let Some(value) = usage.peek(name).filter(|value| value.is_object()) else { return Ok(()) };
    let path = usage.path().field(name);
    let mut details = value.object(&path)?;
    for (name, found) in counts {
        *found = count(&mut details, name);
    }
    usage.take(name);
    usage.leave(name, details.into_rest());
    Ok(())
}

fn count(object: &mut Object<'_, '_>, name: &str) -> Option<u32> {
    let count = object.peek(name)?.u32(&object.path().field(name)).ok()?;
    object.take(name);
    Some(count)
}

/// Writes a chat answer's usage; `estimated` says so on the wire.
pub(super) fn write(
    out: &mut Vec<u8>,
    usage: &Usage,
    estimated: bool,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let mut object = ObjectWriter::open(out);
    object.value("prompt_tokens", usage.input);
    object.value("completion_tokens", usage.output);
    object.value("total_tokens", usage.total);
    write_details(&mut object, PROMPT_DETAILS, &usage.extra, path, &[
        ("cached_tokens", usage.cached_input),
        ("cache_creation_tokens", usage.cache_write_input),
        ("audio_tokens", usage.audio_input),
    ])?;
    write_details(&mut object, COMPLETION_DETAILS, &usage.extra, path, &[
        ("reasoning_tokens", usage.reasoning_output),
        ("audio_tokens", usage.audio_output),
    ])?;
    if estimated {
        object.value("estimated", true);
    }
    object.extra(&usage.extra, path)?;
    object.close();
    Ok(())
}

/// Writes one of the nested objects: the counts that are known, and what the extra fields hold under its name.
fn write_details(
    usage: &mut ObjectWriter<'_>,
    name: &'static str,
    extra: &[(String, String)],
    path: &Path<'_>,
    counts: &[(&'static str, Option<u32>)],
) -> Result<(), MalformedAnswer> {
    if counts.iter().all(|(_, count)| count.is_none()) {
        // What the extra fields hold under this name, if anything, is then written with them.
        return Ok(());
    }
    let path = path.field(name);
    let nested = extra.iter().find(|(extra, _)| extra == name).map(|(_, json)| json.as_str());
    let nested: Pairs = match nested {
        Some(json) if json.trim_start().starts_with('{') => super::json::document(json, &path)?.into_extra(),
        _ => Pairs::new(),
    };
    let mut details = ObjectWriter::open(usage.field(name));
    for (name, count) in counts {
        details.optional(name, *count);
    }
    details.extra(&nested, &path)?;
    details.close();
    Ok(())
}

/// Writes the usage of an answer that has no completion, as embeddings have none.
pub(super) fn write_input_only(
    out: &mut Vec<u8>,
    usage: &Usage,
    estimated: bool,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let mut object = ObjectWriter::open(out);
    object.value("prompt_tokens", usage.input);
    object.value("total_tokens", usage.total);
    if estimated {
        object.value("estimated", true);
    }
    object.extra(&usage.extra, path)?;
    object.close();
    Ok(())
}
