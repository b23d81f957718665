//! An adapter for OpenAI and for every server that speaks its API: vLLM, Ollama, llama.cpp, Azure.
//!
//! It passes through. The client's own bytes go upstream with the model's name put right, and the
//! provider's own JSON comes back, so that a field nobody here has heard of is kept in both
//! directions. It does not take messages apart, mend what a provider got wrong, or look at keys.

mod chunks;
mod client;
mod conversions;

use caisson_sdk::host;
use caisson_sdk::prelude::*;

/// Where requests go unless the operator's `base-url` says otherwise.
const OPENAI: &str = "https://api.openai.com";

/// The adapter.
pub struct OpenAi;

impl Adapter for OpenAi {
    fn describe() -> AdapterInfo {
        AdapterInfo {
            credentials: credentials(),
            settings: settings(),
            suites: vec!["openai".into()],
            ..AdapterInfo::new("openai", env!("CARGO_PKG_VERSION"))
                .description("OpenAI, and every server that speaks its API: vLLM, Ollama, llama.cpp, Azure")
                .host(OPENAI)
        }
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let body = conversions::body::with_strings(&host::original_body(), &[("model", &request.model)])?;
        let answer = client::post(&context, "/chat/completions", body)?.text()?;
        conversions::checked_completion(answer).map(ChatResponse::Raw)
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let body = conversions::body::with_strings(&host::original_body(), &[("model", &request.model)])?;
        let stream = client::open(&context, "/chat/completions", body)?;
        Ok(Box::new(chunks::Chunks::new(stream)))
    }

    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        let encoding = client::embedding_encoding(&context)?;
        let body = conversions::body::with_strings(
            &host::original_body(),
            &[("model", &request.model), ("encoding_format", encoding)],
        )?;
        let answer = client::post(&context, "/embeddings", body)?.text()?;
        conversions::embeddings::response(&answer, inputs(&request.input))
    }
}

caisson_sdk::export!(OpenAi);

fn inputs(input: &EmbedInput) -> usize {
    match input {
        EmbedInput::Texts(texts) => texts.len(),
        EmbedInput::Tokens(tokens) => tokens.len(),
    }
}

fn credentials() -> Vec<CredentialSlot> {
    vec![
        CredentialSlot::bearer("api-key", OPENAI)
            .description("API key, sent as a bearer token; most local servers need none")
            .optional(),
        CredentialSlot::header("azure-api-key", OPENAI, "api-key")
            .description("Azure's API key, sent in the header api-key")
            .optional(),
    ]
}

fn settings() -> Vec<Setting> {
    vec![
        Setting::new("api-version", "Azure's dated API version, added to each request as ?api-version="),
        Setting::new("organization", "sent as OpenAI-Organization"),
        Setting::new("project", "sent as OpenAI-Project"),
        Setting::new(
            "embedding-encoding",
            "what to ask of /embeddings: base64, or float for servers that don't know base64",
        )
        .default_value("base64"),
        Setting::new("max-retries", "how often to send again after a refused connection, 408, 409, 429 or 5xx")
            .default_value("0"),
    ]
}
