//! Tools and the choice among them. A function becomes a tool with an input schema;
//! Anthropic's own tools (`web_search_20250305`, `bash_20250124` …) go through under
//! their type. OpenAI's free-text tools have no counterpart and are refused.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{self, ChatRequest, Error};
use serde_json::value::RawValue;

use super::{Path, flat_extras};
use crate::client::request::{KnownChoice, Tool, ToolChoice};

pub(super) fn tools(tools: &[api::Tool]) -> Result<Vec<Tool<'_>>> {
    let each = |(position, each)| tool(each, format_args!("tools[{position}]"));
    tools.iter().enumerate().map(each).collect()
}

fn tool<'a>(tool: &'a api::Tool, path: Path) -> Result<Tool<'a>> {
    let extra = flat_extras(&tool.extra, &tool.kind, path)?;
    let description = tool.description.as_deref().filter(|_| !extra.contains("description"));
    let strict = tool.strict.unwrap_or_default() && !extra.contains("strict");
    if tool.kind == "function" {
        let input_schema = Some(input_schema(tool.parameters.as_deref(), path)?);
        return Ok(Tool { kind: None, name: &tool.name, description, input_schema, strict, extra });
    }
    if tool.kind == "custom" && !extra.contains("input_schema") {
        return Err(Error::unsupported("tools that take free text").param(path.to_string()));
    }
    let name = if extra.contains("name") { "" } else { &tool.name };
    Ok(Tool {
        kind: Some(tool.kind.as_str()).filter(|_| !extra.contains("type")),
        name,
        description,
        input_schema: None,
        strict,
        extra,
    })
}

/// The schema as it came, but with the `type` that Anthropic insists on and OpenAI does not.
fn input_schema<'a>(parameters: Option<&'a str>, path: Path) -> Result<Cow<'a, RawValue>> {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Option<&'a RawValue>,
    }

    let text = parameters.unwrap_or("{}").trim();
    let invalid = |why: String| {
        Error::invalid_request(format!("the parameters are not a JSON Schema object: {why}"))
            .param(format!("{path}.function.parameters"))
    };
    let schema: &RawValue = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    let Some(fields) = schema.get().strip_prefix('{') else {
        return Err(invalid("no object".to_owned()));
    };
    let typed: Typed = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
    if typed.kind.is_some() {
        return Ok(Cow::Borrowed(schema));
    }
    let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
    RawValue::from_string(format!(r#"{{"type":"object"{comma}{fields}"#))
        .map(Cow::Owned)
        .map_err(|error| invalid(error.to_string()))
}

/// None where Anthropic's default is meant: `auto`, calls side by side.
pub(super) fn choice(request: &ChatRequest) -> Result<Option<ToolChoice<'_>>> {
    let one_at_a_time = request.parallel_tool_calls == Some(false);
    let known = |kind, name| {
        let disable_parallel_tool_use = one_at_a_time && kind != "none";
        Some(ToolChoice::Known(KnownChoice { kind, name, disable_parallel_tool_use }))
    };
    Ok(match &request.tool_choice {
        // Without tools there is nothing to choose, and saying so is refused.
        None | Some(api::ToolChoice::Auto | api::ToolChoice::None) if request.tools.is_empty() => None,
        None if one_at_a_time => known("auto", None),
        None => None,
        Some(api::ToolChoice::Auto) => known("auto", None),
        Some(api::ToolChoice::None) => known("none", None),
        Some(api::ToolChoice::Required) => known("any", None),
        Some(api::ToolChoice::Named(name)) => known("tool", Some(name.as_str())),
        Some(api::ToolChoice::Other(json)) => {
            let choice = serde_json::from_str(json)
                .map_err(|error| Error::invalid_request(format!("this is not JSON: {error}")).param("tool_choice"))?;
            Some(ToolChoice::Verbatim(choice))
        }
    })
}

/// Whether the model must call a tool: Anthropic refuses to think before a forced call.
pub(super) fn is_forced(request: &ChatRequest) -> bool {
    matches!(request.tool_choice, Some(api::ToolChoice::Required | api::ToolChoice::Named(_)))
}
