//! An adapter for a made-up JSON API, as short as they get: whole answers only. Not for any real provider.

use caisson_sdk::prelude::*;
use caisson_sdk::retry::Retry;
use serde::Deserialize;
use serde_json::json;

const HOST: &str = "https://api.parrot.example";

struct Parrot;

caisson_sdk::export!(Parrot);

impl Adapter for Parrot {
    fn describe() -> AdapterInfo {
        AdapterInfo::new("parrot", "0.1.0")
            .description("Parrot's speech API")
            .host(HOST)
            .credential(CredentialSlot::bearer("api-key", HOST).description("from parrot.example/keys"))
            .setting(Setting::new("max-retries", "how often to send again").default_value("0"))
            .model(ModelInfo::new("macaw-*", &["chat"]))
    }

    fn complete(context: Context, request: ChatRequest) -> Result<ChatResponse> {
        let question = request.messages.last().map(Message::text).unwrap_or_default();
        if question.is_empty() {
            return Err(Error::invalid_request("the last message has no text").param("messages"));
        }
        let speech: Speech = http::Request::post(format!("{}/v1/speak", context.base_url(HOST)))
            .json(&json!({ "bird": request.model, "question": question, "words": request.max_tokens }))
            .retry(Retry::configured(&context)?)
            .send_ok()?
            .json()?;
        let mut answer = ChatAnswer::text(speech.said);
        answer.usage = Some(Usage::new(speech.words_heard, speech.words_said));
        Ok(answer.into())
    }
}

#[derive(Deserialize)]
struct Speech {
    said: String,
    words_heard: u32,
    words_said: u32,
}

#[cfg(test)]
mod tests {
    use caisson_sdk::testing::{Reply, Upstream, context};

    use super::*;

    fn ask(upstream: &Upstream, question: &str) -> Result<ChatResponse> {
        let request = ChatRequest {
            model: "macaw-2".to_owned(),
            messages: vec![Message::user(question)],
            ..ChatRequest::default()
        };
        upstream.run(|| Parrot::complete(context(), request))
    }

    #[test]
    fn a_question_is_spoken_and_its_answer_comes_back() {
        let reply = Reply::json(200, r#"{"said":"Hello!","words_heard":2,"words_said":1}"#);
        let upstream = Upstream::new().reply(reply.split_at_every_byte());
        let Ok(ChatResponse::Answer(answer)) = ask(&upstream, "Say hello") else { panic!("no answer") };
        assert_eq!(answer.choices[0].message.text(), "Hello!");
        assert_eq!(answer.usage, Some(Usage::new(2, 1)));
        let sent = &upstream.requests()[0];
        assert_eq!(sent.url, "https://api.parrot.example/v1/speak");
        assert_eq!(sent.json(), json!({ "bird": "macaw-2", "question": "Say hello", "words": null }));
    }

    #[test]
    fn a_refusal_keeps_its_status_and_message() {
        let upstream =
            Upstream::new().reply(Reply::json(429, r#"{"error":"too many birds"}"#).header("retry-after", "2"));
        let Err(error) = ask(&upstream, "Say hello") else { panic!("no refusal") };
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, Some(429)));
        assert_eq!((error.message.as_str(), error.retry_after_ms), ("too many birds", Some(2000)));
    }
}
