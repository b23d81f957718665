//! Every example adapter behind the real binary, with the official OpenAI clients for Python and Node: answers, streams, tools,
//! usage, embeddings, and refusals of the provider's.
//!
//! One server for all, and one process for each client. What an adapter makes of each field of a request is for its own tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed expectation is a failed test")]

mod table;

use caisson_e2e::{Caisson, NODE, PYTHON, adapter, adapters, run_script, say, soon};
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
        ("CAISSON_LIMITED_MODELS", of(&|example| example.wire.map(|_| example.named("fault-429")))),
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
}

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
            push.set("base-url", &provider.base_url())
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
            let mut streaming = self.caisson.stream(say(&example.named("endless"), "On and on")).await;
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
}
