//! The sections of a core module, but for its code.

use wasmparser::{
    CompositeInnerType, DataKind, DataSectionReader, ElementItems, ElementSectionReader, ExportSectionReader,
    FunctionSectionReader, GlobalSectionReader, ImportSectionReader, MemorySectionReader, MemoryType, Payload,
    TableSectionReader, TagSectionReader, TypeRef, TypeSectionReader,
};

use super::bounds::{self, Tally};
use super::component::Made;
use super::{CompileError, Walk, malformed};

/// What is counted over all core modules.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) modules: Tally,
    types: Tally,
    type_bytes: Tally,
    imports: Tally,
    functions: Tally,
    tables: Tally,
    memories: Tally,
    globals: Tally,
    tags: Tally,
    exports: Tally,
    elements: Tally,
    element_items: Tally,
    data: Tally,
}

/// A core module being read.
#[derive(Default)]
pub(super) struct Module {
    /// Parameters and results of each type, by index.
    types: Vec<Arity>,
    /// The type of each function, by index, imports first.
    functions: Vec<u32>,
    /// How many of the functions are imported.
    imported: usize,
    /// What an instance takes beside itself.
    pub(super) defines: Made,
    /// Bodies read so far.
    pub(super) bodies: usize,
}

/// How many values a function or a block takes and gives.
#[derive(Clone, Copy, Default)]
pub(super) struct Arity {
    pub(super) takes: u32,
    pub(super) gives: u32,
}

impl Module {
    /// The arity of the type with this index; nothing for one that isn't there, which the engine refuses.
    pub(super) fn of_type(&self, index: u32) -> Arity {
        self.types.get(index as usize).copied().unwrap_or_default()
    }

    /// The arity of the function with this index.
    pub(super) fn of_function(&self, index: u32) -> Arity {
        self.functions.get(index as usize).map_or(Arity::default(), |ty| self.of_type(*ty))
    }

    /// The arity of the function whose body comes next.
    pub(super) fn of_body(&self) -> Arity {
        self.functions.get(self.imported.saturating_add(self.bodies)).map_or(Arity::default(), |ty| self.of_type(*ty))
    }
}

impl<'a> Walk<'a> {
    /// Reads a section that only a core module has.
    pub(super) fn module_section(&mut self, payload: Payload<'a>) -> Result<(), CompileError> {
        match payload {
            Payload::TypeSection(section) => self.core_types(section),
            Payload::ImportSection(section) => self.core_imports(section),
            Payload::FunctionSection(section) => self.functions(section),
            Payload::TableSection(section) => self.tables(section),
            Payload::MemorySection(section) => self.memories(section),
            Payload::TagSection(section) => self.tags(section),
            Payload::GlobalSection(section) => self.globals(section),
            Payload::ExportSection(section) => self.core_exports(section),
            Payload::ElementSection(section) => self.elements(section),
            Payload::DataSection(section) => self.data(section),
            Payload::CodeSectionEntry(body) => self.body(&body),
            // The counts that these name are held to what follows by the parser.
            _ => Ok(()),
        }
    }

