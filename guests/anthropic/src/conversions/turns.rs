//! Messages → `system` and turns. OpenAI's list is flat: system messages anywhere, a
//! message for each tool result. Anthropic wants one system prompt and turns of blocks
//! that alternate, so neighbours of one speaker are joined, and tool results, which the
//! user speaks, with them.

use std::borrow::Cow;

use caisson_sdk::Result;
use caisson_sdk::api::{Content, Error, Message, Part, Reasoning, Role, ToolCall};
use serde_json::value::RawValue;

use super::{Path, extras, flat_extras, media, verbatim};
use crate::client::fields::Fields;
use crate::client::request::{Block, Blocks, Speaker, ToolInput, Turn};

/// The conversation as Anthropic has it.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Blocks<'a>,
    pub(super) turns: Vec<Turn<'a>>,
}

pub(super) fn conversation(messages: &[Message]) -> Result<Conversation<'_>> {
    let mut conversation = Conversation::default();
    for (position, message) in messages.iter().enumerate() {
        let path = format_args!("messages[{position}]");
        let mut blocks = blocks(message, path)?;
        mark_cache(message, &mut blocks, path)?;
        match message.role {
            Role::System | Role::Developer => conversation.system.0.extend(blocks),
            Role::User | Role::Tool => conversation.say(Speaker::User, blocks),
            Role::Assistant => conversation.say(Speaker::Assistant, blocks),
        }
    }
    if conversation.turns.is_empty() {
        return Err(Error::invalid_request("at least one message with content is needed").param("messages"));
    }
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    fn say(&mut self, speaker: Speaker, blocks: Vec<Block<'a>>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == speaker => turn.content.0.extend(blocks),
            // Anthropic refuses a turn that says nothing.
            _ if blocks.is_empty() => {}
            _ => self.turns.push(Turn { role: speaker, content: Blocks(blocks) }),
        }
    }
}

fn blocks<'a>(message: &'a Message, path: Path) -> Result<Vec<Block<'a>>> {
    match message.role {
        Role::System | Role::Developer | Role::User => content(&message.content, path),
        Role::Assistant => match kept(message, path)? {
            Some(blocks) => Ok(blocks),
            None => assistant(message, path),
        },
        Role::Tool => Ok(vec![tool_result(message, path)?]),
    }
}

/// The blocks of an earlier answer exactly as the provider wrote them.
fn kept<'a>(message: &'a Message, path: Path) -> Result<Option<Vec<Block<'a>>>> {
    let Some((_, list)) = message.extra.iter().find(|(name, _)| name == verbatim::FIELD) else {
        return Ok(None);
    };
    let blocks: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| {
        Error::invalid_request("this must be the list of blocks of an earlier answer")
            .param(format!("{path}.{}", verbatim::FIELD))
    })?;
    Ok(Some(blocks.into_iter().map(Block::Verbatim).collect()))
}

fn assistant<'a>(message: &'a Message, path: Path) -> Result<Vec<Block<'a>>> {
    // Thinking must open the turn, or the provider refuses it.
    let mut blocks: Vec<Block> = message.reasoning.iter().filter_map(thinking).collect();
    blocks.extend(content(&message.content, path)?);
    blocks.extend(message.refusal.as_deref().and_then(text));
    for (position, call) in message.tool_calls.iter().enumerate() {
        blocks.push(tool_use(call, format_args!("{path}.tool_calls[{position}]"))?);
    }
    Ok(blocks)
}

fn content<'a>(content: &'a Content, path: Path) -> Result<Vec<Block<'a>>> {
    match content {
        Content::Empty => Ok(Vec::new()),
        Content::Text(plain) => Ok(text(plain).into_iter().collect()),
        Content::Parts(parts) => {
            let mut blocks = Vec::with_capacity(parts.len());
            for (position, each) in parts.iter().enumerate() {
                blocks.extend(part(each, format_args!("{path}.content[{position}]"))?);
            }
            Ok(blocks)
        }
    }
}

