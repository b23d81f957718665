//! A value that fits a JSON Schema: only what is required, the same value every time. It looks at
//! types, `enum` and `const`; not at `$ref`, patterns or lengths.

use serde_json::{Map, Value};

/// A value that fits, with `echo` for text.
pub(crate) fn example(schema: &Value) -> Value {
    filled(schema, "echo")
}

/// A value that fits, with `text` for text. An object where the schema doesn't say.
///
/// Recursion ends: a parsed schema is no deeper than serde_json's limit of 128.
pub(crate) fn filled(schema: &Value, text: &str) -> Value {
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema.pointer("/enum/0") {
        return value.clone();
    }
    if let Some(first) = schema.pointer("/anyOf/0").or_else(|| schema.pointer("/oneOf/0")) {
        return filled(first, text);
    }
    match type_of(schema) {
        "string" => text.into(),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        "boolean" => false.into(),
        "null" => Value::Null,
        "array" => Vec::<Value>::new().into(),
        _ => object(schema, text),
    }
}

/// The schema's type, the first if it allows several.
fn type_of(schema: &Value) -> &str {
    let named = schema.get("type").and_then(|named| named.get(0).or(Some(named)));
    named.and_then(Value::as_str).unwrap_or("object")
}

fn object(schema: &Value, text: &str) -> Value {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let fields: Map<String, Value> = required
        .filter_map(Value::as_str)
        .map(|name| {
            let property = schema.get("properties").and_then(|properties| properties.get(name));
            (name.to_owned(), filled(property.unwrap_or(&Value::Null), text))
        })
        .collect();
    fields.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_type_has_its_value() {
        for (schema, value) in [
            (json!({"type": "string"}), json!("echo")),
            (json!({"type": "number"}), json!(0)),
            (json!({"type": "integer", "minimum": 3}), json!(3)),
            (json!({"type": "boolean"}), json!(false)),
            (json!({"type": "null"}), json!(null)),
            (json!({"type": "array", "items": {"type": "string"}}), json!([])),
            (json!({"type": ["string", "null"]}), json!("echo")),
            (json!({"type": "string", "enum": ["b", "a"]}), json!("b")),
            (json!({"const": 7}), json!(7)),
            (json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}), json!(0)),
            (json!({}), json!({})),
            (json!(true), json!({})),
        ] {
            assert_eq!(example(&schema), value, "{schema}");
        }
    }

    #[test]
    fn only_required_properties_are_filled_in_the_order_of_required() {
        let schema = json!({
            "type": "object",
            "properties": {
                "unit": {"type": "string"},
                "city": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                "days": {"type": "integer"}
            },
            "required": ["days", "city", "unknown", 5]
        });
        assert_eq!(example(&schema).to_string(), r#"{"days":0,"city":{"name":"echo"},"unknown":{}}"#);
    }
}