    fn core_types(&mut self, section: TypeSectionReader<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), core, .. } = self else { return Ok(()) };
        let range = section.range();
        core.type_bytes.add(range.len() as u64, &bounds::CORE_TYPE_BYTES, range.start)?;
        for item in section.into_iter_with_offsets() {
            let (offset, group) = item.map_err(malformed)?;
            for ty in group.types() {
                core.types.add(1, &bounds::CORE_TYPES, offset)?;
                let arity = match &ty.composite_type.inner {
                    CompositeInnerType::Func(ty) => {
                        Arity { takes: ty.params().len() as u32, gives: ty.results().len() as u32 }
                    }
                    _ => Arity::default(),
                };
                bounds::PARAMETERS.hold(arity.takes.into(), offset)?;
                bounds::RESULTS.hold(arity.gives.into(), offset)?;
                module.types.push(arity);
            }
        }
        Ok(())
    }

    fn core_imports(&mut self, section: ImportSectionReader<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), core, names, .. } = self else { return Ok(()) };
        for item in section.into_imports_with_offsets() {
            let (offset, import) = item.map_err(malformed)?;
            core.imports.add(1, &bounds::CORE_IMPORTS, offset)?;
            names.add(import.module, offset)?;
            names.add(import.name, offset)?;
            match import.ty {
                TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                    module.functions.push(ty);
                    module.imported += 1;
                }
                TypeRef::Table(table) => bounds::TABLE_ELEMENTS.hold(table.initial, offset)?,
                TypeRef::Memory(memory) => hold_memory(&memory, offset)?,
                TypeRef::Global(_) | TypeRef::Tag(_) => {}
            }
        }
        Ok(())
    }

    fn functions(&mut self, section: FunctionSectionReader<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), core, .. } = self else { return Ok(()) };
        // Said before any is read: a section's count is a claim, but one that the code section must meet.
        core.functions.add(section.count().into(), &bounds::CORE_FUNCTIONS, section.range().start)?;
        for ty in section {
            module.functions.push(ty.map_err(malformed)?);
        }
        Ok(())
    }

    fn tables(&mut self, section: TableSectionReader<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), core, .. } = self else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, table) = item.map_err(malformed)?;
            core.tables.add(1, &bounds::TABLES, offset)?;
            module.defines.tables += 1;
            bounds::TABLE_ELEMENTS.hold(table.ty.initial, offset)?;
        }
        Ok(())
    }

    fn memories(&mut self, section: MemorySectionReader<'a>) -> Result<(), CompileError> {
        let Self { module: Some(module), core, .. } = self else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, memory) = item.map_err(malformed)?;
            core.memories.add(1, &bounds::MEMORIES, offset)?;
            module.defines.memories += 1;
            hold_memory(&memory, offset)?;
        }
        Ok(())
    }

    fn tags(&mut self, section: TagSectionReader<'a>) -> Result<(), CompileError> {
        for item in section.into_iter_with_offsets() {
            let (offset, _) = item.map_err(malformed)?;
            self.core.tags.add(1, &bounds::TAGS, offset)?;
        }
        Ok(())
    }

    fn globals(&mut self, section: GlobalSectionReader<'a>) -> Result<(), CompileError> {
        for item in section.into_iter_with_offsets() {
            let (offset, _) = item.map_err(malformed)?;
            self.core.globals.add(1, &bounds::GLOBALS, offset)?;
        }
        Ok(())
    }

    fn core_exports(&mut self, section: ExportSectionReader<'a>) -> Result<(), CompileError> {
        for item in section.into_iter_with_offsets() {
            let (offset, export) = item.map_err(malformed)?;
            self.core.exports.add(1, &bounds::CORE_EXPORTS, offset)?;
            self.names.add(export.name, offset)?;
        }
        Ok(())
    }

    fn elements(&mut self, section: ElementSectionReader<'a>) -> Result<(), CompileError> {
        for item in section.into_iter_with_offsets() {
            let (offset, element) = item.map_err(malformed)?;
            self.core.elements.add(1, &bounds::ELEMENT_SEGMENTS, offset)?;
            let items = match element.items {
                ElementItems::Functions(items) => items.count(),
                ElementItems::Expressions(_, items) => items.count(),
            };
            self.core.element_items.add(items.into(), &bounds::ELEMENT_ITEMS, offset)?;
        }
        Ok(())
    }

    fn data(&mut self, section: DataSectionReader<'a>) -> Result<(), CompileError> {
        for item in section.into_iter_with_offsets() {
            let (offset, data) = item.map_err(malformed)?;
            self.core.data.add(1, &bounds::DATA_SEGMENTS, offset)?;
            if let DataKind::Active { offset_expr, .. } = data.kind {
                bounds::OFFSET_BYTES.hold(offset_expr.get_binary_reader().bytes_remaining() as u64, offset)?;
            }
        }
        Ok(())
    }
}

fn hold_memory(memory: &MemoryType, offset: usize) -> Result<(), CompileError> {
    let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX);
    bounds::MEMORY_BYTES.hold(memory.initial.saturating_mul(page), offset)
}
