//! The contract's `extra` fields as JSON and back. serde_json does everything else.

use serde_json::{Map, Value};

use crate::Result;
use crate::api::Error;

/// Fields as `pairs`: each value becomes JSON text, in the map's order.
#[must_use]
pub fn extra_fields(fields: &Map<String, Value>) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

/// Puts `extra` into an object. A field that is there already stays: what the adapter set, a client can't
/// change by naming it.
///
/// # Errors
/// Where a value is not JSON.
pub fn insert_extras(object: &mut Map<String, Value>, extras: &[(String, String)]) -> Result<()> {
    for (name, text) in extras {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Error::invalid_request(format!("field {name} is not JSON: {error}")).param(name))?;
        object.entry(name).or_insert(value);
    }
    Ok(())
}

/// JSON text that has to be an object.
///
/// # Errors
/// Where it is not. Whose fault that is only the caller knows; this says the provider's.
pub fn object(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|error| Error::upstream(format!("not a JSON object: {error}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn extras_go_round_in_order() {
        let text = r#"{"b":{"x":[1,2.50,null]},"a":"é","c":12345678901234567890}"#;
        let pairs = extra_fields(&object(text).unwrap());
        assert_eq!(pairs[1], ("a".to_owned(), r#""é""#.to_owned()));
        let mut back = Map::new();
        insert_extras(&mut back, &pairs).unwrap();
        assert_eq!(Value::Object(back), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn extras_replace_nothing() {
        let mut object = object(r#"{"stream":true}"#).unwrap();
        insert_extras(&mut object, &[("stream".to_owned(), "false".to_owned())]).unwrap();
        assert_eq!(object["stream"], true);
    }

    #[test]
    fn an_extra_that_is_no_json_names_itself() {
        let error = insert_extras(&mut Map::new(), &[("x".to_owned(), "{".to_owned())]).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("x"));
    }

    #[test]
    fn an_object_is_an_object() {
        assert!(object("[]").is_err());
        assert!(object(&"[".repeat(100_000)).is_err());
    }
}
