//! The export that the host calls: generated code and nothing else. The vocabulary comes from `chat`; the world's imports are
//! linked in `engine`, so only the exported interface is bound here.

#![allow(missing_docs, unreachable_pub, reason = "generated from wit/adapter, which documents every item")]

wasmtime::component::bindgen!({
    inline: "
        package caisson:runtime;
        world adapter { export caisson:adapter/provider@0.1.0; }
    ",
    path: "../wit/adapter",
    exports: { default: async },
    with: { "caisson:llm/api@0.1.0": crate::chat },
});
