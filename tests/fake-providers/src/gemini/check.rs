//! What Gemini refuses in a generateContent request: fields that its messages do not have, values of
//! another type, numbers out of range. `parts` looks at the contents, `schema` at schemas.

use serde_json::Value;

use super::error::Failure;
use super::fields::{Checked, field, invalid, items, join, list, message, simple, text};
use super::{parts, schema};

const FIELDS: [&str; 12] = [
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "safetySettings",
    "generationConfig",
    "cachedContent",
    "serviceTier",
    "labels",
    "store",
    "continuationToken",
];
const CONFIG_FIELDS: [&str; 21] = [
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "responseLogprobs",
    "logprobs",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseModalities",
    "mediaResolution",
    "speechConfig",
    "thinkingConfig",
    "imageConfig",
    "enableEnhancedCivicAnswers",
    "audioTranscriptionConfig",
];
const TOOL_FIELDS: [&str; 9] = [
    "functionDeclarations",
    "googleSearch",
    "googleSearchRetrieval",
    "codeExecution",
    "urlContext",
    "computerUse",
    "fileSearch",
    "googleMaps",
    "mcpServers",
];

/// Whether a whole request is one that Gemini takes for this model.
pub(crate) fn request(body: &Value, model: &str) -> Checked {
    message(body, "", &FIELDS)?;
    if let Some(instruction) = field(body, "systemInstruction") {
        parts::content(instruction, "system_instruction")?;
    }
    tools(body)?;
    tool_config(body)?;
    for (at, setting) in list(body, "", "safetySettings")? {
        message(setting, &at, &["category", "threshold"])?;
        let category = text(setting, "category").unwrap_or_default();
        if !category.starts_with("HARM_CATEGORY_") {
            return Err(invalid(&join(&at, "category"), "HarmCategory", &Value::from(category)));
        }
    }
    generation_config(body)?;
    parts::contents(body, model)
}

fn generation_config(body: &Value) -> Checked {
    let Some(config) = field(body, "generationConfig") else { return Ok(()) };
    let at = "generation_config";
    message(config, at, &CONFIG_FIELDS)?;
    for name in ["temperature", "topP", "presencePenalty", "frequencyPenalty"] {
        simple(config, at, name, "TYPE_FLOAT", Value::is_number)?;
    }
    for name in ["topK", "candidateCount", "maxOutputTokens", "logprobs", "seed"] {
        simple(config, at, name, "TYPE_INT32", |value| value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()))?;
    }
    simple(config, at, "responseLogprobs", "TYPE_BOOL", Value::is_boolean)?;
    simple(config, at, "responseMimeType", "TYPE_STRING", Value::is_string)?;
    for name in ["stopSequences", "responseModalities"] {
        let strings = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        simple(config, at, name, "TYPE_STRING", strings)?;
    }
    let number = |name| field(config, name).and_then(Value::as_f64);
    for (name, low, high) in [
        ("temperature", 0.0, 2.0),
        ("topP", 0.0, 1.0),
        ("candidateCount", 1.0, 8.0),
        ("maxOutputTokens", 1.0, f64::MAX),
    ] {
        if number(name).is_some_and(|number| !(low..=high).contains(&number)) {
            let message = format!("must be in the range [{low}, {high}].");
            return Err(Failure::rule(&join(at, name), &message));
        }
    }
    if items(config, "stopSequences").count() > 5 {
        return Err(Failure::rule("generation_config.stop_sequences", "at most 5 stop sequences are allowed."));
    }
    if let Some(thinking) = field(config, "thinkingConfig") {
        let at = "generation_config.thinking_config";
        message(thinking, at, &["includeThoughts", "thinkingBudget", "thinkingLevel"])?;
        simple(thinking, at, "includeThoughts", "TYPE_BOOL", Value::is_boolean)?;
        simple(thinking, at, "thinkingBudget", "TYPE_INT32", Value::is_i64)?;
        simple(thinking, at, "thinkingLevel", "ThinkingLevel", Value::is_string)?;
        if field(thinking, "thinkingBudget").is_some() && field(thinking, "thinkingLevel").is_some() {
            return Err(Failure::new(400, "You can only set only one of thinking budget and thinking level."));
        }
    }
    let typed = field(config, "responseSchema");
    if let Some(response_schema) = typed {
        schema::check(response_schema, "generation_config.response_schema")?;
    }
    let free = field(config, "responseJsonSchema");
    let mime_type = text(config, "responseMimeType").unwrap_or("text/plain");
    if !["text/plain", "application/json", "text/x.enum"].contains(&mime_type) {
        let message = "allowed mimetypes are `text/plain`, `application/json` and `text/x.enum`.";
        return Err(Failure::rule("generation_config.response_mime_type", message));
    }
    if (typed.is_some() || free.is_some()) && mime_type == "text/plain" {
        let message = "only allowed with a response_mime_type of application/json or text/x.enum.";
        return Err(Failure::rule("generation_config.response_schema", message));
    }
    if typed.is_some() && free.is_some() {
        let message = "response_schema and response_json_schema cannot both be set.";
        return Err(Failure::rule("generation_config.response_json_schema", message));
    }
    Ok(())
}

