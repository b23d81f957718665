//! A whole answer that an adapter passes through as OpenAI's object: put right where the wire demands it, the rest as it came.

use super::super::json::{self, BadRequest, Object, Path, Value};
use super::super::usage::{self, Estimate, Tally};
use super::super::write::{MalformedAnswer, ObjectWriter, write_array, write_json, write_value};
use super::{Answer, AnswerContext, in_order, put_right};

/// Writes the answer that `json` is.
pub(super) fn chat_completion(
    context: &AnswerContext,
    json: &str,
    estimate: &dyn Estimate,
) -> Result<Answer, MalformedAnswer> {
    let path = Path::ROOT;
    let mut answer = json::document(json, &path)?;
    let id = word(&mut answer, "id");
    let model = word(&mut answer, "model");
    let created = answer.take("created").and_then(|value| value.u64(&path).ok());
    let choices = answer.require("choices")?;
    let given = answer.typed("usage", usage::read)?;
    answer.take("object");

    let mut tally = Tally::new(given.as_ref(), estimate);
    let mut body = Vec::with_capacity(json.len());
    let mut object = ObjectWriter::open(&mut body);
    object.value("id", context.id_or(id.as_deref()));
    object.value("object", "chat.completion");
    object.value("created", created.unwrap_or(context.created));
    object.value("model", context.model_or(model.as_deref()));
    let choices_path = path.field("choices");
    write_choices(object.field("choices"), context, choices, &mut tally, &choices_path)?;
    let (usage, estimated) = tally.usage(given);
    usage::write(object.field("usage"), &usage, estimated, &path.field("usage"))?;
    object.rest(&answer);
    object.close();
    Ok(Answer { body, usage, estimated })
}

/// Takes a string; one of the wrong type is as good as none, since the host has its own.
pub(in super::super) fn word(object: &mut Object<'_, '_>, name: &str) -> Option<String> {
    let value = object.take(name)?;
    Some(value.string(&Path::ROOT).ok()?.into_owned())
}

fn write_choices(
    out: &mut Vec<u8>,
    context: &AnswerContext,
    choices: Value<'_>,
    tally: &mut Tally<'_>,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    let mut indexed = Vec::new();
    choices.items(path, |choice, path| {
        let index = choice.object(path)?.u32("index").ok().flatten();
        indexed.push((index.unwrap_or_else(|| position(indexed.len())), choice));
        Ok::<_, BadRequest>(())
    })?;
    if indexed.is_empty() {
        return Err(MalformedAnswer::at(path, "is empty"));
    }
    let indexes = in_order(&mut indexed, |(index, _)| *index);
    let mut choices = indexes.into_iter().zip(indexed).enumerate();
    write_array(out, &mut choices, |out, (at, (index, (_, choice)))| {
        let path = path.item(at);
        write_choice(out, context, (index, choice.object(&path)?), tally)
    })
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn write_choice(
    out: &mut Vec<u8>,
    context: &AnswerContext,
    (index, mut choice): (u32, Object<'_, '_>),
    tally: &mut Tally<'_>,
) -> Result<(), MalformedAnswer> {
    let message = choice.require("message")?;
    let logprobs = choice.take("logprobs");
    let reason = choice.typed("finish_reason", Value::string)?;
    choice.take("index");
    let path = choice.path().field("message");

    let mut object = ObjectWriter::open(out);
    object.value("index", index);
    let message = message.object(&path)?;
    let calls = write_message(object.field("message"), context, (index, message), tally)?;
    object.json("logprobs", logprobs.map_or("null", Value::text));
    object.value("finish_reason", put_right(reason.as_deref().unwrap_or_default(), calls > 0));
    object.rest(&choice);
    object.close();
    Ok(())
}

/// Writes a message and says how many tool calls it has.
fn write_message(
    out: &mut Vec<u8>,
    context: &AnswerContext,
    (choice, mut message): (u32, Object<'_, '_>),
    tally: &mut Tally<'_>,
) -> Result<usize, MalformedAnswer> {
    let content = message.take("content");
    let refusal = message.take("refusal");
    let calls = message.take("tool_calls");
    message.take("role");
    let path = message.path();

    let mut object = ObjectWriter::open(out);
    object.value("role", "assistant");
    if let Some(content) = content.filter(|content| !content.is_string() && !content.is_array()) {
        return Err(content.mistyped(&path.field("content"), "a string, an array or null").into());
    }
    if let Some(refusal) = refusal.filter(|refusal| !refusal.is_string()) {
        return Err(refusal.mistyped(&path.field("refusal"), "a string or null").into());
    }
    for (name, text) in [("content", content), ("refusal", refusal)] {
        text.into_iter().for_each(|text| tally.add_json(text));
        object.json(name, text.map_or("null", Value::text));
    }
    message.peek("reasoning_content").into_iter().for_each(|text| tally.add_json(text));
    let mut count = 0;
    if let Some(calls) = calls {
        let out = object.field("tool_calls");
        out.push(b'[');
        calls.items(&path.field("tool_calls"), |call, path| {
            if count > 0 {
                out.push(b',');
            }
            write_tool_call(out, call.object(path)?, || context.tool_call_id(choice, count), tally)?;
            count += 1;
            Ok::<_, BadRequest>(())
        })?;
        out.push(b']');
    }
    object.rest(&message);
    object.close();
    Ok(count)
}

fn write_tool_call(
    out: &mut Vec<u8>,
    mut call: Object<'_, '_>,
    made: impl FnOnce() -> String,
    tally: &mut Tally<'_>,
) -> Result<(), BadRequest> {
    let id = word(&mut call, "id").filter(|id| !id.is_empty()).unwrap_or_else(made);
    let kind = word(&mut call, "type").filter(|kind| !kind.is_empty());
    let function = call.take("function");
    let path = call.path().field("function");

    let mut object = ObjectWriter::open(out);
    object.value("id", id);
    object.value("type", kind.as_deref().unwrap_or("function"));
    if let Some(function) = function {
        let mut function = function.object(&path)?;
        let arguments = function.take("arguments");
        function.peek("name").into_iter().for_each(|name| tally.add_json(name));
        arguments.into_iter().for_each(|text| tally.add_json(text));
        let mut inner = ObjectWriter::open(object.field("function"));
        inner.rest(&function);
        write_arguments(inner.field("arguments"), arguments);
        inner.close();
    }
    object.rest(&call);
    object.close();
    Ok(())
}

/// Arguments are a string on OpenAI's wire; what some providers send as an object becomes its JSON text.
pub(in super::super) fn write_arguments(out: &mut Vec<u8>, arguments: Option<Value<'_>>) {
    match arguments {
        Some(text) if text.is_string() => write_json(out, text.text()),
        Some(value) => write_value(out, value.text()),
        None => write_value(out, ""),
    }
}
