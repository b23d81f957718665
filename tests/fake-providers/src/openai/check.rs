//! What OpenAI refuses in a chat request. Fields it does not know are not looked at.

use serde_json::Value;

use super::error::Failure;
use super::messages;

type Checked = Result<(), Failure>;

/// Whether a whole chat request is one that OpenAI takes.
pub(crate) fn chat(body: &Value) -> Checked {
    model(body)?;
    messages::check(body)?;
    numbers(body)?;
    tools(body)?;
    tool_choice(body)?;
    response_format(body)?;
    for flag in ["stream", "logprobs", "parallel_tool_calls", "store"] {
        optional(body, flag, "a boolean", Value::is_boolean)?;
    }
    if body.get("stream_options").is_some_and(Value::is_object) && body.get("stream") != Some(&Value::Bool(true)) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Failure::new(400, message).param("stream_options"));
    }
    if body.get("top_logprobs").is_some_and(Value::is_number) && body.get("logprobs") != Some(&Value::Bool(true)) {
        return Err(Failure::new(400, "logprobs must be set to true if top_logprobs is used.").param("top_logprobs"));
    }
    Ok(())
}

/// Every request names a model.
pub(crate) fn model(body: &Value) -> Checked {
    match body.get("model") {
        Some(Value::String(_)) => Ok(()),
        Some(_) => Err(invalid_type("model", "a string")),
        None => Err(Failure::new(400, "you must provide a model parameter")),
    }
}

pub(crate) fn missing(param: &str) -> Failure {
    Failure::new(400, format!("Missing required parameter: '{param}'.")).param(param).code("missing_required_parameter")
}

pub(crate) fn invalid_type(param: &str, expected: &str) -> Failure {
    Failure::new(400, format!("Invalid type for '{param}': expected {expected}.")).param(param).code("invalid_type")
}

pub(crate) fn invalid_value(param: &str, supported: &str) -> Failure {
    Failure::new(400, format!("Invalid value for '{param}'. Supported values are: {supported}."))
        .param(param)
        .code("invalid_value")
}

/// A field that may be absent or null.
pub(crate) fn optional(body: &Value, name: &str, expected: &str, fits: impl Fn(&Value) -> bool) -> Checked {
    match body.get(name) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if fits(value) => Ok(()),
        Some(_) => Err(invalid_type(name, expected)),
    }
}

fn numbers(body: &Value) -> Checked {
    for (name, low, high) in [
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("presence_penalty", -2.0, 2.0),
        ("frequency_penalty", -2.0, 2.0),
        ("top_logprobs", 0.0, 20.0),
        ("n", 1.0, 128.0),
        ("max_tokens", 1.0, f64::MAX),
        ("max_completion_tokens", 1.0, f64::MAX),
    ] {
        optional(body, name, "a number", Value::is_number)?;
        let Some(number) = body.get(name).and_then(Value::as_f64) else { continue };
        let (what, code) = match number {
            _ if number < low => (format!(">= {low}"), "below_min_value"),
            _ if number > high => (format!("<= {high}"), "above_max_value"),
            _ => continue,
        };
        let message = format!("Invalid '{name}': expected a value {what}, but got {number} instead.");
        let code = if name == "n" || name.contains("max") || name == "top_logprobs" {
            if code == "below_min_value" { "integer_below_min_value" } else { "integer_above_max_value" }
        } else if code == "below_min_value" {
            "decimal_below_min_value"
        } else {
            "decimal_above_max_value"
        };
        return Err(Failure::new(400, message).param(name).code(code));
    }
    optional(body, "seed", "an integer", Value::is_i64)?;
    optional(body, "user", "a string", Value::is_string)?;
    optional(body, "metadata", "an object", Value::is_object)?;
    optional(body, "stop", "a string or an array of strings", |stop| {
        stop.is_string() || stop.as_array().is_some_and(|stops| stops.len() <= 4 && stops.iter().all(Value::is_string))
    })
}

fn tools(body: &Value) -> Checked {
    optional(body, "tools", "an array of objects", Value::is_array)?;
    let tools = body.get("tools").and_then(Value::as_array).into_iter().flatten();
    for (index, tool) in tools.enumerate() {
        let at = format!("tools[{index}]");
        let kind = tool.get("type").and_then(Value::as_str).ok_or_else(|| missing(&format!("{at}.type")))?;
        if kind != "function" && kind != "custom" {
            return Err(invalid_value(&format!("{at}.type"), "'function' and 'custom'"));
        }
        let definition = tool.get(kind).filter(|definition| definition.is_object());
        let definition = definition.ok_or_else(|| missing(&format!("{at}.{kind}")))?;
        let name_at = format!("{at}.{kind}.name");
        let name = definition.get("name").and_then(Value::as_str).ok_or_else(|| missing(&name_at))?;
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            let message = format!("Invalid '{name_at}': expected a string that matches '^[a-zA-Z0-9_-]+$'.");
            return Err(Failure::new(400, message).param(name_at).code("invalid_value"));
        }
        let parameters = definition.get("parameters").filter(|parameters| !parameters.is_null());
        if parameters.is_some_and(|parameters| parameters.get("type").and_then(Value::as_str) != Some("object")) {
            let message = format!("Invalid schema for function '{name}': schema must be of type \"object\".");
            let failure = Failure::new(400, message).param(format!("{at}.function.parameters"));
            return Err(failure.code("invalid_function_parameters"));
        }
    }
    Ok(())
}

fn tool_choice(body: &Value) -> Checked {
    let has_tools = body.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
    match body.get("tool_choice") {
        None | Some(Value::Null) => Ok(()),
        Some(_) if !has_tools => {
            Err(Failure::new(400, "'tool_choice' is only allowed when 'tools' are specified.").param("tool_choice"))
        }
        Some(Value::String(choice)) if ["none", "auto", "required"].contains(&choice.as_str()) => Ok(()),
        Some(Value::Object(choice)) => match choice.get("type").and_then(Value::as_str) {
            Some(kind @ ("function" | "custom" | "allowed_tools"))
                if choice.get(kind).is_some_and(Value::is_object) =>
            {
                Ok(())
            }
            _ => Err(invalid_value("tool_choice.type", "'function', 'custom' and 'allowed_tools'")),
        },
        Some(_) => Err(invalid_value("tool_choice", "'none', 'auto' and 'required'")),
    }
}

fn response_format(body: &Value) -> Checked {
    let Some(format) = body.get("response_format").filter(|format| !format.is_null()) else { return Ok(()) };
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(()),
        Some("json_schema") => match format.pointer("/json_schema/name") {
            Some(Value::String(_)) => Ok(()),
            _ => Err(missing("response_format.json_schema.name")),
        },
        Some(_) => Err(invalid_value("response_format.type", "'json_object', 'json_schema' and 'text'")),
        None => Err(missing("response_format.type")),
    }
}
