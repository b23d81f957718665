//! A streamed answer, written as OpenAI's `chat.completion.chunk` events.
//!
//! The host owns the wire: [`ChunkWriter`] sees to it that id, model and `created` are the same in every chunk, that a choice gets its
//! role once and exactly one finish reason, that tool calls have stable indexes and ids which come once, and that usage comes last and
//! only if the client asked. What a choice says after its finish is dropped, but for usage and unnamed fields. Chunks that an adapter
//! passes through as JSON are put right by [`raw`], with the same state.
//!
//! Not here: whole answers, HTTP, and when to flush. Bytes are appended to the caller's buffer, one whole event after another.

mod blocks;
mod choice;
mod head;
mod raw;
mod text;

use std::iter::Peekable;
use std::vec::IntoIter;

use choice::Choice;
use head::Head;
use text::OutputText;

use super::answer::{AnswerContext, finish_reason, put_right, write_logprobs};
use super::json::{self, Pairs, Path};
use super::usage::{self, Estimate, estimated, totalled};
use super::write::{MalformedAnswer, ObjectWriter, nested_extra, write_array, write_json};
use crate::chat::{Event, OtherDelta, ReasoningDelta, TokenLogprob, ToolDelta, Usage};

/// The largest event that a client is sent, in bytes: room for an image, not for a guest that never ends its line.
const MAX_EVENT: usize = 16 << 20;

/// The most that one batch of events may become, in bytes: a guest pays for its events, not for what surrounds each on the wire.
const MAX_BATCH: usize = 64 << 20;

/// What the client asked of the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamOptions {
    /// How many choices: a guest's choice indexes stay below.
    pub(crate) n: u32,
    /// Whether the stream ends with a chunk that holds the usage.
    pub(crate) include_usage: bool,
}

/// The tokens of a stream that has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamUsage {
    /// What the adapter or, if `estimated`, the host counted; none if neither did.
    pub(crate) usage: Option<Usage>,
    /// Whether the usage is the host's, which only counts where the client asked.
    pub(crate) estimated: bool,
}

/// Turns a stream's events into chunks. After an error, and after [`ChunkWriter::finish`], nothing more is to be written but
/// [`write_error`].
pub(crate) struct ChunkWriter<E> {
    options: StreamOptions,
    head: Head,
    choices: Vec<Choice>,
    /// The choices of the chunk being written.
    scratch: Vec<u8>,
    usage: Option<Usage>,
    /// What an adapter's own chunk said beside the usage.
    beside_usage: Pairs,
    text: OutputText<E>,
}

impl<E: Estimate> ChunkWriter<E> {
    /// Starts a stream. `estimate` is asked only where the client wants usage and the adapter gives none.
    pub(crate) fn new(context: AnswerContext, options: StreamOptions, estimate: E) -> Self {
        Self {
            options,
            head: Head::new(context),
            choices: Vec::new(),
            scratch: Vec::new(),
            usage: None,
            beside_usage: Pairs::new(),
            text: OutputText::new(options.include_usage, estimate),
        }
    }

