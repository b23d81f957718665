//! Tools and the choice among them. Gemini's own tools (Google Search and the like) come as tools
//! whose type is their name.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{ChatRequest, Error, Tool, ToolChoice};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::native::{camel_case, is_native_tool, parse};
use super::request::raw;
use crate::client::wire::{self, Fields, FunctionCallingConfig, FunctionDeclaration, Raw};

pub(super) fn tools(request: &ChatRequest) -> Result<Vec<wire::Tool<'_>>> {
    let mut tools = Vec::new();
    let mut functions = Vec::new();
    for (index, tool) in request.tools.iter().enumerate() {
        let path = format!("tools[{index}]");
        if tool.kind == "function" {
            functions.push(declaration(tool, &path)?);
        } else {
            tools.push(native(tool, &path)?);
        }
    }
    if !functions.is_empty() {
        tools.insert(0, wire::Tool { function_declarations: functions, ..wire::Tool::default() });
    }
    Ok(tools)
}

fn declaration<'a>(tool: &'a Tool, path: &str) -> Result<FunctionDeclaration<'a>> {
    let schema =
        match tool.parameters.as_deref() {
            Some(schema) => Some(serde_json::from_str::<&RawValue>(schema).map_err(|error| {
                Error::invalid_request(error.to_string()).param(format!("{path}.function.parameters"))
            })?),
            None => None,
        };
    Ok(FunctionDeclaration {
        name: &tool.name,
        description: tool.description.as_deref(),
        parameters_json_schema: schema,
    })
}

/// `{"type": "google_search", …}`; what stands beside the type is the tool's configuration.
fn native<'a>(tool: &'a Tool, path: &str) -> Result<wire::Tool<'a>> {
    let name = camel_case(&tool.kind);
    if !is_native_tool(&name) {
        return Err(Error::unsupported(format!("a tool of type `{}`", tool.kind)).param(format!("{path}.type")));
    }
    let mut configuration = Fields::default();
    for (field, json) in &tool.extra {
        configuration.set(&**field, Cow::Borrowed(parse(json, field)?));
    }
    let mut native = Fields::default();
    native.set(name, raw(&configuration)?);
    Ok(wire::Tool { native, ..wire::Tool::default() })
}

/// OpenAI's `allowed_tools`.
#[derive(Deserialize)]
struct AllowedTools {
    allowed_tools: Allowed,
}

#[derive(Deserialize)]
struct Allowed {
    mode: String,
    tools: Vec<AllowedTool>,
}

#[derive(Deserialize)]
struct AllowedTool {
    function: AllowedFunction,
}

#[derive(Deserialize)]
struct AllowedFunction {
    name: String,
}

/// The value of `functionCallingConfig`.
pub(super) fn calling_config(choice: &ToolChoice) -> Result<Raw<'static>> {
    let (mode, names) = match choice {
        ToolChoice::Auto => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Named(name) => ("ANY", vec![Cow::Borrowed(name.as_str())]),
        ToolChoice::Other(json) => {
            let refused = || Error::unsupported("a tool choice of this form").param("tool_choice");
            let allowed: AllowedTools = serde_json::from_str(json).map_err(|_| refused())?;
            let allowed = allowed.allowed_tools;
            let mode = match allowed.mode.as_str() {
                // AUTO takes no names; VALIDATED is the mode that leaves text possible and does.
                "auto" => "VALIDATED",
                "required" => "ANY",
                _ => return Err(refused()),
            };
            let names = allowed.tools.into_iter();
            (mode, names.map(|tool| Cow::Owned(tool.function.name)).collect())
        }
    };
    raw(&FunctionCallingConfig { mode, allowed_function_names: names })
}
