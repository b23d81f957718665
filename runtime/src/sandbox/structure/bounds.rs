//! How much of anything a component may have, and why that is enough for every adapter.
//!
//! Each bound is some times what the largest known component has, and at or below what makes the compiler take long or the engine's
//! pool run out. The large ones that were counted: a Python runtime (componentize-py 0.25, 18 MB in 14 core modules), StarlingMonkey
//! for JavaScript (componentize-js 0.23, 10 MB; 12 MB with weval), and tools in Rust of 2 to 6 MB; below, "Python", "JavaScript" and
//! "Rust". This repository's own adapters are some 0.5 MB, with 800 functions at most. Compile times were taken with Cranelift 0.135
//! on one core.

use super::CompileError;
use crate::sandbox::Limits;
use crate::sandbox::engine::{
    MAX_INSTANCES_PER_COMPONENT, MAX_MEMORIES_PER_COMPONENT, MAX_TABLES_PER_COMPONENT,
    TABLE_ELEMENTS as POOL_TABLE_ELEMENTS,
};

/// The most of something.
pub(super) struct Bound {
    what: &'static str,
    most: u64,
    advice: &'static str,
}

/// A running count.
#[derive(Default)]
pub(super) struct Tally(u64);

impl Bound {
    const fn new(most: u64, what: &'static str, advice: &'static str) -> Self {
        Self { what, most, advice }
    }

    /// Refuses a count that is over the bound. `offset` is where in the file it was reached.
    pub(super) fn hold(&self, count: u64, offset: usize) -> Result<(), CompileError> {
        if count <= self.most {
            return Ok(());
        }
        let Self { what, most, advice } = *self;
        Err(CompileError::TooComplex { what, count, most, offset, advice })
    }
}

impl Tally {
    pub(super) fn add(&mut self, by: u64, bound: &Bound, offset: usize) -> Result<(), CompileError> {
        self.0 = self.0.saturating_add(by);
        bound.hold(self.0, offset)
    }
}

const NO_TOOLCHAIN: &str = "no toolchain makes such a component: build it with an SDK or `wasm-tools component new`";
const LESS_CODE: &str =
    "leave out dependencies, and let the linker drop what is unused (`--gc-sections`, LTO, `wasm-opt`)";
const SPLIT_FUNCTION: &str = "split the function, or keep generated tables as data instead of code";
const SIMPLER_TYPES: &str = "import and export fewer and flatter types";
const FEWER_PARTS: &str = "link the parts into one module or compose fewer components";

// The file.

/// Python has 590. Each costs little, but an empty section is two bytes.
pub(super) const SECTIONS: Bound = Bound::new(20_000, "sections", NO_TOOLCHAIN);
/// The longest seen has 162 bytes, a mangled C++ symbol some hundred more.
pub(super) const NAME_BYTES: Bound = Bound::new(4096, "bytes in one name", "shorten the name");
/// Python has 12,066, with what its modules import from each other.
pub(super) const NAMES: Bound = Bound::new(100_000, "names of imports, exports, fields and parameters", LESS_CODE);
/// Python has 213,103. The engine keeps and compares them.
pub(super) const NAMES_BYTES: Bound = Bound::new(4 << 20, "bytes in names", LESS_CODE);

// The component layer.

/// One component in another is what toolchains make; composing adds one or two.
pub(super) const COMPONENT_DEPTH: Bound = Bound::new(8, "components inside each other", FEWER_PARTS);
/// Toolchains make one for each exported interface.
pub(super) const COMPONENTS: Bound = Bound::new(64, "components", FEWER_PARTS);
/// Python has 14, and the pool gives a component so many instances of them.
pub(super) const CORE_MODULES: Bound = Bound::new(2 * MAX_INSTANCES_PER_COMPONENT as u64, "core modules", FEWER_PARTS);
/// All of WASI 0.2 and an adapter's world come to 360.
pub(super) const TYPES: Bound = Bound::new(10_000, "component types", SIMPLER_TYPES);
/// All of WASI 0.2 and an adapter's world take 10,077. In the engine's memory they are 50 times as large.
pub(super) const TYPE_BYTES: Bound = Bound::new(1 << 20, "bytes of component types", SIMPLER_TYPES);
/// Types written out to their leaves: WASI and an adapter's world have 7,500. The engine compares some of them leaf by leaf.
pub(super) const TYPE_NODES: Bound =
    Bound::new(200_000, "fields, cases and items in its types, each type written out", SIMPLER_TYPES);
