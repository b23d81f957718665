//! A component of a core module.

use anyhow::Context;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::world;

/// Wraps a core module that was compiled with [`bindings`](crate::bindings) for `wasm32-wasi` (preview 1) into a component of the
/// world `adapter` on WASI 0.2.
pub fn componentize(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut module = core.to_vec();
    // Go's bindings carry no type of their own; the same type twice, as with C's, is the same type.
    let (resolve, world) = world::adapter()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, true)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("this is no core module with the bindings of the world `adapter`")?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()
        .context("the module's imports and exports don't make the world `adapter`")
}
