//! The type sections of a component, read with a stack of our own.
//!
//! A component or instance type may declare further types within, three bytes a level, and the parser's own reading of them is
//! recursive without bound: a type section of some hundred KiB would overflow a thread's stack, which ends the process. Value types
//! are weighed: a record of two fields of the type before, forty lines of it, is a tree of a million million leaves.
//!
//! Weights follow indices within the file. A type that comes out of an instance counts as one node, since finding it would take
//! resolving names; the engine's validator has its own bound for what is built of those.

use std::ops::Range;

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentDefinedType, ComponentExternName, ComponentExternalKind, ComponentImport,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, ComponentValType, CoreType, ModuleTypeDeclaration,
    TypeBounds,
};

use super::bounds;
use super::component::{Component, Counts};
use super::{CompileError, Names, Walk, malformed};

/// The binary format's bytes for a component type, an instance type and a core module type.
const COMPONENT: u8 = 0x41;
const INSTANCE: u8 = 0x42;
const CORE_MODULE: u8 = 0x50;

/// Which of the two kinds of type sections.
#[derive(Clone, Copy)]
pub(super) enum Section {
    Types,
    CoreTypes,
}

/// How large a value type is when all that it refers to is written out.
#[derive(Clone, Copy)]
pub(super) struct Weight {
    depth: u64,
    nodes: u64,
}

impl Weight {
    /// A primitive, a resource, or what can't be weighed.
    pub(super) const ONE: Self = Self { depth: 1, nodes: 1 };

    fn over(parts: impl Iterator<Item = Self>) -> Self {
        parts.fold(Self::ONE, |whole, part| Self {
            depth: whole.depth.max(part.depth.saturating_add(1)),
            nodes: whole.nodes.saturating_add(part.nodes),
        })
    }
}

/// Reads one section. Each of its bytes is read once, but for a name or two.
pub(super) fn read(
    walk: &mut Walk<'_>,
    section: Section,
    range: Range<usize>,
    bytes: &[u8],
) -> Result<(), CompileError> {
    let offset = range.start;
    let Walk { components, counts, names, .. } = walk;
    let Some((component, outer)) = components.split_last_mut() else { return Ok(()) };
    counts.type_bytes.add(range.len() as u64, &bounds::TYPE_BYTES, offset)?;
    let mut reader = BinaryReader::new(bytes.get(range).unwrap_or_default(), offset);
    let left = reader.read_var_u32().map_err(malformed)?;
    let kind = match section {
        Section::Types => Kind::Types,
        Section::CoreTypes => Kind::CoreTypes,
    };
    let types = std::mem::take(&mut component.types);
    let mut reading = Reading { reader, open: vec![Open { kind, left, types }], outer, counts, names };
    let read = reading.all();
    // Of the open declarations the lowest is the component itself.
    component.types = reading.open.into_iter().next().map(|lowest| lowest.types).unwrap_or_default();
    read
}

struct Reading<'r, 'a> {
    reader: BinaryReader<'a>,
    /// What is being declared, the section itself lowest.
    open: Vec<Open>,
    outer: &'r [Component],
    counts: &'r mut Counts,
    names: &'r mut Names,
}

/// A list of declarations being read.
struct Open {
    kind: Kind,
    /// Declarations still to come.
    left: u32,
    types: Vec<Weight>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Types,
    CoreTypes,
    Component,
    Instance,
    CoreModule,
}

