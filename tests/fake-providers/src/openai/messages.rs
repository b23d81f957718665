//! The messages of a chat request: what OpenAI refuses in them, and what was said last.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{invalid_type, invalid_value, missing};
use super::error::Failure;
use crate::answer::Turn;

/// Roles, parts and tool-call ids, message by message.
pub(crate) fn check(body: &Value) -> Result<(), Failure> {
    let messages = match body.get("messages") {
        Some(Value::Array(messages)) => messages,
        Some(_) => return Err(invalid_type("messages", "an array of objects")),
        None => return Err(missing("messages")),
    };
    if messages.is_empty() {
        let message = "Invalid 'messages': empty array. Expected an array with minimum length 1.";
        return Err(Failure::new(400, message).param("messages").code("empty_array"));
    }
    let mut open = HashSet::new();
    for (index, message) in messages.iter().enumerate() {
        let at = format!("messages[{index}]");
        let role = match message.get("role") {
            Some(Value::String(role)) => role.as_str(),
            Some(_) => return Err(invalid_type(&format!("{at}.role"), "a string")),
            None => return Err(missing(&format!("{at}.role"))),
        };
        if role != "tool" {
            all_answered(&open, index)?;
            open.clear();
        }
        match role {
            "system" | "developer" | "user" | "function" => content(message, &at, role)?,
            "assistant" => {
                open = tool_calls(message, &at)?;
                let has_content = message.get("content").is_some_and(|content| !content.is_null());
                let has_other = ["refusal", "audio", "function_call"].iter().any(|name| message.get(name).is_some());
                if has_content {
                    content(message, &at, role)?;
                } else if open.is_empty() && !has_other {
                    return Err(invalid_type(
                        &format!("{at}.content"),
                        "a string or an array of objects, but got null",
                    ));
                }
            }
            "tool" => {
                content(message, &at, role)?;
                let id = message.get("tool_call_id").and_then(Value::as_str);
                let id = id.ok_or_else(|| missing(&format!("{at}.tool_call_id")))?;
                if !open.remove(id) {
                    let message =
                        "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'.";
                    return Err(Failure::new(400, message).param(format!("{at}.role")));
                }
            }
            _ => {
                let supported = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
                return Err(invalid_value(&format!("{at}.role"), supported));
            }
        }
    }
    all_answered(&open, messages.len())
}

/// What the model is to answer.
pub(crate) fn last_turn(body: &Value) -> Turn {
    let messages = body.get("messages").and_then(Value::as_array);
    let last = messages
        .into_iter()
        .flatten()
        .rfind(|message| matches!(message.get("role").and_then(Value::as_str), Some("user" | "tool" | "function")));
    let text = last.and_then(|message| message.get("content")).map(text).unwrap_or_default();
    match last.and_then(|message| message.get("role")).and_then(Value::as_str) {
        Some("tool" | "function") => Turn::ToolResult(text),
        _ => Turn::User(text),
    }
}

/// The text of a message, each attachment as its MIME type in brackets.
fn text(content: &Value) -> String {
    let Value::Array(parts) = content else { return content.as_str().unwrap_or_default().to_owned() };
    let texts = parts.iter().map(|part| match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        Some("image_url") => {
            let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
            let data = url.strip_prefix("data:").and_then(|rest| rest.split(';').next());
            format!("[{}]", data.unwrap_or("image"))
        }
        Some("input_audio") => {
            let format = part.pointer("/input_audio/format").and_then(Value::as_str).unwrap_or_default();
            format!("[audio/{format}]")
        }
        Some(other) => format!("[{other}]"),
        None => String::new(),
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn content(message: &Value, at: &str, role: &str) -> Result<(), Failure> {
    let at = format!("{at}.content");
    let parts = match message.get("content") {
        Some(Value::String(_)) => return Ok(()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(invalid_type(&at, "one of a string or array of objects")),
        None => return Err(missing(&at)),
    };
    if parts.is_empty() {
        let message = format!("Invalid '{at}': empty array. Expected an array with minimum length 1.");
        return Err(Failure::new(400, message).param(at).code("empty_array"));
    }
    for (index, part) in parts.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let kind = part.get("type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{at}.type")))?;
        let field = match (kind, role) {
            ("text", _) => "/text",
            ("image_url", "user") => "/image_url/url",
            ("input_audio", "user") => "/input_audio/data",
            ("file", "user") => "/file",
            ("refusal", "assistant") => "/refusal",
            _ => {
                return Err(invalid_value(
                    &format!("{at}.type"),
                    "'text', 'image_url', 'input_audio', 'refusal' and 'file'",
                ));
            }
        };
        if part.pointer(field).is_none_or(|value| !value.is_string() && kind != "file") {
            return Err(missing(&format!("{at}{}", field.replace('/', "."))));
        }
    }
    Ok(())
}

/// The ids of an assistant's calls.
fn tool_calls(message: &Value, at: &str) -> Result<HashSet<String>, Failure> {
    let mut ids = HashSet::new();
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    for (index, call) in calls.enumerate() {
        let at = format!("{at}.tool_calls[{index}]");
        let kind = call.get("type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{at}.type")))?;
        let input = match kind {
            "function" => "arguments",
            "custom" => "input",
            _ => return Err(invalid_value(&format!("{at}.type"), "'function' and 'custom'")),
        };
        for field in [format!("/{kind}/name"), format!("/{kind}/{input}")] {
            if !call.pointer(&field).is_some_and(Value::is_string) {
                return Err(missing(&format!("{at}{}", field.replace('/', "."))));
            }
        }
        let id = call.get("id").and_then(Value::as_str).ok_or_else(|| missing(&format!("{at}.id")))?;
        ids.insert(id.to_owned());
    }
    Ok(ids)
}

fn all_answered(open: &HashSet<String>, index: usize) -> Result<(), Failure> {
    if open.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<&str> = open.iter().map(String::as_str).collect();
    ids.sort_unstable();
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'. \
         These had none: {}",
        ids.join(", ")
    );
    Err(Failure::new(400, message).param(format!("messages.[{index}].role")))
}
