//! A stream's events → the contract's, one call for each server-sent event. It keeps
//! what only the end of the stream can tell: token counts, the reason it ended, and the
//! provider's blocks where OpenAI's shape loses something of them.

use caisson_sdk::Result;
use caisson_sdk::api::{Error, Event, Finish, OtherDelta, ReasoningDelta, StreamStart, TextDelta, ToolDelta};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Ending, Head, caller};
use super::usage::Counts;
use super::verbatim::{self, Recorder};
use crate::client::answer::{AnswerBlock, BlockDelta, Failure, StreamEvent};
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
        let event: StreamEvent = match serde_json::from_str(data) {
            Ok(event) => event,
            Err(error) if is_known(data) => return Err(unreadable(error)),
            Err(_) => return Ok(()),
        };
        match event.kind.as_ref() {
            "content_block_delta" => self.block_delta(&event, events)?,
            "content_block_start" => self.block_start(&event, events),
            "content_block_stop" => self.block_stop(event.index, events),
            "message_start" => self.message_start(event.message, events),
            "message_delta" => self.message_delta(event, events)?,
            "message_stop" => self.message_stop(events),
            "error" => return Err(failure(data)),
            _ => {}
        }
        Ok(())
    }

    fn message_start(&mut self, message: Option<Fields>, events: &mut Vec<Event>) {
        let mut fields = message.unwrap_or_default();
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

    fn block_start(&mut self, event: &StreamEvent, events: &mut Vec<Event>) {
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

    fn block_delta(&mut self, event: &StreamEvent, events: &mut Vec<Event>) -> Result<()> {
        let (Some(raw), index) = (event.delta, event.index.unwrap_or_default()) else {
            return Ok(());
        };
        let delta: BlockDelta = serde_json::from_str(raw.get()).map_err(unreadable)?;
        self.recorder.delta(index, &delta);
        match delta.kind.as_ref() {
            "text_delta" => push_text(delta.text, events),
            "thinking_delta" => push_reasoning(delta.thinking, None, events),
            "signature_delta" => push_reasoning(None, delta.signature, events),
            "input_json_delta" => self.push_arguments(index, delta.partial_json, events),
            _ => {}
        }
        Ok(())
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

    fn block_stop(&mut self, block: Option<u32>, events: &mut Vec<Event>) {
        if self.open_call.as_ref().is_some_and(|call| Some(call.block) == block) {
            self.close_call(events);
        }
    }

    /// A call without argument deltas has what its block started with: as a rule `{}`.
    fn close_call(&mut self, events: &mut Vec<Event>) {
        if let Some(OpenCall { index, input: Some(arguments), .. }) = self.open_call.take() {
            events.push(argument_delta(index, arguments));
        }
    }

    fn message_delta(&mut self, event: StreamEvent, events: &mut Vec<Event>) -> Result<()> {
        if let Some(usage) = event.usage {
            self.count(usage);
        }
        if let Some(delta) = event.delta {
            let mut fields: Fields = serde_json::from_str(delta.get()).map_err(unreadable)?;
            let ending = Ending::of(&mut fields);
            if ending.is_known() {
                self.ending = ending;
            }
            push_other(fields.into_pairs(), events);
        }
        Ok(())
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

/// Whether the event is of a kind that must be understood.
fn is_known(data: &str) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }

    const KNOWN: [&str; 7] = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    ];
    // What has no readable type is broken, not new.
    serde_json::from_str::<Kind>(data).map_or(true, |event| KNOWN.contains(&event.kind.as_str()))
}
