//! The listeners: accept, name each request, tell who calls, hand it to `openai` or `admin`.
//!
//! One task a connection. A signal stops the listeners, lets running requests finish for a grace period, then closes. Nothing here
//! reads a body or knows a model.

mod gate;
mod stall;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, middleware};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::admin::{self, Admin};
use crate::config::Config;
use crate::deployments::{AdminKey, Deployments};
use crate::dispatch::Dispatch;
use crate::openai;
use crate::telemetry::Metrics;

pub use gate::Peer;
use stall::Stalling;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// After a failed `accept`: out of file descriptors, most often.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bound listeners, not yet serving.
pub struct Server {
    data: TcpListener,
    control: Option<TcpListener>,
    data_routes: Router,
    control_routes: Router,
    grace: Duration,
}

/// What the routes of both planes need.
pub struct Parts {
    /// What is deployed.
    pub deployments: Arc<Deployments>,
    /// Who may administer.
    pub admin_key: AdminKey,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

impl Server {
    /// Binds what the configuration says. Port 0 takes a free one.
    pub async fn bind(config: &Config, parts: Parts) -> io::Result<Self> {
        let Parts { deployments, admin_key, metrics } = parts;
        let data = TcpListener::bind(config.listen).await?;
        let control = match config.admin_listen {
            Some(address) => Some(TcpListener::bind(address).await?),
            None => None,
        };
        let admin = Admin {
            deployments: Arc::clone(&deployments),
            key: admin_key.clone(),
            max_upload_bytes: config.max_upload_bytes,
        };
        let control_routes = admin::routes(admin);
        let dispatch = Dispatch::new(Arc::clone(&deployments), config.max_sandboxes, Arc::clone(&metrics));
        let gate = gate::Gate { deployments, admin_key };
        let callers = openai::routes(Arc::new(dispatch), config.max_body_bytes)
            .layer(middleware::from_fn_with_state(gate.clone(), gate::callers_only));
        let shown = Router::new()
            .route("/metrics", get(show_metrics))
            .with_state(metrics)
            .layer(middleware::from_fn_with_state(gate, gate::observers_only));
        let data_routes = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(|| async { "ok\n" }))
            .merge(shown)
            .merge(callers)
            .layer(middleware::from_fn(gate::name_request));
        Ok(Self {
            data,
            control,
            data_routes,
            control_routes,
            grace: Duration::from_secs(config.shutdown_grace_seconds),
        })
    }

    /// Where the data plane listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.data.local_addr()
    }

    /// Where the control plane listens.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.control.as_ref().unwrap_or(&self.data).local_addr()
    }

    /// Serves until `stop` resolves, then lets running requests finish within the grace period.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        match self.control {
            None => {
                let routes = self.control_routes.merge(self.data_routes);
                tokio::select! {
                    () = accept(&self.data, &routes, &graceful) => {}
                    () = &mut stop => {}
                }
            }
            Some(control) => tokio::select! {
                () = accept(&self.data, &self.data_routes, &graceful) => {}
                () = accept(&control, &self.control_routes, &graceful) => {}
                () = &mut stop => {}
            },
        }
        drop(self.data);
        if tokio::time::timeout(self.grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("the grace period is over; remaining requests are cut off");
        }
    }
}

/// Accepts connections for ever.
async fn accept(listener: &TcpListener, routes: &Router, graceful: &GracefulShutdown) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => serve_connection(stream, peer, routes, graceful),
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn serve_connection(stream: TcpStream, peer: SocketAddr, routes: &Router, graceful: &GracefulShutdown) {
    // A token is smaller than a segment; it should leave at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = TowerToHyperService::new(routes.clone().layer(Extension(Peer(peer))));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let connection = builder.serve_connection(TokioIo::new(Stalling::new(stream)), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, %peer, "connection ended");
        }
    });
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], metrics.encode()).into_response()
}
