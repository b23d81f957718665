//! The contents of a request: what Gemini refuses in them and their parts, and what was said last.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;

use super::error::Failure;
use super::fields::{Checked, field, items, join, list, message, simple, text};
use crate::answer::Turn;

/// Of these a part has exactly one.
const DATA: [&str; 9] = [
    "text",
    "inlineData",
    "functionCall",
    "functionResponse",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];
/// And it may have these beside it.
const BESIDE: [&str; 11] = [
    "thought",
    "thoughtSignature",
    "videoMetadata",
    "mediaResolution",
    "partMetadata",
    "audioTranscription",
    "mediaProcessing",
    "speechMetadata",
    "documentMetadata",
    "spreadsheetMetadata",
    "audioMetadata",
];
/// Signatures that Google documents for calls that no model made.
const PLACEHOLDER_SIGNATURES: [&str; 2] = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

/// Every content of the request, and how calls and their responses follow one another.
pub(crate) fn contents(body: &Value, model: &str) -> Checked {
    let contents = list(body, "", "contents")?;
    if contents.is_empty() {
        return Err(Failure::rule("contents", "contents is not specified"));
    }
    for (at, item) in &contents {
        content(item, at)?;
        if !matches!(text(item, "role"), None | Some("user" | "model")) {
            return Err(Failure::new(400, "Please use a valid role: user, model."));
        }
    }
    let contents: Vec<&Value> = contents.into_iter().map(|(_, content)| content).collect();
    calls_are_answered(&contents)?;
    if model.starts_with("gemini-3") { calls_are_signed(&contents) } else { Ok(()) }
}

/// One content: parts, each with exactly one kind of data.
pub(crate) fn content(content: &Value, at: &str) -> Checked {
    message(content, at, &["role", "parts"])?;
    simple(content, at, "role", "TYPE_STRING", Value::is_string)?;
    let parts = list(content, at, "parts")?;
    if parts.is_empty() {
        return Err(Failure::rule(&format!("{at}.parts"), "contents.parts must not be empty."));
    }
    parts.into_iter().try_for_each(|(at, item)| part(item, &at))
}

