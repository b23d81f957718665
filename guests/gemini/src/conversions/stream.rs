//! A `streamGenerateContent` answer as events. Each SSE event is a whole answer of what is new.
//! Text, thoughts, calls and images leave at once; what Gemini may say more than once (finish
//! reason, ratings, usage) is kept, the last one said, until the stream ends.

use std::collections::BTreeMap;

use caisson_sdk::Result;
use caisson_sdk::api::{
    Error, Event, Finish, FinishReason, LogprobsDelta, OtherDelta, ReasoningDelta, StreamStart, TextDelta, ToolDelta,
};
use serde_json::value::RawValue;

use super::answer::blocks;
use super::pieces::{self, Piece, piece, unreadable};
use super::{EXTRA_CONTENT, GEMINI_PARTS, call_extra, client_id, compact, extra_content};
use crate::client::error::from_failure;
use crate::client::wire::{Candidate, GenerateResponse, UsageMetadata};

/// What has been said of one stream so far.
pub(crate) struct Transcript {
    /// Makes call ids unique where Gemini names neither call nor answer.
    seed: String,
    started: bool,
    choices: BTreeMap<u32, ChoiceSoFar>,
    usage: Option<UsageMetadata>,
    /// JSON: why the prompt was blocked.
    blocked: Option<String>,
}

#[derive(Default)]
struct ChoiceSoFar {
    calls: u32,
    images: usize,
    has_audio: bool,
    finish: Option<String>,
    text_signature: Option<String>,
    others: Vec<String>,
    extras: BTreeMap<&'static str, String>,
}

impl Transcript {
    pub(crate) fn new(request_id: &str) -> Self {
        Self { seed: request_id.to_owned(), started: false, choices: BTreeMap::new(), usage: None, blocked: None }
    }

    /// The events of one SSE event's data.
    pub(crate) fn read(&mut self, data: &str) -> Result<Vec<Event>> {
        let response: GenerateResponse<'_> = serde_json::from_str(data).map_err(|error| unreadable(&error))?;
        if let Some(failure) = &response.error {
            return Err(from_failure(failure, None));
        }
        let mut events = Vec::new();
        if !self.started {
            self.started = true;
            if let Some(id) = &response.response_id {
                self.seed.clone_from(id);
            }
            events.push(Event::Start(StreamStart {
                id: response.response_id,
                model: response.model_version,
                ..StreamStart::default()
            }));
        }
        self.usage = response.usage_metadata.or(self.usage.take());
        if let Some(feedback) = response.prompt_feedback.filter(|feedback| blocks(feedback)) {
            self.blocked = Some(compact(feedback.get()));
        }
        for candidate in response.candidates {
            let choice = self.choices.entry(candidate.index).or_default();
            choice.read(candidate, &self.seed, &mut events)?;
        }
        Ok(events)
    }

    /// What is due when the provider has closed the stream.
    pub(crate) fn end(self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        if self.choices.is_empty() {
            let feedback = self.blocked.ok_or_else(cut_off)?;
            let extra = vec![("promptFeedback".to_owned(), feedback)];
            events.push(Event::Other(OtherDelta { choice: 0, extra }));
            events.push(Event::finish(0, FinishReason::ContentFilter));
        }
        for (index, choice) in self.choices {
            choice.end(index, &mut events)?;
        }
        events.extend(self.usage.as_ref().map(pieces::usage).map(Event::Usage));
        Ok(events)
    }
}

impl ChoiceSoFar {
    fn read(&mut self, candidate: Candidate<'_>, seed: &str, events: &mut Vec<Event>) -> Result<()> {
        let index = candidate.index;
        for (name, value) in candidate.extras() {
            self.extras.insert(name, compact(value.get()));
        }
        for part in candidate.content.iter().flat_map(|content| &content.parts) {
            events.extend(self.part(part, index, seed)?);
        }
        if let Some(result) = candidate.logprobs_result {
            events.push(Event::Logprobs(LogprobsDelta { choice: index, tokens: pieces::logprobs(result) }));
        }
        self.finish = candidate.finish_reason.or(self.finish.take());
        Ok(())
    }

    fn part(&mut self, part: &RawValue, choice: u32, seed: &str) -> Result<Option<Event>> {
        Ok(match piece(part)? {
            Piece::Text { text, signature } => {
                self.text_signature = signature.or(self.text_signature.take());
                (!text.is_empty()).then_some(Event::Text(TextDelta { choice, text }))
            }
            Piece::Thought { text, signature } => {
                Some(Event::Reasoning(ReasoningDelta { choice, text, signature, redacted: false }))
            }
            Piece::Call { id, name, arguments, signature } => {
                let index = self.calls;
                self.calls = index.saturating_add(1);
                let id = client_id(id, signature.as_deref(), seed, choice, index as usize);
                let extra = call_extra(signature.as_deref());
                let (id, name) = (Some(id), Some(name));
                Some(Event::Tool(ToolDelta { choice, index, id, kind: None, name, arguments, extra }))
            }
            Piece::Image { url, signature } => {
                let image = pieces::image(self.images, &url, signature.as_deref());
                self.images += 1;
                Some(other(choice, "images", format!("[{image}]")))
            }
            Piece::Audio(blob) if !self.has_audio => {
                self.has_audio = true;
                Some(other(choice, "audio", pieces::audio(seed, &blob)))
            }
            Piece::Audio(_) => {
                self.others.push(compact(part.get()));
                None
            }
            Piece::Other(json) => {
                self.others.push(json);
                None
            }
        })
    }

    fn end(self, choice: u32, events: &mut Vec<Event>) -> Result<()> {
        let mut extra: Vec<(String, String)> = Vec::new();
        if let Some(signature) = &self.text_signature {
            extra.push((EXTRA_CONTENT.to_owned(), extra_content(signature)));
        }
        if !self.others.is_empty() {
            let parts = format!("[{}]", self.others.join(","));
            extra.push((GEMINI_PARTS.to_owned(), parts));
        }
        let said = self.extras.into_iter();
        extra.extend(said.map(|(name, json)| (name.to_owned(), json)));
        if !extra.is_empty() {
            events.push(Event::Other(OtherDelta { choice, extra }));
        }
        let reason = self.finish.ok_or_else(cut_off)?;
        let reason = pieces::finish_reason(&reason, self.calls > 0);
        events.push(Event::Finish(Finish { choice, reason }));
        Ok(())
    }
}

fn other(choice: u32, name: &str, json: String) -> Event {
    Event::Other(OtherDelta { choice, extra: vec![(name.to_owned(), json)] })
}

/// A connection that closed early must not look like an answer that ended.
fn cut_off() -> Error {
    Error::upstream("Gemini's stream ended before the answer did")
}

#[cfg(test)]
mod tests;