fn part<'a>(part: &'a Part, path: Path) -> Result<Option<Block<'a>>> {
    Ok(match part {
        Part::Text(part) | Part::Refusal(part) => match text(&part.text) {
            Some(Block::Text { text, .. }) => Some(Block::Text { text, extra: extras(&part.extra, path)? }),
            _ => None,
        },
        Part::Image(image) => Some(media::image(image, path)?),
        Part::File(file) => Some(media::file(file, path)?),
        Part::Reasoning(reasoning) => thinking(reasoning),
        Part::Other(json) => Some(Block::Verbatim(raw(json, path)?)),
        Part::Audio(_) => {
            return Err(Error::unsupported("audio").param(path.to_string()));
        }
    })
}

/// Anthropic refuses a text block that is empty.
fn text(text: &str) -> Option<Block<'_>> {
    (!text.is_empty()).then(|| Block::Text { text, extra: Fields::default() })
}

/// Only what carries its proof goes back: unsigned thinking is refused, and a model
/// does not need another's.
fn thinking(reasoning: &Reasoning) -> Option<Block<'_>> {
    let signature = reasoning.signature.as_deref()?;
    Some(if reasoning.redacted {
        Block::RedactedThinking { data: signature }
    } else {
        Block::Thinking { thinking: &reasoning.text, signature }
    })
}

fn tool_use<'a>(call: &'a ToolCall, path: Path) -> Result<Block<'a>> {
    let input = if call.kind == "function" {
        ToolInput::Object(arguments(&call.arguments, path)?)
    } else {
        ToolInput::Wrapped { input: &call.arguments }
    };
    let mut extra = flat_extras(&call.extra, &call.kind, path)?;
    // OpenAI's clients leave these in a call that they folded from a stream; Anthropic refuses the turn for them.
    extra.retain(|name| !matches!(name, "index" | "parsed_arguments"));
    Ok(Block::ToolUse { id: tool_id(&call.id), name: &call.name, input, extra })
}

fn arguments<'a>(text: &'a str, path: Path) -> Result<&'a RawValue> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let param = || format!("{path}.function.arguments");
    let value: &RawValue = serde_json::from_str(text)
        .map_err(|error| Error::invalid_request(format!("the arguments are not JSON: {error}")).param(param()))?;
    if !value.get().starts_with('{') {
        return Err(Error::invalid_request("the arguments must be a JSON object").param(param()));
    }
    Ok(value)
}

fn tool_result<'a>(message: &'a Message, path: Path) -> Result<Block<'a>> {
    let Some(id) = message.tool_call_id.as_deref() else {
        return Err(Error::invalid_request("a tool's answer must name the call it answers")
            .param(format!("{path}.tool_call_id")));
    };
    let mut extra = extras(&message.extra, path)?;
    extra.retain(|name| name == "is_error");
    Ok(Block::ToolResult { tool_use_id: tool_id(id), content: Blocks(content(&message.content, path)?), extra })
}

/// Anthropic takes letters, digits, `_` and `-`; ids of other providers hold more, and
/// both ends of the pair are changed alike.
fn tool_id(id: &str) -> Cow<'_, str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.chars().all(allowed) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(id.chars().map(|c| if allowed(c) { c } else { '_' }).collect())
}

/// A `cache_control` beside the message marks its last block: a plain string has no
/// other place for it.
fn mark_cache<'a>(message: &'a Message, blocks: &mut [Block<'a>], path: Path) -> Result<()> {
    const FIELD: &str = "cache_control";
    let Some((_, mark)) = message.extra.iter().find(|(name, _)| name == FIELD) else {
        return Ok(());
    };
    let mark = raw(mark, path)?;
    if let Some(extra) = blocks.last_mut().and_then(Block::extra)
        && !extra.contains(FIELD)
    {
        extra.push(FIELD, mark);
    }
    Ok(())
}

fn raw<'a>(json: &'a str, path: Path) -> Result<&'a RawValue> {
    serde_json::from_str(json)
        .map_err(|error| Error::invalid_request(format!("this is not JSON: {error}")).param(path.to_string()))
}
