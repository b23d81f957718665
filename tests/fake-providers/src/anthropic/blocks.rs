//! What Anthropic refuses in each message and content block, taken alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::check::{Checked, cache_control, non_empty_string, object, one_of, only};
use super::error::Failure;
use super::thinking_signature;

/// Every message: its role, and that its content is made of blocks that this role may send.
pub(crate) fn messages(messages: &Value) -> Checked {
    let messages = messages.as_array().ok_or_else(|| Failure::field("messages", "Input should be a valid list"))?;
    if messages.is_empty() {
        return Err(Failure::field("messages", "at least one message is required"));
    }
    for (index, message) in messages.iter().enumerate() {
        let path = format!("messages.{index}");
        only(message, &path, &["role", "content"])?;
        let role = message["role"].as_str().unwrap_or_default();
        if role == "system" {
            let message = "Unexpected role \"system\". Use the top-level `system` parameter.";
            return Err(Failure::field("messages", message));
        }
        one_of(&message["role"], &format!("{path}.role"), &["user", "assistant"])?;
        let last = index + 1 == messages.len();
        content(message, &path, role, last && role == "assistant")?;
    }
    Ok(())
}

/// A text block, wherever one may stand.
pub(crate) fn text(block: &Value, path: &str) -> Checked {
    let at = format!("{path}.text");
    only(block, &at, &["type", "text", "?cache_control", "?citations"])?;
    match block["text"].as_str() {
        None => Err(Failure::field(&format!("{at}.text"), "Input should be a valid string")),
        Some("") => Err(Failure::field(path, "text content blocks must be non-empty")),
        Some(text) if text.trim().is_empty() => {
            Err(Failure::field(path, "text content blocks must contain non-whitespace text"))
        }
        Some(_) => cache_control(block, &at),
    }
}

fn content(message: &Value, path: &str, role: &str, prefill: bool) -> Checked {
    let trailing = Failure::field("messages", "final assistant content cannot end with trailing whitespace");
    let empty = || Failure::new(400, format!("{path}: all messages must have non-empty content"));
    match &message["content"] {
        Value::String(text) if prefill && text.ends_with(char::is_whitespace) => Err(trailing),
        Value::String(text) if text.trim().is_empty() => Err(empty()),
        Value::String(_) => Ok(()),
        Value::Array(blocks) if blocks.is_empty() => Err(empty()),
        Value::Array(blocks) => {
            for (index, block) in blocks.iter().enumerate() {
                self::block(block, &format!("{path}.content.{index}"), role)?;
            }
            let last = blocks.last().and_then(|block| block.get("text")).and_then(Value::as_str);
            if prefill && last.is_some_and(|text| text.ends_with(char::is_whitespace)) { Err(trailing) } else { Ok(()) }
        }
        _ => Err(Failure::field(&format!("{path}.content"), "Input should be a valid string or list")),
    }
}

fn block(block: &Value, path: &str, role: &str) -> Checked {
    object(block, path)?;
    let Some(kind) = block.get("type").and_then(Value::as_str) else {
        return Err(Failure::field(&format!("{path}.type"), "Field required"));
    };
    let at = format!("{path}.{kind}");
    match (kind, role) {
        ("text", _) => text(block, path),
        ("image", "user" | "tool") => image(block, &at),
        ("document", _) => document(block, &at),
        ("search_result", "user" | "tool") => {
            only(block, &at, &["type", "source", "title", "content", "?cache_control", "?citations"])
        }
        ("tool_result", "user") => tool_result(block, &at),
        ("tool_use", "assistant") => {
            only(block, &at, &["type", "id", "name", "input", "?cache_control", "?caller", "?toolset_name"])?;
            let id = block["id"].as_str().unwrap_or_default();
            if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
                let message = "String should match pattern '^[a-zA-Z0-9_-]+$'";
                return Err(Failure::field(&format!("{at}.id"), message));
            }
            non_empty_string(&block["name"], &format!("{at}.name"))?;
            object(&block["input"], &format!("{at}.input"))?;
            cache_control(block, &at)
        }
        ("thinking", "assistant") => {
            only(block, &at, &["type", "thinking", "signature"])?;
            let thinking = block["thinking"].as_str();
            let thinking =
                thinking.ok_or_else(|| Failure::field(&format!("{at}.thinking"), "Input should be a valid string"))?;
            // With `display: omitted` the text went out empty and the signature was another text's.
            if !thinking.is_empty() && block["signature"] != thinking_signature(thinking).as_str() {
                return Err(Failure::field(path, "Invalid `signature` in `thinking` block"));
            }
            non_empty_string(&block["signature"], &format!("{at}.signature"))
        }
        ("redacted_thinking", "assistant") => {
            only(block, &at, &["type", "data"])?;
            non_empty_string(&block["data"], &format!("{at}.data"))
        }
        ("tool_use" | "tool_result" | "thinking" | "redacted_thinking" | "image", _) => {
            Err(Failure::field(path, &format!("`{kind}` blocks are not permitted in {role} messages")))
        }
        // Blocks of Anthropic's own tools, which the model and the API write, not an adapter.
        ("server_tool_use" | "container_upload", _) => Ok(()),
        (kind, _) if kind.ends_with("_tool_result") => Ok(()),
        _ => Err(Failure::field(
            path,
            &format!("Input tag '{kind}' found using 'type' does not match any of the expected tags"),
        )),
    }
}

