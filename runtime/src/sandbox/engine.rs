//! The engines, pools and linkers that all sandboxes share, one of each for a [`World`], and the way from uploaded bytes to an
//! [`Adapter`]: checked here, compiled in the [`jail`](super::jail), loaded here.
//!
//! A component is linked against the whole of its world's WASI with an empty context (language runtimes import filesystem, sockets
//! and environment whether they use them or not), guarded `wasi:http` and `caisson:llm/host`. What it must export is the world's
//! provider; whatever is wrong is said in the world's words. The engine for `adapter-async` is set up when a first component needs
//! it: without one, nothing of it runs.

use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::exports::Linked;
use super::jail::{CompileBounds, Compiled, Jail};
use super::lanes::Lanes;
use super::state::State;
use super::world::{CONTRACT, World};
use super::{Adapter, Limits, structure};

/// The lowest bytes of a freed slot's memory, which are reset and kept instead of given back: page faults, not instantiation, dominate
/// a small guest. A guest whose stack is at most 128 KiB (`.cargo/config.toml`) writes to little beyond. Each slot that was ever used
/// keeps so much, so a crowd's size shows in what the process takes afterwards. wasmtime could keep the written pages alone
/// (`pagemap_scan`), but in 48.0 misses those that the kernel is moving or has swapped out: the next guest would read them.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;
const TABLE_KEEP_RESIDENT_BYTES: usize = 64 << 10;
/// Core instances, memories and tables of one component: a language runtime needs two to six, an attack on the pool needs many.
pub(super) const MAX_INSTANCES_PER_COMPONENT: u32 = 16;
pub(super) const MAX_MEMORIES_PER_COMPONENT: u32 = 2;
pub(super) const MAX_TABLES_PER_COMPONENT: u32 = 8;
pub(super) const TABLE_ELEMENTS: usize = 64 << 10;
/// Machine code that was made in haste keeps everything on its stack: CPython in it, on its way to a first answer, uses up the half MiB
/// that is more than enough for it otherwise.
const HASTY_STACK_BYTES: usize = 8 << 20;
/// What the host's own functions have beyond that.
const HOST_STACK_BYTES: usize = 2 << 20;
/// How long a guest keeps its thread before others get their turn.
const EPOCH: Duration = Duration::from_millis(5);
/// Slots beside those of requests, so that an upload can be examined while all of them are in use.
const SLOTS_FOR_UPLOADS: u32 = 8;

/// What all sandboxes share. Cheap to clone.
#[derive(Clone)]
pub struct Sandboxes {
    adapter: Host,
    adapter_async: Arc<OnceLock<Host>>,
    /// How many at one time, in either world.
    most: u32,
    /// Whether what they load was compiled in haste.
    hasty: bool,
    fingerprints: [u64; World::ALL.len()],
    jail: Arc<Jail>,
    lanes: Arc<Lanes>,
}

/// What the components of one world are loaded into and linked against.
#[derive(Clone)]
struct Host {
    world: World,
    engine: Engine,
    linker: Linker<State>,
}

