//! The adapter `sample`: text, whole or streamed, and embeddings, over the API that OpenAI made and many others speak.
//!
//! A beginning: put your provider's API in its place. It maps no functions, no images and no sampling parameters.

use caisson_sdk::prelude::*;
use caisson_sdk::{events, sse};
use serde_json::{Value, json};

const HOST: &str = "https://api.openai.com";

struct SampleAdapter;

caisson_sdk::export!(SampleAdapter);

impl Adapter for SampleAdapter {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("sample", env!("CARGO_PKG_VERSION"))
            .description("Text and embeddings over OpenAI's API")
            .host(HOST)
            .credential(CredentialSlot::bearer("api-key", HOST).description("from platform.openai.com/api-keys"))
            .model(ModelInfo::new("gpt-*", &["chat", "stream"]))
            .model(ModelInfo::new("text-embedding-*", &["embed"]))
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let said: Value = post(&context, "chat/completions", &chat(&request)?)?.json()?;
        let choice = &said["choices"][0];
        let Some(text) = choice["message"]["content"].as_str() else {
            return Err(Error::upstream("the provider's answer has no text"));
        };
        let mut answer = ChatAnswer::text(text);
        answer.choices[0].finish_reason = finish(&choice["finish_reason"]);
        answer.usage = usage(&said);
        Ok(answer.into())
    }

    fn open_stream(context: Context, request: ChatRequest) -> Result<Box<dyn EventSource>> {
        let mut body = chat(&request)?;
        body["stream"] = true.into();
        body["stream_options"] = json!({ "include_usage": true });
        // A failure here still becomes the answer's status; one of `decode`, an event in a stream that has begun.
        Ok(events::decode_sse(post(&context, "chat/completions", &body)?, decode))
    }

    fn embed(context: Context, request: EmbedRequest) -> Result<EmbedResponse> {
        let EmbedInput::Texts(texts) = request.input else { return Err(Error::unsupported("token ids as input")) };
        let body = json!({ "model": request.model, "input": texts });
        let found: Value = post(&context, "embeddings", &body)?.json()?;
        let vectors = found["data"].as_array().into_iter().flatten().map(|each| numbers(&each["embedding"])).collect();
        Ok(EmbedResponse { vectors, usage: usage(&found), ..EmbedResponse::default() })
    }
}

/// Sends a request, without the key: the host adds it. What is no success becomes an error with the provider's status and words.
fn post(context: &Context, path: &str, body: &Value) -> Result<http::Response> {
    let base = context.base_url(&format!("{HOST}/v1"));
    http::Request::post(format!("{base}/{path}")).json(body).send_ok()
}

fn chat(request: &ChatRequest) -> Result<Value> {
    if !request.tools.is_empty() {
        return Err(Error::unsupported("tools").param("tools"));
    }
    let role = |role| match role {
        Role::System | Role::Developer => "system",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    };
    let message = |message: &Message| json!({ "role": role(message.role), "content": message.text() });
    let messages: Vec<Value> = request.messages.iter().map(message).collect();
    Ok(json!({ "model": request.model, "messages": messages, "max_tokens": request.max_tokens }))
}

/// What one event of the provider's stream says.
fn decode(event: sse::Event) -> Result<Vec<Event>> {
    let said: Value = serde_json::from_str(&event.data)
        .map_err(|error| Error::upstream(format!("the provider's stream makes no sense: {error}")))?;
    if let Some(message) = said["error"]["message"].as_str() {
        return Err(Error::upstream(message));
    }
    let choice = &said["choices"][0];
    let text = choice["delta"]["content"].as_str().map(|text| Event::text(0, text));
    let end = choice["finish_reason"].is_string().then(|| Event::finish(0, finish(&choice["finish_reason"])));
    Ok(text.into_iter().chain(end).chain(usage(&said).map(Event::Usage)).collect())
}

fn finish(reason: &Value) -> FinishReason {
    match reason.as_str().unwrap_or("stop") {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_owned()),
    }
}

fn usage(said: &Value) -> Option<Usage> {
    let count = |name: &str| said["usage"][name].as_u64().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    count("prompt_tokens").map(|input| Usage::new(input, count("completion_tokens").unwrap_or(0)))
}

fn numbers(vector: &Value) -> Vec<f32> {
    vector.as_array().into_iter().flatten().filter_map(Value::as_f64).map(|number| number as f32).collect()
}

#[cfg(test)]
mod tests;