fn tool_result(block: &Value, at: &str) -> Checked {
    only(block, at, &["type", "tool_use_id", "?content", "?is_error", "?cache_control", "?toolset_name"])?;
    non_empty_string(&block["tool_use_id"], &format!("{at}.tool_use_id"))?;
    if block.get("is_error").is_some_and(|flag| !flag.is_boolean()) {
        return Err(Failure::field(&format!("{at}.is_error"), "Input should be a valid boolean"));
    }
    match block.get("content") {
        None | Some(Value::String(_)) => {}
        Some(Value::Array(parts)) => {
            for (index, part) in parts.iter().enumerate() {
                self::block(part, &format!("{at}.content.{index}"), "tool")?;
            }
        }
        Some(_) => return Err(Failure::field(&format!("{at}.content"), "Input should be a valid string or list")),
    }
    cache_control(block, at)
}

fn image(block: &Value, at: &str) -> Checked {
    only(block, at, &["type", "source", "?cache_control", "?transformations"])?;
    let source = &block["source"];
    match source.get("type").and_then(Value::as_str) {
        Some("base64") => {
            let at = format!("{at}.source.base64");
            only(source, &at, &["type", "media_type", "data"])?;
            let types = ["image/jpeg", "image/png", "image/gif", "image/webp"];
            one_of(&source["media_type"], &format!("{at}.media_type"), &types)?;
            base64_data(source, &at)?;
        }
        _ => url_or_file(source, &format!("{at}.source"))?,
    }
    cache_control(block, at)
}

fn document(block: &Value, at: &str) -> Checked {
    only(block, at, &["type", "source", "?cache_control", "?citations", "?context", "?title"])?;
    let source = &block["source"];
    let kind = source.get("type").and_then(Value::as_str).unwrap_or_default();
    let path = format!("{at}.source.{kind}");
    match kind {
        "base64" => {
            only(source, &path, &["type", "media_type", "data"])?;
            one_of(&source["media_type"], &format!("{path}.media_type"), &["application/pdf"])?;
            base64_data(source, &path)?;
        }
        "text" => {
            only(source, &path, &["type", "media_type", "data"])?;
            one_of(&source["media_type"], &format!("{path}.media_type"), &["text/plain"])?;
        }
        "content" => only(source, &path, &["type", "content"])?,
        _ => url_or_file(source, &format!("{at}.source"))?,
    }
    cache_control(block, at)
}

fn url_or_file(source: &Value, at: &str) -> Checked {
    match source.get("type").and_then(Value::as_str) {
        Some("url") => {
            only(source, &format!("{at}.url"), &["type", "url"])?;
            let url = source["url"].as_str().unwrap_or_default();
            if url.starts_with("https://") || url.starts_with("http://") {
                return Ok(());
            }
            Err(Failure::field(&format!("{at}.url.url"), "Only HTTP and HTTPS URLs are supported."))
        }
        Some("file") => only(source, &format!("{at}.file"), &["type", "file_id"]),
        _ => Err(Failure::field(at, "Input tag found using 'type' does not match any of the expected tags")),
    }
}

fn base64_data(source: &Value, at: &str) -> Checked {
    let data = source["data"].as_str().unwrap_or_default();
    match STANDARD.decode(data) {
        Ok(bytes) if !bytes.is_empty() => Ok(()),
        _ => Err(Failure::field(&format!("{at}.data"), "Input should be valid base64 data")),
    }
}
