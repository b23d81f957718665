//! The sections of the component layer: instances, aliases, canonical functions, imports, exports. Types are read in
//! [`super::types`].
//!
//! The danger here is multiplication: a component that instantiates another twice, which instantiates a third twice, makes 2ⁿ
//! instances of n lines, and the compiler writes them all out. So each component carries what one instance of it comes to, and with
//! it what it would take of the pool: code that the pool has no room for would be compiled, and then not load.

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentAliasSectionReader, ComponentExportSectionReader,
    ComponentExternalKind, ComponentImportSectionReader, ComponentInstance, ComponentInstanceSectionReader,
    ComponentOuterAliasKind, ComponentTypeRef, Instance, InstanceSectionReader, Payload, TypeBounds,
};

use super::bounds::{self, Tally};
use super::types::{self, Section, Weight};
use super::{CompileError, Names, Walk, malformed};

/// What is counted over the whole file.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) components: Tally,
    pub(super) types: Tally,
    pub(super) type_bytes: Tally,
    pub(super) type_nodes: Tally,
    imports: Tally,
    exports: Tally,
    aliases: Tally,
    canonical: Tally,
    /// Where the first function is that a component inside another makes of a core function, to be called as a task of its own.
    pub(super) lifted_inside: Option<usize>,
    instances: Tally,
    arguments: Tally,
}

impl Counts {
    fn instance(&mut self, offset: usize) -> Result<(), CompileError> {
        self.instances.add(1, &bounds::INSTANCES, offset)
    }

    /// What an instance is given, or made of.
    fn arguments<'n>(
        &mut self,
        given: impl ExactSizeIterator<Item = &'n str>,
        names: &mut Names,
        offset: usize,
    ) -> Result<(), CompileError> {
        self.arguments.add(given.len() as u64, &bounds::ARGUMENTS, offset)?;
        given.into_iter().try_for_each(|name| names.add(name, offset))
    }
}

/// A component being read: its index spaces of types and components, and its instances.
#[derive(Default)]
pub(super) struct Component {
    pub(super) types: Vec<Weight>,
    components: Vec<Instances>,
    modules: Vec<Made>,
    made: Made,
}

/// What comes of instantiating something.
#[derive(Clone, Copy, Default)]
pub(super) struct Made {
    /// Instances of any kind.
    instances: u64,
    /// Those of core modules.
    core: u64,
    pub(super) memories: u64,
    pub(super) tables: u64,
}

impl Made {
    /// An instance that is a list of exports, or is counted by what it makes.
    const INSTANCE: Self = Self { instances: 1, core: 0, memories: 0, tables: 0 };
    /// An instance of a core module, beside what the module defines.
    const CORE: Self = Self { instances: 1, core: 1, memories: 0, tables: 0 };

    fn and(self, other: Self) -> Self {
        Self {
            instances: self.instances.saturating_add(other.instances),
            core: self.core.saturating_add(other.core),
            memories: self.memories.saturating_add(other.memories),
            tables: self.tables.saturating_add(other.tables),
        }
    }
}

/// What one instance of a component comes to, itself included.
#[derive(Clone, Copy)]
enum Instances {
    Known(Made),
    /// It comes from outside, as an import or out of an instance: what it makes can't be counted here.
    Given,
}

impl Component {
    /// Adds a component that stands in this one.
    pub(super) fn contain(&mut self, inner: &Self) {
        self.components.push(Instances::Known(inner.made.and(Made::INSTANCE)));
    }

    /// Adds a core module that stands in this component.
    pub(super) fn contain_module(&mut self, defines: Made) {
        self.modules.push(defines);
    }

    /// A module that isn't in the file takes no more than its instance, as far as can be known.
    fn instantiate_module(&mut self, index: u32, offset: usize) -> Result<(), CompileError> {
        let defines = self.modules.get(index as usize).copied().unwrap_or_default();
        self.make(defines.and(Made::CORE), offset)
    }

