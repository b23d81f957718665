//! The Rust form of the contract in `wit/adapter`, or with the feature `async` in `wit/adapter-async`, made by wit-bindgen.
//!
//! Holds nothing else: the public names are in [`crate::api`], the exports in
//! [`crate::guest`]. On a native target the imports compile but must not be called.
#![allow(
    missing_docs,
    unreachable_pub,
    unsafe_code,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "generated code"
)]

#[cfg(not(feature = "async"))]
wit_bindgen::generate!({
    path: "../../wit/adapter",
    world: "adapter",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "__export_bindings",
    default_bindings_module: "caisson_sdk::bindings",
    additional_derives: [PartialEq],
    additional_derives_ignore: ["stream-error"],
});

#[cfg(feature = "async")]
wit_bindgen::generate!({
    path: "../../wit/adapter-async",
    world: "adapter-async",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "__export_bindings",
    default_bindings_module: "caisson_sdk::bindings",
    additional_derives: [PartialEq],
});
