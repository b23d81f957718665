//! What a client got, in the form in which cases expect it: a stream's chunks become steps that don't depend on how the text was cut.
//!
//! A step is what one chunk says of one choice: `{"delta": {"content": "…"}}`, `{"finish_reason": "stop"}`; of a choice other than 0
//! with its `choice`; or of the whole answer: `{"usage": {…}}`, `{"error": {…}}`, `"[DONE]"`. A delta with several fields is a step for
//! each; neighbouring steps that only append to each other are one; what appends nothing is none.

use serde_json::{Map, Value, json};

/// The steps of all chunks.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Transcript {
    pub(super) steps: Vec<Value>,
}

impl Transcript {
    /// Reads a stream's bytes as the client got them. What is no event of OpenAI's is a step of its own, `{"garbled": "…"}`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut this = Self::default();
        for event in text.split("\n\n").filter(|event| !event.is_empty()) {
            let data: Vec<&str> = event.lines().filter(|line| !line.starts_with(':')).collect();
            match data.as_slice() {
                [] => {}
                ["data: [DONE]"] => this.steps.push("[DONE]".into()),
                [line] => match line.strip_prefix("data: ").map(serde_json::from_str) {
                    Some(Ok(Value::Object(chunk))) => this.add(chunk),
                    _ => this.steps.push(json!({ "garbled": line })),
                },
                lines => this.steps.push(json!({ "garbled": lines.join("\n") })),
            }
        }
        this
    }

    /// All text that reached the client so far.
    pub(super) fn text(&self) -> String {
        let content = |step: &Value| step["delta"]["content"].as_str().map(str::to_owned);
        self.steps.iter().filter_map(content).collect()
    }

    fn add(&mut self, mut chunk: Map<String, Value>) {
        if let Some(error) = chunk.remove("error") {
            self.steps.push(json!({ "error": error }));
        }
        let choices = match chunk.remove("choices") {
            Some(Value::Array(choices)) => choices,
            _ => Vec::new(),
        };
        for choice in choices {
            let Value::Object(mut choice) = choice else { continue };
            let index = choice.remove("index").and_then(|index| index.as_u64()).unwrap_or(0);
            if let Some(Value::Object(delta)) = choice.remove("delta") {
                for (name, value) in delta {
                    self.delta(index, &name, value);
                }
            }
            for (name, value) in choice.into_iter().filter(|(_, value)| !value.is_null()) {
                self.push(index, &name, value);
            }
        }
        if let Some(usage) = chunk.remove("usage").filter(|usage| !usage.is_null()) {
            self.steps.push(json!({ "usage": usage }));
        }
    }

    fn delta(&mut self, choice: u64, name: &str, value: Value) {
        match value {
            Value::String(text) if text.is_empty() => {}
            Value::Null => {}
            Value::Array(calls) if name == "tool_calls" => {
                for call in calls {
                    self.call(choice, call);
                }
            }
            Value::String(text) => {
                if let Some(Value::String(before)) = self.last_delta(choice, name) {
                    before.push_str(&text);
                } else {
                    self.push(choice, "delta", json!({ name: text }));
                }
            }
            value => self.push(choice, "delta", json!({ name: value })),
        }
    }

    /// A fragment of a tool call: its arguments are appended to the call before, where it's the same.
    fn call(&mut self, choice: u64, call: Value) {
        let arguments = call["function"]["arguments"].as_str().map(str::to_owned);
        if let (Some(Value::Object(before)), Some(arguments)) = (self.last_delta(choice, "tool_call"), &arguments)
            && before.get("index") == call.get("index")
            && call.get("id").is_none_or(Value::is_null)
            && let Some(Value::String(text)) = before.get_mut("function").and_then(|f| f.get_mut("arguments"))
        {
            text.push_str(arguments);
            return;
        }
        self.push(choice, "delta", json!({ "tool_call": call }));
    }

    /// The last step's value, where that is a delta of this field.
    fn last_delta(&mut self, choice: u64, name: &str) -> Option<&mut Value> {
        let last = self.steps.last_mut()?;
        if last.get("choice").and_then(Value::as_u64).unwrap_or(0) != choice {
            return None;
        }
        last.get_mut("delta")?.get_mut(name)
    }

    fn push(&mut self, choice: u64, name: &str, value: Value) {
        let mut step = Map::new();
        if choice != 0 {
            step.insert("choice".into(), choice.into());
        }
        step.insert(name.into(), value);
        self.steps.push(step.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(chunks: &[Value]) -> Vec<Value> {
        let sse: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        Transcript::of(format!("{sse}: caisson fuel=1\n\ndata: [DONE]\n\n").as_bytes()).steps
    }

    fn content(text: &str) -> Value {
        json!({"choices": [{"index": 0, "delta": {"content": text}}], "usage": null})
    }

    #[test]
    fn the_same_text_in_other_chunks_makes_the_same_steps() {
        let once = steps(&[content("Hello, world")]);
        assert_eq!(once, [json!({"delta": {"content": "Hello, world"}}), json!("[DONE]")]);
        assert_eq!(steps(&[content("Hel"), content(""), content("lo, world")]), once);
    }

    #[test]
    fn text_around_something_else_stays_apart_as_do_choices() {
        let other = json!({"choices": [{"index": 1, "delta": {"content": "b"}}]});
        let expected = [
            json!({"delta": {"content": "a"}}),
            json!({"choice": 1, "delta": {"content": "b"}}),
            json!({"delta": {"content": "c"}}),
            json!("[DONE]"),
        ];
        assert_eq!(steps(&[content("a"), other, content("c")]), expected);
    }

    #[test]
    fn a_tool_call_has_all_its_arguments_in_one_step() {
        let call = |call: Value| json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]});
        let steps = steps(&[
            call(json!({"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": ""}})),
            call(json!({"index": 0, "function": {"arguments": "{\"x\""}})),
            call(json!({"index": 0, "function": {"arguments": ": 1}"}})),
            call(json!({"index": 1, "id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}})),
        ]);
        let expected = |index, id, arguments| json!({"delta": {"tool_call": {"index": index, "id": id, "type": "function", "function": {"name": "f", "arguments": arguments}}}});
        assert_eq!(steps, [expected(0, "a", "{\"x\": 1}"), expected(1, "b", "{}"), json!("[DONE]")]);
    }

    #[test]
    fn an_error_is_a_step_and_what_is_no_event_is_told() {
        let error = json!({"error": {"code": "x"}});
        assert_eq!(steps(std::slice::from_ref(&error)), [error, json!("[DONE]")]);
        let garbled = Transcript::of(b"event: x\ndata: {}\n\ndata: {\n\n").steps;
        assert_eq!(garbled, [json!({"garbled": "event: x\ndata: {}"}), json!({"garbled": "data: {"})]);
    }
}
