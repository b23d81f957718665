//! An upload's progress, for whoever asks with `accept: application/x-ndjson`: a line of JSON for each stage as it begins
//! (`{"stage":"compiling"}`), and at the end one with the status and the answer that would have come alone
//! (`{"status":201,"answer":{…}}`).
//!
//! The status line is long gone when an upload is refused, so the last line's `status` is what counts. Leaving ends the work.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::AdminError;
use crate::deployments::Stage;

const LINES: &str = "application/x-ndjson";

/// Whether a client wants lines.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(LINES)))
}

/// Answers with the lines of `work`, which sends its stages.
pub(super) fn lines<W>(work: impl FnOnce(mpsc::UnboundedSender<Stage>) -> W) -> Response
where
    W: Future<Output = Result<Value, AdminError>> + Send + 'static,
{
    let (sender, stages) = mpsc::unbounded_channel();
    let running = Running { stages, work: Some(Box::pin(work(sender))), end: None };
    let lines =
        futures_util::stream::unfold(running, |mut running| async move { Some((running.next().await?, running)) });
    let lines = lines.map(|line| Ok::<_, std::convert::Infallible>(Bytes::from(format!("{line}\n"))));
    ([(CONTENT_TYPE, LINES)], Body::from_stream(lines)).into_response()
}

/// The work until it is done, then its last line until that is told.
struct Running {
    stages: mpsc::UnboundedReceiver<Stage>,
    work: Option<BoxFuture<'static, Result<Value, AdminError>>>,
    end: Option<Value>,
}

impl Running {
    async fn next(&mut self) -> Option<Value> {
        if let Some(work) = &mut self.work {
            tokio::select! {
                biased;
                Some(stage) = self.stages.recv() => return Some(json!({ "stage": name(stage) })),
                outcome = work => self.end = Some(last_line(outcome)),
            }
            self.work = None;
        }
        // Stages that began in the same breath as the end come before it.
        match self.stages.try_recv() {
            Ok(stage) => Some(json!({ "stage": name(stage) })),
            Err(_) => self.end.take(),
        }
    }
}

fn last_line(outcome: Result<Value, AdminError>) -> Value {
    match outcome {
        Ok(answer) => json!({ "status": StatusCode::CREATED.as_u16(), "answer": answer }),
        Err(error) => {
            let (status, answer) = error.to_json();
            json!({ "status": status.as_u16(), "answer": answer })
        }
    }
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Checking => "checking",
        Stage::Compiling => "compiling",
        Stage::Describing => "describing",
        Stage::Playing => "playing",
        Stage::Storing => "storing",
    }
}