/// Why uploaded bytes are no adapter. Each says what is wrong and what the world needs.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The magic number is missing.
    #[error("this is no WebAssembly: the file doesn't begin with the Wasm magic number")]
    NotWasm,
    /// A core module: not yet a component.
    #[error(
        "this is a core module, not a component: build for `wasm32-wasip2`, or wrap it with `wasm-tools component new`; \
         the world `adapter` is exported as `{}`",
        World::Adapter.provider()
    )]
    CoreModule,
    /// Machine code made by some wasmtime. Never accepted from outside (invariant 5).
    #[error("this is a precompiled artifact; upload the component itself, the host compiles it")]
    Precompiled,
    /// Wasm that doesn't validate or compile: cut off, corrupt, or over a limit of the engine.
    #[error("the component is invalid or cut off: {0}")]
    Invalid(String),
    /// Wasm that may be valid, but takes more to compile than any adapter needs.
    #[error("the component is too complex: {count} {what} where {most} is the most (at offset {offset:#x}); {advice}")]
    TooComplex {
        /// What was counted.
        what: &'static str,
        /// How many, up to where counting stopped.
        count: u64,
        /// The bound.
        most: u64,
        /// Where in the file the bound was passed.
        offset: usize,
        /// What the author can do.
        advice: &'static str,
    },
    /// An import that the host doesn't give, or gives in another shape.
    #[error("the component imports {0}")]
    Import(String),
    /// It was built on a version of the contract that the host doesn't speak.
    #[error(
        "the component is built on version {version} of the contract (`{name}`), and this host supports {CONTRACT}: build it with \
         a kit of that version, or use another version of Caisson"
    )]
    Contract {
        /// The version it has.
        version: String,
        /// Which of its interfaces says so.
        name: String,
    },
    /// The world's export is missing or has another shape.
    #[error("the component fits no world: {0}")]
    Export(String),
    /// The world is off for who wants it.
    #[error(
        "the component is for the world `{0}`, on {1}, which is experimental and off until it is switched on for the deployment: \
         push it with `--allow-async`, or build it for the world `{2}`",
        World::AdapterAsync.name(), World::AdapterAsync.wasi(), World::Adapter.name()
    )]
    Off,
    /// Compiling it costs more than may be spent.
    #[error(
        "compiling the component takes more than {bound} of {what}: make it smaller (release build, fewer and shorter \
         functions), or have the operator raise `{setting}`"
    )]
    Bound {
        /// What ran out.
        what: &'static str,
        /// How much there was.
        bound: String,
        /// The field of `caisson.toml` that says so.
        setting: &'static str,
    },
    /// The compiler ended without an answer and within its bounds.
    #[error("the compiler failed on the component ({0}); the host's log says what it said")]
    Compiler(String),
    /// As many uploads wait for the compiler as may.
    #[error("too many uploads wait to be compiled; try again in a moment")]
    Busy,
    /// The process that compiles could not be run.
    #[error("the compiler could not be started")]
    Jail(#[source] std::io::Error),
    /// The engine itself could not be set up.
    #[error("the engine can't be set up")]
    Engine(#[source] wasmtime::Error),
}

/// A file that holds machine code of our own compiler, proven by whoever keeps the key.
pub struct Authentic<'p>(&'p Path, World);

impl<'p> Authentic<'p> {
    /// To be called once the whole file was authenticated, and not again after it was closed to be written to.
    pub(crate) fn vouched_for(path: &'p Path, world: World) -> Self {
        Self(path, world)
    }
}

impl CompileError {
    /// The export has another shape than the world's, as the engine puts it.
    pub(crate) fn misfit(world: World, problem: impl std::fmt::Display) -> Self {
        Self::Export(format!(
            "`{}` has another shape than in the world `{}`: {problem}",
            world.provider(),
            world.name()
        ))
    }
}

impl Sandboxes {
    /// Sets up an engine with room for `sandboxes` at one time, and a compiler with these bounds. Address space is reserved at once,
    /// memory is not used until needed.
    pub fn new(sandboxes: u32, bounds: CompileBounds) -> Result<Self, CompileError> {
        let adapter = Host::new(World::Adapter, sandboxes, bounds.hasty)?;
        let lanes = Lanes::new().map_err(|error| CompileError::Engine(error.into()))?;
        let fingerprints = [fingerprint(World::Adapter)?, fingerprint(World::AdapterAsync)?];
        std::thread::spawn(super::host::load_tables);
        let adapter_async = Arc::default();
        Ok(Self {
            adapter,
            adapter_async,
            most: sandboxes,
            hasty: bounds.hasty,
            fingerprints,
            jail: Jail::new(bounds),
            lanes,
        })
    }

    /// Checks a component's structure and compiles it in the jail; says when its turn there has come. Dropping the future ends
    /// the compiler. `allow_async`: whether it may be for the world `adapter-async`.
    pub async fn compile(
        &self,
        component: Bytes,
        allow_async: bool,
        begun: &(dyn Fn() + Send + Sync),
    ) -> Result<Compiled, CompileError> {
        let world = tokio::task::block_in_place(|| structure::check(&component))?;
        if world == World::AdapterAsync && !allow_async {
            return Err(CompileError::Off);
        }
        self.jail.compile(world, component, begun).await
    }

    /// Links what the jail compiled just now.
    #[expect(unsafe_code, reason = "wasmtime runs what it loads as machine code; only the jail makes a `Compiled`")]
    pub fn load(&self, compiled: &Compiled) -> Result<Adapter, CompileError> {
        let host = self.host(compiled.world)?;
        // SAFETY: the bytes are our own compiler's, straight from its process.
        let component = unsafe { Component::deserialize(&host.engine, &compiled.code) };
        self.link(host, component)
    }