/// The chat vocabulary has 14: a list of variants of records of options, and so on.
pub(super) const TYPE_DEPTH: Bound = Bound::new(64, "types inside each other", SIMPLER_TYPES);
/// Toolchains nest one interface's type; the engine's reading of these is recursive, and a thread's stack is finite.
pub(super) const TYPE_NESTING: Bound =
    Bound::new(16, "component and instance types declared inside each other", NO_TOOLCHAIN);
/// The world `adapter` has 19 interfaces to import; a component inside, made by a toolchain, imports each function and type.
pub(super) const COMPONENT_IMPORTS: Bound = Bound::new(5000, "imports of components", SIMPLER_TYPES);
/// As the imports: 19 in Python.
pub(super) const COMPONENT_EXPORTS: Bound = Bound::new(5000, "exports of components", SIMPLER_TYPES);
/// Python has 1,335.
pub(super) const ALIASES: Bound = Bound::new(20_000, "aliases", FEWER_PARTS);
/// Python has 122: one for each function that goes over the border. The engine compiles code for each.
pub(super) const CANONICAL_FUNCTIONS: Bound = Bound::new(5000, "canonical functions", SIMPLER_TYPES);
/// Only where there are tasks. Each such function's instance may hold a stack while it waits, and the pool has two for a sandbox
/// (`World::stacks`). The components that toolchains put inside hold types, and pass functions on.
pub(super) const LIFTED_INSIDE: Bound =
    Bound::new(0, "functions lifted in a component that is inside another, in the world `adapter-async`", FEWER_PARTS);
/// Python has 65, most of them no more than a list of exports.
pub(super) const INSTANCES: Bound = Bound::new(1000, "instances", FEWER_PARTS);
/// Python has 1,409.
pub(super) const ARGUMENTS: Bound = Bound::new(50_000, "arguments and exports of instances", FEWER_PARTS);
/// Toolchains pass functions and instances between components, never a component.
pub(super) const GIVEN_COMPONENTS: Bound =
    Bound::new(0, "instances of a component that comes in as an import or out of an instance", NO_TOOLCHAIN);
/// With what each component makes again each time that it is instantiated.
pub(super) const INSTANCES_MADE: Bound = Bound::new(1000, "instances, counting those that instances make", FEWER_PARTS);
/// What the pool gives one component; Python has 14. Beyond that the code would be compiled, and then not load.
pub(super) const CORE_INSTANCES_MADE: Bound =
    Bound::new(MAX_INSTANCES_PER_COMPONENT as u64, "instances of core modules", FEWER_PARTS);
/// What the pool gives one component. A second one is for an old module's adapter; toolchains share one.
pub(super) const MEMORIES_MADE: Bound =
    Bound::new(MAX_MEMORIES_PER_COMPONENT as u64, "memories over all instances", FEWER_PARTS);
/// What the pool gives one component; toolchains make two.
pub(super) const TABLES_MADE: Bound =
    Bound::new(MAX_TABLES_PER_COMPONENT as u64, "tables over all instances", FEWER_PARTS);

// Core modules.

/// Python has 1,100 in its 14 modules.
pub(super) const CORE_TYPES: Bound = Bound::new(20_000, "core types", LESS_CODE);
/// Python has 6,653. In the engine's memory they are 50 times as large.
pub(super) const CORE_TYPE_BYTES: Bound = Bound::new(512 << 10, "bytes of core types", LESS_CODE);
/// Rust has 23; C asks for 127. Each call moves all of them.
pub(super) const PARAMETERS: Bound = Bound::new(255, "parameters of one core function", "pass a pointer to a struct");
/// Toolchains make one, and pass the rest by memory.
pub(super) const RESULTS: Bound =
    Bound::new(16, "results of one core function or block", "return a pointer to a struct");
/// Python has 2,251.
pub(super) const CORE_IMPORTS: Bound = Bound::new(20_000, "imports of core modules", FEWER_PARTS);
/// JavaScript has 19,852. 100,000 empty ones are 400 KB, and take 10 seconds and 700 MB.
pub(super) const CORE_FUNCTIONS: Bound = Bound::new(60_000, "core functions", LESS_CODE);
/// The pool gives a component eight.
pub(super) const TABLES: Bound = Bound::new(32, "tables", FEWER_PARTS);
/// What the pool has room for. JavaScript starts with 7,690.
pub(super) const TABLE_ELEMENTS: Bound =
    Bound::new(POOL_TABLE_ELEMENTS as u64, "elements in one table at its start", "start with a smaller table");
