//! The parts of a request by themselves, on criterion: what one sandbox costs, what one call and one event cost, reading a request
//! and writing a stream. No network, no server, one thread. What they add up to is what `caisson-bench` measures.
//!
//! The guests are the built adapters in `target/adapters`: `anthropic`, the component that the load goes through, and `echo`, which
//! needs no upstream.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use caisson::chat::{self, ChatRequest, EmbedInput, EmbedRequest, Event};
use caisson::egress::Egress;
use caisson::fuzzing;
use caisson::sandbox::{Adapter, COMPILE_COMMAND, CompileBounds, Limits, Sandbox, Sandboxes, Terms};
use criterion::{Criterion, Throughput};
use serde_json::json;
use tokio::runtime::Runtime;

// As the binary does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const BOUNDS: CompileBounds = CompileBounds { cpu_seconds: 240, memory_bytes: 2 << 30, seconds: 300, hasty: false };
/// Events of the stream that is written.
const EVENTS: usize = 100;

fn main() -> anyhow::Result<()> {
    // The jail starts the program that it is in.
    if std::env::args().nth(1).is_some_and(|argument| argument == COMPILE_COMMAND) {
        caisson::cli::main();
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let guests = runtime.block_on(Guests::load())?;
    let mut criterion = Criterion::default().warm_up_time(Duration::from_secs(1)).configure_from_args();
    sandboxes(&mut criterion, &runtime, &guests);
    calls(&mut criterion, &runtime, &guests);
    wire(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// What is entered.
struct Guests {
    anthropic: Adapter,
    echo: Adapter,
    egress: Arc<Egress>,
    deployment: Arc<str>,
    // Holds the pool.
    _sandboxes: Sandboxes,
}

impl Guests {
    async fn load() -> anyhow::Result<Self> {
        let sandboxes = Sandboxes::new(100, BOUNDS)?;
        Ok(Self {
            anthropic: load(&sandboxes, "anthropic").await?,
            echo: load(&sandboxes, "echo").await?,
            egress: Arc::new(Egress::closed()),
            deployment: "bench".into(),
            _sandboxes: sandboxes,
        })
    }

    async fn enter(&self, adapter: &Adapter, body: &Bytes) -> anyhow::Result<Sandbox> {
        let terms = Terms {
            deployment: Arc::clone(&self.deployment),
            request_id: "req_0123456789abcdef".to_owned(),
            limits: Limits::default(),
            egress: Arc::clone(&self.egress),
            original_body: body.clone(),
        };
        adapter.enter(terms).await.map_err(|failure| anyhow!("{failure:?}"))
    }
}

async fn load(sandboxes: &Sandboxes, name: &str) -> anyhow::Result<Adapter> {
    let program = std::env::current_exe()?;
    // The program lies in `target/release/deps`.
    let folder = program.ancestors().nth(3).context("this program lies in no target folder")?.join("adapters");
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/adapters");
    let file =
        [folder, standard].into_iter().map(|folder| folder.join(format!("{name}.wasm"))).find(|file| file.exists());
    let file = file.with_context(|| format!("no adapters/{name}.wasm: `just rust-guests` builds it"))?;
    let compiled = sandboxes.compile(std::fs::read(file)?.into(), false, &|| {}).await?;
    Ok(sandboxes.load(&compiled)?)
}

fn sandboxes(criterion: &mut Criterion, runtime: &Runtime, guests: &Guests) {
    let mut group = criterion.benchmark_group("sandbox");
    for (name, adapter) in [("anthropic", &guests.anthropic), ("echo", &guests.echo)] {
        group.bench_function(format!("store, instantiate, drop: {name}"), |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(timed(times, async || guests.enter(adapter, &Bytes::new()).await.map(drop)))
            });
        });
    }
    group.finish();
}