    /// Links what the jail compiled at some other time, from a file that is mapped and never changed while it is.
    #[expect(
        unsafe_code,
        reason = "wasmtime runs what it loads as machine code; `Authentic` is proof of where it's from"
    )]
    pub fn load_file(&self, authentic: &Authentic<'_>) -> Result<Adapter, CompileError> {
        let host = self.host(authentic.1)?;
        // SAFETY: the file's bytes were authenticated as our own compiler's, and nobody else can write to it.
        let component = unsafe { Component::deserialize_file(&host.engine, authentic.0) };
        self.link(host, component)
    }

    /// What a world's compiled code depends on beside the component: the wasmtime version, its settings, the CPU's features.
    pub fn fingerprint(&self, world: World) -> u64 {
        self.fingerprints[world as usize]
    }

    fn host(&self, world: World) -> Result<&Host, CompileError> {
        match world {
            World::Adapter => Ok(&self.adapter),
            World::AdapterAsync => {
                if let Some(host) = self.adapter_async.get() {
                    return Ok(host);
                }
                // Whoever comes second drops what it made: an engine that nothing runs on costs address space and no more.
                let host = Host::new(world, self.most, self.hasty)?;
                Ok(self.adapter_async.get_or_init(|| host))
            }
        }
    }

    fn link(&self, host: &Host, component: wasmtime::Result<Component>) -> Result<Adapter, CompileError> {
        // The pool's bounds on one component are checked only now.
        let component = component.map_err(|error| CompileError::Invalid(format!("{error:#}")))?;
        let pre = host
            .linker
            .instantiate_pre(&component)
            .map_err(|error| CompileError::Import(format!("something the host gives in another shape: {error:#}")))?;
        let linked = Linked::new(host.world, pre)
            .map_err(|error| CompileError::misfit(host.world, format_args!("{error:#}")))?;
        Ok(Adapter { linked, lanes: Arc::clone(&self.lanes) })
    }
}

impl Host {
    fn new(world: World, sandboxes: u32, hasty: bool) -> Result<Self, CompileError> {
        let engine = Engine::new(&config(world, sandboxes, hasty)).map_err(CompileError::Engine)?;
        let linker = linker(world, &engine).map_err(CompileError::Engine)?;
        tick(&engine);
        Ok(Self { world, engine, linker })
    }
}

fn linker(world: World, engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    super::http::add_to_linker(&mut linker)?;
    if world == World::AdapterAsync {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        super::http_async::add_to_linker(&mut linker)?;
    }
    super::host::add_to_linker(&mut linker)?;
    Ok(linker)
}

fn fingerprint(world: World) -> Result<u64, CompileError> {
    // Without a pool: whether a world is in use makes no difference.
    let engine = Engine::new(&world.compiler_config(false)).map_err(CompileError::Engine)?;
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Ok(hasher.finish())
}

/// Moves the epoch on, so that every guest lets others on its thread run, whatever it does: fuel alone doesn't tick while a guest
/// keeps the host busy with calls. Ends with the engine.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(EPOCH);
        }
    });
}

fn config(world: World, sandboxes: u32, hasty: bool) -> Config {
    let sandboxes = sandboxes.saturating_add(SLOTS_FOR_UPLOADS);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_core_instances(sandboxes.saturating_mul(MAX_INSTANCES_PER_COMPONENT / 2))
        .total_memories(sandboxes.saturating_add(sandboxes / 8).max(MAX_MEMORIES_PER_COMPONENT))
        .total_tables(sandboxes.saturating_mul(4))
        .total_stacks(sandboxes.saturating_mul(world.stacks()))
        .max_core_instances_per_component(MAX_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MAX_MEMORIES_PER_COMPONENT)
        .max_tables_per_component(MAX_TABLES_PER_COMPONENT)
        .max_memory_size(Limits::MAX_MEMORY_BYTES as usize)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(TABLE_KEEP_RESIDENT_BYTES);
    let mut config = world.compiler_config(false);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    if hasty {
        config.max_wasm_stack(HASTY_STACK_BYTES).async_stack_size(HASTY_STACK_BYTES + HOST_STACK_BYTES);
    }
    config
}
