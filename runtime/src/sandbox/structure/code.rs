//! The bodies of core functions.
//!
//! A compiler's work is not in proportion to a body's bytes where two things multiply: each place where control flow meets gets a
//! value for each local variable that may differ there, a loop keeps all of them apart from each other, and each branch, and each call, carries as many values as its target takes,
//! in two bytes. So [`Work`] counts products.

use wasmparser::{BinaryReader, BlockType, FunctionBody, Operator, OperatorsReader, OperatorsReaderAllocations};

use super::bounds::{self, Tally};
use super::module::Module;
use super::{CompileError, Walk, malformed};

/// What is counted over all functions.
#[derive(Default)]
pub(super) struct Counts {
    operators: OperatorsReaderAllocations,
    labels: Vec<Label>,
    moved: Tally,
    joins_squared: Tally,
    looped: Tally,
    merged: Tally,
}

impl<'a> Walk<'a> {
    /// Reads the next function of the module.
    pub(super) fn body(&mut self, body: &FunctionBody<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), code, .. } = self else { return Ok(()) };
        let start = body.range().start;
        bounds::FUNCTION_BYTES.hold(body.range().len() as u64, start)?;
        let arity = module.of_body();
        module.bodies += 1;
        let mut reader = body.get_binary_reader();
        let locals = locals(&mut reader)?.saturating_add(arity.takes.into());
        bounds::LOCALS.hold(locals, start)?;
        let mut labels = std::mem::take(&mut code.labels);
        labels.clear();
        labels.push(Label { carried: arity.gives, is_loop: false });
        let mut work = Work { module, labels, loops_open: 0, loops: 0, joins: 0, moved: 0, local_uses: 0 };
        let mut operators = OperatorsReader::new_with_allocs(reader, std::mem::take(&mut code.operators));
        while !operators.eof() {
            let offset = operators.original_position();
            work.count(&operators.read().map_err(malformed)?)?;
            bounds::BLOCK_DEPTH.hold(work.labels.len() as u64, offset)?;
            bounds::LOOP_DEPTH.hold(work.loops_open, offset)?;
        }
        // A local that no instruction names costs nothing.
        bounds::JOINS_IN_FUNCTION.hold(work.joins, start)?;
        code.joins_squared.add(work.joins.saturating_mul(work.joins), &bounds::JOINS_SQUARED, start)?;
        let locals = locals.min(work.local_uses);
        let looped = work.loops.saturating_mul(locals).saturating_mul(locals);
        bounds::LOOPED_IN_FUNCTION.hold(looped, start)?;
        code.looped.add(looped, &bounds::LOOPED, start)?;
        let merged = work.joins.saturating_mul(locals);
        bounds::MERGED_IN_FUNCTION.hold(merged, start)?;
        code.merged.add(merged, &bounds::MERGED, start)?;
        bounds::MOVED_IN_FUNCTION.hold(work.moved, start)?;
        code.moved.add(work.moved, &bounds::MOVED, start)?;
        code.labels = work.labels;
        code.operators = operators.into_allocations();
        Ok(())
    }
}

/// Reads past the declarations of locals, and gives how many there are.
fn locals(reader: &mut BinaryReader<'_>) -> Result<u64, CompileError> {
    let mut locals = 0_u64;
    for _ in 0..reader.read_var_u32().map_err(malformed)? {
        let (count, _): (u32, wasmparser::ValType) = reader.read().map_err(malformed)?;
        locals = locals.saturating_add(count.into());
    }
    Ok(locals)
}

/// An open block.
#[derive(Clone, Copy)]
struct Label {
    /// How many values a branch to it carries.
    carried: u32,
    is_loop: bool,
}

/// What compiling one function takes.
struct Work<'m> {
    module: &'m Module,
    /// The open blocks, the function itself first.
    labels: Vec<Label>,
    /// Loops around the present instruction.
    loops_open: u64,
    loops: u64,
    /// Places where control flow meets or parts.
    joins: u64,
    /// Values that branches and calls carry.
    moved: u64,
    local_uses: u64,
}

impl Work<'_> {
    fn count(&mut self, operator: &Operator<'_>) -> Result<(), CompileError> {
        match operator {
            Operator::Block { blockty } | Operator::If { blockty } => {
                let gives = self.block(*blockty).1;
                self.enter(gives, false);
            }
            Operator::Loop { blockty } => {
                let takes = self.block(*blockty).0;
                self.enter(takes, true);
            }
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    use wasmparser::Catch;
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = catch;
                    self.branch(*label);
                }
                let gives = self.block(try_table.ty).1;
                self.enter(gives, false);
            }
            Operator::Else => self.joins += 1,
            Operator::End => {
                let closes_loop = self.labels.pop().is_some_and(|closed| closed.is_loop);
                self.loops_open = self.loops_open.saturating_sub(u64::from(closes_loop));
            }
            Operator::Br { relative_depth }
            | Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.branch(*relative_depth),
            Operator::BrTable { targets } => {
                self.branch(targets.default());
                for target in targets.targets() {
                    self.branch(target.map_err(malformed)?);
                }
            }
            Operator::Return => {
                let gives = self.labels.first().map_or(0, |function| function.carried);
                self.carry(gives);
            }
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let arity = self.module.of_function(*function_index);
                self.carry(arity.takes.saturating_add(arity.gives));
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => {
                // The callee is looked up first, on a path of its own where its table's slot was not yet filled.
                self.joins += 2;
                let arity = self.module.of_type(*type_index);
                self.carry(arity.takes.saturating_add(arity.gives));
            }
            Operator::LocalGet { .. } | Operator::LocalSet { .. } | Operator::LocalTee { .. } => self.local_uses += 1,
            _ => {}
        }
        Ok(())
    }

    /// How many values a block takes and gives.
    fn block(&self, ty: BlockType) -> (u32, u32) {
        match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(index) => {
                let arity = self.module.of_type(index);
                (arity.takes, arity.gives)
            }
        }
    }

    fn enter(&mut self, carried: u32, is_loop: bool) {
        self.loops += u64::from(is_loop);
        self.loops_open += u64::from(is_loop);
        self.joins += 1;
        self.carry(carried);
        self.labels.push(Label { carried, is_loop });
    }

    fn branch(&mut self, depth: u32) {
        self.joins += 1;
        let label = self.labels.len().checked_sub(1).and_then(|top| top.checked_sub(depth as usize));
        let carried = label.and_then(|label| self.labels.get(label)).map_or(0, |label| label.carried);
        self.carry(carried);
    }

    fn carry(&mut self, values: u32) {
        self.moved = self.moved.saturating_add(u64::from(values).saturating_add(1));
    }
}
