//! `wasi:http@0.3` for guests: wasmtime's own host for it, with `egress` behind and a size on what it keeps.
//!
//! It keeps a request's method, authority and path from the moment they are set, outside the guest's memory and its limit, and holds
//! a path to 64 KiB and the others to nothing, so the functions that set them are linked again here, in front of its own. Whether a
//! request may be sent is for `egress`.

use http_body_util::BodyExt;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p3::Request;
use wasmtime_wasi_http::p3::bindings::http::types::{HostRequest as _, Method};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView, p3,
};

use super::http::{AUTHORITY_BYTES, Http, MAX_FIELD_BYTES, METHOD_BYTES, PATH_BYTES, nearest};
use super::state::State;
use crate::egress::{EgressError, Patience};

/// The interface's name.
const TYPES: &str = "wasi:http/types@0.3.0";
/// The most of one write to a body that the host takes at once: the rest stays with the guest until it is sent.
const WRITE_BYTES: usize = 64 << 10;

pub(super) fn context() -> WasiHttpCtx {
    let mut context = WasiHttpCtx::new();
    context.set_field_size_limit(MAX_FIELD_BYTES);
    context
}

/// Links wasmtime's host, and the checks in front of it.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p3::add_to_linker(linker)?;
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]request.set-method",
        |mut store: StoreContextMut<'_, State>, (request, method): (Resource<Request>, Method)| {
            if matches!(&method, Method::Other(name) if name.len() > METHOD_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]request.set-authority",
        |mut store: StoreContextMut<'_, State>, (request, authority): (Resource<Request>, Option<String>)| {
            if authority.as_ref().is_some_and(|authority| authority.len() > AUTHORITY_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]request.set-path-with-query",
        |mut store: StoreContextMut<'_, State>, (request, path): (Resource<Request>, Option<String>)| {
            if path.as_ref().is_some_and(|path| path.len() > PATH_BYTES) {
                return Ok((Err(()),));
            }
            Ok((store.data_mut().http().set_path_with_query(request, path)?,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.http, table: &mut self.table, ctx: &mut self.http_async }
    }
}

type Unit = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Http {
    // The client of `egress` writes the host from the checked target.
    fn set_host_header(&mut self) -> bool {
        false
    }

    // Held once for each body that is being sent.
    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE_BYTES
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Unit,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Unit), Error>> + Send> {
        let patience = options.map_or(Patience::default(), |options| Patience {
            first_byte: options.first_byte_timeout,
            between_bytes: options.between_bytes_timeout,
        });
        let request = request.map(|body| body.map_err(|error| EgressError::Connection(Box::new(error))).boxed_unsync());
        let sending = self.send(request, patience);
        Box::new(async move {
            let response = sending.await.map_err(|error| wasi_error(&error))?;
            let response = response.map(|body| body.map_err(|error| wasi_error(&error)).boxed_unsync());
            Ok((response, Box::new(std::future::ready(Ok(()))) as Unit))
        })
    }
}

fn wasi_error(error: &EgressError) -> Error {
    nearest!(error, Error, Error::DnsError { rcode: None, info_code: None })
}