fn calls(criterion: &mut Criterion, runtime: &Runtime, guests: &Guests) {
    let mut group = criterion.benchmark_group("call");
    // What of these is the sandbox is above; the rest is the call, what is lowered and what is lifted.
    for (name, size) in [("short", 60), ("100 KB", 100_000)] {
        let request = embed_request(size);
        group.bench_function(format!("lower a {name} request (embed, which anthropic lacks)"), |bencher| {
            bencher.iter_custom(|times| {
                runtime.block_on(timed(times, async || {
                    let sandbox = guests.enter(&guests.anthropic, &Bytes::new()).await?;
                    let refused = sandbox.embed(context(), request.clone()).await.err();
                    refused.map(drop).context("anthropic embeds")
                }))
            });
        });
    }
    let (body, request) = request_of(60);
    group.bench_function("complete by echo, short prompt", |bencher| {
        bencher.iter_custom(|times| {
            runtime.block_on(timed(times, async || {
                let sandbox = guests.enter(&guests.echo, &body).await?;
                let answered = sandbox.complete(context(), request.clone()).await;
                answered.map(drop).map_err(|failure| anyhow!("{failure:?}"))
            }))
        });
    });
    let (body, request) = request_of(6000);
    group.bench_function("one batch of events by echo", |bencher| {
        bencher.iter_custom(|times| runtime.block_on(events(times, guests, &body, &request)));
    });
    group.finish();
}

/// The time that so many calls for the next events take, over as many streams as they need. Opening them is not in it.
async fn events(times: u64, guests: &Guests, body: &Bytes, request: &ChatRequest) -> Duration {
    let (mut left, mut elapsed) = (times, Duration::ZERO);
    while left > 0 {
        let sandbox = guests.enter(&guests.echo, body).await.unwrap_or_else(|error| panic!("{error}"));
        let opened = sandbox.open_stream(context(), request.clone()).await;
        let mut stream = opened.unwrap_or_else(|failure| panic!("{failure:?}"));
        let begun = Instant::now();
        while left > 0 {
            let (rest, batch) = stream.next().await.unwrap_or_else(|failure| panic!("{failure:?}"));
            if batch.is_none() {
                break;
            }
            stream = rest;
            left -= 1;
        }
        elapsed += begun.elapsed();
    }
    elapsed
}

fn wire(criterion: &mut Criterion) -> anyhow::Result<()> {
    let mut group = criterion.benchmark_group("wire");
    for (name, size) in [("short", 60), ("100 KB", 100_000)] {
        let (body, _) = request_of(size);
        fuzzing::parse_chat(&body).map_err(|error| anyhow!(error))?;
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(format!("parse a {name} request"), |bencher| bencher.iter(|| fuzzing::parse_chat(&body)));
    }
    let events: Vec<Event> =
        (0..EVENTS).map(|number| Event::Text(chat::TextDelta { choice: 0, text: format!("w{number} ") })).collect();
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function(format!("write a stream of {EVENTS} events"), |bencher| {
        bencher.iter_batched(
            || events.clone(),
            |events| fuzzing::write_stream(events, 1, true),
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
    Ok(())
}

async fn timed(times: u64, mut once: impl AsyncFnMut() -> anyhow::Result<()>) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        // A number over failures would mean nothing.
        once().await.unwrap_or_else(|error| panic!("{error}"));
    }
    begun.elapsed()
}

/// A chat request with a text of about this many bytes, as it comes and as it is understood.
fn request_of(size: usize) -> (Bytes, ChatRequest) {
    let text = "the quick \"brown\" fox\njumps ".repeat(size / 28 + 1);
    let messages = json!([{"role": "system", "content": "You are kind."}, {"role": "user", "content": text}]);
    let body = json!({"model": "bench/echo", "max_tokens": 100_000, "messages": messages}).to_string();
    let request = fuzzing::parse_chat(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    (body.into(), request)
}

/// A request for the vector of such a text.
fn embed_request(size: usize) -> EmbedRequest {
    EmbedRequest {
        model: "bench".to_owned(),
        input: EmbedInput::Texts(vec!["the quick \"brown\" fox\njumps ".repeat(size / 28 + 1)]),
        dimensions: None,
        user: None,
        extra: Vec::new(),
    }
}

fn context() -> chat::Context {
    chat::Context {
        request_id: "req_0123456789abcdef".to_owned(),
        traceparent: None,
        base_url: None,
        settings: Vec::new(),
        headers: Vec::new(),
        timeout_ms: 600_000,
    }
}
