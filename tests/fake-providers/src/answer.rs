//! What the fake model says, before any wire's form: a function of the request alone. The wire modules
//! read a [`Prompt`] out of their JSON and write the [`Answer`] in their own.

use serde_json::Value;

use crate::behaviour::Behaviour;
use crate::example::example;
use crate::text::{tokens, words};

/// Stands in an answer where the model `endless` never stops; no other answer has it.
pub(crate) const ENDLESS: &str = " \u{a0}endless\u{a0}";
/// With fewer tokens allowed the answer is always cut short.
const TINY: u64 = 5;

/// What the answer depends on.
pub(crate) struct Prompt {
    pub(crate) behaviour: Behaviour,
    pub(crate) turn: Turn,
    /// The tools that may be called now, the one to call first.
    pub(crate) tools: Vec<Tool>,
    pub(crate) thinking: bool,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) stop: Vec<String>,
    /// The schema of the JSON that is asked for.
    pub(crate) format: Option<Value>,
    /// What the request presented as its key.
    pub(crate) key: String,
}

/// Whose turn it was last, and the text of it.
pub(crate) enum Turn {
    User(String),
    ToolResult(String),
}

/// A tool that may be called.
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) input: Input,
}

/// What a tool is called with.
pub(crate) enum Input {
    /// JSON that fits this schema.
    Schema(Value),
    /// OpenAI's custom tools take any text.
    FreeText,
}

/// What the model says.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) thinking: Option<String>,
    pub(crate) content: Content,
    pub(crate) finish: Finish,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Text(String),
    Calls(Vec<Call>),
    /// Nothing but the wish not to answer.
    Refusal(String),
}

#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) arguments: Arguments,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Arguments {
    Json(Value),
    Text(String),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Finish {
    Stop,
    /// Before this stop sequence of the request's.
    StopSequence(String),
    Length,
    Calls,
    Filtered,
    Refused,
}

/// What the model answers.
pub(crate) fn answer(prompt: &Prompt) -> Answer {
    let thinking = prompt.thinking.then(|| match &prompt.turn {
        Turn::User(text) => format!("The user said: {text}. I will answer that."),
        Turn::ToolResult(text) => format!("The tool said: {text}. I will report that."),
    });
    if prompt.behaviour == Behaviour::Refused {
        let content = Content::Refusal("I will not answer that.".to_owned());
        return Answer { thinking, content, finish: Finish::Refused };
    }
    let tiny = prompt.max_tokens.is_some_and(|max| max < TINY);
    let may_call = matches!(prompt.turn, Turn::User(_)) && !tiny && prompt.behaviour != Behaviour::Endless;
    if may_call && !prompt.tools.is_empty() {
        let count = if prompt.behaviour == Behaviour::Parallel { prompt.tools.len() } else { 1 };
        let calls = prompt.tools.iter().take(count).map(call).collect();
        return Answer { thinking, content: Content::Calls(calls), finish: Finish::Calls };
    }
    let (text, finish) = cut(prompt, full_text(prompt));
    Answer { thinking, content: Content::Text(text), finish }
}

impl Answer {
    /// Tokens of the answer without its thinking.
    pub(crate) fn content_tokens(&self) -> u64 {
        match &self.content {
            Content::Text(text) | Content::Refusal(text) => words(text).len().max(1) as u64,
            Content::Calls(calls) => calls.iter().map(|call| tokens(&call.name) + tokens(&call.arguments.text())).sum(),
        }
    }

    /// Tokens of its thinking.
    pub(crate) fn thinking_tokens(&self) -> u64 {
        self.thinking.as_deref().map_or(0, tokens)
    }
}

impl Arguments {
    /// As the model wrote them.
    pub(crate) fn text(&self) -> String {
        match self {
            Arguments::Json(value) => value.to_string(),
            Arguments::Text(text) => text.clone(),
        }
    }
}

