//! Where control-plane errors become HTTP: one status, one code and one message for each, the details in the log.

use axum::Json;
use axum::http::header::{CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use serde_json::{Value, json};

use crate::deployments::DeployError;
use crate::intake::IntakeError;
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
    #[error("the body came too slowly; send it again")]
    TooSlow,
    #[error("other uploads take all the memory set aside for them; try again when they are through")]
    Full,
    #[error("the body is no such JSON: {}", without_values(.0))]
    Json(serde_json::Error),
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
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            Self::Json(_) | Self::NoObject | Self::Form(_) => (StatusCode::BAD_REQUEST, "invalid_body"),
            Self::Deploy(error) => deploy_status(error),
        }
    }
}

/// What is wrong with a body, without what stands in it: serde quotes the value that it found, and that may be a secret which is
/// only in the wrong place. Names of fields are quoted.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let quotes_a_value =
        ["invalid type: ", "invalid value: ", "invalid length "].iter().any(|kind| text.starts_with(kind));
    match text.rsplit_once(", expected ") {
        // From the right: what was expected is our own text, what was found isn't.
        Some((_, expected)) if quotes_a_value => format!("expected {expected}"),
        _ => text,
    }
}

fn deploy_status(error: &DeployError) -> (StatusCode, &'static str) {
    match error {
        DeployError::Name(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_name"),
        DeployError::Unknown(_) => (StatusCode::NOT_FOUND, "unknown_deployment"),
        DeployError::UnknownRevision(..) => (StatusCode::NOT_FOUND, "unknown_revision"),
        DeployError::Unfit(..) => (StatusCode::CONFLICT, "check_failed"),
        DeployError::UnknownKey(_) => (StatusCode::NOT_FOUND, "unknown_key"),
        DeployError::Compile(CompileError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        DeployError::Compile(CompileError::Jail(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "compiler_not_started"),
        DeployError::Compile(CompileError::Engine(_)) => (StatusCode::INTERNAL_SERVER_ERROR, "engine_failed"),
        DeployError::Compile(error) => (StatusCode::UNPROCESSABLE_ENTITY, compile_code(error)),
        DeployError::Describe(_) => (StatusCode::UNPROCESSABLE_ENTITY, "describe_failed"),
        DeployError::Change(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_configuration"),
        DeployError::Database(error) if error.is_busy() => (StatusCode::SERVICE_UNAVAILABLE, "storage_busy"),
        DeployError::Artifact(_) | DeployError::Database(_) | DeployError::Folder(..) | DeployError::Locked(_) => {
            (StatusCode::INSUFFICIENT_STORAGE, "storage_failed")
        }
        DeployError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        DeployError::ShortAdminKey | DeployError::Random(_) => (StatusCode::INTERNAL_SERVER_ERROR, "host_failed"),
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
        CompileError::Contract { .. } => "contract_version",
        CompileError::Export(_) => "missing_export",
        CompileError::Off => "world_off",
        CompileError::Bound { .. } => "compile_limit",
        CompileError::Compiler(_) => "compiler_failed",
        CompileError::Busy => "overloaded",
        CompileError::Jail(_) => "compiler_not_started",
        CompileError::Engine(_) => "engine_failed",
    }
}

impl From<IntakeError> for AdminError {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::TooLarge { limit } => Self::TooLarge { limit },
            IntakeError::Incomplete => Self::Incomplete,
            IntakeError::TooSlow => Self::TooSlow,
            IntakeError::Full => Self::Full,
        }
    }
}

impl AdminError {
    /// The status and the body. Logs what is not the client's doing.
    pub(super) fn to_json(&self) -> (StatusCode, Value) {
        let (status, code) = self.status_and_code();
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(error = self as &dyn std::error::Error, code, "control plane");
        }
        (status, json!({ "error": { "message": self.to_string(), "code": code } }))
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let (status, body) = self.to_json();
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        match self {
            Self::Unauthorised => {
                drop(response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            // The rest of the body was not read.
            Self::TooLarge { .. } | Self::Incomplete | Self::TooSlow | Self::Full => {
                drop(response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close")))
            }
            Self::Deploy(DeployError::Database(error)) if error.is_busy() => {
                drop(response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static("1")))
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;
    use crate::deployments::Change;

    #[test]
    fn what_is_wrong_with_a_body_is_said_without_the_values_in_it() {
        for (body, said) in [
            (r#"{"credentials":"sk-secret"}"#, "expected a map at line 1"),
            (r#"{"credentials":{"api-key":12345678}}"#, "expected a string at line 1"),
            (r#"{"credentials":{"api-key":["sk-secret"]}}"#, "expected a string at line 1"),
            (r#"{"grants":"sk-secret, expected sk-secret"}"#, "expected a sequence at line 1"),
            (r#"{"limits":{"fuel":"sk-secret"}}"#, "expected u64 at line 1"),
            (r#"{"settings":{"a":"sk-secret"#, "EOF while parsing a string at line 1"),
            (r#"{"grant-requestd":true}"#, "unknown field `grant-requestd`"),
        ] {
            let error = serde_json::from_str::<Change>(body).unwrap_err();
            let message = AdminError::Json(error).to_string();
            assert!(message.contains(said), "{message}");
            assert!(!message.contains("sk-secret") && !message.contains("12345678"), "{message}");
        }
    }
}
