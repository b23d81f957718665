//! From a model's name to an answer: resolve, admit, enter a fresh sandbox, call it.
//!
//! The revision is chosen once, from one snapshot. The permit and the count of the request live in [`Run`], which an answer being
//! streamed owns to its last byte (invariant 7); dropping it at any moment gives the slot back and counts what happened.

mod queue;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use crate::chat;
use crate::deployments::{NotFound, Published, Revision, Snapshot};
use crate::sandbox::{EventStream, Failure, Fault, Receipt, Sandbox, Terms};
use crate::telemetry::{Finished, Metrics, Tokens};
use queue::Queues;

/// How often an overdue stream is looked at that was in use when its time was over.
const REAP_AGAIN: Duration = Duration::from_secs(1);

/// Takes requests to sandboxes.
pub struct Dispatch {
    published: Published,
    slots: Arc<Semaphore>,
    queues: Queues,
    metrics: Arc<Metrics>,
}

/// What surrounds one request of a client.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Unique; the client sees it as `x-request-id`.
    pub request_id: String,
    /// The client's headers.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub body: Bytes,
}

/// A request that has a revision and a slot, and no sandbox yet.
pub struct Admitted {
    /// The model's name without its prefix.
    pub model: String,
    run: Run,
}

/// An answer, and the request's hold on its slot until the answer is written.
pub struct Served<T> {
    /// What the adapter answered.
    pub answer: T,
    /// Who answered and what it cost.
    pub bill: Bill,
}

/// Who answered, what it cost, and the tokens once they are known. Counted when dropped.
pub struct Bill(Run);

/// A streamed answer. Dropping it closes everything down to the upstream connection.
///
/// A client that stops reading never asks for the next events, so the deadline that a running call obeys would never be looked at:
/// a task of its own takes the sandbox away when the time is over.
pub struct Stream {
    idle: Arc<Mutex<Option<Streaming>>>,
    answer_bytes: u64,
    left: u64,
    revision: String,
    reaper: AbortHandle,
}

/// What comes next in a stream.
pub enum Next {
    /// Events; possibly none.
    Events(Vec<chat::Event>),
    /// The end, and what it cost.
    End(Bill),
}

/// What a stream holds: the sandbox, and the request's slot.
struct Streaming {
    events: EventStream,
    run: Run,
}

/// Why there was no answer.
#[derive(Debug)]
pub struct Failed {
    /// What happened.
    pub fault: Fault,
    /// What it cost nevertheless.
    pub receipt: Receipt,
    /// Who failed, as `deployment@revision`.
    pub revision: String,
}

/// Why a request got no slot.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing serves that model.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// As many requests are running as may.
    #[error("all sandboxes are in use; try again in a moment")]
    Busy,
    /// As many of the deployment's requests are running and waiting as may.
    #[error("`{0}` has as many requests as it may, running and waiting; try again in a moment")]
    DeploymentBusy(Arc<str>),
}

/// One request's hold on its revision and its slot.
struct Run {
    revision: Arc<Revision>,
    metrics: Arc<Metrics>,
    started: Instant,
    outcome: &'static str,
    receipt: Receipt,
    tokens: Tokens,
    _permits: [OwnedSemaphorePermit; 2],
}

impl Dispatch {
    /// At most `sandboxes` requests run at one time.
    pub fn new(published: Published, sandboxes: u32, metrics: Arc<Metrics>) -> Self {
        Self { published, slots: Arc::new(Semaphore::new(sandboxes as usize)), queues: Queues::default(), metrics }
    }

    /// What is being served, for listings.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.published.now()
    }

    /// Finds who serves `model`, waits for a turn in its queue, and takes a slot.
    pub async fn admit(&self, model: &str) -> Result<Admitted, Refusal> {
        let (revision, model) = self.published.now().resolve(model)?;
        let queue = self.queues.of(&revision.deployment, &revision.limits);
        let turn = queue.turn().await.map_err(|_| Refusal::DeploymentBusy(Arc::clone(&revision.deployment)))?;
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        Ok(Admitted { model, run: Run::new(revision, Arc::clone(&self.metrics), [turn, slot]) })
    }
}