fn tools(body: &Value) -> Checked {
    let mut names = Vec::new();
    for (at, tool) in list(body, "", "tools")? {
        message(tool, &at, &TOOL_FIELDS)?;
        for (at, function) in list(tool, &at, "functionDeclarations")? {
            let known = [
                "name",
                "description",
                "behavior",
                "parameters",
                "parametersJsonSchema",
                "response",
                "responseJsonSchema",
            ];
            message(function, &at, &known)?;
            let name = text(function, "name").unwrap_or_default();
            let fits = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
            let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !starts || name.len() > 128 || !name.chars().all(fits) {
                let message = "Invalid function name. Must start with a letter or an underscore, and have none but \
                               letters, digits, underscores, dots, colons and dashes, 128 at most.";
                return Err(Failure::rule(&format!("{at}.name"), message));
            }
            if names.contains(&name) {
                return Err(Failure::new(400, format!("Duplicate function declaration found: {name}")));
            }
            names.push(name);
            simple(function, &at, "description", "TYPE_STRING", Value::is_string)?;
            if let Some(parameters) = field(function, "parameters") {
                schema::check(parameters, &format!("{at}.parameters"))?;
                if field(function, "parametersJsonSchema").is_some() {
                    let message = "parameters and parameters_json_schema cannot both be set.";
                    return Err(Failure::rule(&at, message));
                }
            }
        }
    }
    Ok(())
}

fn tool_config(body: &Value) -> Checked {
    let Some(config) = field(body, "toolConfig") else { return Ok(()) };
    message(config, "tool_config", &["functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"])?;
    let Some(calling) = field(config, "functionCallingConfig") else { return Ok(()) };
    let at = "tool_config.function_calling_config";
    message(calling, at, &["mode", "allowedFunctionNames"])?;
    let mode = text(calling, "mode").unwrap_or("AUTO");
    if !["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"].contains(&mode) {
        return Err(invalid(&format!("{at}.mode"), "Mode", &Value::from(mode)));
    }
    let declared = |name: &str| {
        items(body, "tools")
            .flat_map(|tool| items(tool, "functionDeclarations"))
            .any(|function| text(function, "name") == Some(name))
    };
    let names: Vec<&str> = items(calling, "allowedFunctionNames").filter_map(Value::as_str).collect();
    if !names.is_empty() && !["ANY", "VALIDATED"].contains(&mode) {
        let message = "allowed_function_names may only be set where the mode is ANY or VALIDATED.";
        return Err(Failure::rule(&format!("{at}.allowed_function_names"), message));
    }
    match names.iter().find(|name| !declared(name)) {
        Some(unknown) => {
            let message = format!("{unknown} is not among the function declarations.");
            Err(Failure::rule(&format!("{at}.allowed_function_names"), &message))
        }
        None => Ok(()),
    }
}
