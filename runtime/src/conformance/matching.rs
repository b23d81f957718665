//! Compares the JSON that a case expects with the JSON that came.
//!
//! Members may come in any order, and a number is its value: `1` is `1.0`. Three words of our own loosen what is expected:
//! `"<any>"` is whatever value is there, `{"<one of>": […]}` is any of these, and a member `"<more>"` lets further members be there.
//! Paths to ignore are written `choices[0].message`, with `*` for any index or name.

use serde_json::Value;

/// Any value.
pub(super) const ANY: &str = "<any>";
const ONE_OF: &str = "<one of>";
const MORE: &str = "<more>";
/// Differences that are looked for: what there is beyond helps nobody, and an adapter's word for how many there are is its own.
const MAX_FOUND: usize = 20;

/// Something that is not as it was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Where, as in `request 1, body.messages[0].content`.
    pub(crate) place: String,
    pub(crate) expected: String,
    pub(crate) got: String,
}

impl Difference {
    pub(crate) fn new(place: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { place: place.into(), expected: expected.into(), got: got.into() }
    }
}

/// Adds what differs to `found`. `place` is where the whole is; `ignored` are paths within it.
pub(super) fn compare(place: &str, expected: &Value, got: &Value, ignored: &[String], found: &mut Vec<Difference>) {
    let ignored: Vec<Vec<Step>> = ignored.iter().map(|path| steps(path)).collect();
    Comparison { place, ignored: &ignored, path: Vec::new(), found }.values(expected, got);
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
    /// Any name or index.
    Any,
}

fn steps(path: &str) -> Vec<Step> {
    path.split(['.', '['])
        .map(|step| step.trim_end_matches(']'))
        .filter(|step| !step.is_empty())
        .map(|step| match step.parse() {
            Ok(index) => Step::Index(index),
            Err(_) if step == "*" => Step::Any,
            Err(_) => Step::Name(step.to_owned()),
        })
        .collect()
}

struct Comparison<'c> {
    place: &'c str,
    ignored: &'c [Vec<Step>],
    path: Vec<Step>,
    found: &'c mut Vec<Difference>,
}

