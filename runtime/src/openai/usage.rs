//! Token counts on OpenAI's wire, both ways, and the host's estimate where a provider counted nothing.

use super::json::{BadRequest, Object, Path, Value};
use super::write::{MalformedAnswer, ObjectWriter, nested_extra};
use crate::chat::Usage;

const PROMPT_DETAILS: &str = "prompt_tokens_details";
const COMPLETION_DETAILS: &str = "completion_tokens_details";

/// The names of a count: the first is written, any is read.
type Names = &'static [&'static str];

const CACHED: Names = &["cached_tokens"];
/// OpenAI's name, then LiteLLM's, which is older.
const CACHE_WRITTEN: Names = &["cache_write_tokens", "cache_creation_tokens"];
const AUDIO: Names = &["audio_tokens"];
const REASONING: Names = &["reasoning_tokens"];

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
    let mut prompt = [(CACHED, None), (CACHE_WRITTEN, None), (AUDIO, None)];
    let mut completion = [(REASONING, None), (AUDIO, None)];
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

fn details(usage: &mut Object<'_, '_>, name: &str, counts: &mut [(Names, Option<u32>)]) -> Result<(), BadRequest> {
    let Some(value) = usage.peek(name).filter(|value| value.is_object()) else {
        return Ok(());
    };
    let path = usage.path().field(name);
    let mut details = value.object(&path)?;
    for (names, found) in counts.iter_mut() {
        *found = names.iter().find_map(|name| count(&mut details, name));
    }
    if counts.iter().any(|(_, found)| found.is_some()) {
        usage.take(name);
        usage.leave(name, details.into_rest());
    }
    Ok(())
}

fn count(object: &mut Object<'_, '_>, name: &str) -> Option<u32> {
    let count = object.peek(name)?.u32(&object.path().field(name)).ok()?;
    object.take(name);
    Some(count)
}

/// Adds up the tokens of an answer's texts, if its adapter counted none.
pub(super) struct Tally<'e> {
    estimate: Option<&'e dyn Estimate>,
    output: u32,
}

impl<'e> Tally<'e> {
    /// Counts only where `given` is none.
    pub(super) fn new(given: Option<&Usage>, estimate: &'e dyn Estimate) -> Self {
        Self { estimate: given.is_none().then_some(estimate), output: 0 }
    }

    /// Counts a piece of the answer's text.
    pub(super) fn add(&mut self, text: &str) {
        if let Some(estimate) = self.estimate {
            self.output = self.output.saturating_add(estimate.output(text));
        }
    }

    /// Counts a string of an answer that is passed through; anything else counts nothing.
    pub(super) fn add_json(&mut self, value: Value<'_>) {
        if self.estimate.is_some()
            && let Ok(text) = value.string(&Path::ROOT)
        {
            self.add(&text);
        }
    }

    /// The adapter's usage, else the estimate; and whether it is one.
    pub(super) fn usage(self, given: Option<Usage>) -> (Usage, bool) {
        match (given, self.estimate) {
            (Some(usage), _) => (totalled(usage), false),
            (None, estimate) => (estimated(estimate.map_or(0, Estimate::input), self.output), true),
        }
    }
}

/// Writes a chat answer's usage; `estimated` says so on the wire.
pub(super) fn write(out: &mut Vec<u8>, usage: &Usage, estimated: bool, path: &Path<'_>) -> Result<(), MalformedAnswer> {
    let mut object = ObjectWriter::open(out);
    object.value("prompt_tokens", usage.input);
    object.value("completion_tokens", usage.output);
    write_rest(object, usage, estimated, path)
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
    write_rest(object, usage, estimated, path)
}

fn write_rest(
    mut object: ObjectWriter<'_>,
    usage: &Usage,
    estimated: bool,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    object.value("total_tokens", usage.total);
    let prompt = [(CACHED, usage.cached_input), (CACHE_WRITTEN, usage.cache_write_input), (AUDIO, usage.audio_input)];
    write_details(&mut object, PROMPT_DETAILS, &usage.extra, path, &prompt)?;
    let completion = [(REASONING, usage.reasoning_output), (AUDIO, usage.audio_output)];
    write_details(&mut object, COMPLETION_DETAILS, &usage.extra, path, &completion)?;
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
    counts: &[(Names, Option<u32>)],
) -> Result<(), MalformedAnswer> {
    if counts.iter().all(|(_, count)| count.is_none()) {
        // What the extra fields hold under this name, if anything, is then written with them.
        return Ok(());
    }
    let nested = nested_extra(extra, name, path)?;
    let mut details = ObjectWriter::open(usage.field(name));
    for (names, count) in counts {
        if let Some(name) = names.first() {
            details.optional(name, *count);
        }
    }
    details.extra(&nested, &path.field(name))?;
    details.close();
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]

    use super::super::json::{self, Path};
    use super::*;

    #[track_caller]
    fn check(details: &str, count: Option<u32>, written: &str) {
        let text = format!(r#"{{"usage":{{"prompt_tokens":9,"prompt_tokens_details":{details}}}}}"#);
        let mut document = json::document(&text, &Path::ROOT).unwrap();
        let usage = document.typed("usage", read).unwrap().unwrap();
        assert_eq!(usage.cache_write_input, count, "{details}");
        let mut out = Vec::new();
        write_input_only(&mut out, &usage, false, &Path::ROOT).unwrap();
        let expected = format!(r#"{{"prompt_tokens":9,"total_tokens":9,"prompt_tokens_details":{written}}}"#);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn tokens_written_to_the_cache_are_read_by_either_name_and_written_by_openais() {
        check(r#"{"cache_write_tokens":5}"#, Some(5), r#"{"cache_write_tokens":5}"#);
        check(r#"{"cache_creation_tokens":5}"#, Some(5), r#"{"cache_write_tokens":5}"#);
        let nothing = r#"{"cache_write_tokens":null,"cache_creation_tokens":-1}"#;
        check(nothing, None, nothing);
    }

    #[test]
    fn an_upstream_that_says_both_names_is_passed_on_with_both() {
        let both = r#"{"cache_write_tokens":5,"cache_creation_tokens":6}"#;
        check(both, Some(5), both);
    }
}
