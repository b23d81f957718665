//! What a Store holds: everything one guest can touch, in one struct.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::limits::Memory;
use crate::egress::{Egress, EgressError, Meter, Patience};

/// The resources that a guest may hold at one time: open requests, bodies, streams, pollables.
const MAX_RESOURCES: usize = 4096;

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
        Self { wasi, http: WasiHttpCtx::new(), table, hooks: Hooks { egress, meter }, memory, original_body }
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

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Unit,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Unit), Error>> + Send> {
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
