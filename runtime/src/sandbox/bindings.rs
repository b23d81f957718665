//! The exports that the host calls: generated code and nothing else. The vocabulary comes from `chat`; a world's imports are
//! linked in `engine`, so only the exported interfaces are bound here.

pub(super) mod adapter {
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
}

pub(super) mod adapter_async {
    #![allow(missing_docs, unreachable_pub, reason = "generated from wit/adapter-async, which documents every item")]

    wasmtime::component::bindgen!({
        inline: "
            package caisson:runtime;
            world adapter-async { export caisson:adapter-async/provider-async@0.1.0; }
        ",
        path: "../wit/adapter-async",
        exports: { default: async },
        with: { "caisson:llm/api@0.1.0": crate::chat },
    });
}
