//! A JSON value that fits a JSON Schema: what the fake model calls a tool with, or answers where JSON
//! is asked for. It makes the required properties only and checks no schema.

use serde_json::{Map, Value, json};

/// Deep enough for real schemas; a recursive one ends here.
const MAX_DEPTH: usize = 16;

/// A value for this schema; its root holds what `$ref` points at.
pub(crate) fn example(schema: &Value) -> Value {
    Example { root: schema }.value("", schema, 0)
}

struct Example<'a> {
    root: &'a Value,
}

impl Example<'_> {
    fn value(&self, name: &str, schema: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        for fixed in ["const", "default", "example"] {
            if let Some(value) = schema.get(fixed) {
                return value.clone();
            }
        }
        for list in ["enum", "examples"] {
            if let Some(value) = schema.get(list).and_then(|values| values.get(0)) {
                return value.clone();
            }
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Value::Null, |schema| self.value(name, schema, depth + 1));
        }
        for union in ["anyOf", "oneOf", "allOf"] {
            let options = schema.get(union).and_then(Value::as_array);
            if let Some(option) = options.and_then(|options| options.iter().find(|option| type_of(option) != "null")) {
                return self.value(name, option, depth + 1);
            }
        }
        match type_of(schema).as_str() {
            "string" => json!(text(name, schema)),
            "integer" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1.5)),
            "boolean" => json!(true),
            "array" => match schema.get("items") {
                Some(items) => json!([self.value(name, items, depth + 1)]),
                None => json!([]),
            },
            "object" => self.object(schema, depth),
            _ => Value::Null,
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let of = |name: &str| schema.get("properties").and_then(|properties| properties.get(name));
        let fields: Map<String, Value> = names
            .map(|name| (name.to_owned(), self.value(name, of(name).unwrap_or(&Value::Null), depth + 1)))
            .collect();
        Value::Object(fields)
    }
}

/// In lower case: Gemini's are in upper case. The first that isn't null where there are several.
fn type_of(schema: &Value) -> String {
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        Some(kind) => kind.as_str(),
        None if schema.get("properties").is_some() => Some("object"),
        None => None,
    };
    kind.unwrap_or_default().to_ascii_lowercase()
}

fn text(name: &str, schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
    match (format, name) {
        ("date-time", _) => "2025-01-02T03:04:05Z".into(),
        ("date", _) | (_, "date") => "2025-01-02".into(),
        ("email", _) | (_, "email") => "someone@example.com".into(),
        ("uri", _) | (_, "url") => "https://example.com/".into(),
        ("uuid", _) => "00000000-0000-4000-8000-000000000000".into(),
        (_, "city" | "location") => "Paris".into(),
        (_, "country") => "France".into(),
        (_, "") => "example".into(),
        _ => format!("example {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_properties_are_made_and_others_left_out() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "INTEGER", "minimum": 3},
                "tags": {"type": "array", "items": {"type": ["null", "string"]}},
                "at": {"$ref": "#/$defs/point"},
                "unused": {"type": "string"}
            },
            "required": ["city", "unit", "days", "tags", "at"],
            "$defs": {"point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}}
        });
        let expected = json!({
            "city": "Paris", "unit": "celsius", "days": 3, "tags": ["example tags"], "at": {"x": 1.5}
        });
        assert_eq!(example(&schema), expected);
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]});
        assert!(example(&schema).to_string().len() < 1000);
    }
}
