//! Caisson's adapter for Google's Gemini API, by generateContent and batchEmbedContents: what it
//! offers and wants, and its exports. The wire is in `client`, the meaning in `conversions`.
//! Vertex AI, which has other addresses and credentials, is not spoken here.

mod client;
mod conversions;

use caisson_sdk::api::{
    AdapterInfo, ChatRequest, ChatResponse, Context, CredentialSlot, EmbedRequest, EmbedResponse, Error, Event,
    ModelInfo, Setting,
};
use caisson_sdk::{Adapter, EventSource, Result, sse};

use client::{Client, DEFAULT_API_VERSION, DEFAULT_BASE_URL, ModelPath};
use conversions::stream::Transcript;
use conversions::{answer, embed, request};

/// The adapter.
#[derive(Debug)]
pub struct Gemini;

caisson_sdk::export!(Gemini);

impl Adapter for Gemini {
    fn describe() -> AdapterInfo {
        AdapterInfo {
            homepage: Some("https://ai.google.dev/gemini-api/docs".to_owned()),
            models: models(),
            parameters: PARAMETERS.iter().map(|&name| name.to_owned()).collect(),
            suites: vec!["gemini".to_owned()],
            ..AdapterInfo::new("gemini", env!("CARGO_PKG_VERSION"))
        }
        .description("Google's Gemini API: chat, streams, tools, images, embeddings")
        .host(DEFAULT_BASE_URL)
        .credential(
            CredentialSlot::header("api-key", DEFAULT_BASE_URL, "x-goog-api-key")
                .description("A key of the Gemini API, from Google AI Studio"),
        )
        .setting(Setting::new("api-version", "The version in the API's addresses").default_value(DEFAULT_API_VERSION))
        .setting(Setting::new("max-retries", "How often a failed call is sent again").default_value("0"))
        .setting(Setting::new(
            "include-thoughts",
            "true: ask for summaries of the model's thoughts in every chat; false: never; \
             unset: where the client names a reasoning effort",
        ))
    }

    fn complete(context: Context, chat: ChatRequest) -> Result<ChatResponse> {
        let model = ModelPath::new(&chat.model)?;
        let body = request::request(&chat, include_thoughts(&context)?)?;
        let json = Client::new(&context)?.call(&model, "generateContent", &body)?;
        Ok(answer::answer(&json, &context.request_id)?.into())
    }

    fn open_stream(context: Context, chat: ChatRequest) -> Result<Box<dyn EventSource>> {
        let model = ModelPath::new(&chat.model)?;
        let body = request::request(&chat, include_thoughts(&context)?)?;
        Ok(Box::new(Stream {
            source: Client::new(&context)?.stream(&model, &body)?,
            transcript: Some(Transcript::new(&context.request_id)),
            failure: None,
        }))
    }

    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        let model = ModelPath::new(&request.model)?;
        let client = Client::new(&context)?;
        let mut whole = EmbedResponse::default();
        for batch in embed::batches(&request, model.as_str())? {
            let json = client.call(&model, "batchEmbedContents", &batch)?;
            embed::add(&mut whole, &json, batch.requests.len())?;
        }
        Ok(whole)
    }
}

struct Stream {
    source: sse::Stream,
    /// None once the stream has ended.
    transcript: Option<Transcript>,
    /// To be told after the events that came before it.
    failure: Option<Error>,
}

impl EventSource for Stream {
    fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let Some(transcript) = &mut self.transcript else {
            return Ok(None);
        };
        let Some(batch) = self.source.next_batch()? else {
            return self.transcript.take().map(Transcript::end).transpose();
        };
        let mut events = Vec::new();
        for event in batch {
            match transcript.read(&event.data) {
                Ok(more) => events.extend(more),
                Err(failure) => {
                    self.failure = Some(failure);
                    break;
                }
            }
        }
        Ok(Some(events))
    }
}

/// The OpenAI parameters that Gemini has a counterpart for.
const PARAMETERS: &[&str] = &[
    "messages",
    "model",
    "tools",
    "tool_choice",
    "response_format",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "n",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "reasoning_effort",
    "modalities",
    "audio",
    "service_tier",
    "stream",
    "stream_options",
    "web_search_options",
    "dimensions",
    "input",
];

fn include_thoughts(context: &Context) -> Result<Option<bool>> {
    match context.setting("include-thoughts") {
        None | Some("") => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(other) => {
            Err(Error::internal(format!("the deployment's setting `include-thoughts` is true or false, not `{other}`")))
        }
    }
}

/// The models of late 2026 by name, and every other by how its name begins.
fn models() -> Vec<ModelInfo> {
    let chat = |id: &str| ModelInfo {
        context_tokens: Some(1_048_576),
        output_tokens: Some(65_536),
        ..ModelInfo::new(id, CHAT)
    };
    let embedding = |id: &str, context_tokens: u32| ModelInfo {
        context_tokens: Some(context_tokens),
        ..ModelInfo::new(id, &["embed"])
    };
    let mut models: Vec<ModelInfo> = CHAT_MODELS.iter().map(|&id| chat(id)).collect();
    models.extend(IMAGE_MODELS.iter().map(|&id| ModelInfo::new(id, IMAGE)));
    models.push(embedding("gemini-embedding-2", 8192));
    models.push(embedding("gemini-embedding-001", 2048));
    models.push(ModelInfo::new("gemini-embedding-*", &["embed"]));
    models.push(ModelInfo::new("text-embedding-*", &["embed"]));
    models.push(ModelInfo::new("gemini-*", CHAT));
    models.push(ModelInfo::new("gemma-*", &["chat", "stream", "images"]));
    models.push(ModelInfo::new("models/*", CHAT));
    models.push(ModelInfo::new("tunedModels/*", &["chat", "stream"]));
    models
}

const CHAT: &[&str] = &["chat", "stream", "tools", "images", "audio", "files", "reasoning", "json-schema"];

const IMAGE: &[&str] = &["chat", "stream", "images", "image-output"];

const CHAT_MODELS: &[&str] = &[
    "gemini-4-neon",
    "gemini-4-carbon",
    "gemini-4-argon",
    "gemini-3.8-flash",
    "gemini-3.6-flash",
    "gemini-3.5-flash",
    "gemini-3.5-flash-lite",
    "gemini-3.1-pro-preview",
    "gemini-3.1-flash-lite",
    "gemini-3-flash-preview",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
];

const IMAGE_MODELS: &[&str] = &["gemini-3.1-flash-image-preview", "gemini-3-pro-image-preview"];

#[cfg(test)]
mod tests;
