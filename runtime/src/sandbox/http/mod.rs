//! `wasi:http@0.2` for guests, on top of `egress`.
//!
//! wasmtime's own host for it spawns a task for each request and hands bodies over through channels. Here everything belongs to the
//! guest that asked: a request is a future in its Store, which goes on while the guest waits for it or writes its body, and an
//! answer's body is read straight from the connection. So dropping the Store drops all of it, a guest that reads slowly slows its
//! upstream down, and there is one place that holds what a guest makes the host keep to a size.
//!
//! What a guest can't tell from wasmtime's host: names, errors, order of events. What it can: trailers are neither sent nor received
//! (no provider's protocol has them), and resources of a server, which nobody would ever call, trap.

#![allow(unreachable_pub, reason = "generated code re-exports the resources")]

mod bindings;
mod codes;
mod exchange;
mod fields;
mod request;
mod response;
mod unserved;
mod upload;

use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, Resource};

use super::state::State;
use crate::egress::{Egress, EgressError, IncomingBody, Meter, OutgoingBody, Patience};
use bindings::wasi::http::{outgoing_handler, types};
use upload::Rooms;

pub(super) use codes::nearest;
pub(super) use fields::{MAX_BYTES as MAX_FIELD_BYTES, TOO_LARGE as FIELDS_TOO_LARGE};
pub(super) use request::{AUTHORITY_BYTES, METHOD_BYTES, PATH_BYTES};

/// A guest's way out.
pub(super) struct Http {
    egress: Arc<Egress>,
    meter: Arc<Meter>,
    rooms: Rooms,
}

impl Http {
    pub(super) fn new(egress: Arc<Egress>, meter: Arc<Meter>) -> Self {
        Self { egress, meter, rooms: Rooms::default() }
    }

    /// Hands a request over to `egress`. What comes of it is not begun before it's polled.
    pub(super) fn send(
        &self,
        request: ::http::Request<OutgoingBody>,
        patience: Patience,
    ) -> impl Future<Output = Result<::http::Response<IncomingBody>, EgressError>> + Send + use<> {
        let (egress, meter) = (Arc::clone(&self.egress), Arc::clone(&self.meter));
        async move { egress.send(meter, request, patience).await }
    }
}

/// Links `wasi:http/types` and `wasi:http/outgoing-handler`.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasSelf<State>>(linker, &types::LinkOptions::default(), |state| state)?;
    outgoing_handler::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl types::Host for State {
    fn http_error_code(&mut self, error: Resource<types::IoError>) -> wasmtime::Result<Option<types::ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<types::ErrorCode>().cloned())
    }
}
