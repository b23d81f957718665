//! The engine, the pool and the linker that all sandboxes share, and the way from uploaded bytes to an [`Adapter`].
//!
//! A component is linked against the whole of WASI 0.2 with an empty context (language runtimes import filesystem, sockets and
//! environment whether they use them or not), guarded `wasi:http` and `caisson:llm/host`. What it must export is the world's
//! `provider`; whatever is wrong is said in the world's words.

use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::AdapterPre;
use super::state::State;
use super::{Adapter, Limits};

const PROVIDER: &str = "caisson:adapter/provider@0.1.0";

/// Memory of a freed slot that is zeroed and kept instead of given back: page faults, not instantiation, dominate a small guest.
/// A Rust guest's stack is 1 MiB and lies below what it really writes to, so less than that would keep the wrong part.
const KEEP_RESIDENT_BYTES: usize = 5 << 18;
const TABLE_KEEP_RESIDENT_BYTES: usize = 64 << 10;
/// Core instances, memories and tables of one component: a language runtime needs two to six, an attack on the pool needs many.
const MAX_INSTANCES_PER_COMPONENT: u32 = 16;
const MAX_MEMORIES_PER_COMPONENT: u32 = 2;
const MAX_TABLES_PER_COMPONENT: u32 = 8;
const TABLE_ELEMENTS: usize = 64 << 10;
/// How long a guest keeps its thread before others get their turn.
const EPOCH: Duration = Duration::from_millis(5);
/// Slots beside those of requests, so that an upload can be examined while all of them are in use.
const SLOTS_FOR_UPLOADS: u32 = 8;

/// What all sandboxes share. Cheap to clone.
#[derive(Clone)]
pub struct Sandboxes {
    engine: Engine,
    linker: Linker<State>,
}

/// Why uploaded bytes are no adapter. Each says what is wrong and what the world `adapter` needs.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The magic number is missing.
    #[error("this is no WebAssembly: the file doesn't begin with the Wasm magic number")]
    NotWasm,
    /// A core module: not yet a component.
    #[error(
        "this is a core module, not a component: build for `wasm32-wasip2`, or wrap it with `wasm-tools component new`; \
         the world `adapter` is exported as `{PROVIDER}`"
    )]
    CoreModule,
    /// Machine code made by some wasmtime. Never accepted from outside (invariant 5).
    #[error("this is a precompiled artifact; upload the component itself, the host compiles it")]
    Precompiled,
    /// Wasm that doesn't validate or compile: cut off, corrupt, or over a limit of the engine.
    #[error("the component is invalid or cut off: {0}")]
    Invalid(String),
    /// An import that the host doesn't give, or gives in another shape.
    #[error("the component imports {0}")]
    Import(String),
    /// The world's export is missing or has another shape.
    #[error("the component doesn't export the world `adapter`: {0}")]
    Export(String),
    /// The engine itself could not be set up.
    #[error("the engine can't be set up")]
    Engine(#[source] wasmtime::Error),
}

impl CompileError {
    /// The export has another shape than the world's, as the engine puts it.
    pub(crate) fn misfit(problem: impl std::fmt::Display) -> Self {
        Self::Export(format!("`{PROVIDER}` has another shape than the world's: {problem}"))
    }
}

impl Sandboxes {
    /// Sets up an engine with room for `sandboxes` at one time. Address space is reserved at once, memory is not used until needed.
    pub fn new(sandboxes: u32) -> Result<Self, CompileError> {
        let engine = Engine::new(&config(sandboxes)).map_err(CompileError::Engine)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(CompileError::Engine)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(CompileError::Engine)?;
        super::sizes::add_to_linker(&mut linker).map_err(CompileError::Engine)?;
        super::host::add_to_linker(&mut linker).map_err(CompileError::Engine)?;
        tick(&engine);
        std::thread::spawn(super::host::load_tables);
        Ok(Self { engine, linker })
    }

    /// Compiles and links a component. Takes a good part of a second per megabyte, on all cores: not for an executor thread.
    pub fn compile(&self, bytes: &[u8]) -> Result<Adapter, CompileError> {
        match bytes.get(..8) {
            _ if Engine::detect_precompiled(bytes).is_some() => return Err(CompileError::Precompiled),
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => return Err(CompileError::CoreModule),
            Some([0, b'a', b's', b'm', _, 0, 1, 0]) => {}
            None if bytes.starts_with(b"\0asm") => {
                return Err(CompileError::Invalid("it ends within its header".into()));
            }
            _ => return Err(CompileError::NotWasm),
        }
        let component =
            Component::from_binary(&self.engine, bytes).map_err(|error| CompileError::Invalid(format!("{error:#}")))?;
        self.check_exports(&component)?;
        self.check_imports(&component)?;
        let pre = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| CompileError::Import(format!("something the host gives in another shape: {error:#}")))?;
        let pre = AdapterPre::new(pre).map_err(|error| CompileError::misfit(format_args!("{error:#}")))?;
        Ok(Adapter { pre })
    }

    fn check_exports(&self, component: &Component) -> Result<(), CompileError> {
        let component_type = component.component_type();
        let exports: Vec<&str> = component_type.exports(&self.engine).map(|(name, _)| name).collect();
        if exports.contains(&PROVIDER) {
            return Ok(());
        }
        let found = if exports.is_empty() { "nothing".to_owned() } else { format!("`{}`", exports.join("`, `")) };
        Err(CompileError::Export(format!("it must export `{PROVIDER}`, and exports {found}")))
    }

    /// Names every import that nobody gives, not only the first.
    fn check_imports(&self, component: &Component) -> Result<(), CompileError> {
        let component_type = component.component_type();
        let strangers: Vec<String> = component_type
            .imports(&self.engine)
            .filter(|(name, _)| !gives(name))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if strangers.is_empty() {
            return Ok(());
        }
        Err(CompileError::Import(format!(
            "{}, which the host doesn't give; the world `adapter` has WASI 0.2 (io, clocks, random, cli, http, filesystem, sockets) and `caisson:llm/host@0.1.0`",
            strangers.join(", ")
        )))
    }
}

/// Whether the linker has an interface of that name. Versions match by semver, as in the linker itself.
fn gives(name: &str) -> bool {
    const WASI: [&str; 7] =
        ["wasi:io", "wasi:clocks", "wasi:random", "wasi:cli", "wasi:http", "wasi:filesystem", "wasi:sockets"];
    let Some((interface, version)) = name.split_once('@') else { return false };
    match interface.split_once('/') {
        Some(("caisson:llm", "host" | "api")) => version == "0.1.0",
        Some((package, _)) => WASI.contains(&package) && version.starts_with("0.2."),
        None => false,
    }
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

fn config(sandboxes: u32) -> Config {
    let sandboxes = sandboxes.saturating_add(SLOTS_FOR_UPLOADS);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sandboxes)
        .total_core_instances(sandboxes.saturating_mul(MAX_INSTANCES_PER_COMPONENT / 2))
        .total_memories(sandboxes.saturating_add(sandboxes / 8).max(MAX_MEMORIES_PER_COMPONENT))
        .total_tables(sandboxes.saturating_mul(4))
        .total_stacks(sandboxes)
        .max_core_instances_per_component(MAX_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MAX_MEMORIES_PER_COMPONENT)
        .max_tables_per_component(MAX_TABLES_PER_COMPONENT)
        .max_memory_size(Limits::MAX_MEMORY_BYTES as usize)
        .table_elements(TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(TABLE_KEEP_RESIDENT_BYTES);
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .wasm_component_model(true)
        // The 0.2 world needs none of the 0.3 machinery, and each Store is cheaper without it.
        .concurrency_support(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}
