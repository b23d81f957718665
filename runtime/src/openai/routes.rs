//! The data plane's paths: read, dispatch, write. Every decision is made elsewhere.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;

use super::billed::Billed;
use super::error::{ApiError, write_receipt};
use super::estimate::HostEstimate;
use super::{
    AnswerContext, ChunkWriter, EmbedContext, MalformedAnswer, ParsedChat, ParsedEmbed, ServedModel, StreamOptions,
};
use crate::chat::Usage;
use crate::dispatch::{Admitted, Bill, Call, Dispatch, Next, Served, Stream};
use crate::intake::Intake;
use crate::sandbox::Receipt;

/// The id of one request, as the client sees it in `x-request-id`.
#[derive(Clone, Debug)]
pub struct RequestId(String);

#[derive(Clone)]
struct Api {
    dispatch: Arc<Dispatch>,
    intake: Intake,
    max_body_bytes: usize,
}

/// The OpenAI-compatible paths.
pub fn routes(dispatch: Arc<Dispatch>, intake: Intake, max_body_bytes: usize) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat_completions))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{*id}", get(show_model))
        .fallback(|| async { ApiError::UnknownPath })
        .method_not_allowed_fallback(|| async { ApiError::WrongMethod })
        .with_state(Api { dispatch, intake, max_body_bytes })
}

async fn chat_completions(
    State(api): State<Api>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = read_call(&api, id, request).await?;
    let parsed = super::parse_chat(&call.body)?;
    let admitted = api.dispatch.admit(&parsed.model).await?;
    if parsed.stream { stream(admitted, call, parsed).await } else { answer(admitted, call, parsed).await }
}

async fn answer(admitted: Admitted, call: Call, parsed: ParsedChat) -> Result<Response, ApiError> {
    let context = answer_context(&call, parsed.model);
    let estimate = HostEstimate::of_chat(call.body.clone());
    let Served { answer, bill } = admitted.complete(call, parsed.request).await?;
    let written = super::chat_completion(&context, answer, &estimate);
    settle(bill, written.map(|answer| (answer.body, answer.usage, answer.estimated)))
}

async fn stream(admitted: Admitted, call: Call, parsed: ParsedChat) -> Result<Response, ApiError> {
    let options = StreamOptions { n: parsed.request.n, include_usage: parsed.include_usage };
    let estimate = HostEstimate::of_chat(call.body.clone());
    let writer = ChunkWriter::new(answer_context(&call, parsed.model), options, estimate);
    let stream = admitted.stream(call, parsed.request).await?;
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that buffer (nginx) are asked not to.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if let Ok(revision) = HeaderValue::from_str(stream.revision()) {
        headers.insert("x-caisson-revision", revision);
    }
    // The body owns the sandbox: the client's reading drives the guest, and its leaving drops it (invariant 6).
    let chunks = futures_util::stream::unfold(Some((stream, writer)), next_chunk);
    Ok((headers, Body::from_stream(chunks)).into_response())
}

type Streaming = (Stream, ChunkWriter<HostEstimate>);

/// The next bytes of a stream; after its end or failure, none.
async fn next_chunk(state: Option<Streaming>) -> Option<(Result<Bytes, Infallible>, Option<Streaming>)> {
    let (mut stream, mut writer) = state?;
    let mut out = Vec::new();
    loop {
        let failed = match stream.next().await {
            Ok(Next::Events(events)) => match writer.write(events, &mut out) {
                Ok(()) if out.is_empty() => continue,
                Ok(()) => match stream.spend(out.len()) {
                    Ok(()) => return Some((Ok(out.into()), Some((stream, writer)))),
                    Err(limit) => {
                        out.clear();
                        let revision = stream.revision().to_owned();
                        ApiError::TooLong { limit, receipt: stream.abandon(), revision }
                    }
                },
                Err(answer) => {
                    let revision = stream.revision().to_owned();
                    ApiError::Malformed { answer, receipt: stream.abandon(), revision }
                }
            },
            Ok(Next::End(bill)) => match end(bill, &mut writer, &mut out) {
                Ok(()) => return Some((Ok(out.into()), None)),
                Err(error) => error,
            },
            Err(failed) => ApiError::Failed(failed),
        };
        tracing::debug!(error = %failed, "stream failed");
        super::write_error(&failed.to_json(), &mut out);
        return Some((Ok(out.into()), None));
    }
}

