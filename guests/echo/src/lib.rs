//! The smallest useful adapter: it answers with what it was asked. No network, no key, the same
//! answer every time; for first steps and for tests.
//!
//! Read this file first: it is all that an adapter needs. `answer` decides what to say, `schema`
//! fills in a tool's arguments, `vectors` makes embeddings. It pretends to no intelligence and
//! ignores whatever steers one: temperature, seed, penalties, stop sequences.

mod answer;
mod schema;
mod vectors;

use caisson_sdk::prelude::*;
use caisson_sdk::{events, host};

use answer::Answer;

/// OpenAI's limit, and ours: each choice costs memory.
const MOST_CHOICES: u32 = 128;

/// The adapter.
pub struct Echo;

impl Adapter for Echo {
    fn describe() -> AdapterInfo {
        let chat = ["chat", "stream", "tools", "json-schema", "embed"];
        AdapterInfo::new("echo", env!("CARGO_PKG_VERSION"))
            .description("Answers with what it was asked: no network, same answer every time")
            .model(ModelInfo::new("echo", &chat))
            .model(ModelInfo::new("echo-*", &chat))
            .setting(Setting::new("prefix", "put before each answer's text").default_value(""))
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let answer = answered(&context, &request)?;
        let choices = (0..request.n).map(|index| answer.choice(index)).collect();
        let usage = usage(&request, &answer);
        Ok(ChatAnswer { model: Some(request.model), choices, usage, ..ChatAnswer::default() }.into())
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let answer = answered(&context, &request)?;
        let usage = usage(&request, &answer).map(|usage| vec![Event::Usage(usage)]);
        let start = vec![Event::Start(StreamStart { model: Some(request.model), ..StreamStart::default() })];
        let choices = (0..request.n).flat_map(move |index| answer.batches(index));
        let batches = std::iter::once(start).chain(choices).chain(usage);
        Ok(events::from_iter(batches.map(Ok)))
    }

    fn embed(_context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        Ok(EmbedResponse {
            vectors: vectors::of(&request.input, request.dimensions)?,
            usage: input_tokens(&request.input).map(|tokens| Usage::new(tokens, 0)),
            model: Some(request.model),
            ..EmbedResponse::default()
        })
    }
}

caisson_sdk::export!(Echo);

fn answered(context: &Context, request: &ChatRequest) -> Result<Answer> {
    if !(1..=MOST_CHOICES).contains(&request.n) {
        return Err(Error::invalid_request(format!("n must be from 1 to {MOST_CHOICES}")).param("n"));
    }
    Answer::to(request, context.setting("prefix").unwrap_or_default())
}

/// What a model of OpenAI's would have counted for the texts alone. Where the host can't count it
/// is left out, and the host estimates.
fn usage(request: &ChatRequest, answer: &Answer) -> Option<Usage> {
    let input = sum(request.messages.iter().map(|message| tokens(&message.text())))?;
    let output = tokens(answer.content())?.saturating_mul(request.n);
    Some(Usage::new(input, output))
}

fn input_tokens(input: &EmbedInput) -> Option<u32> {
    match input {
        EmbedInput::Texts(texts) => sum(texts.iter().map(|text| tokens(text))),
        EmbedInput::Tokens(lists) => sum(lists.iter().map(|list| u32::try_from(list.len()).ok())),
    }
}

fn tokens(text: &str) -> Option<u32> {
    host::count_tokens("o200k_base", text)
}

fn sum(counts: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    counts.into_iter().try_fold(0_u32, |total, count| Some(total.saturating_add(count?)))
}
