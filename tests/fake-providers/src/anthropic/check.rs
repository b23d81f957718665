//! What Anthropic refuses in a request, but for its messages: fields missing, mistyped, out of range,
//! or unknown. `blocks` and `turns` look at the messages.

use serde_json::{Map, Value};

use super::blocks;
use super::error::Failure;
use super::turns;
use super::version::Version;

pub(crate) type Checked = Result<(), Failure>;

const FIELDS: [&str; 22] = [
    "model",
    "messages",
    "max_tokens",
    "cache_control",
    "container",
    "diagnostics",
    "inference_geo",
    "metadata",
    "output_config",
    "service_tier",
    "speed",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
    "user_profile_id",
    "workspace_id",
];
/// Fields that the API knows only beside an `anthropic-beta` header.
const BETA_FIELDS: [&str; 3] = ["context_management", "mcp_servers", "output_format"];

/// Whether a whole request is one that Anthropic takes.
pub(crate) fn request(body: &Value, version: Version, beta: bool) -> Checked {
    let fields = object(body, "body")?;
    for name in ["max_tokens", "messages", "model"] {
        if !fields.contains_key(name) {
            return Err(Failure::field(name, "Field required"));
        }
    }
    for name in fields.keys() {
        let known = FIELDS.contains(&name.as_str()) || (beta && BETA_FIELDS.contains(&name.as_str()));
        if !known {
            return Err(Failure::field(name, "Extra inputs are not permitted"));
        }
    }
    non_empty_string(&body["model"], "model")?;
    if !body["max_tokens"].is_u64() {
        return Err(Failure::field("max_tokens", "Input should be a valid integer greater than or equal to 0"));
    }
    system(body)?;
    blocks::messages(&body["messages"])?;
    numbers(body)?;
    tools(body)?;
    tool_choice(body)?;
    thinking(body)?;
    small_objects(body)?;
    version.check(body)?;
    turns::check(body)
}

/// An object.
pub(crate) fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Failure> {
    value.as_object().ok_or_else(|| Failure::field(path, "Input should be a valid dictionary"))
}

/// An object with these fields and no others. A `?` before a name marks an optional one.
pub(crate) fn only(value: &Value, path: &str, names: &[&str]) -> Checked {
    let fields = object(value, path)?;
    for name in names.iter().filter(|name| !name.starts_with('?')) {
        if !fields.contains_key(*name) {
            return Err(Failure::field(&format!("{path}.{name}"), "Field required"));
        }
    }
    match fields.keys().find(|key| !names.iter().any(|name| name.trim_start_matches('?') == key.as_str())) {
        Some(extra) => Err(Failure::field(&format!("{path}.{extra}"), "Extra inputs are not permitted")),
        None => Ok(()),
    }
}

pub(crate) fn non_empty_string(value: &Value, path: &str) -> Checked {
    match value.as_str() {
        None => Err(Failure::field(path, "Input should be a valid string")),
        Some("") => Err(Failure::field(path, "String should have at least 1 character")),
        Some(_) => Ok(()),
    }
}

pub(crate) fn cache_control(value: &Value, path: &str) -> Checked {
    let Some(control) = value.get("cache_control").filter(|control| !control.is_null()) else { return Ok(()) };
    let path = format!("{path}.cache_control");
    only(control, &path, &["type", "?ttl"])?;
    one_of(&control["type"], &format!("{path}.type"), &["ephemeral"])?;
    control.get("ttl").map_or(Ok(()), |ttl| one_of(ttl, &format!("{path}.ttl"), &["5m", "1h"]))
}

pub(crate) fn one_of(value: &Value, path: &str, choices: &[&str]) -> Checked {
    match value.as_str() {
        Some(text) if choices.contains(&text) => Ok(()),
        _ => Err(Failure::field(path, &format!("Input should be one of {}", choices.join(", ")))),
    }
}

