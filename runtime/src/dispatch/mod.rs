//! From a model's name to an answer: resolve, admit, enter a fresh sandbox, call it.
//!
//! The revision is chosen once, from one snapshot. The permit and the count of the request live in [`Run`], which an answer being
//! streamed owns to its last byte (invariant 7); dropping it at any moment gives the slot back and counts what happened.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::chat;
use crate::deployments::{Deployments, NotFound, Revision, Snapshot};
use crate::sandbox::{EventStream, Failure, Fault, Receipt, Sandbox, Terms};
use crate::telemetry::{Finished, Metrics, Tokens};

/// Takes requests to sandboxes.
pub struct Dispatch {
    deployments: Arc<Deployments>,
    slots: Arc<Semaphore>,
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
pub struct Stream {
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
}

/// One request's hold on its revision and its slot.
struct Run {
    revision: Arc<Revision>,
    metrics: Arc<Metrics>,
    started: Instant,
    outcome: &'static str,
    receipt: Receipt,
    tokens: Tokens,
    _permit: OwnedSemaphorePermit,
}

impl Dispatch {
    /// At most `sandboxes` requests run at one time.
    pub fn new(deployments: Arc<Deployments>, sandboxes: u32, metrics: Arc<Metrics>) -> Self {
        Self { deployments, slots: Arc::new(Semaphore::new(sandboxes as usize)), metrics }
    }

    /// What is being served, for listings.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.deployments.snapshot()
    }

    /// Finds who serves `model` and takes a slot.
    pub fn admit(&self, model: &str) -> Result<Admitted, Refusal> {
        let (revision, model) = self.deployments.snapshot().resolve(model)?;
        let permit = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| Refusal::Busy)?;
        Ok(Admitted { model, run: Run::new(revision, Arc::clone(&self.metrics), permit) })
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
            Ok(events) => Ok(Stream { events, run }),
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
    /// Waits for the next events; none is the end.
    pub async fn next(&mut self) -> Result<Option<Vec<chat::Event>>, Failed> {
        let next = self.events.next().await;
        self.run.receipt = self.events.receipt();
        match next {
            Ok(Some(events)) => Ok(Some(events)),
            Ok(None) => {
                self.run.outcome = "ok";
                Ok(None)
            }
            Err(failure) => Err(self.run.note(failure)),
        }
    }

    /// What it cost so far.
    pub fn receipt(&self) -> &Receipt {
        &self.run.receipt
    }

    /// Who answers, as `deployment@revision`.
    pub fn revision(&self) -> String {
        self.run.label()
    }

    /// Notes the tokens, for the counters.
    pub fn note_tokens(&mut self, usage: &chat::Usage, estimated: bool) {
        self.run.tokens = Tokens { input: usage.input, output: usage.output, estimated };
    }
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

    /// Notes the tokens, for the counters.
    pub fn note_tokens(&mut self, usage: &chat::Usage, estimated: bool) {
        self.0.tokens = Tokens { input: usage.input, output: usage.output, estimated };
    }
}

impl Run {
    fn new(revision: Arc<Revision>, metrics: Arc<Metrics>, permit: OwnedSemaphorePermit) -> Self {
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
            _permit: permit,
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
            Fault::Trap(_) => "trap",
            Fault::Fuel => "fuel",
            Fault::Memory => "memory",
            Fault::Deadline => "deadline",
            Fault::Full => "full",
        };
        self.receipt = receipt.clone();
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
