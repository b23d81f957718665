//! The control plane: `/admin/v1`, JSON in and out, every request with the admin key.
//!
//! Handlers translate between HTTP and [`Deployments`] and decide nothing themselves. Secrets go in and never come out. A push is
//! `PUT /admin/v1/adapters/{name}` with the component as its body, or as the part `component` of a multipart form whose part
//! `config` says what else changes; the form makes one revision of both. A client that asks for lines is told of its [`progress`].

mod error;
mod progress;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, extract::DefaultBodyLimit};
use bytes::Bytes;
use http_body_util::Limited;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroize;

use crate::deployments::{AdminKey, Change, Deployments, LimitsChange};
use crate::intake::Intake;
use error::AdminError;
use view::{DeploymentView, KeyView, ListView, MadeView, RevisionView};

/// The largest JSON body; a component may be larger.
const MAX_JSON_BYTES: usize = 1 << 20;

/// What the handlers share.
#[derive(Clone)]
pub struct Admin {
    /// What they act on.
    pub deployments: Arc<Deployments>,
    /// Who may.
    pub key: AdminKey,
    /// The largest component, in bytes.
    pub max_upload_bytes: usize,
    /// Reads bodies.
    pub intake: Intake,
}

/// The routes below `/admin/v1`, behind the admin key.
pub fn routes(admin: Admin) -> Router {
    let routes = Router::new()
        .route("/adapters", get(list))
        .route("/adapters/{name}", put(push).patch(change).get(show).delete(remove))
        .route("/adapters/{name}/revisions", get(revisions))
        .route("/adapters/{name}/activate", post(activate))
        .route("/adapters/{name}/grants", put(grants))
        .route("/adapters/{name}/credentials", put(credentials))
        .route("/adapters/{name}/limits", put(limits))
        .route("/adapters/{name}/settings", put(settings))
        .route("/keys", get(keys).post(create_key))
        .route("/keys/{id}", axum::routing::delete(revoke_key))
        .fallback(|| async { AdminError::NoSuchPath })
        .method_not_allowed_fallback(|| async { AdminError::NoSuchMethod })
        // Every handler that reads a body has its own limit.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(admin.clone(), authorise))
        .with_state(admin);
    Router::new().nest("/admin/v1", routes)
}

async fn authorise(State(admin): State<Admin>, request: Request, next: Next) -> Response {
    let presented = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    match presented {
        Some(key) if admin.key.is(key) => next.run(request).await,
        _ => AdminError::Unauthorised.into_response(),
    }
}

async fn list(State(admin): State<Admin>) -> Result<Json<ListView>, AdminError> {
    let deployments = admin.deployments.list()?;
    Ok(Json(ListView { adapters: deployments.iter().map(DeploymentView::of).collect() }))
}

