//! Blocks of reasoning that an adapter gives in the client's own form, as `thinking_blocks`.
//!
//! OpenAI's clients fold a stream's lists by the `index` of their items and fail at the second item without one. Upstreams of this form
//! send none, so the host counts: a signature, or withheld data, ends a block. All else stays as it came.

use super::super::json::{Path, Value};
use super::super::write::{MalformedAnswer, ObjectWriter, write_json};
use super::choice::Choice;

/// The delta's field that holds them.
pub(super) const FIELD: &str = "thinking_blocks";

/// Appends the list; what is no list of objects is none of ours.
pub(super) fn write(
    out: &mut Vec<u8>,
    blocks: Value<'_>,
    choice: &mut Choice,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    if !blocks.is_array() {
        write_json(out, blocks.text());
        return Ok(());
    }
    out.push(b'[');
    let mut first = true;
    blocks.items(path, |block, path| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write_block(out, block, choice, path)
    })?;
    out.push(b']');
    Ok(())
}

fn write_block(
    out: &mut Vec<u8>,
    block: Value<'_>,
    choice: &mut Choice,
    path: &Path<'_>,
) -> Result<(), MalformedAnswer> {
    if !block.is_object() {
        write_json(out, block.text());
        return Ok(());
    }
    let mut block = block.object(path)?;
    let ends = ["signature", "data"].iter().any(|name| block.peek(name).is_some_and(|proof| proof.text() != "\"\""));
    let given = block.peek("index").and_then(|index| index.u32(path).ok());
    let index = choice.block(given, ends);
    let mut object = ObjectWriter::open(out);
    block.take("index");
    object.value("index", index);
    object.rest(&block);
    object.close();
    Ok(())
}
