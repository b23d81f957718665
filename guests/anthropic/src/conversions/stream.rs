//! A stream's events → the contract's, one call for each server-sent event. It keeps
//! what only the end of the stream can tell: token counts, the reason it ended, and the
//! provider's blocks where OpenAI's shape loses something of them.

use std::borrow::Cow;

use caisson_sdk::api::{Error, Event, Finish, OtherDelta, ReasoningDelta, StreamStart, TextDelta, ToolDelta};
use caisson_sdk::{Result, json};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::answer::{Ending, Head, caller};
use super::usage::Counts;
use super::verbatim::{self, Recorder};
use crate::client::answer::{
    AnswerBlock, BlockDelta, BlockPiece, BlockStart, BlockStop, EventKind, Failure, MessageDelta, MessageStart,
};
use crate::client::error;
use crate::client::fields::Fields;

/// The only choice that Anthropic gives.
const CHOICE: u32 = 0;

/// Reads one stream.
#[derive(Default)]
pub(crate) struct Decoder {
    counts: Counts,
    counted: bool,
    ending: Ending,
    recorder: Recorder,
    calls: u32,
    open_call: Option<OpenCall>,
    stopped: bool,
}

/// A tool call whose arguments are still coming.
struct OpenCall {
    block: u32,
    index: u32,
    /// What the block started with, until arguments arrive.
    input: Option<String>,
}

impl Decoder {
    /// Whether `message_stop` came, after which nothing does.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Adds the event's meaning to `events`; unknown events mean nothing.
    pub(crate) fn decode(&mut self, data: &str, events: &mut Vec<Event>) -> Result<()> {
        if let Some(piece) = text_piece(data) {
            self.block_piece(piece, events);
            return Ok(());
        }
        match kind(data)?.as_ref() {
            "content_block_delta" => self.block_piece(read(data)?, events),
            "content_block_start" => self.block_start(read(data)?, events),
            "content_block_stop" => self.block_stop(read(data)?, events),
            "message_start" => self.message_start(read(data)?, events),
            "message_delta" => self.message_delta(read(data)?, events),
            "message_stop" => {
                read::<IgnoredAny>(data)?;
                self.message_stop(events);
            }
            "error" => return Err(failure(data)),
            // Whatever it says, it has to be JSON.
            _ => drop(read::<IgnoredAny>(data)?),
        }
        Ok(())
    }

    fn message_start(&mut self, event: MessageStart, events: &mut Vec<Event>) {
        let mut fields = event.message.unwrap_or_default();
        if let Some(usage) = fields.take("usage") {
            self.count(usage);
        }
        fields.retain(|name| name != "content");
        let Head { id, model } = Head::of(&mut fields);
        events.push(Event::Start(StreamStart {
            id,
            model,
            service_tier: self.counts.service_tier(),
            system_fingerprint: None,
            extra: fields.into_pairs(),
        }));
    }

    fn block_start(&mut self, event: BlockStart, events: &mut Vec<Event>) {
        let (Some(raw), index) = (event.content_block, event.index.unwrap_or_default()) else {
            return;
        };
        let Ok(block) = serde_json::from_str::<AnswerBlock>(raw.get()) else {
            self.recorder.start_unread(index, raw);
            return;
        };
        self.recorder.start(index, raw, &block);
        match block.kind.as_ref() {
            "text" => push_text(block.text, events),
            "thinking" => push_reasoning(block.thinking, block.signature, events),
            "redacted_thinking" => events.push(redacted(block.data)),
            "tool_use" => {
                self.close_call(events);
                let call = OpenCall {
                    block: index,
                    index: self.calls,
                    input: Some(block.input.map_or("{}", RawValue::get).to_owned()),
                };
                self.calls = self.calls.saturating_add(1);
                events.push(Event::Tool(ToolDelta {
                    choice: CHOICE,
                    index: call.index,
                    extra: caller(&block),
                    id: block.id,
                    name: block.name,
                    ..ToolDelta::default()
                }));
                self.open_call = Some(call);
            }
            _ => {}
        }
    }

    fn block_piece(&mut self, event: BlockPiece, events: &mut Vec<Event>) {
        let (Some(delta), index) = (event.delta, event.index.unwrap_or_default()) else {
            return;
        };
        self.recorder.delta(index, &delta);
        match delta.kind.as_ref() {
            "text_delta" => push_text(delta.text, events),
            "thinking_delta" => push_reasoning(delta.thinking, None, events),
            "signature_delta" => push_reasoning(None, delta.signature, events),
            "input_json_delta" => self.push_arguments(index, delta.partial_json, events),
            _ => {}
        }
    }

    /// Server tools have arguments too; those belong to no call of the client's.
    fn push_arguments(&mut self, block: u32, piece: Option<String>, events: &mut Vec<Event>) {
        let Some(call) = self.open_call.as_mut().filter(|call| call.block == block) else {
            return;
        };
        if let Some(arguments) = piece.filter(|piece| !piece.is_empty()) {
            call.input = None;
            events.push(argument_delta(call.index, arguments));
        }
    }

    fn block_stop(&mut self, event: BlockStop, events: &mut Vec<Event>) {
        if self.open_call.as_ref().is_some_and(|call| Some(call.block) == event.index) {
            self.close_call(events);
        }
    }

