//! The official clients against the real binary: `openai` for Python and for Node, and the AI SDK, each with its own script.
//!
//! The scripts in `tests/clients` say what is checked; this starts what they talk to, runs them, and counts what reached the upstream.

use caisson_fake_providers::{Body, FakeProvider, Reply, Wire, thinking_signature};
use serde_json::json;

use caisson_e2e::{AI_SDK, Caisson, NODE, PYTHON, adapter, run_script};

const MODELS: [&str; 4] = ["openai/gpt-x", "anthropic/claude-opus-5-5", "gemini/gemini-3.5-flash", "echo/echo"];
const EMBED_MODELS: [&str; 3] = ["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "echo/echo"];
const THINKING_MODELS: [&str; 2] = ["anthropic/claude-opus-4-5", "gemini/gemini-3.5-flash"];

/// What a client makes of one call that is refused: the call, and two more.
const TRIES: usize = 3;

/// A server with every adapter, each before a provider of its own, and a caller's key.
struct Stage {
    caisson: Caisson,
    key: String,
    /// The upstream of `limited/…`, which refuses as often as a client tries.
    limited: FakeProvider,
    _upstreams: Vec<FakeProvider>,
}

#[tokio::test]
async fn the_openai_client_for_python_is_served() {
    Stage::start().await.passes(PYTHON).await;
}

#[tokio::test]
async fn the_openai_client_for_node_is_served() {
    Stage::start().await.passes(NODE).await;
}

#[tokio::test]
async fn the_ai_sdk_is_served() {
    Stage::start().await.passes(AI_SDK).await;
}

impl Stage {
    async fn start() -> Self {
        let caisson = Caisson::start().await;
        let mut upstreams = Vec::new();
        for (name, wire) in [("openai", Wire::OpenAi), ("anthropic", Wire::Anthropic), ("gemini", Wire::Gemini)] {
            upstreams.push(deployed(&caisson, name, name, wire).await);
        }
        caisson.push("echo", adapter("echo")).await;

        let limited = deployed(&caisson, "limited", "openai", Wire::OpenAi).await;
        for _ in 0..TRIES {
            let refusal = json!({"error": {"message": "Slow down.", "type": "requests", "param": null, "code": null}});
            limited.respond_with(Reply::json(429, &refusal).header("retry-after-ms", "1"));
        }
        let blocks = deployed(&caisson, "blocks", "anthropic", Wire::Anthropic).await;
        blocks.respond_with(many_blocks());
        upstreams.push(blocks);

        let made = caisson.control("POST", "/keys").json(&json!({ "label": "clients" })).answer().await.expect(201);
        Self { caisson, key: made["key"].as_str().unwrap().to_owned(), limited, _upstreams: upstreams }
    }

    /// Runs a script, and expects all of what it was given to be checked.
    async fn passes(self, script: [&str; 2]) {
        let environment = [
            ("CAISSON_BASE_URL", format!("{}/v1", self.caisson.url())),
            ("CAISSON_API_KEY", self.key.clone()),
            ("CAISSON_CHECK_AUTH", "1".into()),
            ("CAISSON_MODELS", MODELS.join(",")),
            ("CAISSON_EMBED_MODELS", EMBED_MODELS.join(",")),
            ("CAISSON_THINKING_MODELS", THINKING_MODELS.join(",")),
            ("CAISSON_LISTED_MODELS", MODELS[1..].join(",")),
            ("CAISSON_BLOCKS_MODEL", "blocks/claude-opus-4-5".into()),
            ("CAISSON_STATUS_MODELS", "openai/fault-".into()),
            ("CAISSON_FAULT_MODEL", "limited/gpt-x".into()),
            ("CAISSON_STREAM_FAULT_MODEL", "openai/fault-midstream".into()),
        ];
        let printed = run_script(script, &environment).await;
        for checked in MODELS.iter().chain(&EMBED_MODELS).chain(&THINKING_MODELS) {
            assert!(printed.contains(checked), "no check of {checked} in:\n{printed}");
        }
        assert_eq!(self.limited.requests().len(), TRIES, "tries that reached the upstream");
    }
}

/// Pushes an adapter under this name, before a new provider.
async fn deployed(caisson: &Caisson, name: &str, component: &str, wire: Wire) -> FakeProvider {
    let provider = FakeProvider::start(wire).await.unwrap();
    caisson.push(name, adapter(component)).upstream(&provider).await;
    provider
}

/// Anthropic's stream of an answer that thinks, twice in secret and once with its text left out, before it speaks.
fn many_blocks() -> Reply {
    let proof = thinking_signature("Hm.");
    let blocks = [
        (
            json!({"type": "thinking", "thinking": "Hm.", "signature": ""}),
            json!({"type": "signature_delta", "signature": proof}),
        ),
        (json!({"type": "redacted_thinking", "data": "c2VjcmV0"}), json!(null)),
        (json!({"type": "redacted_thinking", "data": "aGlkZGVu"}), json!(null)),
        (
            json!({"type": "thinking", "thinking": "", "signature": ""}),
            json!({"type": "signature_delta", "signature": "cHJvb2Y="}),
        ),
        (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": "Thought over."})),
    ];
    let usage = json!({"input_tokens": 9, "output_tokens": 7});
    let mut events = vec![json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-4-5", "content": [], "usage": usage,
    }})];
    for (index, (block, delta)) in blocks.into_iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        if !delta.is_null() {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    events.push(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}));
    events.push(json!({"type": "message_stop"}));
    let framed = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    Reply::event_stream(Body::Whole(framed.collect::<String>().into()))
}
