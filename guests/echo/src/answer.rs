//! What to say: the user's last text, a tool call if there is a tool to call, or what a tool said.
//! It knows nothing of the host.

use caisson_sdk::prelude::*;
use serde_json::{Value, json};

use crate::schema;

/// One answer; every choice is the same.
pub(crate) enum Answer {
    /// Words, each with the white space after it.
    Text { text: String, finish: FinishReason },
    /// A call of one tool.
    Call(ToolCall),
}

impl Answer {
    /// The answer to a request.
    ///
    /// # Errors
    /// `invalid-request` if the client names a tool that it doesn't give, or a schema isn't JSON.
    pub(crate) fn to(request: &ChatRequest, prefix: &str) -> Result<Self> {
        let last_is_users = request.messages.last().is_some_and(|message| message.role == Role::User);
        if last_is_users && let Some(tool) = chosen_tool(request)? {
            return Ok(Self::Call(call(tool, request)?));
        }
        let text = format!("{prefix}{}", plain_text(&request.messages));
        Ok(Self::cut(formatted(text, request.response_format.as_ref())?, request.max_tokens))
    }

    /// Keeps the first `max_tokens` words: here a word is a token.
    fn cut(text: String, max_tokens: Option<u32>) -> Self {
        let most = max_tokens.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let kept: usize = words(&text).take(most).map(str::len).sum();
        match text.get(..kept) {
            Some(start) if kept < text.len() => Self::Text { text: start.to_owned(), finish: FinishReason::Length },
            _ => Self::Text { text, finish: FinishReason::Stop },
        }
    }

    /// What is counted as output: the text, or the call's arguments.
    pub(crate) fn content(&self) -> &str {
        match self {
            Self::Text { text, .. } => text,
            Self::Call(call) => &call.arguments,
        }
    }

    /// The answer at once.
    pub(crate) fn choice(&self, index: u32) -> Choice {
        let message = match self {
            Self::Text { text, .. } => Message::assistant(text),
            Self::Call(call) => {
                Message { role: Role::Assistant, tool_calls: vec![call_of(call, index)], ..Message::default() }
            }
        };
        Choice { index, message, finish_reason: self.finish(), ..Choice::default() }
    }

    /// The answer in pieces: a batch of events for each word.
    pub(crate) fn batches(&self, choice: u32) -> Vec<Vec<Event>> {
        let mut batches: Vec<Vec<Event>> = match self {
            Self::Text { text, .. } => words(text).map(|word| vec![Event::text(choice, word)]).collect(),
            Self::Call(call) => {
                let ToolCall { id, kind, name, arguments, .. } = call_of(call, choice);
                let (id, kind, name) = (Some(id), Some(kind), Some(name));
                let start = ToolDelta { choice, id, kind, name, ..ToolDelta::default() };
                let rest = ToolDelta { choice, arguments, ..ToolDelta::default() };
                vec![vec![Event::Tool(start)], vec![Event::Tool(rest)]]
            }
        };
        batches.push(vec![Event::finish(choice, self.finish())]);
        batches
    }

    fn finish(&self) -> FinishReason {
        match self {
            Self::Text { finish, .. } => finish.clone(),
            Self::Call(_) => FinishReason::ToolCalls,
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

/// The tool that the client names, else the first; none if it gives none or wants none called.
fn chosen_tool(request: &ChatRequest) -> Result<Option<&Tool>> {
    match &request.tool_choice {
        Some(ToolChoice::None) => Ok(None),
        Some(ToolChoice::Named(name)) => match request.tools.iter().find(|tool| tool.name == *name) {
            Some(tool) => Ok(Some(tool)),
            None => Err(Error::invalid_request(format!("there is no tool {name:?}")).param("tool_choice")),
        },
        _ => Ok(request.tools.first()),
    }
}

fn call(tool: &Tool, request: &ChatRequest) -> Result<ToolCall> {
    let arguments = match &tool.parameters {
        // A custom tool takes free text.
        _ if tool.kind == "custom" => plain_text(&request.messages),
        Some(parameters) => schema::example(&parsed(parameters, "tools")?).to_string(),
        None => json!({}).to_string(),
    };
    Ok(ToolCall {
        // The same question gets the same id; another turn of the conversation gets another.
        id: format!("call_{}", request.messages.len()),
        kind: tool.kind.clone(),
        name: tool.name.clone(),
        arguments,
        ..ToolCall::default()
    })
}

/// The call as a choice makes it: ids differ from choice to choice.
fn call_of(call: &ToolCall, choice: u32) -> ToolCall {
    ToolCall { id: format!("{}_{choice}", call.id), ..call.clone() }
}

/// What the user said last, or what a tool said since.
fn plain_text(messages: &[Message]) -> String {
    match messages.last() {
        Some(last) if last.role == Role::Tool => format!("tool said: {}", last.text()),
        _ => messages.iter().rfind(|message| message.role == Role::User).map(Message::text).unwrap_or_default(),
    }
}

/// The text as the client wants it: plain, in an object, or somewhere in the client's own schema.
fn formatted(text: String, format: Option<&ResponseFormat>) -> Result<String> {
    match format {
        Some(ResponseFormat::JsonObject) => Ok(json!({ "echo": text }).to_string()),
        Some(ResponseFormat::JsonSchema(format)) => {
            let format = parsed(format, "response_format")?;
            Ok(schema::filled(format.get("schema").unwrap_or(&Value::Null), &text).to_string())
        }
        _ => Ok(text),
    }
}

fn parsed(json: &str, param: &str) -> Result<Value> {
    serde_json::from_str(json).map_err(|error| {
        Error::invalid_request(format!("{param} holds a schema that is not JSON: {error}")).param(param)
    })
}