    /// A call without argument deltas has what its block started with: as a rule `{}`.
    fn close_call(&mut self, events: &mut Vec<Event>) {
        if let Some(OpenCall { index, input: Some(arguments), .. }) = self.open_call.take() {
            events.push(argument_delta(index, arguments));
        }
    }

    fn message_delta(&mut self, event: MessageDelta, events: &mut Vec<Event>) {
        if let Some(usage) = event.usage {
            self.count(usage);
        }
        if let Some(mut fields) = event.delta {
            let ending = Ending::of(&mut fields);
            if ending.is_known() {
                self.ending = ending;
            }
            push_other(fields.into_pairs(), events);
        }
    }

    fn message_stop(&mut self, events: &mut Vec<Event>) {
        self.stopped = true;
        self.close_call(events);
        let ending = std::mem::take(&mut self.ending);
        let reason = ending.finish_reason();
        let mut extra = ending.into_extra();
        if let Some(list) = std::mem::take(&mut self.recorder).finish() {
            extra.push((verbatim::FIELD.to_owned(), list));
        }
        push_other(extra, events);
        events.push(Event::Finish(Finish { choice: CHOICE, reason }));
        if self.counted {
            events.push(Event::Usage(std::mem::take(&mut self.counts).into_usage()));
        }
    }

    fn count(&mut self, usage: Fields) {
        self.counted = true;
        self.counts.update(usage);
    }
}

fn push_text(text: Option<String>, events: &mut Vec<Event>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        events.push(Event::Text(TextDelta { choice: CHOICE, text }));
    }
}

/// Where a request has the text left out (`display: omitted`) only the signature comes.
fn push_reasoning(text: Option<String>, signature: Option<String>, events: &mut Vec<Event>) {
    let text = text.unwrap_or_default();
    let signature = signature.filter(|signature| !signature.is_empty());
    if !text.is_empty() || signature.is_some() {
        events.push(Event::Reasoning(ReasoningDelta { choice: CHOICE, text, signature, redacted: false }));
    }
}

fn redacted(data: Option<String>) -> Event {
    Event::Reasoning(ReasoningDelta { choice: CHOICE, text: String::new(), signature: data, redacted: true })
}

fn push_other(extra: Vec<(String, String)>, events: &mut Vec<Event>) {
    if !extra.is_empty() {
        events.push(Event::Other(OtherDelta { choice: CHOICE, extra }));
    }
}

fn argument_delta(index: u32, arguments: String) -> Event {
    Event::Tool(ToolDelta { choice: CHOICE, index, arguments, ..ToolDelta::default() })
}

fn failure(data: &str) -> Error {
    match serde_json::from_str::<Failure>(data) {
        Ok(failure) => error::in_stream(failure, data),
        Err(error) => unreadable(error),
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::upstream(format!("an event of the stream could not be read: {error}"))
}

/// The piece of text that nearly every event is, as Anthropic writes it: found by what stands before and behind the text, for a
/// third of what it takes to read all of it as JSON. None for whatever looks different, though it may say the same.
fn text_piece(data: &str) -> Option<BlockPiece<'static>> {
    let (index, delta) = data.strip_prefix(r#"{"type":"content_block_delta","index":"#)?.split_once(',')?;
    let delta = delta.strip_prefix(r#""delta":{"type":"text_delta","text":"#)?;
    // Spaces may stand before the last brace, so that the length of what is encrypted doesn't tell the text's.
    let text = delta.strip_suffix('}')?.trim_end_matches(' ').strip_suffix('}')?;
    Some(BlockPiece { index: Some(index.parse().ok()?), delta: Some(BlockDelta::text(json::text(text).ok()?)) })
}

/// An event's type. It stands first as a rule, and is then found without reading the rest.
fn kind(data: &str) -> Result<Cow<'_, str>> {
    let first = data.strip_prefix(r#"{"type":""#).and_then(|rest| rest.split_once('"'));
    match first {
        Some((kind, _)) if !kind.contains('\\') => Ok(Cow::Borrowed(kind)),
        // What has no readable type is broken, not new.
        _ => read::<EventKind>(data).map(|event| event.kind),
    }
}

fn read<'a, T: Deserialize<'a>>(data: &'a str) -> Result<T> {
    serde_json::from_str(data).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn text_as_anthropic_writes_it_takes_the_short_way() {
        for data in [
            r#"{"type":"content_block_delta","index":12,"delta":{"type":"text_delta","text":"a\n"}}"#,
            r#"{"type":"content_block_delta","index":12,"delta":{"type":"text_delta","text":"a\n"}     }"#,
        ] {
            let piece = text_piece(data).unwrap();
            assert_eq!((piece.index, piece.delta.unwrap().text.as_deref()), (Some(12), Some("a\n")));
        }
    }

    #[test]
    fn what_is_no_whole_piece_of_text_takes_no_short_way() {
        let start = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"#;
        for end in ["", "\"a\"}", "\"a\nb\"}}", "\"a}}", "\"a\"}}}", "1}}", "\"a\",\"text\":\"b\"}}", "\"\\ud800\"}}"] {
            assert!(text_piece(&format!("{start}{end}")).is_none(), "{end}");
        }
    }
}