fn call(tool: &Tool) -> Call {
    let arguments = match &tool.input {
        // A tool without parameters is called with an empty object.
        Input::Schema(schema) => Arguments::Json(match example(schema) {
            value @ Value::Object(_) => value,
            _ => Value::Object(serde_json::Map::new()),
        }),
        Input::FreeText => Arguments::Text(format!("free text for {}", tool.name)),
    };
    Call { name: tool.name.clone(), arguments }
}

fn full_text(prompt: &Prompt) -> String {
    if let Some(schema) = &prompt.format {
        return example(schema).to_string();
    }
    let text = match &prompt.turn {
        Turn::User(text) => format!("You said: {text}"),
        Turn::ToolResult(text) => format!("The tool answered: {text}"),
    };
    match prompt.behaviour {
        Behaviour::Leak => format!("Your key is {}", prompt.key),
        Behaviour::Endless => format!("{text}{ENDLESS}"),
        Behaviour::Slow => (1..=40).fold(text, |text, number| format!("{text} {number}")),
        _ => text,
    }
}

fn cut(prompt: &Prompt, mut text: String) -> (String, Finish) {
    if prompt.behaviour == Behaviour::Filtered {
        let pieces = words(&text);
        return (pieces.iter().take(pieces.len().div_ceil(2)).copied().collect(), Finish::Filtered);
    }
    let stops = prompt.stop.iter().filter(|stop| !stop.is_empty());
    let first_stop = stops.filter_map(|stop| text.find(stop.as_str()).map(|at| (at, stop))).min();
    let mut finish = Finish::Stop;
    if let Some((at, stop)) = first_stop {
        finish = Finish::StopSequence(stop.clone());
        text.truncate(at);
    }
    let pieces = words(&text);
    match prompt.max_tokens {
        Some(max) if max < TINY || max < pieces.len() as u64 => {
            let kept = usize::try_from(max).unwrap_or(usize::MAX);
            (pieces.into_iter().take(kept).collect(), Finish::Length)
        }
        _ => (text, finish),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prompt(text: &str) -> Prompt {
        Prompt {
            behaviour: Behaviour::Plain,
            turn: Turn::User(text.to_owned()),
            tools: Vec::new(),
            thinking: false,
            max_tokens: None,
            stop: Vec::new(),
            format: None,
            key: "k".to_owned(),
        }
    }

    fn weather() -> Tool {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        Tool { name: "weather".to_owned(), input: Input::Schema(schema) }
    }

    #[test]
    fn a_user_is_echoed_and_a_tool_quoted() {
        assert_eq!(answer(&prompt("ahoy")).content, Content::Text("You said: ahoy".to_owned()));
        let after_tool = Prompt { turn: Turn::ToolResult("12".to_owned()), tools: vec![weather()], ..prompt("") };
        assert_eq!(answer(&after_tool).content, Content::Text("The tool answered: 12".to_owned()));
    }

    #[test]
    fn a_tool_is_called_with_its_required_arguments() {
        let called = answer(&Prompt { tools: vec![weather(), weather()], ..prompt("how warm?") });
        let call = Call { name: "weather".to_owned(), arguments: Arguments::Json(json!({"city": "Paris"})) };
        assert_eq!(called.content, Content::Calls(vec![call]));
        assert_eq!(called.finish, Finish::Calls);
        let both = Prompt { tools: vec![weather(), weather()], behaviour: Behaviour::Parallel, ..prompt("x") };
        assert!(matches!(answer(&both).content, Content::Calls(calls) if calls.len() == 2));
    }

    #[test]
    fn few_tokens_and_stop_sequences_cut_the_text() {
        for (max, stop, text, finish) in [
            (Some(2), "", "You said:", Finish::Length),
            (Some(4), "", "You said: one two", Finish::Length),
            (Some(5), "", "You said: one two three", Finish::Stop),
            (None, " two", "You said: one", Finish::StopSequence(" two".to_owned())),
            (None, "nowhere", "You said: one two three", Finish::Stop),
        ] {
            let said = answer(&Prompt { max_tokens: max, stop: vec![stop.to_owned()], ..prompt("one two three") });
            assert_eq!((said.content, said.finish), (Content::Text(text.to_owned()), finish));
        }
    }
}