    fn instantiate(&mut self, index: u32, offset: usize) -> Result<(), CompileError> {
        match self.components.get(index as usize) {
            Some(Instances::Known(instances)) => self.make(*instances, offset),
            Some(Instances::Given) => bounds::GIVEN_COMPONENTS.hold(1, offset),
            None => Err(CompileError::Invalid(format!("there is no component {index} (at offset {offset:#x})"))),
        }
    }

    fn make(&mut self, made: Made, offset: usize) -> Result<(), CompileError> {
        self.made = self.made.and(made);
        bounds::INSTANCES_MADE.hold(self.made.instances, offset)?;
        bounds::CORE_INSTANCES_MADE.hold(self.made.core, offset)?;
        bounds::MEMORIES_MADE.hold(self.made.memories, offset)?;
        bounds::TABLES_MADE.hold(self.made.tables, offset)
    }

    fn weight(&self, index: u32) -> Weight {
        self.types.get(index as usize).copied().unwrap_or(Weight::ONE)
    }

    /// A new item of whatever index space is followed here.
    fn declare(&mut self, ty: &ComponentTypeRef) {
        match ty {
            ComponentTypeRef::Type(TypeBounds::Eq(index)) => self.types.push(self.weight(*index)),
            ComponentTypeRef::Type(TypeBounds::SubResource) => self.types.push(Weight::ONE),
            ComponentTypeRef::Component(_) => self.components.push(Instances::Given),
            ComponentTypeRef::Module(_) => self.modules.push(Made::default()),
            _ => {}
        }
    }

    fn alias(&mut self, kind: ComponentOuterAliasKind, count: u32, index: u32, outer: &[Self]) {
        let level = match (count as usize).checked_sub(1) {
            None => Some(&*self),
            Some(up) => outer.iter().rev().nth(up),
        };
        match kind {
            ComponentOuterAliasKind::Type => {
                let same = level.map_or(Weight::ONE, |level| level.weight(index));
                self.types.push(same);
            }
            ComponentOuterAliasKind::Component => {
                let same = level.and_then(|level| level.components.get(index as usize)).copied();
                self.components.push(same.unwrap_or(Instances::Given));
            }
            ComponentOuterAliasKind::CoreModule => {
                let same = level.and_then(|level| level.modules.get(index as usize)).copied();
                self.modules.push(same.unwrap_or_default());
            }
            ComponentOuterAliasKind::CoreType => {}
        }
    }

    /// What is exported gets a further index.
    fn export(&mut self, kind: ComponentExternalKind, index: u32) {
        match kind {
            ComponentExternalKind::Type => self.types.push(self.weight(index)),
            ComponentExternalKind::Component => {
                let same = self.components.get(index as usize).copied().unwrap_or(Instances::Given);
                self.components.push(same);
            }
            ComponentExternalKind::Module => {
                let same = self.modules.get(index as usize).copied().unwrap_or_default();
                self.modules.push(same);
            }
            _ => {}
        }
    }
}

impl<'a> Walk<'a> {
    /// Reads a section that only a component has.
    pub(super) fn component_section(&mut self, payload: Payload<'a>, bytes: &'a [u8]) -> Result<(), CompileError> {
        match payload {
            Payload::ComponentTypeSection(section) => types::read(self, Section::Types, section.range(), bytes),
            Payload::CoreTypeSection(section) => types::read(self, Section::CoreTypes, section.range(), bytes),
            Payload::InstanceSection(section) => self.core_instances(section),
            Payload::ComponentInstanceSection(section) => self.instances(section),
            Payload::ComponentAliasSection(section) => self.aliases(section),
            Payload::ComponentCanonicalSection(section) => section.into_iter_with_offsets().try_for_each(|item| {
                let (offset, function) = item.map_err(malformed)?;
                if self.components.len() > 1 && matches!(function, CanonicalFunction::Lift { .. }) {
                    self.counts.lifted_inside.get_or_insert(offset);
                }
                self.counts.canonical.add(1, &bounds::CANONICAL_FUNCTIONS, offset)
            }),
            Payload::ComponentImportSection(section) => self.imports(section),
            Payload::ComponentExportSection(section) => self.exports(section),
            // A start function of the component layer is one call.
            _ => Ok(()),
        }
    }