async fn show(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Json<MadeView>, AdminError> {
    Ok(Json(MadeView::of(admin.deployments.show(&name).await?)))
}

async fn push(State(admin): State<Admin>, Path(name): Path<String>, request: Request) -> Result<Response, AdminError> {
    let form =
        request.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data"));
    let lines_wanted = progress::is_wanted(request.headers());
    // A form is taken apart as it comes, by a reader that knows no budget, so what it may hold is set aside first.
    let charge =
        if form { admin.intake.reserve(request.headers(), admin.max_upload_bytes)? } else { admin.intake.nothing() };
    let (component, change) = if form {
        let reading = read_form(request, admin.max_upload_bytes);
        tokio::time::timeout(admin.intake.total(), reading).await.map_err(|_| AdminError::TooSlow)??
    } else {
        (read_body(&admin, request, admin.max_upload_bytes).await?, Change::default())
    };
    if !lines_wanted {
        let made = admin.deployments.push(&name, component, change, &|_| {}).await?;
        drop(charge);
        return Ok((StatusCode::CREATED, Json(MadeView::of(made))).into_response());
    }
    Ok(progress::lines(|stages| async move {
        // Nobody listens any more only where nobody waits any more.
        let told = |stage| {
            let _ = stages.send(stage);
        };
        let made = admin.deployments.push(&name, component, change, &told).await?;
        drop(charge);
        serde_json::to_value(MadeView::of(made)).map_err(AdminError::Json)
    }))
}

async fn change(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    let change: Change = read_json(&admin, request).await?;
    apply(&admin, &name, change).await
}

async fn grants(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct Grants {
        grants: Vec<String>,
        allow_private: Option<bool>,
    }
    let Grants { grants, allow_private } = read_json(&admin, request).await?;
    apply(&admin, &name, Change { grants: Some(grants), allow_private, ..Change::default() }).await
}

async fn credentials(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    apply(&admin, &name, Change { credentials: read_json(&admin, request).await?, ..Change::default() }).await
}

async fn limits(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    let limits: LimitsChange = read_json(&admin, request).await?;
    apply(&admin, &name, Change { limits: Some(limits), ..Change::default() }).await
}

async fn settings(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    apply(&admin, &name, Change { settings: read_json(&admin, request).await?, ..Change::default() }).await
}

async fn apply(admin: &Admin, name: &str, change: Change) -> Result<Json<MadeView>, AdminError> {
    Ok(Json(MadeView::of(admin.deployments.change(name, change).await?)))
}

async fn remove(State(admin): State<Admin>, Path(name): Path<String>) -> Result<StatusCode, AdminError> {
    admin.deployments.remove(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revisions(State(admin): State<Admin>, Path(name): Path<String>) -> Result<Response, AdminError> {
    let revisions: Vec<RevisionView> = admin.deployments.revisions(&name)?.into_iter().map(RevisionView::of).collect();
    Ok(Json(serde_json::json!({ "name": name, "revisions": revisions })).into_response())
}

async fn activate(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<MadeView>, AdminError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Activate {
        revision: u32,
        #[serde(default)]
        force: bool,
    }
    let Activate { revision, force } = read_json(&admin, request).await?;
    Ok(Json(MadeView::of(admin.deployments.activate(&name, revision, force).await?)))
}

async fn keys(State(admin): State<Admin>) -> Result<Response, AdminError> {
    let keys = admin.deployments.keys()?;
    Ok(Json(serde_json::json!({ "keys": keys })).into_response())
}

async fn create_key(State(admin): State<Admin>, request: Request) -> Result<Response, AdminError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Create {
        #[serde(default)]
        label: String,
    }
    let Create { label } = read_json(&admin, request).await?;
    let (listed, key) = admin.deployments.create_key(&label)?;
    Ok((StatusCode::CREATED, Json(KeyView { listed, key })).into_response())
}

async fn revoke_key(State(admin): State<Admin>, Path(id): Path<String>) -> Result<StatusCode, AdminError> {
    admin.deployments.revoke_key(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read_json<T: DeserializeOwned>(admin: &Admin, request: Request) -> Result<T, AdminError> {
    let body = read_body(admin, request, MAX_JSON_BYTES).await?;
    let parsed = if body.is_empty() { parse(b"{}") } else { parse(&body) };
    forget(body);
    parsed
}

/// Reads an object; serde alone would also take a list, its items as the fields in order.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AdminError> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(AdminError::NoObject);
    }
    serde_json::from_slice(body).map_err(AdminError::Json)
}

/// Overwrites bytes that may hold a secret, if nothing else uses their buffer: a connection that still reads into it does.
fn forget(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
}

/// A body of at most `limit` bytes; reading stops at the first byte beyond.
async fn read_body(admin: &Admin, request: Request, limit: usize) -> Result<Bytes, AdminError> {
    let (parts, body) = request.into_parts();
    Ok(admin.intake.read(&parts.headers, body, limit).await?)
}

async fn read_form(request: Request, limit: usize) -> Result<(Bytes, Change), AdminError> {
    let (parts, body) = request.into_parts();
    // The form's own framing and its configuration come on top of the component.
    let request = Request::from_parts(parts, Body::new(Limited::new(body, limit + MAX_JSON_BYTES)));
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| AdminError::Form(error.body_text()))?;
    let (mut component, mut change) = (None, Change::default());
    while let Some(field) = form.next_field().await.map_err(|error| AdminError::Form(error.body_text()))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => AdminError::TooLarge { limit },
            _ => AdminError::Form(error.body_text()),
        })?;
        match name.as_str() {
            "component" if bytes.len() > limit => return Err(AdminError::TooLarge { limit }),
            "component" => component = Some(bytes),
            "config" => {
                let parsed = parse(&bytes);
                forget(bytes);
                change = parsed?;
            }
            other => {
                return Err(AdminError::Form(format!(
                    "unknown part `{other}`; the parts are `component` and `config`"
                )));
            }
        }
    }
    Ok((component.ok_or_else(|| AdminError::Form("the part `component` is missing".into()))?, change))
}