/// The pool gives a component two.
pub(super) const MEMORIES: Bound = Bound::new(32, "memories", FEWER_PARTS);
/// What the pool has room for. Python starts with 12.3 MiB.
pub(super) const MEMORY_BYTES: Bound =
    Bound::new(Limits::MAX_MEMORY_BYTES, "bytes in one memory at its start", "start with a smaller memory");
/// Exceptions need one for each type thrown.
pub(super) const TAGS: Bound = Bound::new(1000, "tags", NO_TOOLCHAIN);
/// Python has 874: position-independent modules have one for each symbol.
pub(super) const GLOBALS: Bound = Bound::new(20_000, "globals", LESS_CODE);
/// Python has 4,187: its modules export to each other.
pub(super) const CORE_EXPORTS: Bound = Bound::new(50_000, "exports of core modules", LESS_CODE);
/// One for each table, and some for each module; 7 in Python.
pub(super) const ELEMENT_SEGMENTS: Bound = Bound::new(1000, "element segments", LESS_CODE);
/// JavaScript has 7,689: each function whose address is taken, once.
pub(super) const ELEMENT_ITEMS: Bound = Bound::new(200_000, "items of element segments", LESS_CODE);
/// JavaScript has 6,714: a snapshot of memory leaves out each run of zeros.
pub(super) const DATA_SEGMENTS: Bound =
    Bound::new(50_000, "data segments", "merge data segments (`wasm-opt --memory-packing`)");
/// One constant, or a global and a constant added.
pub(super) const OFFSET_BYTES: Bound = Bound::new(256, "bytes in the expression that places a segment", NO_TOOLCHAIN);

// Functions.

/// Python has one of 426,843.
pub(super) const FUNCTION_BYTES: Bound = Bound::new(1 << 20, "bytes in one function", SPLIT_FUNCTION);
/// JavaScript has 486.
pub(super) const LOCALS: Bound = Bound::new(10_000, "locals of one function", SPLIT_FUNCTION);
/// Python has 782: each case of a `switch` is a block around the cases before.
pub(super) const BLOCK_DEPTH: Bound = Bound::new(5000, "blocks inside each other", SPLIT_FUNCTION);
/// Rust has 13. The compiler's time grows with the square: 1,000 empty ones are 7 KB and take 2 seconds, 20,000 minutes.
pub(super) const LOOP_DEPTH: Bound = Bound::new(64, "loops inside each other", SPLIT_FUNCTION);
/// Python has 16,155 in one function. The compiler's time grows with the square: 60,000 blocks in a row take 30 seconds.
pub(super) const JOINS_IN_FUNCTION: Bound =
    Bound::new(40_000, "blocks, branches and indirect calls in one function", SPLIT_FUNCTION);
/// Each function's number of these, squared, and summed up: Python has one of 260 million. 4,000 million take some 30 seconds.
pub(super) const JOINS_SQUARED: Bound =
    Bound::new(4_000_000_000, "blocks, branches and indirect calls squared, over all functions", SPLIT_FUNCTION);
/// JavaScript has 5.8 million. Two thousand million, as 20 loops around 10,000 locals, are 100 KB and take 20 seconds; 1,000 loops around 1,000 locals
/// are 16 KB, and take 20 seconds and 1.9 GB.
pub(super) const LOOPED_IN_FUNCTION: Bound =
    Bound::new(100_000_000, "loops times locals squared in one function", SPLIT_FUNCTION);
/// JavaScript has 12.8 million. A thousand million take ten seconds.
pub(super) const LOOPED: Bound = Bound::new(1_000_000_000, "loops times locals squared over all functions", LESS_CODE);
/// JavaScript has 493,844. 18 million, in 90 KB, take 10 seconds and 1.2 GB.
pub(super) const MERGED_IN_FUNCTION: Bound =
    Bound::new(4_000_000, "blocks and branches times locals in one function", SPLIT_FUNCTION);
/// JavaScript has 9.7 million.
pub(super) const MERGED: Bound =
    Bound::new(100_000_000, "blocks and branches times locals over all functions", LESS_CODE);
/// Python has 19,451. Two million, as 1,000 calls with 1,000 parameters and results, are 10 KB and take 14 seconds and 1.1 GB.
pub(super) const MOVED_IN_FUNCTION: Bound =
    Bound::new(200_000, "values that branches and calls of one function carry", SPLIT_FUNCTION);
/// JavaScript has 1.1 million.
pub(super) const MOVED: Bound = Bound::new(5_000_000, "values that branches and calls carry", LESS_CODE);