impl<'a> Reading<'_, 'a> {
    fn all(&mut self) -> Result<(), CompileError> {
        while let Some(top) = self.open.last_mut() {
            let Some(left) = top.left.checked_sub(1) else {
                if self.open.len() == 1 {
                    break;
                }
                if self.open.pop().is_some_and(|closed| closed.kind != Kind::CoreModule) {
                    self.push(Weight::ONE);
                }
                continue;
            };
            top.left = left;
            match top.kind {
                Kind::Types => self.component_type()?,
                Kind::CoreTypes => self.core_type()?,
                Kind::Component | Kind::Instance => self.declaration()?,
                Kind::CoreModule => self.module_declaration()?,
            }
        }
        if self.reader.eof() {
            return Ok(());
        }
        Err(CompileError::Invalid(format!("bytes are left over in a type section (at offset {:#x})", self.offset())))
    }

    fn component_type(&mut self) -> Result<(), CompileError> {
        self.counts.types.add(1, &bounds::TYPES, self.offset())?;
        match self.peek()? {
            COMPONENT => self.open(Kind::Component),
            INSTANCE => self.open(Kind::Instance),
            _ => {
                let offset = self.offset();
                let ty = self.reader.read().map_err(malformed)?;
                let weight = self.weigh(&ty, offset)?;
                bounds::TYPE_DEPTH.hold(weight.depth, offset)?;
                self.counts.type_nodes.add(weight.nodes, &bounds::TYPE_NODES, offset)?;
                self.push(weight);
                Ok(())
            }
        }
    }

    fn core_type(&mut self) -> Result<(), CompileError> {
        let offset = self.offset();
        self.counts.types.add(1, &bounds::TYPES, offset)?;
        if self.peek()? == CORE_MODULE {
            return self.open(Kind::CoreModule);
        }
        if let CoreType::Rec(group) = self.reader.read().map_err(malformed)? {
            self.counts.types.add(group.types().len() as u64, &bounds::TYPES, offset)?;
        }
        Ok(())
    }

    /// Opens a list of declarations, of which the byte for its kind comes next.
    fn open(&mut self, kind: Kind) -> Result<(), CompileError> {
        bounds::TYPE_NESTING.hold(self.open.len() as u64, self.offset())?;
        self.reader.read_u8().map_err(malformed)?;
        let left = self.reader.read_var_u32().map_err(malformed)?;
        self.open.push(Open { kind, left, types: Vec::new() });
        Ok(())
    }

    /// One declaration of a component or instance type.
    fn declaration(&mut self) -> Result<(), CompileError> {
        let offset = self.offset();
        let in_component = self.open.last().is_some_and(|open| open.kind == Kind::Component);
        match self.reader.read_u8().map_err(malformed)? {
            0x00 => self.core_type(),
            0x01 => self.component_type(),
            0x02 => {
                self.counts.types.add(1, &bounds::TYPES, offset)?;
                let alias = self.reader.read().map_err(malformed)?;
                self.alias(&alias, offset)
            }
            0x03 if in_component => {
                let ComponentImport { name, ty } = self.reader.read().map_err(malformed)?;
                self.declared(name.name, &ty, offset)
            }
            0x04 => {
                let name: ComponentExternName = self.reader.read().map_err(malformed)?;
                let ty = self.reader.read().map_err(malformed)?;
                self.declared(name.name, &ty, offset)
            }
            other => Err(CompileError::Invalid(format!(
                "no declaration of a type begins with {other:#x} (at offset {offset:#x})"
            ))),
        }
    }

    fn module_declaration(&mut self) -> Result<(), CompileError> {
        let offset = self.offset();
        match self.reader.read().map_err(malformed)? {
            ModuleTypeDeclaration::Type(group) => {
                self.counts.types.add(group.types().len() as u64, &bounds::TYPES, offset)
            }
            ModuleTypeDeclaration::OuterAlias { .. } => self.counts.types.add(1, &bounds::TYPES, offset),
            ModuleTypeDeclaration::Export { name, .. } => self.names.add(name, offset),
            ModuleTypeDeclaration::Import(import) => {
                self.names.add(import.module, offset)?;
                self.names.add(import.name, offset)
            }
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>, offset: usize) -> Result<(), CompileError> {
        match *alias {
            ComponentAlias::InstanceExport { kind, name, .. } => {
                if kind == ComponentExternalKind::Type {
                    self.push(Weight::ONE);
                }
                self.names.add(name, offset)
            }
            ComponentAlias::CoreInstanceExport { name, .. } => self.names.add(name, offset),
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Type, count, index } => {
                let weight = self.outside(count as usize, index as usize);
                self.push(weight);
                Ok(())
            }
            ComponentAlias::Outer { .. } => Ok(()),
        }
    }

    fn declared(&mut self, name: &str, ty: &ComponentTypeRef, offset: usize) -> Result<(), CompileError> {
        match ty {
            ComponentTypeRef::Type(TypeBounds::Eq(index)) => self.push(self.at(*index)),
            ComponentTypeRef::Type(TypeBounds::SubResource) => self.push(Weight::ONE),
            _ => {}
        }
        self.names.add(name, offset)
    }

    fn weigh(&mut self, ty: &ComponentType<'a>, offset: usize) -> Result<Weight, CompileError> {
        let defined = match ty {
            ComponentType::Defined(defined) => defined,
            ComponentType::Func(func) => {
                func.params.iter().try_for_each(|(name, _)| self.names.add(name, offset))?;
                let params = func.params.iter().map(|(_, ty)| *ty);
                return Ok(Weight::over(params.chain(func.result).map(|ty| self.of(ty))));
            }
            ComponentType::Resource { .. } | ComponentType::Component(_) | ComponentType::Instance(_) => {
                return Ok(Weight::ONE);
            }
        };
        match defined {
            ComponentDefinedType::Record(fields) => {
                fields.iter().try_for_each(|(name, _)| self.names.add(name, offset))?
            }
            ComponentDefinedType::Variant(cases) => {
                cases.iter().try_for_each(|case| self.names.add(case.name, offset))?
            }
            ComponentDefinedType::Flags(all) | ComponentDefinedType::Enum(all) => {
                all.iter().try_for_each(|name| self.names.add(name, offset))?;
            }
            _ => {}
        }
        Ok(match defined {
            ComponentDefinedType::Primitive(_) | ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
                Weight::ONE
            }
            ComponentDefinedType::Record(fields) => Weight::over(fields.iter().map(|(_, ty)| self.of(*ty))),
            ComponentDefinedType::Variant(cases) => {
                Weight::over(cases.iter().map(|case| case.ty.map_or(Weight::ONE, |ty| self.of(ty))))
            }
            ComponentDefinedType::Tuple(types) => Weight::over(types.iter().map(|ty| self.of(*ty))),
            ComponentDefinedType::Flags(all) | ComponentDefinedType::Enum(all) => {
                Weight::over(all.iter().map(|_| Weight::ONE))
            }
            ComponentDefinedType::List(ty) | ComponentDefinedType::Option(ty) => {
                Weight::over(std::iter::once(self.of(*ty)))
            }
            ComponentDefinedType::FixedLengthList(ty, length) => {
                let item = self.of(*ty);
                let nodes = item.nodes.saturating_mul(u64::from(*length));
                Weight::over(std::iter::once(Weight { nodes, ..item }))
            }
            ComponentDefinedType::Map(key, value) => Weight::over([key, value].into_iter().map(|ty| self.of(*ty))),
            ComponentDefinedType::Result { ok, err } => {
                Weight::over([ok, err].into_iter().flatten().map(|ty| self.of(*ty)))
            }
            ComponentDefinedType::Future(ty) | ComponentDefinedType::Stream(ty) => {
                Weight::over(ty.iter().map(|ty| self.of(*ty)))
            }
        })
    }

    fn of(&self, ty: ComponentValType) -> Weight {
        match ty {
            ComponentValType::Primitive(_) => Weight::ONE,
            ComponentValType::Type(index) => self.at(index),
        }
    }

    /// The type with this index in what is being declared.
    fn at(&self, index: u32) -> Weight {
        self.outside(0, index as usize)
    }

    /// The type with this index, so many levels further out.
    fn outside(&self, levels: usize, index: usize) -> Weight {
        let open = self.open.iter().rev().filter(|open| open.kind != Kind::CoreModule).map(|open| &open.types);
        let outer = self.outer.iter().rev().map(|component| &component.types);
        open.chain(outer).nth(levels).and_then(|types| types.get(index)).copied().unwrap_or(Weight::ONE)
    }

    fn push(&mut self, weight: Weight) {
        if let Some(open) = self.open.iter_mut().rev().find(|open| open.kind != Kind::CoreModule) {
            open.types.push(weight);
        }
    }

    fn peek(&self) -> Result<u8, CompileError> {
        self.reader.clone().read_u8().map_err(malformed)
    }

    fn offset(&self) -> usize {
        self.reader.original_position()
    }
}