fn end(mut bill: Bill, writer: &mut ChunkWriter<HostEstimate>, out: &mut Vec<u8>) -> Result<(), ApiError> {
    match writer.finish(&receipt_comment(bill.receipt(), &bill.revision()), out) {
        Ok(counted) => {
            if let Some(usage) = &counted.usage {
                bill.note_tokens(usage, counted.estimated);
            }
            Ok(())
        }
        Err(answer) => Err(ApiError::Malformed { answer, receipt: bill.receipt().clone(), revision: bill.revision() }),
    }
}

async fn embeddings(
    State(api): State<Api>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = read_call(&api, id, request).await?;
    let ParsedEmbed { model, encoding, inputs, request } = super::parse_embeddings(&call.body)?;
    let admitted = api.dispatch.admit(&model).await?;
    let context = EmbedContext { model, encoding, inputs };
    let estimate = HostEstimate::of_embeddings(call.body.clone());
    let Served { answer, bill } = admitted.embed(call, request).await?;
    let written = super::embeddings(&context, answer, &estimate);
    settle(bill, written.map(|answer| (answer.body, answer.usage, answer.estimated)))
}

async fn list_models(State(api): State<Api>) -> Response {
    let snapshot = api.dispatch.snapshot();
    let named: Vec<_> = snapshot
        .models()
        .map(|(revision, info)| (format!("{}/{}", revision.deployment, info.id), revision, info))
        .collect();
    let models = named.iter().map(|(id, revision, info)| ServedModel {
        id,
        created: revision.created,
        owned_by: &revision.deployment,
        info: Some(info),
    });
    let aliased: Vec<_> =
        snapshot.aliases().filter_map(|(alias, name)| Some((alias, snapshot.resolve(name).ok()?.0))).collect();
    let aliases = aliased.iter().map(|(alias, revision)| ServedModel {
        id: alias,
        created: revision.created,
        owned_by: &revision.deployment,
        info: None,
    });
    plain_json(super::model_list(models.chain(aliases)))
}

async fn show_model(State(api): State<Api>, Path(id): Path<String>) -> Result<Response, ApiError> {
    let (revision, model) = api.dispatch.snapshot().resolve(&id).map_err(|error| ApiError::Refused(error.into()))?;
    let info = revision.component.info.models.iter().find(|known| known.id == model);
    Ok(plain_json(super::model(ServedModel {
        id: &id,
        created: revision.created,
        owned_by: &revision.deployment,
        info,
    })))
}

/// Reads a request's body.
async fn read_call(api: &Api, RequestId(request_id): RequestId, request: Request) -> Result<Call, ApiError> {
    let (parts, body) = request.into_parts();
    let body = api.intake.read(&parts.headers, body, api.max_body_bytes).await?;
    Ok(Call { request_id, headers: parts.headers, body })
}

/// Sends a written answer with its receipt, or says that it couldn't be written.
fn settle(mut bill: Bill, written: Result<(Vec<u8>, Usage, bool), MalformedAnswer>) -> Result<Response, ApiError> {
    match written {
        Ok((body, ..)) if body.len() as u64 > bill.answer_bytes() => Err(ApiError::TooLong {
            limit: bill.answer_bytes(),
            receipt: bill.receipt().clone(),
            revision: bill.revision(),
        }),
        Ok((body, usage, estimated)) => {
            bill.note_tokens(&usage, estimated);
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            write_receipt(&mut headers, bill.receipt(), &bill.revision());
            Ok((headers, Body::new(Billed::new(body, bill))).into_response())
        }
        Err(answer) => Err(ApiError::Malformed { answer, receipt: bill.receipt().clone(), revision: bill.revision() }),
    }
}

fn answer_context(call: &Call, model: String) -> AnswerContext {
    let id = call.request_id.replacen("req_", "chatcmpl-", 1);
    let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    AnswerContext { id, created, model }
}

fn plain_json(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// The receipt of a stream, for the SSE comment before `[DONE]`.
fn receipt_comment(receipt: &Receipt, revision: &str) -> String {
    format!(
        "caisson fuel={} memory={} bytes-out={} bytes-in={} time-ms={} revision={revision}",
        receipt.fuel,
        receipt.memory,
        receipt.bytes_out,
        receipt.bytes_in,
        receipt.time.as_millis()
    )
}

impl RequestId {
    /// A new one: 128 bits that nobody else can tell beforehand, from a secret of this process and a count. Each from the system's
    /// random numbers would be a system call.
    pub fn new() -> Self {
        static SECRET: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let [high, low] = SECRET.each_ref().map(|secret| secret.hash_one(count));
        Self(format!("req_{high:016x}{low:016x}"))
    }

    /// This very one: where the same request has to be the same each time.
    pub(crate) fn fixed(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}
