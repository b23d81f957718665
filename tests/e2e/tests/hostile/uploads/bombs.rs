//! Components that are small and valid, and take a compiler long: whatever multiplies in it, found by trying.

use bytes::Bytes;

use super::text::module;

/// `functions` of so many loops inside each other, around so many locals that change in them.
pub(super) fn nested_loops(loops: usize, locals: usize, functions: usize) -> Bytes {
    module(&loop_function(loops, locals).repeat(functions))
}

/// `functions` of so many blocks, each left by a branch that depends on a local.
pub(super) fn branches(blocks: usize, functions: usize) -> Bytes {
    module(&branch_function(blocks).repeat(functions))
}

/// `functions` of so many calls, each taking and giving so many values.
pub(super) fn calls(values: usize, calls: usize, functions: usize) -> Bytes {
    module(&format!("{} {}", passing_function(values), call_function(values, calls).repeat(functions)))
}

/// One jump table, each of whose branches carries 1,000 values.
pub(super) fn jump_table() -> Bytes {
    let values = 1000;
    module(&format!(
        "(func block (result {}) {} i32.const 0 br_table {} end {})",
        "i32 ".repeat(values),
        "i32.const 0 ".repeat(values),
        "0 ".repeat(30_000),
        "drop ".repeat(values)
    ))
}

pub(super) fn everything() -> Bytes {
    module(&format!(
        "{} {} {} {} {}",
        passing_function(16),
        call_function(16, 6000).repeat(24),
        loop_function(25, 1990).repeat(9),
        branch_function(19_900).repeat(2),
        "(func)".repeat(50_000)
    ))
}

fn loop_function(loops: usize, locals: usize) -> String {
    let change = |n: usize| format!("local.get {n} local.get {} i32.add local.set {n} ", (n + 1) % locals);
    format!(
        "(func (local {}) {} {} {})",
        "i32 ".repeat(locals),
        "loop ".repeat(loops),
        (0..locals).map(change).collect::<String>(),
        "local.get 0 br_if 0 end ".repeat(loops)
    )
}

fn branch_function(blocks: usize) -> String {
    format!("(func (local i32) {})", "block local.get 0 br_if 0 end ".repeat(blocks))
}

/// Function 0: gives back what it's given.
fn passing_function(values: usize) -> String {
    let types = "i32 ".repeat(values);
    let all: String = (0..values).map(|n| format!("local.get {n} ")).collect();
    format!("(func (param {types}) (result {types}) {all})")
}

fn call_function(values: usize, calls: usize) -> String {
    format!("(func {} {} {})", "i32.const 0 ".repeat(values), "call 0 ".repeat(calls), "drop ".repeat(values))
}
