//! What `wasi:http` asks of a host, as traits: generated code and nothing else.

#![allow(missing_docs, unreachable_pub, reason = "generated from wit/adapter, which documents every item")]

wasmtime::component::bindgen!({
    inline: "
        package caisson:runtime;
        world http { import wasi:http/outgoing-handler@0.2.12; }
    ",
    path: "../wit/adapter",
    imports: { default: trappable },
    require_store_data_send: true,
    with: {
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:http/types.fields": super::fields::Fields,
        "wasi:http/types.outgoing-request": super::request::Request,
        "wasi:http/types.request-options": super::request::RequestOptions,
        "wasi:http/types.outgoing-body": super::upload::Upload,
        "wasi:http/types.future-incoming-response": super::exchange::Exchange,
        "wasi:http/types.incoming-response": super::response::Response,
        "wasi:http/types.incoming-body": super::response::Body,
        "wasi:http/types.future-trailers": super::response::NoTrailers,
        "wasi:http/types.incoming-request": super::unserved::Unserved,
        "wasi:http/types.outgoing-response": super::unserved::Unserved,
        "wasi:http/types.response-outparam": super::unserved::Unserved,
    },
});