impl Refusal {
    /// Whether only the operator can mend it: the deployment exists, and can't be loaded.
    pub fn is_the_operators(&self) -> bool {
        matches!(self, Self::NotFound(NotFound::Broken { .. }))
    }
}

impl Admitted {
    /// One whole answer.
    pub async fn complete(
        self,
        call: Call,
        mut request: chat::ChatRequest,
    ) -> Result<Served<chat::ChatResponse>, Failed> {
        let Self { model, run } = self;
        request.model = model;
        let (sandbox, context, run) = run.enter(call).await?;
        run.finish(sandbox.complete(context, request).await)
    }

    /// The beginning of a streamed answer. An error up to here still becomes an HTTP status.
    pub async fn stream(self, call: Call, mut request: chat::ChatRequest) -> Result<Stream, Failed> {
        let Self { model, run } = self;
        request.model = model;
        let (sandbox, context, run) = run.enter(call).await?;
        match sandbox.open_stream(context, request).await {
            Ok(events) => Ok(Stream::new(events, run)),
            Err(failure) => Err(run.failed(failure)),
        }
    }

    /// Embedding vectors.
    pub async fn embed(
        self,
        call: Call,
        mut request: chat::EmbedRequest,
    ) -> Result<Served<chat::EmbedResponse>, Failed> {
        let Self { model, run } = self;
        request.model = model;
        let (sandbox, context, run) = run.enter(call).await?;
        run.finish(sandbox.embed(context, request).await)
    }
}

impl Stream {
    fn new(events: EventStream, run: Run) -> Self {
        let (deadline, revision, answer_bytes) = (events.deadline(), run.label(), run.revision.limits.answer_bytes);
        let idle = Arc::new(Mutex::new(Some(Streaming { events, run })));
        let reaped = Arc::clone(&idle);
        let reaper = tokio::spawn(async move {
            tokio::time::sleep_until(deadline).await;
            loop {
                if let Some(mut streaming) = take(&reaped) {
                    streaming.run.outcome = "deadline";
                    break;
                }
                // A call is running, which obeys the deadline itself; it may just have ended in time.
                tokio::time::sleep(REAP_AGAIN).await;
            }
        });
        Self { idle, answer_bytes, left: answer_bytes, revision, reaper: reaper.abort_handle() }
    }

    /// Waits for the next events. Not to be called again after the end or a failure.
    pub async fn next(&mut self) -> Result<Next, Failed> {
        let Some(Streaming { events, mut run }) = take(&self.idle) else {
            return Err(Failed {
                fault: Fault::Deadline,
                receipt: Receipt::default(),
                revision: self.revision.clone(),
            });
        };
        match events.next().await {
            Ok((events, Some(batch))) => {
                run.receipt = events.receipt();
                *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(Streaming { events, run });
                Ok(Next::Events(batch))
            }
            Ok((events, None)) => {
                run.receipt = events.receipt();
                run.outcome = "ok";
                Ok(Next::End(Bill(run)))
            }
            Err(failure) => Err(run.note(failure)),
        }
    }

    /// Who answers, as `deployment@revision`.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Counts bytes of the answer against its limit, which is given back where they are too many.
    pub fn spend(&mut self, bytes: usize) -> Result<(), u64> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(self.answer_bytes)?;
        Ok(())
    }

    /// Gives up on the stream, whose events can't be put on the wire; what it cost so far.
    pub fn abandon(self) -> Receipt {
        let Some(mut streaming) = take(&self.idle) else { return Receipt::default() };
        streaming.run.outcome = "malformed";
        streaming.run.receipt.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Not left to the reaper's own end: the upstream connection closes now.
        drop(take(&self.idle));
        self.reaper.abort();
    }
}

