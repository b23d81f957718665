//! Anthropic's Messages API as a Caisson adapter: chat, whole and streamed, with tools,
//! images, documents, thinking and prompt caching. There are no embeddings, since
//! Anthropic has none.

mod client;
mod conversions;
mod models;

use caisson_sdk::api::{AdapterInfo, ChatRequest, ChatResponse, Context, CredentialSlot, Error, Event, Setting};
use caisson_sdk::sse;
use caisson_sdk::{Adapter, EventSource, Result};

use conversions::answer::chat_answer;
use conversions::request::messages_request;
use conversions::stream::Decoder;

/// OpenAI's parameters that reach Anthropic in some form.
const PARAMETERS: [&str; 16] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "stream",
    "reasoning_effort",
    "user",
    "metadata",
    "service_tier",
];

/// The adapter.
pub struct Anthropic;

impl Adapter for Anthropic {
    fn describe() -> AdapterInfo {
        AdapterInfo {
            description: "Claude models over Anthropic's Messages API".to_owned(),
            models: models::known(),
            parameters: PARAMETERS.map(str::to_owned).to_vec(),
            hosts: vec![client::HOST.to_owned()],
            credentials: vec![
                CredentialSlot::header("api-key", client::HOST, "x-api-key")
                    .description("An API key from the Claude Console"),
            ],
            settings: vec![
                Setting::new("anthropic-version", "The API version to ask for").default_value(client::VERSION),
                Setting::new("anthropic-beta", "Beta features to switch on, comma-separated"),
                Setting::new("default-max-tokens", "The answer's cap where a request sets none")
                    .default_value(client::DEFAULT_MAX_TOKENS.to_string()),
                Setting::new("max-retries", "How often to send a failed request again").default_value("0"),
            ],
            suites: vec!["anthropic".to_owned()],
            ..AdapterInfo::new("anthropic", env!("CARGO_PKG_VERSION"))
        }
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let body = messages_request(&request, client::default_max_tokens(&context)?, false)?;
        let answer = client::send(&context, &body)?.text()?;
        Ok(ChatResponse::Answer(chat_answer(&answer)?))
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let body = messages_request(&request, client::default_max_tokens(&context)?, true)?;
        let incoming = client::send(&context, &body)?.sse();
        Ok(Box::new(Events { incoming, decoder: Decoder::default(), failure: None }))
    }
}

/// One streamed answer.
struct Events {
    incoming: sse::Stream,
    decoder: Decoder,
    /// Came after events of the same batch, which go first.
    failure: Option<Error>,
}

impl EventSource for Events {
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.decoder.is_stopped() {
            return Ok(None);
        }
        let Some(batch) = self.incoming.next_batch()? else {
            return Err(Error::upstream("the stream broke off before its end"));
        };
        let mut events = Vec::with_capacity(batch.len());
        for event in &batch {
            if let Err(failure) = self.decoder.decode(&event.data, &mut events) {
                if events.is_empty() {
                    return Err(failure);
                }
                self.failure = Some(failure);
                break;
            }
        }
        Ok(Some(events))
    }
}

caisson_sdk::export!(Anthropic);
