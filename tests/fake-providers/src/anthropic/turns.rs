//! What Anthropic refuses in how messages follow one another: every `tool_use` is answered at the start
//! of the next turn, and a tool loop with thinking keeps its thinking. Consecutive messages of one role
//! are one turn, as documented.

use std::collections::HashSet;

use serde_json::Value;

use super::check::Checked;
use super::error::Failure;
use crate::answer::Turn;

struct Exchange<'a> {
    role: &'a str,
    /// Where its first message is.
    index: usize,
    blocks: Vec<&'a Value>,
}

/// The order of tool calls, tool results and thinking.
pub(crate) fn check(body: &Value) -> Checked {
    let exchanges = exchanges(body);
    let mut seen = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for exchange in &exchanges {
        let at = format!("messages.{}", exchange.index);
        if exchange.role == "assistant" {
            all_answered(&open, &at)?;
            open = ids(exchange, "tool_use", "id");
            if !open.iter().all(|id| seen.insert(*id)) {
                return Err(Failure::field(&at, "`tool_use` ids must be unique"));
            }
            continue;
        }
        let is_result = |block: &&&Value| block["type"] == "tool_result";
        for id in ids(exchange, "tool_result", "tool_use_id") {
            if !open.contains(&id) {
                let message = format!("unexpected `tool_use_id` found in `tool_result` blocks: {id}");
                return Err(Failure::field(&at, &message));
            }
        }
        // Results have to come first: text before them counts as no answer.
        let leading = exchange.blocks.iter().take_while(is_result);
        let answered: Vec<&str> = leading.filter_map(|block| block["tool_use_id"].as_str()).collect();
        open.retain(|id| !answered.contains(id));
        all_answered(&open, &at)?;
        open.clear();
    }
    all_answered(&open, &format!("messages.{}", exchanges.last().map_or(0, |exchange| exchange.index)))?;
    thinking_is_kept(body, &exchanges)
}

/// What the model is to answer.
pub(crate) fn last_turn(body: &Value) -> Turn {
    let exchanges = exchanges(body);
    let Some(last) = exchanges.iter().rfind(|exchange| exchange.role == "user") else {
        return Turn::User(String::new());
    };
    let results: Vec<String> = last
        .blocks
        .iter()
        .filter(|block| block["type"] == "tool_result")
        .map(|block| block.get("content").map(text).unwrap_or_default())
        .collect();
    if !results.is_empty() {
        return Turn::ToolResult(results.join(", "));
    }
    Turn::User(
        last.blocks.iter().map(|block| text(block)).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "),
    )
}

/// The text of a string, a block, or a list of blocks; an attachment is its MIME type in brackets.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().map(text).collect::<Vec<_>>().join(" "),
        block => match block["type"].as_str().unwrap_or_default() {
            "text" => block["text"].as_str().unwrap_or_default().to_owned(),
            kind => format!("[{}]", block["source"]["media_type"].as_str().unwrap_or(kind)),
        },
    }
}

fn exchanges(body: &Value) -> Vec<Exchange<'_>> {
    let mut exchanges: Vec<Exchange<'_>> = Vec::new();
    for (index, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        let blocks = match &message["content"] {
            Value::Array(blocks) => blocks.iter().collect(),
            text => vec![text],
        };
        match exchanges.last_mut() {
            Some(last) if last.role == role => last.blocks.extend(blocks),
            _ => exchanges.push(Exchange { role, index, blocks }),
        }
    }
    exchanges
}

fn ids<'a>(exchange: &Exchange<'a>, kind: &str, field: &str) -> Vec<&'a str> {
    let blocks = exchange.blocks.iter().filter(|block| block["type"] == kind);
    blocks.filter_map(|block| block[field].as_str()).collect()
}

fn all_answered(open: &[&str], at: &str) -> Checked {
    if open.is_empty() {
        return Ok(());
    }
    let message =
        format!("`tool_use` ids were found without `tool_result` blocks immediately after: {}", open.join(", "));
    Err(Failure::field(at, &message))
}

/// With thinking on, the assistant turns of the present tool loop begin with their thinking.
fn thinking_is_kept(body: &Value, exchanges: &[Exchange<'_>]) -> Checked {
    if body.pointer("/thinking/type").and_then(Value::as_str) != Some("enabled") {
        return Ok(());
    }
    let [.., assistant, user] = exchanges else { return Ok(()) };
    let in_loop = user.role == "user" && !ids(user, "tool_result", "tool_use_id").is_empty();
    let first = assistant.blocks.first().map_or("text", |block| block["type"].as_str().unwrap_or("text"));
    if in_loop && !matches!(first, "thinking" | "redacted_thinking") {
        let at = format!("messages.{}.content.0.type", assistant.index);
        let message = format!(
            "Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final \
             `assistant` message must start with a thinking block."
        );
        return Err(Failure::field(&at, &message));
    }
    Ok(())
}
