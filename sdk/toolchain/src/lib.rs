//! Bindings and components for adapters in languages whose own tools make neither: C and Go.
//!
//! What `wit-bindgen` and `wasm-tools component` do on a command line, as a library for one contract: its worlds are built in, and so
//! is the Go package that generated Go imports. Nothing is fetched and no other tool is run. It compiles no source: that is the
//! languages' own toolchains' work.

mod bindings;
mod component;
mod data;
mod go;
mod world;

pub use bindings::{Language, bindings};
pub use component::componentize;
pub use world::World;
