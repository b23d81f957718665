//! What differs between the JSON that was sent and the JSON that arrived.

use std::fmt;

use serde_json::Value;

/// A field or item that did not arrive as it was sent.
pub(super) struct Difference {
    /// As in `choices[0].message`; empty for the whole.
    pub(super) path: String,
    kind: Kind,
}

enum Kind {
    Lost(Value),
    Changed { sent: Value, arrived: Value },
    Added(Value),
}

/// All differences, outermost first. Numbers are compared as numbers; the order of an object's fields doesn't count.
pub(super) fn differences(sent: &Value, arrived: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", sent, arrived, &mut found);
    found
}

fn compare(path: &str, sent: &Value, arrived: &Value, found: &mut Vec<Difference>) {
    match (sent, arrived) {
        (Value::Object(sent), Value::Object(arrived)) => {
            for (name, value) in sent {
                let path = field(path, name);
                match arrived.get(name) {
                    Some(arrived) => compare(&path, value, arrived, found),
                    None => found.push(Difference { path, kind: Kind::Lost(value.clone()) }),
                }
            }
            let added = arrived.iter().filter(|(name, _)| !sent.contains_key(*name));
            found.extend(
                added.map(|(name, value)| Difference { path: field(path, name), kind: Kind::Added(value.clone()) }),
            );
        }
        (Value::Array(sent), Value::Array(arrived)) if sent.len() == arrived.len() => {
            for (index, (sent, arrived)) in sent.iter().zip(arrived).enumerate() {
                compare(&format!("{path}[{index}]"), sent, arrived, found);
            }
        }
        _ if sent == arrived || same_number(sent, arrived) => {}
        _ => {
            let kind = Kind::Changed { sent: sent.clone(), arrived: arrived.clone() };
            found.push(Difference { path: path.to_owned(), kind });
        }
    }
}

fn field(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// `1` and `1.0` are the same, but an integer that a float has no room for is not what a float makes of it.
fn same_number(sent: &Value, arrived: &Value) -> bool {
    let exact = |value: &Value| value.is_f64() || value.as_i64().is_some_and(|value| value.unsigned_abs() <= 1 << 53);
    exact(sent) && exact(arrived) && sent.as_f64() == arrived.as_f64()
}

impl Difference {
    pub(super) fn is_added(&self) -> bool {
        matches!(self.kind, Kind::Added(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            Kind::Lost(sent) => write!(f, "`{path}` is lost: {sent}"),
            Kind::Changed { sent, arrived } => write!(f, "`{path}` was {sent}, is {arrived}"),
            Kind::Added(arrived) => write!(f, "`{path}` is added: {arrived}"),
        }
    }
}

#[test]
fn a_comparison_sees_what_is_lost_changed_and_added() {
    let sent = serde_json::json!({"a": 1, "b": [1, {"c": null}], "d": 12345678901234567890_u64, "e": 1.0, "f": []});
    let arrived = serde_json::json!({"b": [1, {"x": 0}], "d": 1.2345678901234567e19, "e": 1, "f": [2]});
    let found: Vec<_> = differences(&sent, &arrived).into_iter().map(|found| found.path).collect();
    assert_eq!(found, ["a", "b[1].c", "b[1].x", "d", "f"]);
}