fn take(idle: &Mutex<Option<Streaming>>) -> Option<Streaming> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Bill {
    /// What it cost.
    pub fn receipt(&self) -> &Receipt {
        &self.0.receipt
    }

    /// Who answered, as `deployment@revision`.
    pub fn revision(&self) -> String {
        self.0.label()
    }

    /// The most bytes that the answer may have.
    pub fn answer_bytes(&self) -> u64 {
        self.0.revision.limits.answer_bytes
    }

    /// Notes the tokens, for the counters.
    pub fn note_tokens(&mut self, usage: &chat::Usage, estimated: bool) {
        self.0.tokens = Tokens { input: usage.input, output: usage.output, estimated };
    }
}

impl Run {
    fn new(revision: Arc<Revision>, metrics: Arc<Metrics>, permits: [OwnedSemaphorePermit; 2]) -> Self {
        metrics.sandboxes.inc();
        // Stands until something else is known: a client that leaves drops the run where it is.
        let outcome = "cancelled";
        Self {
            revision,
            metrics,
            started: Instant::now(),
            outcome,
            receipt: Receipt::default(),
            tokens: Tokens::default(),
            _permits: permits,
        }
    }

    async fn enter(mut self, call: Call) -> Result<(Sandbox, chat::Context, Self), Failed> {
        let terms = Terms {
            deployment: Arc::clone(&self.revision.deployment),
            request_id: call.request_id.clone(),
            limits: self.revision.limits.clone(),
            egress: Arc::clone(&self.revision.egress),
            original_body: call.body.clone(),
        };
        match self.revision.component.adapter.enter(terms).await {
            Ok(sandbox) => {
                let context = context(&self.revision, call, sandbox.remaining_ms());
                Ok((sandbox, context, self))
            }
            Err(failure) => Err(self.note(failure)),
        }
    }

    fn finish<T>(mut self, outcome: Result<(T, Receipt), Failure>) -> Result<Served<T>, Failed> {
        let (answer, receipt) = outcome.map_err(|failure| self.note(failure))?;
        self.outcome = "ok";
        self.receipt = receipt;
        Ok(Served { answer, bill: Bill(self) })
    }

    fn failed(mut self, failure: Failure) -> Failed {
        self.note(failure)
    }

    fn note(&mut self, Failure { fault, receipt }: Failure) -> Failed {
        self.outcome = match fault {
            Fault::Adapter(_) => "adapter_error",
            Fault::EgressDenied(_) | Fault::EgressExhausted => "egress",
            Fault::Trap(_) | Fault::Misfit(_) => "trap",
            Fault::Fuel => "fuel",
            Fault::Memory => "memory",
            Fault::Deadline => "deadline",
            Fault::Full => "full",
        };
        self.receipt = receipt.clone();
        tracing::debug!(target: "caisson::request", "{fault}");
        Failed { fault, receipt, revision: self.label() }
    }

    fn label(&self) -> String {
        format!("{}@{}", self.revision.deployment, self.revision.number)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.metrics.sandboxes.dec();
        self.metrics.count(&Finished {
            deployment: &self.revision.deployment,
            outcome: self.outcome,
            fuel: self.receipt.fuel,
            bytes_out: self.receipt.bytes_out,
            bytes_in: self.receipt.bytes_in,
            tokens: self.tokens,
            time: self.started.elapsed(),
        });
        tracing::debug!(
            target: "caisson::request",
            outcome = self.outcome,
            revision = self.label(),
            fuel = self.receipt.fuel,
            memory = self.receipt.memory,
            bytes_out = self.receipt.bytes_out,
            bytes_in = self.receipt.bytes_in,
            time_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        );
    }
}

fn context(revision: &Revision, call: Call, timeout_ms: u32) -> chat::Context {
    let text = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    chat::Context {
        request_id: call.request_id.clone(),
        traceparent: text("traceparent"),
        base_url: revision.base_url.clone(),
        settings: revision.settings.clone(),
        headers: revision.pass_headers.iter().filter_map(|name| Some((name.clone(), text(name)?))).collect(),
        timeout_ms,
    }
}
