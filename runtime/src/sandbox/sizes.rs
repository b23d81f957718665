//! Holds what a guest says of a request to a size, where `wasi:http` takes any.
//!
//! The host keeps a request's method, authority and path from the moment they are set, outside the guest's memory and its limit, and a
//! guest may hold a thousand requests that it never sends. wasmtime-wasi-http holds header fields to a limit and a path to 64 KiB, the
//! others to none, so the functions that set them are linked again here, in front of its own. Whether a request may be sent is for
//! `egress`.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::{WasiHttpView, p2, p3};

use super::state::State;

/// The longest name of a method that isn't HTTP's own.
const METHOD_BYTES: usize = 64;
/// A name in DNS has 253 bytes at most; a port and brackets come to it.
const AUTHORITY_BYTES: usize = 320;
/// Servers take less than this of a path and its query.
const PATH_BYTES: usize = 16 << 10;

/// Puts the checks in front of one version's `$types`, whose `$resource` is a `$request` here and has the functions of `$host`.
macro_rules! hold_sizes {
    ($linker:ident, $types:literal, $resource:literal, $request:ty, $host:path, $method:path) => {{
        use $host as Host;
        use $method as Method;
        $linker.allow_shadowing(true);
        let mut types = $linker.instance($types)?;
        types.func_wrap(
            concat!("[method]", $resource, ".set-method"),
            |mut store: StoreContextMut<'_, State>, (request, method): (Resource<$request>, Method)| {
                if matches!(&method, Method::Other(name) if name.len() > METHOD_BYTES) {
                    return Ok((Err(()),));
                }
                Ok((Host::set_method(&mut store.data_mut().http(), request, method)?,))
            },
        )?;
        types.func_wrap(
            concat!("[method]", $resource, ".set-authority"),
            |mut store: StoreContextMut<'_, State>, (request, authority): (Resource<$request>, Option<String>)| {
                if authority.as_ref().is_some_and(|authority| authority.len() > AUTHORITY_BYTES) {
                    return Ok((Err(()),));
                }
                Ok((Host::set_authority(&mut store.data_mut().http(), request, authority)?,))
            },
        )?;
        types.func_wrap(
            concat!("[method]", $resource, ".set-path-with-query"),
            |mut store: StoreContextMut<'_, State>, (request, path): (Resource<$request>, Option<String>)| {
                if path.as_ref().is_some_and(|path| path.len() > PATH_BYTES) {
                    return Ok((Err(()),));
                }
                Ok((Host::set_path_with_query(&mut store.data_mut().http(), request, path)?,))
            },
        )?;
        $linker.allow_shadowing(false);
        Ok(())
    }};
}

/// Puts the checks in front of what is linked already of WASI 0.2, under the version that wasmtime-wasi-http itself has.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hold_sizes!(
        linker,
        "wasi:http/types@0.2.12",
        "outgoing-request",
        p2::types::HostOutgoingRequest,
        p2::bindings::http::types::HostOutgoingRequest,
        p2::bindings::http::types::Method
    )
}

/// The same for WASI 0.3.
pub(super) fn add_async_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    hold_sizes!(
        linker,
        "wasi:http/types@0.3.0",
        "request",
        p3::Request,
        p3::bindings::http::types::HostRequest,
        p3::bindings::http::types::Method
    )
}
