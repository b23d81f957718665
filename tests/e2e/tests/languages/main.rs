//! The adapter for Anthropic's wire in languages other than Rust, behind the real binary: each must do what the Rust one does.
//!
//! One server for each language, since its component takes the compiler long; what is checked follows one after the other. The
//! adapters' own tests, beside them, look at every field of the conversions.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

use caisson_e2e::{
    ANTHROPIC_PY, ANTHROPIC_TS, Caisson, Item, Provider, SCRIPTS, asking_for_weather, run_script, say, soon,
};
use caisson_fake_providers::{Body, FakeProvider, Reply};
use serde_json::{Value, json};

#[tokio::test]
async fn the_adapter_in_python_does_what_the_one_in_rust_does() {
    Stage::of(ANTHROPIC_PY).await.all().await;
}

#[tokio::test]
async fn the_adapter_in_typescript_does_what_the_one_in_rust_does() {
    Stage::of(ANTHROPIC_TS).await.all().await;
}

/// A server with one adapter, before a fake of its provider.
struct Stage {
    provider: Provider,
    caisson: Caisson,
    fake: FakeProvider,
}

impl Stage {
    async fn of(provider: Provider) -> Self {
        let (caisson, fake) = provider.served().await;
        Self { provider, caisson, fake }
    }

    async fn all(self) {
        self.each_word_reaches_the_client_before_the_next_is_sent().await;
        self.words_cut_between_packets_arrive_whole().await;
        self.a_tool_is_called_and_its_result_understood().await;
        self.thinking_goes_back_with_its_signature().await;
        self.a_refusal_keeps_its_status_and_when_to_come_back().await;
        self.what_breaks_off_or_is_nonsense_is_the_upstreams_fault().await;
        self.a_client_that_leaves_ends_the_upstreams_request().await;
        self.what_it_lacks_is_unsupported().await;
        self.every_request_has_a_fresh_sandbox().await;
        self.the_official_clients_are_served().await;
        self.an_upstream_that_is_not_there_is_the_upstreams_fault().await;
    }

    fn asked(&self) -> Value {
        say(self.provider.model(), "x")
    }

    async fn each_word_reaches_the_client_before_the_next_is_sent(&self) {
        let (gate, mut streaming) = self.provider.gated_stream(&self.caisson, &self.fake).await;
        for number in 0..10 {
            let word = format!("word-{number} ");
            gate.send(self.provider.word(&word)).await;
            assert_eq!(streaming.next_text().await, word);
        }
        gate.send(self.provider.ending()).await;
        drop(gate);
        let rest = streaming.rest().await;
        assert!(rest.is_done() && rest.finish_reasons() == ["stop"], "{rest:?}");
    }

    async fn words_cut_between_packets_arrive_whole(&self) {
        const WORDS: &str = "na\u{ef}ve caf\u{e9} \u{1f30a}";
        let (gate, streaming) = self.provider.gated_stream(&self.caisson, &self.fake).await;
        let bytes = [self.provider.word(WORDS), self.provider.ending()].concat();
        let send_each = async move {
            for byte in bytes {
                gate.send(vec![byte]).await;
            }
        };
        let ((), transcript) = tokio::join!(send_each, streaming.rest());
        assert_eq!(transcript.content(), WORDS);
        assert!(transcript.is_done());
    }

