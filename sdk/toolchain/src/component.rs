//! A component of a core module.

use anyhow::Context;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::data;
use crate::world::World;

/// Wasm's magic number, and the version that core modules have and components don't.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Wraps a core module that was compiled with [`bindings`](fn@crate::bindings) for `wasm32-wasi` (preview 1) into a component of the
/// world that its exports are of.
pub fn componentize(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(core.starts_with(CORE_MODULE), "this is no core WebAssembly module: compile for wasm32-wasi first");
    let mut module = data::joined(core)?;
    // Go's bindings carry no type of their own; the same type twice, as with C's, is the same type.
    let world = world_of(&module)?;
    let (resolve, id) = world.resolve()?;
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8, false)?;
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("the module can't be read")?
        .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)?
        .encode()
        .with_context(|| format!("the module's imports and exports don't make the world `{}`", world.name()))
}

/// `adapter-async` where an export is of it, else `adapter`.
fn world_of(module: &[u8]) -> anyhow::Result<World> {
    for payload in Parser::new(0).parse_all(module) {
        let Payload::ExportSection(exports) = payload? else { continue };
        for export in exports {
            if export?.name.contains("caisson:adapter-async/") {
                return Ok(World::AdapterAsync);
            }
        }
    }
    Ok(World::Adapter)
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
    fn an_export_tells_the_world() {
        for (name, world) in [
            ("[async-lift]caisson:adapter-async/provider-async@0.1.0#complete", World::AdapterAsync),
            ("caisson:adapter/provider@0.1.0#complete", World::Adapter),
            ("memory", World::Adapter),
        ] {
            let module = exporting(name);
            assert_eq!(world_of(&module).unwrap(), world, "{name}");
            // Such a module lacks all the rest.
            let error = format!("{:#}", componentize(&module).unwrap_err());
            assert!(error.contains(&format!("don't make the world `{}`", world.name())), "{error}");
        }
    }

    /// A module that exports one function, which does nothing.
    fn exporting(name: &str) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        let mut module = CORE_MODULE.to_vec();
        module.extend([1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, length + 4, 1, length]);
        module.extend(name.bytes());
        module.extend([0, 0, 10, 4, 1, 2, 0, 0x0B]);
        module
    }

    #[test]
    fn what_is_no_module_is_refused() {
        for bytes in [b"#!/bin/sh".as_slice(), b"\0asm\x0d\0\x01\0", b""] {
            let error = format!("{:#}", componentize(bytes).unwrap_err());
            assert!(error.contains("no core WebAssembly module"), "{error}");
        }
    }
}
