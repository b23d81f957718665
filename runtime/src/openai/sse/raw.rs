//! Chunks that an adapter passes through as OpenAI's objects: put right with the stream's state, every other field as it came.

use super::super::answer::{put_right, word, write_arguments};
use super::super::json::{self, Object, Path, Value};
use super::super::usage::{self, Estimate};
use super::super::write::{MalformedAnswer, ObjectWriter};
use super::{ChunkWriter, blocks};

/// The longest chunk that waits for the end with the counts that it brought, in bytes.
const WAITING_CHUNK: usize = 64 << 10;

/// What a finished choice says no more; whatever else comes late goes through.
const SPOKEN: [&str; 8] =
    ["role", "content", "refusal", "tool_calls", "function_call", "reasoning_content", "reasoning", "thinking_blocks"];

impl<E: Estimate> ChunkWriter<E> {
    /// Appends what the chunk becomes: nothing if all it had was usage, which waits for the end, or came too late.
    pub(super) fn raw(&mut self, json: &str, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        let path = Path::ROOT;
        let mut chunk = json::document(json, &path)?;
        let counts = chunk.typed("usage", usage::read)?;
        let is_count = counts.is_some();
        if let Some(usage) = counts {
            self.usage(usage)?;
        }
        self.head.adopt(&mut chunk)?;
        let mut written = std::mem::take(&mut self.scratch);
        written.clear();
        if let Some(choices) = chunk.take("choices") {
            choices
                .items(&path.field("choices"), |choice, path| self.raw_choice(choice.object(path)?, &mut written))?;
        }
        // Clients read the counts from the chunk that has no choices: there has to be one such.
        let waits =
            is_count && self.options.include_usage && self.beside_usage.is_empty() && json.len() <= WAITING_CHUNK;
        if waits && written.is_empty() {
            self.beside_usage = chunk.into_extra();
        } else if !written.is_empty() || !chunk.is_spent() {
            self.head.write(out)?;
            out.extend_from_slice(b",\"choices\":[");
            out.extend_from_slice(&written);
            out.push(b']');
            ObjectWriter::resume(out, &[]).rest(&chunk);
            self.end_chunk(out);
        }
        self.scratch = written;
        Ok(())
    }

    fn raw_choice(&mut self, mut choice: Object<'_, '_>, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        let index = choice.u32("index")?.unwrap_or(0);
        let logprobs = choice.take("logprobs");
        let reason = choice.typed("finish_reason", |value, path| Ok(value.string(path)?.into_owned()))?;
        let reason = reason.filter(|reason| !reason.is_empty());
        let path = choice.path().field("delta");
        let mut delta = choice.take("delta").map(|delta| delta.object(&path)).transpose()?;

        let finished = self.choice(index)?.is_finished();
        if finished && let Some(delta) = &mut delta {
            for name in SPOKEN {
                delta.take(name);
            }
        }
        if finished && choice.is_spent() && delta.as_ref().is_none_or(Object::is_spent) {
            return Ok(());
        }
        let (logprobs, reason) = if finished { (None, None) } else { (logprobs, reason) };

        if !out.is_empty() {
            out.push(b',');
        }
        let mut object = ObjectWriter::open(out);
        object.value("index", index);
        self.raw_delta(object.field("delta"), index, delta)?;
        object.json("logprobs", logprobs.map_or("null", Value::text));
        let state = self.choice(index)?;
        object.value("finish_reason", reason.as_deref().map(|reason| put_right(reason, state.has_tool_calls())));
        if reason.is_some() {
            state.finish();
        }
        object.rest(&choice);
        object.close();
        Ok(())
    }

    fn raw_delta(
        &mut self,
        out: &mut Vec<u8>,
        choice: u32,
        delta: Option<Object<'_, '_>>,
    ) -> Result<(), MalformedAnswer> {
        let mut object = ObjectWriter::open(out);
        if self.choice(choice)?.start() {
            object.value("role", "assistant");
        }
        let Some(mut delta) = delta else {
            object.close();
            return Ok(());
        };
        delta.take("role");
        for name in ["content", "refusal", "reasoning_content"] {
            self.text.push_json(delta.peek(name));
        }
        let calls = delta.take("tool_calls");
        let blocks = delta.peek(blocks::FIELD).and_then(|_| delta.take(blocks::FIELD));
        object.rest(&delta);
        if let Some(list) = blocks {
            let path = delta.path().field(blocks::FIELD);
            blocks::write(object.field(blocks::FIELD), list, self.choice(choice)?, &path)?;
        }
        if let Some(calls) = calls {
            let out = object.field("tool_calls");
            out.push(b'[');
            let mut first = true;
            calls.items(&delta.path().field("tool_calls"), |call, path| {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                self.raw_tool_call(out, choice, call.object(path)?)
            })?;
            out.push(b']');
        }
        object.close();
        Ok(())
    }

    fn raw_tool_call(
        &mut self,
        out: &mut Vec<u8>,
        choice: u32,
        mut call: Object<'_, '_>,
    ) -> Result<(), MalformedAnswer> {
        let given = call.u32("index")?;
        let id = word(&mut call, "id");
        let given_kind = word(&mut call, "type").filter(|kind| !kind.is_empty());
        let (kind, arguments) = match call.peek("custom") {
            Some(_) => ("custom", "input"),
            None => ("function", "arguments"),
        };
        let path = call.path().field(kind);
        let mut inner = call.take(kind).map(|inner| inner.object(&path)).transpose()?;
        let name = inner.as_mut().and_then(|inner| word(inner, "name"));
        let text = inner.as_mut().and_then(|inner| inner.take(arguments));
        self.text.push(name.as_deref().unwrap_or_default());
        self.text.push_json(text);

        let state = self.choices.get_mut(choice as usize);
        let Some(state) = state else { return Ok(()) };
        let fragment = state.fragment(given, id.as_deref(), name.as_deref(), given_kind.as_deref().unwrap_or(kind))?;
        let mut object = ObjectWriter::open(out);
        fragment.write_head(&mut object, &self.head.context, choice);
        if let Some(inner) = inner {
            let mut writer = ObjectWriter::open(object.field(kind));
            writer.optional("name", fragment.name);
            if text.is_some() || fragment.opens() {
                write_arguments(writer.field(arguments), text);
            }
            writer.rest(&inner);
            writer.close();
        }
        object.rest(&call);
        object.close();
        Ok(())
    }
}