    /// Appends what a batch of events becomes. On an error `out` holds the whole events before the one at fault.
    pub(crate) fn write(&mut self, events: Vec<Event>, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        let batch = out.len();
        let mut events = events.into_iter().peekable();
        while let Some(event) = events.next() {
            let logprobs = match &event {
                Event::Text(text) => logprobs_after(text.choice, &mut events),
                _ => Vec::new(),
            };
            let whole = out.len();
            let written = self.event(event, &logprobs, out);
            let written = written.and_then(|()| within(MAX_EVENT, out.len() - whole));
            let written = written.and_then(|()| within(MAX_BATCH, out.len() - batch));
            if let Err(error) = written {
                out.truncate(whole);
                return Err(error);
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event, logprobs: &[TokenLogprob], out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        match event {
            Event::Start(start) => self.head.start(start),
            Event::Text(text) => {
                self.text.push(&text.text);
                let delta = Delta { logprobs, ..Delta::of(text.choice) };
                self.delta(delta, out, |delta, _, _| {
                    delta.value("content", &text.text);
                    Ok(())
                })
            }
            Event::Refusal(text) => {
                self.text.push(&text.text);
                self.delta(Delta::of(text.choice), out, |delta, _, _| {
                    delta.value("refusal", &text.text);
                    Ok(())
                })
            }
            Event::Reasoning(reasoning) => self.reasoning(&reasoning, out),
            Event::Tool(tool) => self.tool(&tool, out),
            Event::Logprobs(logprobs) => {
                let delta = Delta { logprobs: &logprobs.tokens, ..Delta::of(logprobs.choice) };
                self.delta(delta, out, |_, _, _| Ok(()))
            }
            Event::Finish(finish) => {
                let has_tool_calls = self.choice(finish.choice)?.has_tool_calls();
                let reason = finish_reason(&finish.reason, has_tool_calls);
                let delta = Delta { finish: Some(reason), ..Delta::of(finish.choice) };
                self.delta(delta, out, |_, _, _| Ok(()))
            }
            Event::Usage(usage) => self.usage(usage),
            Event::Other(other) => self.other(&other, out),
            Event::Raw(json) => self.raw(&json, out),
        }
    }

    fn reasoning(&mut self, reasoning: &ReasoningDelta, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        // A text that is withheld is for nobody to read, whatever the adapter puts there.
        let text = if reasoning.redacted { "" } else { &*reasoning.text };
        let signature = reasoning.signature.as_deref();
        self.text.push(text);
        self.delta(Delta::of(reasoning.choice), out, |delta, choice, _| {
            if !text.is_empty() {
                delta.value("reasoning_content", text);
            }
            let blocks = match reasoning.redacted {
                true => choice.redacted(signature),
                false => Vec::from_iter(choice.thinking(text, signature)),
            };
            if !blocks.is_empty() {
                write_array(delta.field(blocks::FIELD), &blocks, |out, block| {
                    block.write(out);
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    fn tool(&mut self, tool: &ToolDelta, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        self.text.push(tool.name.as_deref().unwrap_or_default());
        self.text.push(&tool.arguments);
        self.delta(Delta::of(tool.choice), out, |delta, choice, context| {
            let kind = tool.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("function");
            let fragment = choice.fragment(Some(tool.index), tool.id.as_deref(), tool.name.as_deref(), kind)?;
            let root = Path::ROOT;
            let path = root.field("tool_calls");
            let out = delta.field("tool_calls");
            out.push(b'[');
            let mut call = ObjectWriter::open(out);
            fragment.write_head(&mut call, context, tool.choice);
            if let Some((name, arguments)) = fragment.fields {
                let nested = nested_extra(&tool.extra, name, &path)?;
                let mut inner = ObjectWriter::open(call.field(name));
                inner.reserve("name");
                inner.optional("name", fragment.name);
                inner.value(arguments, &tool.arguments);
                inner.extra(&nested, &path.field(name))?;
                inner.close();
            }
            call.extra(&tool.extra, &path)?;
            call.close();
            out.push(b']');
            Ok(())
        })
    }

    fn other(&mut self, other: &OtherDelta, out: &mut Vec<u8>) -> Result<(), MalformedAnswer> {
        let root = Path::ROOT;
        let path = root.field("other");
        let delta = Delta { even_finished: true, ..Delta::of(other.choice) };
        self.delta(delta, out, |delta, choice, _| {
            if let Some((_, list)) = other.extra.iter().find(|(name, _)| name == blocks::FIELD) {
                let path = path.field(blocks::FIELD);
                let list = json::value(list).map_err(|error| MalformedAnswer::at(&path, error))?;
                blocks::write(delta.field(blocks::FIELD), list, choice, &path)?;
            }
            delta.extra(&other.extra, &path)
        })
    }

    /// Keeps the adapter's count, of which the last stands, after checking that it can be written.
    fn usage(&mut self, usage: Usage) -> Result<(), MalformedAnswer> {
        let usage = totalled(usage);
        self.scratch.clear();
        usage::write(&mut self.scratch, &usage, false, &Path::ROOT.field("usage"))?;
        self.usage = Some(usage);
        self.text.stop();
        Ok(())
    }

    /// Writes one choice's chunk; `fill` writes the fields of its delta. A finished choice gets none.
    fn delta(
        &mut self,
        delta: Delta<'_>,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut ObjectWriter<'_>, &mut Choice, &AnswerContext) -> Result<(), MalformedAnswer>,
    ) -> Result<(), MalformedAnswer> {
        self.choice(delta.choice)?;
        let Some(choice) = self.choices.get_mut(delta.choice as usize) else {
            return Ok(());
        };
        if choice.is_finished() && !delta.even_finished {
            return Ok(());
        }
        self.head.write(out)?;
        out.extend_from_slice(b",\"choices\":[");
        let mut object = ObjectWriter::open(out);
        object.value("index", delta.choice);
        let mut fields = ObjectWriter::open(object.field("delta"));
        if choice.start() {
            fields.value("role", "assistant");
        } else {
            // Said already: no adapter's unnamed field says it again.
            fields.reserve("role");
        }
        fill(&mut fields, choice, &self.head.context)?;
        fields.close();
        write_logprobs(object.field("logprobs"), delta.logprobs)?;
        object.value("finish_reason", delta.finish);
        if delta.finish.is_some() {
            choice.finish();
        }
        object.close();
        out.push(b']');
        self.end_chunk(out);
        Ok(())
    }

    /// The state of a choice, if the client asked for as many.
    fn choice(&mut self, index: u32) -> Result<&mut Choice, MalformedAnswer> {
        let at = index as usize;
        if index < self.options.n && self.choices.len() <= at {
            self.choices.resize_with(at + 1, Choice::default);
        }
        let n = self.options.n;
        self.choices.get_mut(at).ok_or_else(|| {
            MalformedAnswer::at(&Path::ROOT.field("choice"), format_args!("is {index}, but the client asked for {n}"))
        })
    }

    fn end_chunk(&self, out: &mut Vec<u8>) {
        if self.options.include_usage {
            out.extend_from_slice(b",\"usage\":null");
        }
        out.extend_from_slice(b"}\n\n");
    }

    /// Ends the stream: finishes that the adapter forgot, the usage if the client asked, the receipt as a comment, `[DONE]`.
    pub(crate) fn finish(&mut self, receipt: &str, out: &mut Vec<u8>) -> Result<StreamUsage, MalformedAnswer> {
        let silent = !self.choices.iter().any(Choice::is_started);
        self.choice(0)?;
        for index in (0..).take(self.choices.len()) {
            let choice = self.choice(index)?;
            if choice.is_finished() || !(choice.is_started() || (silent && index == 0)) {
                continue;
            }
            let reason = put_right("", choice.has_tool_calls());
            let delta = Delta { finish: Some(reason), ..Delta::of(index) };
            self.delta(delta, out, |_, _, _| Ok(()))?;
        }
        let usage = self.last_usage();
        if let Some(last) = usage.usage.as_ref().filter(|_| self.options.include_usage) {
            self.head.write(out)?;
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            usage::write(out, last, usage.estimated, &Path::ROOT.field("usage"))?;
            let beside = std::mem::take(&mut self.beside_usage);
            ObjectWriter::resume(out, &["choices", "usage"]).extra(&beside, &Path::ROOT)?;
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b": ");
        write_json(out, receipt);
        out.extend_from_slice(b"\n\ndata: [DONE]\n\n");
        Ok(usage)
    }

    fn last_usage(&mut self) -> StreamUsage {
        match self.usage.take() {
            Some(usage) => StreamUsage { usage: Some(usage), estimated: false },
            None if self.options.include_usage => {
                let (input, output) = self.text.tokens();
                let usage = estimated(input, output);
                StreamUsage { usage: Some(usage), estimated: true }
            }
            None => StreamUsage { usage: None, estimated: false },
        }
    }
}

/// Appends the event that ends a stream which failed; `error` is the JSON body that the same failure gets outside a stream.
pub(crate) fn write_error(error: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    write_json(out, error);
    out.extend_from_slice(b"\n\n");
}

/// Takes the log probabilities that follow a text: OpenAI sends both in one chunk.
fn logprobs_after(choice: u32, events: &mut Peekable<IntoIter<Event>>) -> Vec<TokenLogprob> {
    match events.next_if(|next| matches!(next, Event::Logprobs(next) if next.choice == choice)) {
        Some(Event::Logprobs(logprobs)) => logprobs.tokens,
        _ => Vec::new(),
    }
}

fn within(limit: usize, size: usize) -> Result<(), MalformedAnswer> {
    if size <= limit {
        return Ok(());
    }
    let problem = format!("{size} bytes at once, where {limit} are the most");
    Err(MalformedAnswer { field: String::new(), problem })
}

/// What one chunk says of one choice, beside its delta's fields.
struct Delta<'d> {
    choice: u32,
    logprobs: &'d [TokenLogprob],
    finish: Option<&'d str>,
    even_finished: bool,
}

impl Delta<'_> {
    fn of(choice: u32) -> Self {
        Self { choice, logprobs: &[], finish: None, even_finished: false }
    }
}

#[cfg(test)]
mod tests;
