//! The Claude models that this adapter knows by name. A list for people to read: any
//! other `claude-*` is admitted too, and none is treated differently for being here.

use caisson_sdk::api::ModelInfo;

/// Identifier, context window, longest answer; the newest first.
const MODELS: [(&str, u32, u32); 13] = [
    ("claude-fable-5-1", 1_000_000, 128_000),
    ("claude-opus-5-5", 1_000_000, 128_000),
    ("claude-sonnet-5-5", 1_000_000, 128_000),
    ("claude-haiku-5-5", 1_000_000, 128_000),
    ("claude-fable-5", 1_000_000, 128_000),
    ("claude-opus-5", 1_000_000, 128_000),
    ("claude-sonnet-5", 1_000_000, 128_000),
    ("claude-opus-4-8", 1_000_000, 128_000),
    ("claude-opus-4-7", 1_000_000, 128_000),
    ("claude-opus-4-6", 1_000_000, 128_000),
    ("claude-sonnet-4-6", 1_000_000, 128_000),
    ("claude-opus-4-5", 200_000, 64_000),
    ("claude-haiku-4-5", 200_000, 64_000),
];

const CAPABILITIES: [&str; 7] = ["chat", "stream", "tools", "images", "files", "reasoning", "json-schema"];

pub(crate) fn known() -> Vec<ModelInfo> {
    let mut models: Vec<ModelInfo> = MODELS
        .into_iter()
        .map(|(id, context_tokens, output_tokens)| ModelInfo {
            context_tokens: Some(context_tokens),
            output_tokens: Some(output_tokens),
            ..ModelInfo::new(id, &CAPABILITIES)
        })
        .collect();
    models.push(ModelInfo::new("claude-*", &CAPABILITIES));
    models
}