/// What the model is to answer.
pub(crate) fn last_turn(body: &Value) -> Turn {
    let last = items(body, "contents").filter(|content| text(content, "role") != Some("model")).last();
    let Some(last) = last else { return Turn::User(String::new()) };
    let responses: Vec<String> = items(last, "parts")
        .filter_map(|part| field(part, "functionResponse"))
        .filter_map(|response| field(response, "response"))
        .map(response_text)
        .collect();
    if !responses.is_empty() {
        return Turn::ToolResult(responses.join(", "));
    }
    let texts = items(last, "parts").map(|part| match (field(part, "inlineData"), field(part, "fileData")) {
        (Some(data), _) | (None, Some(data)) => format!("[{}]", text(data, "mimeType").unwrap_or("file")),
        _ => text(part, "text").unwrap_or_default().to_owned(),
    });
    Turn::User(texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "))
}

/// The output where the response has one under Google's names for it, else the JSON.
fn response_text(response: &Value) -> String {
    let named = ["output", "result", "content"].iter().find_map(|name| response.get(name)?.as_str());
    named.map_or_else(|| response.to_string(), str::to_owned)
}

fn part(part: &Value, at: &str) -> Checked {
    message(part, at, &[&DATA[..], &BESIDE].concat())?;
    let given: Vec<&str> = DATA.iter().copied().filter(|name| field(part, name).is_some()).collect();
    match given.as_slice() {
        [_] => {}
        [] => {
            let message = "required oneof field 'data' must have one initialized field";
            return Err(Failure::rule(&format!("{at}.data"), message));
        }
        [_, second, ..] => {
            let message =
                format!("Invalid value at '{at}' (oneof), oneof field 'data' is already set. Cannot set '{second}'");
            return Err(Failure::payload(at, message));
        }
    }
    simple(part, at, "text", "TYPE_STRING", Value::is_string)?;
    simple(part, at, "thought", "TYPE_BOOL", Value::is_boolean)?;
    simple(part, at, "thoughtSignature", "TYPE_BYTES", |value| {
        value.as_str().is_some_and(|text| PLACEHOLDER_SIGNATURES.contains(&text) || is_base64(text))
    })?;
    if let Some(data) = field(part, "inlineData") {
        let at = join(at, "inlineData");
        message(data, &at, &["mimeType", "data", "displayName"])?;
        if text(data, "mimeType").is_none_or(str::is_empty) {
            return Err(Failure::rule(&format!("{at}.mime_type"), "must not be empty"));
        }
        match field(data, "data") {
            Some(Value::String(data)) if is_base64(data) => {}
            other => {
                let message = format!("Invalid value at '{at}.data' (TYPE_BYTES), Base64 decoding failed");
                let given = other.is_some();
                return Err(if given {
                    Failure::payload(&at, message)
                } else {
                    Failure::rule(&format!("{at}.data"), "must not be empty")
                });
            }
        }
    }
    if let Some(data) = field(part, "fileData") {
        let at = join(at, "fileData");
        message(data, &at, &["mimeType", "fileUri", "displayName"])?;
        if text(data, "fileUri").is_none_or(str::is_empty) {
            return Err(Failure::rule(&format!("{at}.file_uri"), "must not be empty"));
        }
    }
    function_parts(part, at)
}

fn function_parts(part: &Value, at: &str) -> Checked {
    for (kind, names, object) in [
        ("functionCall", &["id", "name", "args"][..], "args"),
        ("functionResponse", &["id", "name", "response", "parts", "scheduling", "willContinue"], "response"),
    ] {
        let Some(function) = field(part, kind) else { continue };
        let at = join(at, kind);
        message(function, &at, names)?;
        if text(function, "name").is_none_or(str::is_empty) {
            return Err(Failure::rule(&format!("{at}.name"), "Name cannot be empty."));
        }
        simple(function, &at, "id", "TYPE_STRING", Value::is_string)?;
        simple(function, &at, object, "type.googleapis.com/google.protobuf.Struct", Value::is_object)?;
        if object == "response" && field(function, object).is_none() {
            return Err(Failure::rule(&format!("{at}.response"), "must not be empty"));
        }
    }
    Ok(())
}

/// As many responses follow as there were calls, by the same names.
fn calls_are_answered(contents: &[&Value]) -> Checked {
    let names = |content: &Value, kind: &str| -> Vec<String> {
        let functions = items(content, "parts").filter_map(|part| field(part, kind));
        let mut names: Vec<String> =
            functions.filter_map(|function| text(function, "name")).map(str::to_owned).collect();
        names.sort_unstable();
        names
    };
    let nothing = Value::Null;
    for (index, content) in contents.iter().enumerate() {
        let calls = names(content, "functionCall");
        let next = contents.get(index + 1).copied().unwrap_or(&nothing);
        if !calls.is_empty() && names(next, "functionResponse") != calls {
            let message = "Please ensure that the number of function response parts is equal to the number of \
                           function call parts of the function call turn.";
            return Err(Failure::new(400, message));
        }
        let before = index.checked_sub(1).and_then(|before| contents.get(before)).copied().unwrap_or(&nothing);
        if !names(content, "functionResponse").is_empty() && names(before, "functionCall").is_empty() {
            let message = "Please ensure that function response turn comes immediately after a function call turn.";
            return Err(Failure::new(400, message));
        }
    }
    Ok(())
}

/// Gemini 3: the first call of each step since the user last spoke carries its thought signature.
fn calls_are_signed(contents: &[&Value]) -> Checked {
    let said = |content: &&Value| {
        text(content, "role") != Some("model") && items(content, "parts").any(|part| field(part, "text").is_some())
    };
    let start = contents.iter().rposition(said).unwrap_or(0);
    for (index, content) in contents.iter().enumerate().skip(start) {
        let first = items(content, "parts").find(|part| field(part, "functionCall").is_some());
        let unsigned = first.filter(|part| text(part, "thoughtSignature").is_none_or(str::is_empty));
        if let Some(name) = unsigned.and_then(|part| text(field(part, "functionCall")?, "name")) {
            let message =
                format!("Function call `{name}` in the {}. content block is missing a `thought_signature`.", index + 1);
            return Err(Failure::new(400, message));
        }
    }
    Ok(())
}

/// Proto JSON takes both alphabets, padded or not.
fn is_base64(text: &str) -> bool {
    let padded = match text.len() % 4 {
        0 => text.to_owned(),
        rest => format!("{text}{}", "=".repeat(4 - rest)),
    };
    STANDARD.decode(&padded).or_else(|_| URL_SAFE.decode(&padded)).is_ok()
}