    fn core_instances(&mut self, section: InstanceSectionReader<'a>) -> Result<(), CompileError> {
        let Self { components, counts, names, .. } = self;
        let Some(component) = components.last_mut() else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, instance) = item.map_err(malformed)?;
            counts.instance(offset)?;
            match instance {
                Instance::Instantiate { module_index, args } => {
                    component.instantiate_module(module_index, offset)?;
                    counts.arguments(args.iter().map(|argument| argument.name), names, offset)?;
                }
                Instance::FromExports(exports) => {
                    component.make(Made::INSTANCE, offset)?;
                    counts.arguments(exports.iter().map(|export| export.name), names, offset)?;
                }
            }
        }
        Ok(())
    }

    fn instances(&mut self, section: ComponentInstanceSectionReader<'a>) -> Result<(), CompileError> {
        let Self { components, counts, names, .. } = self;
        let Some(component) = components.last_mut() else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, instance) = item.map_err(malformed)?;
            counts.instance(offset)?;
            match instance {
                ComponentInstance::Instantiate { component_index, args } => {
                    counts.arguments(args.iter().map(|argument| argument.name), names, offset)?;
                    component.instantiate(component_index, offset)?;
                }
                ComponentInstance::FromExports(exports) => {
                    counts.arguments(exports.iter().map(|export| export.name.name), names, offset)?;
                    component.make(Made::INSTANCE, offset)?;
                }
            }
        }
        Ok(())
    }

    fn aliases(&mut self, section: ComponentAliasSectionReader<'a>) -> Result<(), CompileError> {
        let Self { components, counts, names, .. } = self;
        let Some((component, outer)) = components.split_last_mut() else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, alias) = item.map_err(malformed)?;
            counts.aliases.add(1, &bounds::ALIASES, offset)?;
            match alias {
                ComponentAlias::CoreInstanceExport { name, .. } => names.add(name, offset)?,
                ComponentAlias::InstanceExport { kind, name, .. } => {
                    names.add(name, offset)?;
                    match kind {
                        ComponentExternalKind::Type => component.types.push(Weight::ONE),
                        ComponentExternalKind::Component => component.components.push(Instances::Given),
                        ComponentExternalKind::Module => component.modules.push(Made::default()),
                        _ => {}
                    }
                }
                ComponentAlias::Outer { kind, count, index } => component.alias(kind, count, index, outer),
            }
        }
        Ok(())
    }

    fn imports(&mut self, section: ComponentImportSectionReader<'a>) -> Result<(), CompileError> {
        let outermost = self.components.len() == 1;
        let Some(component) = self.components.last_mut() else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, import) = item.map_err(malformed)?;
            self.counts.imports.add(1, &bounds::COMPONENT_IMPORTS, offset)?;
            self.names.add(import.name.name, offset)?;
            component.declare(&import.ty);
            if outermost {
                self.imports.push(import.name.name);
            }
        }
        Ok(())
    }

    fn exports(&mut self, section: ComponentExportSectionReader<'a>) -> Result<(), CompileError> {
        let outermost = self.components.len() == 1;
        let Some(component) = self.components.last_mut() else { return Ok(()) };
        for item in section.into_iter_with_offsets() {
            let (offset, export) = item.map_err(malformed)?;
            self.counts.exports.add(1, &bounds::COMPONENT_EXPORTS, offset)?;
            self.names.add(export.name.name, offset)?;
            component.export(export.kind, export.index);
            if outermost {
                self.exports.push(export.name.name);
            }
        }
        Ok(())
    }
}