    async fn a_tool_is_called_and_its_result_understood(&self) {
        let mut request = asking_for_weather(self.provider.model());
        let streamed = self.caisson.stream(request.clone()).await.rest().await;
        assert_eq!(streamed.finish_reasons(), ["tool_calls"], "{streamed:?}");

        let answer = self.caisson.chat(request.clone()).await.expect(200);
        let choice = &answer["choices"][0];
        assert_eq!(choice["finish_reason"], "tool_calls", "{answer}");
        let call = &choice["message"]["tool_calls"][0];
        let arguments: Value = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        assert_eq!(arguments, json!({ "city": "Paris" }));

        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(choice["message"].clone());
        messages.push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "21 degrees" }));
        assert!(self.caisson.chat(request).await.content().contains("21 degrees"));
    }

    async fn thinking_goes_back_with_its_signature(&self) {
        let mut request = asking_for_weather(self.provider.model());
        request["reasoning_effort"] = "low".into();
        let answer = self.caisson.chat(request.clone()).await.expect(200);
        let message = &answer["choices"][0]["message"];
        assert!(message["reasoning_content"].as_str().unwrap().contains("Paris"), "{message}");
        // The fake refuses a conversation whose signatures are not the ones that it gave.
        let messages = request["messages"].as_array_mut().unwrap();
        messages.push(message.clone());
        messages
            .push(json!({ "role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "21 degrees" }));
        assert!(self.caisson.chat(request).await.content().contains("21 degrees"));
    }

    async fn a_refusal_keeps_its_status_and_when_to_come_back(&self) {
        for status in [400, 401, 404, 429, 500, 529] {
            for is_stream in [false, true] {
                let words = format!("it says {status}");
                self.fake.respond_with(self.provider.error(status, &words).header("retry-after", "2"));
                let answer = match is_stream {
                    true => self.caisson.stream(self.asked()).await.whole().await,
                    false => self.caisson.chat(self.asked()).await,
                };
                let error = answer.expect_error(status, "provider_error");
                assert!(error["message"].as_str().unwrap().starts_with(&words), "{error}");
                assert_eq!(error["provider"]["status"], status);
                assert_eq!((answer.header("retry-after"), answer.header("retry-after-ms")), ("2", "2000"), "{status}");
            }
        }
    }

    async fn what_breaks_off_or_is_nonsense_is_the_upstreams_fault(&self) {
        for cut in [
            Body::Reset([self.provider.opening(), self.provider.word("one two")].concat().into()),
            Body::Chunks(vec![self.provider.opening(), self.provider.word("one two")]),
        ] {
            self.fake.respond_with(Reply::event_stream(cut));
            let transcript = self.caisson.stream(self.asked()).await.rest().await;
            assert_eq!(transcript.content(), "one two");
            transcript.expect_error("upstream_error");
        }
        let pieces =
            vec![self.provider.opening(), self.provider.word("one"), self.provider.error_event(500, "no more of it")];
        self.fake.respond_with(Reply::event_stream(Body::Chunks(pieces)));
        let transcript = self.caisson.stream(self.asked()).await.rest().await;
        let Some(Item::Chunk(last)) = transcript.items.last() else { panic!("{transcript:?}") };
        assert!(last["error"]["message"].as_str().unwrap().starts_with("no more of it"), "{last}");
        for body in ["<html>no gateway</html>", "", "null", "[1, 2", "{}"] {
            self.fake
                .respond_with(Reply::new(200, Body::Whole(body.into())).header("content-type", "application/json"));
            let answer = self.caisson.chat(self.asked()).await;
            assert_eq!(answer.expect(502)["error"]["type"], "server_error", "{body:?}");
        }
    }

    async fn a_client_that_leaves_ends_the_upstreams_request(&self) {
        let (gate, streaming) = self.provider.gated_stream(&self.caisson, &self.fake).await;
        drop(streaming);
        soon("the upstream request's end", self.fake.live_requests().wait_for(|live| *live == 0)).await.unwrap();
        drop(gate);
        self.caisson.has_no_sandbox().await;
    }

    async fn what_it_lacks_is_unsupported(&self) {
        let answer = self.caisson.embed(json!({ "model": self.provider.model(), "input": "x" })).await;
        answer.expect_error(400, "unsupported");
    }

    async fn every_request_has_a_fresh_sandbox(&self) {
        let mut costs = Vec::new();
        for _ in 0..3 {
            let answer = self.caisson.chat(self.asked()).await;
            answer.content();
            costs.push(answer.receipt().memory);
        }
        assert!(
            costs.windows(2).all(|pair| pair[0] == pair[1]),
            "what a request takes grows with those before: {costs:?}"
        );
    }

    async fn the_official_clients_are_served(&self) {
        let name = self.provider.name;
        let environment = [
            ("CAISSON_BASE_URL", format!("{}/v1", self.caisson.url())),
            ("CAISSON_MODELS", format!("{name}/claude-opus-5-5")),
            ("CAISSON_THINKING_MODELS", format!("{name}/claude-opus-4-5")),
        ];
        for script in SCRIPTS {
            let printed = run_script(script, &environment).await;
            assert!(printed.contains(name), "{printed}");
        }
    }

    /// The last one: the fake is gone with it.
    async fn an_upstream_that_is_not_there_is_the_upstreams_fault(self) {
        drop(self.fake);
        for is_stream in [false, true] {
            let asked = say(self.provider.model(), "x");
            let answer = match is_stream {
                true => self.caisson.stream(asked).await.whole().await,
                false => self.caisson.chat(asked).await,
            };
            answer.expect_error(502, "upstream_error");
        }
    }
}