fn system(body: &Value) -> Checked {
    match body.get("system") {
        None => Ok(()),
        Some(Value::String(text)) if text.is_empty() => {
            Err(Failure::field("system", "text content blocks must be non-empty"))
        }
        Some(Value::String(_)) => Ok(()),
        Some(Value::Array(items)) => items.iter().enumerate().try_for_each(|(index, block)| {
            let path = format!("system.{index}");
            one_of(block.get("type").unwrap_or(&Value::Null), &format!("{path}.type"), &["text"])?;
            blocks::text(block, &path)
        }),
        Some(_) => Err(Failure::field("system", "Input should be a valid string or list")),
    }
}

fn numbers(body: &Value) -> Checked {
    for (name, high) in [("temperature", 1.0), ("top_p", 1.0), ("top_k", f64::MAX)] {
        match body.get(name).map(Value::as_f64) {
            None => {}
            Some(Some(number)) if (0.0..=high).contains(&number) => {}
            Some(Some(_)) => return Err(Failure::field(name, &format!("range: 0..{high}"))),
            Some(None) => return Err(Failure::field(name, "Input should be a valid number")),
        }
    }
    if body.get("stream").is_some_and(|stream| !stream.is_boolean()) {
        return Err(Failure::field("stream", "Input should be a valid boolean"));
    }
    let Some(stops) = body.get("stop_sequences") else { return Ok(()) };
    let stops = stops.as_array().ok_or_else(|| Failure::field("stop_sequences", "Input should be a valid list"))?;
    stops.iter().enumerate().try_for_each(|(index, stop)| match stop.as_str() {
        None => Err(Failure::field(&format!("stop_sequences.{index}"), "Input should be a valid string")),
        Some(stop) if stop.trim().is_empty() => {
            Err(Failure::field("stop_sequences", "each stop sequence must contain non-whitespace"))
        }
        Some(_) => Ok(()),
    })
}

fn tools(body: &Value) -> Checked {
    let Some(tools) = body.get("tools") else { return Ok(()) };
    let tools = tools.as_array().ok_or_else(|| Failure::field("tools", "Input should be a valid list"))?;
    let mut names = Vec::new();
    for (index, tool) in tools.iter().enumerate() {
        let path = format!("tools.{index}");
        let name = tool.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| Failure::field(&format!("{path}.name"), "Field required"))?;
        if names.contains(&name) {
            return Err(Failure::field("tools", "Tool names must be unique."));
        }
        names.push(name);
        // Anthropic's own tools, such as web_search_20250305, each have fields of their own.
        if !matches!(tool.get("type").map(Value::as_str), None | Some(None | Some("custom"))) {
            continue;
        }
        let path = format!("{path}.custom");
        let optional = ["?description", "?type", "?strict", "?cache_control", "?input_examples", "?allowed_callers"];
        let further = ["name", "input_schema", "?defer_loading", "?eager_input_streaming"];
        only(tool, &path, &[&optional[..], &further].concat())?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
            let message = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'";
            return Err(Failure::field(&format!("{path}.name"), message));
        }
        let schema = format!("{path}.input_schema");
        object(&tool["input_schema"], &schema)?;
        match tool["input_schema"].get("type").map(Value::as_str) {
            None => return Err(Failure::field(&format!("{schema}.type"), "Field required")),
            Some(Some("object")) => {}
            Some(_) => return Err(Failure::field(&format!("{schema}.type"), "Input should be 'object'")),
        }
        if tool.get("description").is_some_and(|description| !description.is_string()) {
            return Err(Failure::field(&format!("{path}.description"), "Input should be a valid string"));
        }
        cache_control(tool, &path)?;
    }
    Ok(())
}

