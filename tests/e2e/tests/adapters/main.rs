//! Every example adapter behind the real binary, with the official OpenAI clients for Python and Node: answers, streams, tools,
//! usage, embeddings, and refusals of the provider's.
//!
//! One server for all, and one process for each client. What an adapter makes of each field of a request is for its own tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod table;

use caisson_e2e::{Answer, Caisson, NODE, PYTHON, RawUpstream, Then, adapter, adapters, run_script, say, soon};
use caisson_fake_providers::FakeProvider;

use table::{EXAMPLES, Example};

#[test]
fn every_adapter_that_is_built_is_tried_here_and_the_other_way_round() {
    let built = adapters();
    for example in EXAMPLES {
        assert!(built.iter().any(|name| name == example.name), "{}: build it with `{}`", example.name, example.build);
    }
    let strange: Vec<_> = built.iter().filter(|name| EXAMPLES.iter().all(|example| example.name != *name)).collect();
    assert!(
        strange.is_empty(),
        "{strange:?} in target/adapters: a line in tests/e2e/tests/adapters/table.rs is missing"
    );
}

#[tokio::test]
async fn the_openai_clients_are_served_by_every_adapter() {
    let stage = Stage::with_all().await;
    let of = |tried: &dyn Fn(&Example) -> Option<String>| EXAMPLES.iter().filter_map(tried).collect::<Vec<_>>();
    let listed = [
        ("CAISSON_MODELS", of(&|example| example.has_tools.then(|| example.model()))),
        ("CAISSON_TEXT_MODELS", of(&|example| (!example.has_tools).then(|| example.model()))),
        ("CAISSON_LIMITED_MODELS", of(&|example| example.wire.map(|_| example.behaving("fault-429")))),
        ("CAISSON_EMBED_MODELS", of(&Example::embed_model)),
        ("CAISSON_NO_EMBED_MODELS", of(&|example| example.embed_model().is_none().then(|| example.model()))),
    ];
    let mut environment = vec![("CAISSON_BASE_URL", format!("{}/v1", stage.caisson.url()))];
    environment.extend(listed.iter().map(|(name, models)| (*name, models.join(","))));
    for script in [PYTHON, NODE] {
        let printed = run_script(script, &environment).await;
        for model in listed.iter().flat_map(|(_, models)| models) {
            assert!(printed.contains(model), "no check of {model} in:\n{printed}");
        }
    }
    stage.every_adapter_passes_on_what_never_ends().await;
    stage.no_adapter_falls_over_a_provider_that_reads_no_body().await;
    stage.no_adapter_falls_over_a_provider_that_is_not_there().await;
}

/// Bytes of a request that no socket's buffers hold.
const LARGE: usize = 5 << 20;

/// A server with every adapter, each before a provider of its own.
struct Stage {
    caisson: Caisson,
    providers: Vec<(Example, FakeProvider)>,
}

impl Stage {
    async fn with_all() -> Self {
        let caisson = Caisson::start().await;
        let mut providers = Vec::new();
        // One after the other: each compiles with all processors.
        for example in EXAMPLES {
            let push = caisson.push(example.name, adapter(example.name));
            let Some(wire) = example.wire else {
                push.await;
                continue;
            };
            let provider = FakeProvider::start(wire).await.unwrap();
            push.set("base-url", &example.base_url(&provider))
                .credential(example.slot, provider.key())
                .allow_host(&provider.origin())
                .await;
            providers.push((example, provider));
        }
        Self { caisson, providers }
    }

    /// What waited for the end of the upstream's stream would never say a word.
    async fn every_adapter_passes_on_what_never_ends(&self) {
        for (example, provider) in &self.providers {
            let mut streaming = self.caisson.stream(say(&example.behaving("endless"), "On and on")).await;
            let mut words = String::new();
            while words.matches("more").count() < 100 {
                words += &streaming.next_text().await;
            }
            drop(streaming);
            let ended = format!("the end of the request of {}", example.name);
            soon(&ended, provider.live_requests().wait_for(|live| *live == 0)).await.unwrap();
        }
        self.caisson.has_no_sandbox().await;
    }

    /// A body over the provider's limit: the refusal comes while the adapter is still sending.
    async fn no_adapter_falls_over_a_provider_that_reads_no_body(&self) {
        for (example, _) in &self.providers {
            let hasty = RawUpstream::start_hasty().await;
            self.pointed_at(example, hasty.origin()).await;
            for then in [Then::Close, Then::Reset, Then::Hold] {
                hasty.answer("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n", then);
                let answer = self.caisson.chat(say(&example.model(), &"large ".repeat(LARGE / 6))).await;
                expect_upstreams_fault(example, &answer, &[413, 502]);
            }
        }
    }

    /// The last one: it takes the adapters from their providers.
    async fn no_adapter_falls_over_a_provider_that_is_not_there(&self) {
        let gone = RawUpstream::start().await.origin().to_owned();
        for (example, _) in &self.providers {
            self.pointed_at(example, &gone).await;
            for text in ["small".to_owned(), "large ".repeat(LARGE / 6)] {
                let answer = self.caisson.chat(say(&example.model(), &text)).await;
                expect_upstreams_fault(example, &answer, &[502]);
            }
        }
    }

    async fn pointed_at(&self, example: &Example, origin: &str) {
        let push = self.caisson.push(example.name, adapter(example.name));
        push.set("base-url", origin).credential(example.slot, "test-key").allow_host(origin).await;
    }
}

fn expect_upstreams_fault(example: &Example, answer: &Answer, statuses: &[u16]) {
    let code = answer.json()["error"]["code"].clone();
    let is_upstreams = code == "upstream_error" || code == "provider_error";
    assert!(statuses.contains(&answer.status) && is_upstreams, "{}: {} {}", example.name, answer.status, answer.text());
}
