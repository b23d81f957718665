//! The two worlds that a component may be for, and what differs between them on the host: the interface that is exported, the WASI
//! that is linked, what the engine must know.
//!
//! Each world has an engine of its own (`engine`): code that may have tasks and streams needs a Store with more machinery, which
//! the world `adapter` does without (decision 017). How exports are called is in `exports`.

use wasmtime::{Config, OptLevel, RegallocAlgorithm};

/// The version of the contract that this host speaks, the only one so far.
pub(super) const CONTRACT: &str = "0.1.0";

/// What a component imports and exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// On WASI 0.2.
    Adapter,
    /// On WASI 0.3, beside 0.2. Experimental.
    AdapterAsync,
}

impl World {
    /// All of them; the one for everybody first.
    pub const ALL: [Self; 2] = [Self::Adapter, Self::AdapterAsync];

    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adapter => "adapter",
            Self::AdapterAsync => "adapter-async",
        }
    }

    /// The version of WASI that it's on.
    pub const fn wasi(self) -> &'static str {
        match self {
            Self::Adapter => "WASI 0.2",
            Self::AdapterAsync => "WASI 0.3",
        }
    }

    /// The world of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|world| world.name() == name)
    }

    /// The interface that a component of this world exports.
    pub(super) const fn provider(self) -> &'static str {
        match self {
            Self::Adapter => "caisson:adapter/provider@0.1.0",
            Self::AdapterAsync => "caisson:adapter-async/provider-async@0.1.0",
        }
    }

    /// Whether its linker has an interface of that name. Versions match by semver, as in the linker itself.
    pub(super) fn gives(self, name: &str) -> bool {
        const BOTH: [&str; 6] =
            ["wasi:clocks", "wasi:random", "wasi:cli", "wasi:http", "wasi:filesystem", "wasi:sockets"];
        let Some((interface, version)) = name.split_once('@') else { return false };
        let Some((package, interface)) = interface.split_once('/') else { return false };
        match package {
            "caisson:llm" => matches!(interface, "host" | "api") && version == CONTRACT,
            "wasi:io" => version.starts_with("0.2."),
            _ if BOTH.contains(&package) => {
                version.starts_with("0.2.") || (self == Self::AdapterAsync && version.starts_with("0.3."))
            }
            _ => false,
        }
    }

    /// The stacks that one sandbox takes at most. A guest with tasks waits on one while the host hands it values on another, and it
    /// has one instance that can wait (`structure`).
    pub(super) const fn stacks(self) -> u32 {
        match self {
            Self::Adapter => 1,
            Self::AdapterAsync => 2,
        }
    }

    /// What shapes machine code: the same in the jail and out of it, but for what a hasty compiler leaves undone. The pool isn't part
    /// of it.
    pub(super) fn compiler_config(self, hasty: bool) -> Config {
        let mut config = Config::new();
        if hasty {
            config.cranelift_opt_level(OptLevel::None).cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        }
        let tasks = self == Self::AdapterAsync;
        config
            .consume_fuel(true)
            .epoch_interruption(true)
            .wasm_component_model(true)
            .wasm_component_model_async(tasks)
            // Each Store is cheaper without it.
            .concurrency_support(tasks);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wasi_0_3_is_given_in_its_own_world_alone() {
        for world in World::ALL {
            assert!(world.gives("wasi:http/types@0.2.3"));
            assert!(world.gives("wasi:io/poll@0.2.0"));
            assert!(world.gives("caisson:llm/host@0.1.0"));
            assert!(!world.gives("wasi:io/poll@0.3.0"));
            assert!(!world.gives("wasi:keyvalue/store@0.2.0"));
            assert!(!world.gives("caisson:llm/host@0.2.0"));
            assert_eq!(world.gives("wasi:http/client@0.3.0"), world == World::AdapterAsync);
            assert_eq!(World::named(world.name()), Some(world));
        }
    }
}