fn tool_choice(body: &Value) -> Checked {
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let kind = choice.get("type").unwrap_or(&Value::Null);
    one_of(kind, "tool_choice.type", &["auto", "any", "tool", "none"])?;
    let kind = kind.as_str().unwrap_or_default();
    let path = format!("tool_choice.{kind}");
    let tools = body.get("tools").and_then(Value::as_array);
    match kind {
        "tool" => {
            only(choice, &path, &["type", "name", "?disable_parallel_tool_use"])?;
            let name = choice["name"].as_str().unwrap_or_default();
            if !tools.into_iter().flatten().any(|tool| tool["name"] == name) {
                let message = format!("Tool '{name}' not found in provided tools");
                return Err(Failure::field("tool_choice", &message));
            }
        }
        "none" => only(choice, &path, &["type"])?,
        _ => only(choice, &path, &["type", "?disable_parallel_tool_use"])?,
    }
    if tools.is_none_or(Vec::is_empty) {
        return Err(Failure::field("tool_choice", "tool_choice may only be specified while providing tools"));
    }
    Ok(())
}

fn thinking(body: &Value) -> Checked {
    let Some(thinking) = body.get("thinking") else { return Ok(()) };
    let kind = thinking.get("type").unwrap_or(&Value::Null);
    one_of(kind, "thinking.type", &["adaptive", "between_tools", "disabled", "enabled"])?;
    match kind.as_str() {
        Some("between_tools") => return only(thinking, "thinking.between_tools", &["type"]),
        Some("disabled") => return only(thinking, "thinking.disabled", &["type"]),
        Some("adaptive") => only(thinking, "thinking.adaptive", &["type", "?display"])?,
        _ => {
            only(thinking, "thinking.enabled", &["type", "budget_tokens", "?display"])?;
            let budget = thinking["budget_tokens"].as_u64().unwrap_or(0);
            if budget < 1024 {
                let message = "Input should be greater than or equal to 1024";
                return Err(Failure::field("thinking.enabled.budget_tokens", message));
            }
            if body["max_tokens"].as_u64().is_some_and(|max| max <= budget) {
                return Err(Failure::new(400, "`max_tokens` must be greater than `thinking.budget_tokens`."));
            }
        }
    }
    if body.get("temperature").and_then(Value::as_f64).is_some_and(|temperature| temperature != 1.0) {
        return Err(Failure::new(400, "`temperature` may only be set to 1 when thinking is enabled."));
    }
    if body.get("top_k").is_some() {
        return Err(Failure::new(400, "`top_k` must be unset when thinking is enabled."));
    }
    if body.get("top_p").and_then(Value::as_f64).is_some_and(|top_p| top_p < 0.95) {
        return Err(Failure::new(400, "`top_p` must be at least 0.95 or unset when thinking is enabled."));
    }
    if matches!(body.pointer("/tool_choice/type").and_then(Value::as_str), Some("any" | "tool")) {
        return Err(Failure::new(400, "Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(())
}

fn small_objects(body: &Value) -> Checked {
    if let Some(metadata) = body.get("metadata") {
        only(metadata, "metadata", &["?user_id"])?;
        if metadata.get("user_id").is_some_and(|id| !id.is_string() && !id.is_null()) {
            return Err(Failure::field("metadata.user_id", "Input should be a valid string"));
        }
    }
    if let Some(tier) = body.get("service_tier") {
        one_of(tier, "service_tier", &["auto", "standard_only"])?;
    }
    if let Some(config) = body.get("output_config") {
        only(config, "output_config", &["?effort", "?format"])?;
        if let Some(effort) = config.get("effort").filter(|effort| !effort.is_null()) {
            one_of(effort, "output_config.effort", &["low", "medium", "high", "xhigh", "max"])?;
        }
        if let Some(format) = config.get("format").filter(|format| !format.is_null()) {
            only(format, "output_config.format", &["type", "schema"])?;
            one_of(&format["type"], "output_config.format.type", &["json_schema"])?;
            object(&format["schema"], "output_config.format.schema")?;
        }
    }
    cache_control(body, "body")
}
