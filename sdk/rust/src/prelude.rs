//! What nearly every adapter uses, for one glob import. Holds no item of its own.

pub use crate::api::*;
pub use crate::{Adapter, EventSource, Result, http};
