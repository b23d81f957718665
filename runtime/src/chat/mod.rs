//! The provider-neutral vocabulary: what a chat request, an answer, a stream event and an error are.
//!
//! The types are generated from `wit/llm`, so a guest's values are lifted straight into what the rest of the host works with
//! (see decision 001). This module knows no HTTP, no OpenAI field and no provider.

mod contract {
    #![allow(missing_docs, reason = "generated from wit/llm, which documents every item")]

    wasmtime::component::bindgen!({
        inline: "
            package caisson:vocabulary;
            world vocabulary { import caisson:llm/api@0.1.0; }
        ",
        path: "../wit/llm",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

pub use contract::caisson::llm::api::*;
