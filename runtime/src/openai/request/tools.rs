//! The tools of a chat request, and which of them the model is to choose.
//!
//! A tool of a kind without a name in the vocabulary has an empty name, and all its fields among the extra ones.

use super::super::json::{BadRequest, Object, Path, Value};
use crate::chat::{Tool, ToolChoice};

/// Takes `tools` out of the request.
pub(super) fn tools(body: &mut Object<'_, '_>) -> Result<Vec<Tool>, BadRequest> {
    let mut tools = Vec::new();
    body.typed("tools", |value, path| {
        value.items(path, |item, path| {
            tools.push(tool(item.object(path)?)?);
            Ok(())
        })
    })?;
    Ok(tools)
}

fn tool(mut tool: Object<'_, '_>) -> Result<Tool, BadRequest> {
    let kind = tool.require_string("type")?;
    match kind.as_str() {
        "function" => nested(tool, kind, function),
        "custom" => nested(tool, kind, custom),
        _ => Ok(Tool { kind, extra: tool.into_extra(), ..unnamed() }),
    }
}

/// A tool whose substance is in an object named after its kind.
fn nested(
    mut tool: Object<'_, '_>,
    kind: String,
    read: fn(&mut Object<'_, '_>) -> Result<Tool, BadRequest>,
) -> Result<Tool, BadRequest> {
    let value = tool.require(&kind)?;
    let path = tool.path().field(&kind);
    let mut inner = value.object(&path)?;
    let described = read(&mut inner)?;
    tool.leave(&kind, inner.into_rest());
    let extra = tool.into_extra();
    Ok(Tool { kind, extra, ..described })
}

fn function(function: &mut Object<'_, '_>) -> Result<Tool, BadRequest> {
    Ok(Tool {
        name: function.require_string("name")?,
        description: function.string("description")?,
        parameters: function.typed("parameters", object_text)?,
        strict: function.boolean("strict")?,
        ..unnamed()
    })
}

fn custom(custom: &mut Object<'_, '_>) -> Result<Tool, BadRequest> {
    Ok(Tool {
        name: custom.require_string("name")?,
        description: custom.string("description")?,
        parameters: custom.typed("format", object_text)?,
        ..unnamed()
    })
}

fn object_text(value: Value<'_>, path: &Path<'_>) -> Result<String, BadRequest> {
    if value.is_object() { Ok(value.text().to_owned()) } else { Err(value.mistyped(path, "an object")) }
}

fn unnamed() -> Tool {
    Tool {
        kind: String::new(),
        name: String::new(),
        description: None,
        parameters: None,
        strict: None,
        extra: Vec::new(),
    }
}

/// Reads `tool_choice`: a word, or the name of a function; another object goes along whole.
pub(super) fn tool_choice(value: Value<'_>, path: &Path<'_>) -> Result<ToolChoice, BadRequest> {
    if value.is_string() {
        return Ok(match &*value.string(path)? {
            "auto" => ToolChoice::Auto,
            "none" => ToolChoice::None,
            "required" => ToolChoice::Required,
            _ => ToolChoice::Other(value.text().to_owned()),
        });
    }
    if !value.is_object() {
        return Err(value.mistyped(path, "a string or an object"));
    }
    let mut choice = value.object(path)?;
    if choice.require_string("type")? == "function" {
        let inner = choice.require("function")?;
        let path = path.field("function");
        let mut inner = inner.object(&path)?;
        let name = inner.require_string("name")?;
        if inner.is_spent() && choice.is_spent() {
            return Ok(ToolChoice::Named(name));
        }
    }
    Ok(ToolChoice::Other(value.text().to_owned()))
}
