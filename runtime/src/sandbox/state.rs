//! What a Store holds: everything one guest can touch, in one struct.

use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::limits::Memory;
use crate::egress::{Egress, EgressError, Meter, Patience};

/// The resources that a guest may hold at one time: open requests, bodies, streams, pollables.
const MAX_RESOURCES: usize = 1024;
/// Bytes of one set of header fields that a guest makes: with the limit above, what a guest may have the host keep of them.
const MAX_FIELD_BYTES: usize = 32 << 10;
/// Bodies that a guest has begun and not sent, and that hold as much as one write may have; those beyond hold little. The host keeps
/// two writes of each outside the guest's memory, until they are sent.
const LARGE_BODIES: u32 = 8;
const LARGE_WRITE_BYTES: usize = 1 << 20;
const SMALL_WRITE_BYTES: usize = 4 << 10;
/// The most of one write to a body that the host takes at once, on WASI 0.3: the rest stays with the guest until it is sent.
const TASK_WRITE_BYTES: usize = 64 << 10;

/// One sandbox's state. It has no field that outlives the sandbox but the revision's `egress`, which a guest reaches only through
/// checked requests.
pub(super) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
    pub(super) memory: Memory,
    pub(super) original_body: Bytes,
}

/// Where `wasi:http` hands requests over to `egress`.
struct Hooks {
    egress: Arc<Egress>,
    meter: Arc<Meter>,
    /// Bodies begun and not sent.
    unsent: u32,
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
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELD_BYTES);
        Self { wasi, http, table, hooks: Hooks { egress, meter, unsent: 0 }, memory, original_body }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

type Unit = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    // The client of `egress` writes the host from the checked target.
    fn set_host_header(&mut self) -> bool {
        false
    }

    // Asked for once for each body that is begun.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        self.unsent = self.unsent.saturating_add(1);
        if self.unsent <= LARGE_BODIES { LARGE_WRITE_BYTES } else { SMALL_WRITE_BYTES }
    }

    // Held once for each body that is being sent.
    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        TASK_WRITE_BYTES
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Unit,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Unit), Error>> + Send> {
        // A request without a body gives none back.
        if !request.body().is_end_stream() {
            self.unsent = self.unsent.saturating_sub(1);
        }
        let (egress, meter) = (Arc::clone(&self.egress), Arc::clone(&self.meter));
        let patience = options.map_or(Patience::default(), |options| Patience {
            first_byte: options.first_byte_timeout,
            between_bytes: options.between_bytes_timeout,
        });
        Box::new(async move {
            let request =
                request.map(|body| body.map_err(|error| EgressError::Connection(Box::new(error))).boxed_unsync());
            let response = egress.send(meter, request, patience).await.map_err(wasi_error)?;
            let response = response.map(|body| body.map_err(wasi_error).boxed_unsync());
            Ok((response, Box::new(std::future::ready(Ok(()))) as Unit))
        })
    }
}

/// The nearest of wasi-http's error codes.
fn wasi_error(error: EgressError) -> Error {
    tracing::debug!(error = &error as &dyn std::error::Error, "egress failed");
    match error {
        EgressError::Denied => Error::HttpRequestDenied,
        EgressError::Invalid(_) => Error::HttpRequestUriInvalid,
        EgressError::TooManyRequests { .. } | EgressError::TooManyAtOnce { .. } | EgressError::TooManyConnections => {
            Error::ConnectionLimitReached
        }
        EgressError::TooManyBytesOut { limit } => Error::HttpRequestBodySize(Some(limit)),
        EgressError::TooManyBytesIn { limit } => Error::HttpResponseBodySize(Some(limit)),
        EgressError::NotResolved => Error::DnsError { rcode: None, info_code: None },
        EgressError::NotResolvedInTime => Error::DnsTimeout,
        EgressError::Refused => Error::ConnectionRefused,
        EgressError::NotConnectedInTime => Error::ConnectionTimeout,
        EgressError::TimedOut => Error::HttpResponseTimeout,
        EgressError::Tls => Error::TlsCertificateError,
        EgressError::Unscrubbable => Error::HttpResponseContentCoding(None),
        EgressError::Garbled => Error::HttpProtocolError,
        EgressError::HeadTooLarge => Error::HttpResponseHeaderSectionSize(None),
        EgressError::Connection(_) => Error::ConnectionTerminated,
    }
}
