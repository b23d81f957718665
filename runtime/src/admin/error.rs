//! Where control-plane errors become HTTP: one status, one code and one message for each, the details in the log.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};

use crate::deployments::DeployError;
use crate::sandbox::CompileError;

/// Why a control-plane request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error("the control plane needs the admin key, sent as `authorization: Bearer …`")]
    Unauthorised,
    #[error("no such path in the control plane")]
    NoSuchPath,
    #[error("this path doesn't take that method")]
    NoSuchMethod,
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body broke off")]
    Incomplete,
    #[error("the body is no such JSON: {0}")]
    Json(#[source] serde_json::Error),
    #[error("the body must be a JSON object")]
    NoObject,
    #[error("the form can't be read: {0}")]
    Form(String),
    #[error(transparent)]
    Deploy(#[from] DeployError),
}

impl AdminError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorised => (StatusCode::UNAUTHORIZED, "invalid_admin_key"),
            Self::NoSuchPath => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::TooLarge { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "upload_too_large"),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "incomplete_body"),
            Self::Json(_) | Self::NoObject | Self::Form(_) => (StatusCode::BAD_REQUEST, "invalid_body"),
            Self::Deploy(error) => deploy_status(error),
        }
    }
}

fn deploy_status(error: &DeployError) -> (StatusCode, &'static str) {
    match error {
        DeployError::Name(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_name"),
        DeployError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown_deployment"),
        DeployError::UnknownRevision(..) => (StatusCode::NOT_FOUND, "unknown_revision"),
        DeployError::UnknownKey(_) => (StatusCode::NOT_FOUND, "unknown_key"),
        DeployError::Compile(CompileError::Engine(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "engine_failed"),
        DeployError::Compile(error) => (StatusCode::UNPROCESSABLE_ENTITY, compile_code(error)),
        DeployError::Describe(_) => (StatusCode::UNPROCESSABLE_ENTITY, "describe_failed"),
        DeployError::Change(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_configuration"),
        DeployError::Artifact(_) | DeployError::Database(_) | DeployError::Folder(..) | DeployError::Locked(_) => {
            (StatusCode::INSUFFICIENT_STORAGE, "storage_failed")
        }
        DeployError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        DeployError::ShortAdminKey | DeployError::Random(_) | DeployError::Interrupted(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "host_failed")
        }
    }
}

fn compile_code(error: &CompileError) -> &'static str {
    match error {
        CompileError::NotWasm => "not_wasm",
        CompileError::CoreModule => "core_module",
        CompileError::Precompiled => "precompiled",
        CompileError::Invalid(_) => "invalid_component",
        CompileError::TooComplex { .. } => "component_too_complex",
        CompileError::Import(_) => "unknown_import",
        CompileError::Export(_) => "missing_export",
        CompileError::Engine(_) => "engine_failed",
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, code, "control plane");
        }
        let body = serde_json::json!({ "error": { "message": self.to_string(), "code": code } });
        let mut response = (status, Json(body)).into_response();
        match self {
            Self::Unauthorised => {
                drop(response.headers_mut().insert(WWW_AUTHENTICATE, axum::http::HeaderValue::from_static("Bearer")))
            }
            // The rest of the body was not read.
            Self::TooLarge { .. } => {
                drop(response.headers_mut().insert(CONNECTION, axum::http::HeaderValue::from_static("close")))
            }
            _ => {}
        }
        response
    }
}
