//! A component of a core module.

use anyhow::Context;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::{data, world};

/// Wasm's magic number, and the version that core modules have and components don't.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Wraps a core module that was compiled with [`bindings`](fn@crate::bindings) for `wasm32-wasi` (preview 1) into a component of the
/// world `adapter` on WASI 0.2.
pub fn componentize(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(core.starts_with(CORE_MODULE), "this is no core WebAssembly module: compile for wasm32-wasi first");
    let mut module = data::joined(core)?;
    // Go's bindings carry no type of their own; the same type twice, as with C's, is the same type.
    let (resolve, world) = world::adapter()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("the module can't be read")?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()
        .context("the module's imports and exports don't make the world `adapter`")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_module_without_the_worlds_exports_is_refused_by_the_exports_name() {
        let error = format!("{:#}", componentize(CORE_MODULE).unwrap_err());
        assert!(error.contains("caisson:adapter/provider@0.1.0"), "{error}");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        for bytes in [b"#!/bin/sh".as_slice(), b"\0asm\x0d\0\x01\0", b""] {
            let error = format!("{:#}", componentize(bytes).unwrap_err());
            assert!(error.contains("no core WebAssembly module"), "{error}");
        }
    }
}
