//! The check of an uploaded component's structure, before anything compiles it (invariant 5).
//!
//! What comes in is hostile, and a validator and a compiler have steps that take more than the bytes they read: a few KiB can cost
//! minutes, and a type section that nests without end overflows the stack of any recursive reader. So this reads the file once, front
//! to back, and counts what makes the later steps expensive against [`bounds`]. It takes time in proportion to the file, holds no
//! more than a few MiB, calls nothing recursively, and never panics.
//!
//! It validates nothing: a file that passes may still be refused by the engine, and one within every bound may still be slow to
//! compile, which the limits on the compiling process are for. Section by section: [`component`] and [`types`] for the component
//! layer, [`module`] and [`code`] for core modules.

mod bounds;
mod code;
mod component;
mod module;
#[cfg(test)]
mod tests;
mod types;

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;

use super::engine::CompileError;
use super::world::{CONTRACT, World};
use bounds::Tally;
use component::Component;
use module::Module;

/// Refuses what is no component for this host, and what would cost more to compile than any adapter needs. Gives the world that the
/// component is for: that of which it exports the provider; if it exports both, the one that asks for nothing experimental.
pub(crate) fn check(bytes: &[u8]) -> Result<World, CompileError> {
    check_header(bytes)?;
    let mut walk = Walk::default();
    for payload in Parser::new(0).parse_all(bytes) {
        walk.payload(payload.map_err(malformed)?, bytes)?;
    }
    walk.check_contract()?;
    let world = walk.check_exports()?;
    walk.check_tasks(world)?;
    walk.check_imports(world)?;
    Ok(world)
}

fn check_header(bytes: &[u8]) -> Result<(), CompileError> {
    match bytes.get(..8) {
        _ if Engine::detect_precompiled(bytes).is_some() => Err(CompileError::Precompiled),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(CompileError::CoreModule),
        Some([0, b'a', b's', b'm', _, 0, 1, 0]) => Ok(()),
        None if bytes.starts_with(b"\0asm") => Err(CompileError::Invalid("it ends within its header".into())),
        _ => Err(CompileError::NotWasm),
    }
}

/// The version in the name of an interface of ours.
fn contract_version(name: &str) -> Option<&str> {
    let (interface, version) = name.split_once('@')?;
    let (package, _) = interface.split_once('/')?;
    ["caisson:adapter", "caisson:adapter-async", "caisson:llm"].contains(&package).then_some(version)
}

fn malformed(error: wasmparser::Error) -> CompileError {
    CompileError::Invalid(error.to_string())
}

/// The state of one reading: what is open around the present byte, and what was counted up to it.
#[derive(Default)]
struct Walk<'a> {
    /// The components around the present byte, outermost first. The outermost stays after its end.
    components: Vec<Component>,
    /// The core module around the present byte.
    module: Option<Module>,
    sections: Tally,
    names: Names,
    counts: component::Counts,
    core: module::Counts,
    code: code::Counts,
    /// What the outermost component imports and exports.
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
}

/// The names of imports, exports, fields and parameters.
#[derive(Default)]
struct Names {
    count: Tally,
    bytes: Tally,
}

impl Names {
    fn add(&mut self, name: &str, offset: usize) -> Result<(), CompileError> {
        bounds::NAME_BYTES.hold(name.len() as u64, offset)?;
        self.count.add(1, &bounds::NAMES, offset)?;
        self.bytes.add(name.len() as u64, &bounds::NAMES_BYTES, offset)
    }
}

impl<'a> Walk<'a> {
    fn payload(&mut self, payload: Payload<'a>, bytes: &'a [u8]) -> Result<(), CompileError> {
        let offset = payload.as_section().map_or(0, |(_, range)| range.start);
        if payload.as_section().is_some() {
            self.sections.add(1, &bounds::SECTIONS, offset)?;
        }
        match payload {
            Payload::Version { encoding: Encoding::Component, range, .. } => self.open_component(range.start),
            Payload::Version { encoding: Encoding::Module, range, .. } => self.open_module(range.start),
            Payload::End(_) => {
                self.close();
                Ok(())
            }
            Payload::UnknownSection { id, range, .. } => {
                Err(CompileError::Invalid(format!("no section has the id {id} (at offset {:#x})", range.start)))
            }
            Payload::CustomSection(_) | Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => Ok(()),
            payload if self.module.is_some() => self.module_section(payload),
            payload => self.component_section(payload, bytes),
        }
    }

    fn open_component(&mut self, offset: usize) -> Result<(), CompileError> {
        bounds::COMPONENT_DEPTH.hold(self.components.len() as u64 + 1, offset)?;
        self.counts.components.add(1, &bounds::COMPONENTS, offset)?;
        self.components.push(Component::default());
        Ok(())
    }

    fn open_module(&mut self, offset: usize) -> Result<(), CompileError> {
        self.core.modules.add(1, &bounds::CORE_MODULES, offset)?;
        self.module = Some(Module::default());
        Ok(())
    }

    fn close(&mut self) {
        if let Some(closed) = self.module.take() {
            if let Some(component) = self.components.last_mut() {
                component.contain_module(closed.defines);
            }
            return;
        }
        if self.components.len() < 2 {
            return;
        }
        if let (Some(closed), Some(outer)) = (self.components.pop(), self.components.last_mut()) {
            outer.contain(&closed);
        }
    }

    /// Another version of the contract than ours is told as that, and not as a missing export.
    fn check_contract(&self) -> Result<(), CompileError> {
        let exports = self.exports.iter().filter(|_| self.world().is_none());
        let stranger = exports.chain(&self.imports).find_map(|name| {
            let version = contract_version(name).filter(|version| *version != CONTRACT)?;
            Some(CompileError::Contract { version: version.to_owned(), name: (*name).to_owned() })
        });
        stranger.map_or(Ok(()), Err)
    }

    /// The world whose provider is exported; of two, the one for everybody.
    fn world(&self) -> Option<World> {
        World::ALL.into_iter().find(|world| self.exports.contains(&world.provider()))
    }

    fn check_exports(&self) -> Result<World, CompileError> {
        if let Some(world) = self.world() {
            return Ok(world);
        }
        let wanted = World::ALL.map(|world| format!("`{}` (world `{}`)", world.provider(), world.name()));
        let found =
            if self.exports.is_empty() { "nothing".to_owned() } else { format!("`{}`", self.exports.join("`, `")) };
        Err(CompileError::Export(format!("it must export {}, and exports {found}", wanted.join(" or "))))
    }

    /// Only the outermost component may have instances that wait.
    fn check_tasks(&self, world: World) -> Result<(), CompileError> {
        match (world, self.counts.lifted_inside) {
            (World::AdapterAsync, Some(offset)) => bounds::LIFTED_INSIDE.hold(1, offset),
            _ => Ok(()),
        }
    }

    /// Names every import that nobody gives, not only the first.
    fn check_imports(&self, world: World) -> Result<(), CompileError> {
        let strangers: Vec<String> =
            self.imports.iter().filter(|name| !world.gives(name)).map(|name| format!("`{name}`")).collect();
        if strangers.is_empty() {
            return Ok(());
        }
        let wasi = match world {
            World::Adapter => "WASI 0.2 (io, clocks, random, cli, http, filesystem, sockets)",
            World::AdapterAsync => {
                "WASI 0.3 (clocks, random, cli, http, filesystem, sockets), WASI 0.2 (the same and io)"
            }
        };
        Err(CompileError::Import(format!(
            "{}, which the host doesn't give; the world `{}` has {wasi} and `caisson:llm/host@0.1.0`",
            strangers.join(", "),
            world.name()
        )))
    }
}
