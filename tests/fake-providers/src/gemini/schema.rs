//! Gemini's `Schema`, the part of OpenAPI 3.0 that it takes: JSON Schema's other words, such as
//! `additionalProperties`, `$ref` or `const`, are unknown fields. `parametersJsonSchema` takes those.

use serde_json::Value;

use super::error::Failure;
use super::fields::{Checked, field, invalid, join, list, message, simple, text};

const FIELDS: [&str; 22] = [
    "type",
    "format",
    "title",
    "description",
    "nullable",
    "enum",
    "maxItems",
    "minItems",
    "properties",
    "required",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "example",
    "anyOf",
    "propertyOrdering",
    "default",
    "items",
    "minimum",
    "maximum",
];

/// A schema and those inside it. Nesting is bounded by what the JSON parser lets through.
pub(crate) fn check(schema: &Value, at: &str) -> Checked {
    message(schema, at, &FIELDS)?;
    let kind = match field(schema, "type") {
        None => String::new(),
        Some(Value::String(kind)) => kind.to_ascii_uppercase(),
        Some(other) => return Err(invalid(&join(at, "type"), "Type", other)),
    };
    let known = ["", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"];
    if !known.contains(&kind.as_str()) {
        return Err(invalid(&join(at, "type"), "Type", &Value::from(kind)));
    }
    for (name, what) in [("format", "TYPE_STRING"), ("description", "TYPE_STRING"), ("pattern", "TYPE_STRING")] {
        simple(schema, at, name, what, Value::is_string)?;
    }
    simple(schema, at, "nullable", "TYPE_BOOL", Value::is_boolean)?;
    for name in ["minimum", "maximum"] {
        simple(schema, at, name, "TYPE_DOUBLE", Value::is_number)?;
    }
    for name in ["enum", "required", "propertyOrdering"] {
        let strings = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        simple(schema, at, name, "TYPE_STRING", strings)?;
    }
    if kind == "STRING" && text(schema, "format").is_some_and(|format| format != "enum" && format != "date-time") {
        return Err(Failure::rule(
            &format!("{at}.format"),
            "only 'enum' and 'date-time' are supported for STRING type",
        ));
    }
    if let Some(properties) = field(schema, "properties") {
        let properties = properties.as_object().ok_or_else(|| invalid(&join(at, "properties"), "a map", properties))?;
        for (index, property) in properties.values().enumerate() {
            check(property, &format!("{at}.properties[{index}].value"))?;
        }
    }
    let has = |name: &str| field(schema, "properties").is_some_and(|properties| properties.get(name).is_some());
    let required = field(schema, "required").and_then(Value::as_array).into_iter().flatten();
    for (index, name) in required.filter_map(Value::as_str).enumerate() {
        if !has(name) {
            return Err(Failure::rule(&format!("{at}.required[{index}]"), "property is not defined"));
        }
    }
    let no_properties = |properties: &Value| properties.as_object().is_some_and(|properties| properties.is_empty());
    if kind == "OBJECT" && field(schema, "properties").is_none_or(no_properties) {
        return Err(Failure::rule(&format!("{at}.properties"), "should be non-empty for OBJECT type"));
    }
    match field(schema, "items") {
        Some(items) => check(items, &format!("{at}.items"))?,
        None if kind == "ARRAY" => return Err(Failure::rule(&format!("{at}.items"), "missing field.")),
        None => {}
    }
    list(schema, at, "anyOf")?.into_iter().try_for_each(|(at, option)| check(option, &at))
}