impl Comparison<'_> {
    fn values(&mut self, expected: &Value, got: &Value) {
        if self.is_ignored() {
            return;
        }
        match (expected, got) {
            (Value::String(word), _) if word == ANY => {}
            (Value::Object(members), _) if members.len() == 1 && members.contains_key(ONE_OF) => {
                self.one_of(&members[ONE_OF], got);
            }
            (Value::Object(expected), Value::Object(got)) => {
                for (name, value) in expected.iter().filter(|(name, _)| *name != MORE) {
                    self.within(Step::Name(name.clone()), |this| match got.get(name) {
                        Some(got) => this.values(value, got),
                        None => this.differ(Some(value), None),
                    });
                }
                if expected.contains_key(MORE) {
                    return;
                }
                for (name, value) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                    self.within(Step::Name(name.clone()), |this| this.differ(None, Some(value)));
                }
            }
            (Value::Array(expected), Value::Array(got)) => {
                for index in 0..expected.len().max(got.len()) {
                    self.within(Step::Index(index), |this| match (expected.get(index), got.get(index)) {
                        (Some(expected), Some(got)) => this.values(expected, got),
                        (expected, got) => this.differ(expected, got),
                    });
                }
            }
            (Value::Number(a), Value::Number(b)) if a == b || a.as_f64() == b.as_f64() => {}
            _ if expected == got => {}
            _ => self.differ(Some(expected), Some(got)),
        }
    }

    fn one_of(&mut self, choices: &Value, got: &Value) {
        let choices = choices.as_array().map(Vec::as_slice).unwrap_or_default();
        let fits = |choice: &Value| {
            let mut found = Vec::new();
            Comparison { place: self.place, ignored: self.ignored, path: self.path.clone(), found: &mut found }
                .values(choice, got);
            found.is_empty()
        };
        if !choices.iter().any(fits) {
            let listed: Vec<String> = choices.iter().map(Value::to_string).collect();
            self.found.push(Difference::new(self.here(), format!("one of {}", listed.join(" or ")), got.to_string()));
        }
    }

    fn within(&mut self, step: Step, compare: impl FnOnce(&mut Self)) {
        self.path.push(step);
        compare(self);
        self.path.pop();
    }

    fn differ(&mut self, expected: Option<&Value>, got: Option<&Value>) {
        if self.is_ignored() || self.found.len() >= MAX_FOUND {
            return;
        }
        let text = |value: Option<&Value>| value.map_or_else(|| "(nothing)".to_owned(), Value::to_string);
        self.found.push(Difference::new(self.here(), text(expected), text(got)));
    }

    fn is_ignored(&self) -> bool {
        let fits = |pattern: &Vec<Step>| {
            pattern.len() == self.path.len()
                && pattern.iter().zip(&self.path).all(|(pattern, step)| *pattern == Step::Any || pattern == step)
        };
        self.ignored.iter().any(fits)
    }

    fn here(&self) -> String {
        let mut place = self.place.to_owned();
        for step in &self.path {
            match step {
                Step::Name(name) => {
                    place.push('.');
                    place.push_str(name);
                }
                Step::Index(index) => place.push_str(&format!("[{index}]")),
                Step::Any => place.push('*'),
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(expected: &Value, got: &Value, ignored: &[&str]) -> Vec<String> {
        let ignored: Vec<String> = ignored.iter().map(|path| (*path).to_owned()).collect();
        let mut found = Vec::new();
        compare("body", expected, got, &ignored, &mut found);
        found.into_iter().map(|difference| difference.place).collect()
    }

    #[test]
    fn members_come_in_any_order_and_a_number_is_its_value() {
        assert_eq!(places(&json!({"a": 1, "b": [0.5]}), &json!({"b": [0.50], "a": 1.0}), &[]), [""; 0]);
        assert_eq!(places(&json!(1), &json!("1"), &[]), ["body"]);
        assert_eq!(places(&json!([1, 2]), &json!([2, 1]), &[]), ["body[0]", "body[1]"]);
    }

    #[test]
    fn what_is_missing_and_what_is_too_much_differ() {
        assert_eq!(places(&json!({"a": null}), &json!({}), &[]), ["body.a"]);
        assert_eq!(places(&json!({}), &json!({"a": null}), &[]), ["body.a"]);
        assert_eq!(places(&json!([1]), &json!([1, 2]), &[]), ["body[1]"]);
    }

    #[test]
    fn the_three_words_loosen_what_is_expected_and_no_more() {
        assert_eq!(places(&json!({"a": "<any>"}), &json!({"a": [1]}), &[]), [""; 0]);
        assert_eq!(places(&json!({"a": "<any>"}), &json!({}), &[]), ["body.a"]);
        let either = json!({"<one of>": ["x", {"text": "x", "<more>": true}]});
        assert_eq!(places(&either, &json!("x"), &[]), [""; 0]);
        assert_eq!(places(&either, &json!({"text": "x", "cache": 1}), &[]), [""; 0]);
        assert_eq!(places(&either, &json!({"text": "y"}), &[]), ["body"]);
        assert_eq!(places(&json!({"a": 1, "<more>": true}), &json!({"a": 2, "b": 1}), &[]), ["body.a"]);
    }

    #[test]
    fn paths_that_are_ignored_may_be_there_or_not() {
        let (expected, got) =
            (json!({"m": [{"id": 1, "a": 1}], "x": 1}), json!({"m": [{"a": 1}], "y": {"z": 1}, "x": 1}));
        assert_eq!(places(&expected, &got, &["m[*].id", "y"]), [""; 0]);
        assert_eq!(places(&expected, &got, &["m[*]", "y"]), [""; 0]);
        assert_eq!(places(&expected, &got, &["m[1].id", "y.z"]), ["body.m[0].id", "body.y"]);
    }
}
