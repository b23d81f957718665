//! The listeners: accept, name each request, tell who calls, hand it to `openai` or `admin`.
//!
//! One task a connection. A signal stops the listeners, lets running requests finish for a grace period, then closes. Nothing here
//! reads a body or knows a model.

mod activity;
mod connections;
mod descriptors;
mod gate;
mod stall;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admin::{self, Admin};
use crate::config::Config;
use crate::deployments::{AdminKey, Deployments};
use crate::dispatch::Dispatch;
use crate::intake::Intake;
use crate::openai;
use crate::telemetry::Metrics;

use connections::{Clients, Patience};
pub use gate::Peer;

/// Connections of a control plane that has its own address.
const CONTROL_CONNECTIONS: usize = 256;
/// The largest uploads that the control plane holds at one time; further ones are told to come again.
const UPLOADS: usize = 4;

/// Bound listeners, not yet serving.
pub struct Server {
    data: TcpListener,
    control: Option<TcpListener>,
    data_routes: Router,
    control_routes: Router,
    connections: usize,
    patience: Patience,
    metrics: Arc<Metrics>,
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
        let seconds = Duration::from_secs;
        let patience = Patience { stall: seconds(config.client_stall_seconds), idle: seconds(config.idle_seconds) };
        let body_time = seconds(config.body_seconds);
        let intake = |bytes: usize| Intake::new(bytes, patience.stall, body_time, metrics.buffered.clone());
        let admin = Admin {
            deployments: Arc::clone(&deployments),
            key: admin_key.clone(),
            max_upload_bytes: config.max_upload_bytes,
            // Its own: callers that fill theirs don't keep an operator from pushing.
            intake: intake(config.max_upload_bytes.saturating_mul(UPLOADS)),
        };
        let control_routes = admin::routes(admin);
        let dispatch = Dispatch::new(deployments.published(), config.max_sandboxes, Arc::clone(&metrics));
        let gate = gate::Gate { deployments, admin_key };
        let callers = openai::routes(Arc::new(dispatch), intake(config.max_buffered_bytes), config.max_body_bytes)
            .layer(middleware::from_fn_with_state(gate.clone(), gate::callers_only));
        let shown = Router::new()
            .route("/metrics", get(show_metrics))
            .with_state(Arc::clone(&metrics))
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
            connections: descriptors::connections(
                config.max_connections,
                descriptors::raise_limit(),
                config.max_sandboxes,
            ),
            patience,
            metrics,
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
        let (stopping, told) = watch::channel(());
        let clients = |routes, most| Clients::new(routes, most, self.patience, Arc::clone(&self.metrics), told.clone());
        let mut stop = std::pin::pin!(stop);
        match self.control {
            None => {
                let routes = self.control_routes.merge(self.data_routes);
                tokio::select! {
                    () = clients(routes, self.connections).accept(&self.data) => {}
                    () = &mut stop => {}
                }
            }
            Some(control) => tokio::select! {
                () = clients(self.data_routes, self.connections).accept(&self.data) => {}
                () = clients(self.control_routes, CONTROL_CONNECTIONS).accept(&control) => {}
                () = &mut stop => {}
            },
        }
        drop((self.data, told));
        stopping.send_replace(());
        // Each connection holds a receiver.
        if tokio::time::timeout(self.grace, stopping.closed()).await.is_err() {
            tracing::warn!("the grace period is over; remaining requests are cut off");
        }
    }
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], metrics.encode()).into_response()
}
