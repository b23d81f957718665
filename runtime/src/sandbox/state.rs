//! What a Store holds: everything one guest can touch, in one struct.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::WasiHttpCtx;

use super::http::Http;
use super::http_async;
use super::limits::Memory;
use crate::egress::{Egress, Meter};

/// The resources that a guest may hold at one time: open requests, bodies, streams, pollables.
const MAX_RESOURCES: usize = 1024;

/// One sandbox's state. It has no field that outlives the sandbox but the revision's way out, which a guest reaches only through
/// checked requests.
pub(super) struct State {
    wasi: WasiCtx,
    pub(super) http: Http,
    pub(super) http_async: WasiHttpCtx,
    pub(super) table: ResourceTable,
    pub(super) memory: Memory,
    pub(super) original_body: Bytes,
}

impl State {
    pub(super) fn new(
        wasi: WasiCtx,
        memory: Memory,
        original_body: Bytes,
        egress: Arc<Egress>,
        meter: Arc<Meter>,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let http = Http::new(egress, meter);
        Self { wasi, http, http_async: http_async::context(), table, memory, original_body }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
