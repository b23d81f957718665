//! The messages of a chat request: roles, content, reasoning that comes back, tool calls and their results.
//!
//! The legacy role `function` has no name in the vocabulary: such a message is a `tool` one without a `tool-call-id`, and its `role`
//! stays among the extra fields. Parts of a message's content are read by [`super::parts`].

use super::super::json::{BadRequest, Object, Path, Value};
use super::parts;
use crate::chat::{Content, Message, Reasoning, Role, ToolCall};

/// Takes `messages` out of the request: an array that must not be empty.
pub(super) fn messages(body: &mut Object<'_, '_>) -> Result<Vec<Message>, BadRequest> {
    let value = body.require("messages")?;
    let path = body.path().field("messages");
    let mut messages = Vec::new();
    value.items(&path, |item, path| {
        messages.push(message(item.object(path)?)?);
        Ok(())
    })?;
    if messages.is_empty() {
        return Err(BadRequest::at(&path, "is empty: it needs at least one message"));
    }
    Ok(messages)
}

fn message(mut message: Object<'_, '_>) -> Result<Message, BadRequest> {
    let (role, legacy) = role(&mut message)?;
    let content = message.typed("content", content)?.unwrap_or(Content::Empty);
    let may_be_empty = role == Role::Assistant || legacy;
    if content == Content::Empty && !may_be_empty {
        return Err(BadRequest::at(&message.path().field("content"), "is missing"));
    }
    let tool_call_id = message.string("tool_call_id")?;
    if role == Role::Tool && !legacy && tool_call_id.is_none() {
        return Err(BadRequest::at(&message.path().field("tool_call_id"), "is missing"));
    }
    Ok(Message {
        role,
        name: message.string("name")?,
        content,
        refusal: message.string("refusal")?,
        reasoning: reasoning(&mut message)?,
        tool_calls: message.typed("tool_calls", tool_calls)?.unwrap_or_default(),
        tool_call_id,
        extra: message.into_extra(),
    })
}

/// The role, and whether it is the legacy `function`.
fn role(message: &mut Object<'_, '_>) -> Result<(Role, bool), BadRequest> {
    let name = message.require_string("role")?;
    let role = match name.as_str() {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        "function" => {
            message.put_back("role");
            return Ok((Role::Tool, true));
        }
        _ => {
            let roles = "must be one of system, developer, user, assistant, tool, function";
            return Err(BadRequest::at(&message.path().field("role"), roles));
        }
    };
    Ok((role, false))
}

fn content(value: Value<'_>, path: &Path<'_>) -> Result<Content, BadRequest> {
    if value.is_string() {
        return Ok(Content::Text(value.string(path)?.into_owned()));
    }
    if !value.is_array() {
        return Err(value.mistyped(path, "a string or an array of parts"));
    }
    let mut parts = Vec::new();
    value.items(path, |item, path| {
        parts.push(parts::part(item, path)?);
        Ok(())
    })?;
    Ok(Content::Parts(parts))
}

/// The reasoning that a client sends back: `thinking_blocks`, else the text alone as `reasoning_content` or `reasoning`.
///
/// None of these is OpenAI's, so one of an unknown shape is no error: it stays among the extra fields.
fn reasoning(message: &mut Object<'_, '_>) -> Result<Vec<Reasoning>, BadRequest> {
    let blocks = thinking_blocks(message)?;
    let whole = blocks.iter().filter(|block| !block.redacted).map(|block| &*block.text).collect::<String>();
    let mut reasoning = blocks;
    for name in ["reasoning_content", "reasoning"] {
        let Some(value) = message.peek(name).filter(|value| value.is_string()) else {
            continue;
        };
        let text = value.string(&message.path().field(name))?;
        if reasoning.is_empty() && !text.is_empty() {
            reasoning.push(Reasoning { text: text.into_owned(), signature: None, redacted: false });
            message.take(name);
        } else if text == whole {
            // The same text once more, for clients that know no blocks.
            message.take(name);
        }
    }
    Ok(reasoning)
}

/// Takes `thinking_blocks` out if it understands every field of every block.
fn thinking_blocks(message: &mut Object<'_, '_>) -> Result<Vec<Reasoning>, BadRequest> {
    let Some(value) = message.peek("thinking_blocks").filter(|value| value.is_array()) else {
        return Ok(Vec::new());
    };
    let mut blocks = Vec::new();
    let mut understood = true;
    value.items(&message.path().field("thinking_blocks"), |item, path| {
        match parts::thinking(item, path) {
            Some(block) => blocks.push(block),
            None => understood = false,
        }
        Ok(())
    })?;
    if !understood {
        return Ok(Vec::new());
    }
    message.take("thinking_blocks");
    Ok(blocks)
}

fn tool_calls(value: Value<'_>, path: &Path<'_>) -> Result<Vec<ToolCall>, BadRequest> {
    let mut calls = Vec::new();
    value.items(path, |item, path| {
        calls.push(tool_call(item.object(path)?)?);
        Ok(())
    })?;
    Ok(calls)
}

fn tool_call(mut call: Object<'_, '_>) -> Result<ToolCall, BadRequest> {
    let id = call.require_string("id")?;
    let kind = call.require_string("type")?;
    let (name, arguments) = match kind.as_str() {
        "function" => called(&mut call, "function", "arguments")?,
        "custom" => called(&mut call, "custom", "input")?,
        _ => (String::new(), String::new()),
    };
    Ok(ToolCall { id, kind, name, arguments, extra: call.into_extra() })
}

/// The name and argument text of a call, which OpenAI puts in an object named after the call's kind.
fn called(call: &mut Object<'_, '_>, kind: &str, arguments: &str) -> Result<(String, String), BadRequest> {
    let value = call.require(kind)?;
    let path = call.path().field(kind);
    let mut inner = value.object(&path)?;
    let called = (inner.require_string("name")?, inner.require_string(arguments)?);
    call.leave(kind, inner.into_rest());
    Ok(called)
}
