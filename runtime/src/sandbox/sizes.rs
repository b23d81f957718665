//! Holds what a guest says of a request to a size, where `wasi:http` takes any.
//!
//! The host keeps a request's method, authority and path from the moment they are set, outside the guest's memory and its limit, and a
//! guest may hold a thousand requests that it never sends. wasmtime-wasi-http holds header fields to a limit and a path to 64 KiB, the
//! others to none, so the functions that set them are linked again here, in front of its own. Whether a request may be sent is for
//! `egress`.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

use super::state::State;

/// The longest name of a method that isn't HTTP's own.
const METHOD_BYTES: usize = 64;
/// A name in DNS has 253 bytes at most; a port and brackets come to it.
const AUTHORITY_BYTES: usize = 320;
/// Servers take less than this of a path and its query.
const PATH_BYTES: usize = 16 << 10;

/// What the interface is linked under: the version that wasmtime-wasi-http itself has.
const TYPES: &str = "wasi:http/types@0.2.12";

/// Puts the checks in front of what is linked already.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, State>, (request, method): (Resource<HostOutgoingRequest>, Method)| {
            if matches!(&method, Method::Other(name) if name.len() > METHOD_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, State>,
         (request, authority): (Resource<HostOutgoingRequest>, Option<String>)| {
            if authority.as_ref().is_some_and(|authority| authority.len() > AUTHORITY_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, State>, (request, path): (Resource<HostOutgoingRequest>, Option<String>)| {
            if path.as_ref().is_some_and(|path| path.len() > PATH_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_path_with_query(request, path)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}
