//! Bindings of a world, in files that nobody edits.

use std::path::Path;

use wit_bindgen_core::Files;

use crate::go;
use crate::world::{World, write_file};

/// A language that bindings are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `adapter.h`, `adapter.c`, and `adapter_component_type.o`, which carries the world's type into the linked module. Both
    /// worlds have these names, so that what they share is named alike.
    C,
    /// Packages below `imports`, `exports` and `wit`, whose import paths follow from the module that the folder lies in. An
    /// adapter adds the functions that `exports/wit_exports` calls to `exports/export_caisson_adapter_provider`.
    Go,
}

/// Writes a world's bindings to `folder`, which is made where missing. Other files there stay. Go's own scheduler can't wait as
/// `adapter-async` wants it, so that world is refused for it.
pub fn bindings(language: Language, world: World, folder: &Path) -> anyhow::Result<()> {
    let (mut resolve, id) = world.resolve()?;
    let mut files = Files::default();
    match language {
        Language::C => {
            let options =
                wit_bindgen_c::Opts { rename_world: Some(World::Adapter.name().to_owned()), ..Default::default() };
            options.build().generate(&mut resolve, id, &mut files)?;
            files.iter().try_for_each(|(name, contents)| write_file(&folder.join(name), contents))
        }
        Language::Go => {
            anyhow::ensure!(world == World::Adapter, "Go has bindings for the world `adapter` alone");
            let path = go::import_path(folder)?;
            let options = wit_bindgen_go::Opts {
                quiet: true,
                format: wit_bindgen_go::Format::False,
                pkg_name: Some(path.clone()),
                ..Default::default()
            };
            options.build().generate(&mut resolve, id, &mut files)?;
            go::write(folder, &path, &files)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn c_declares_what_an_adapter_of_either_world_exports_and_may_import() {
        let folder = tempfile::tempdir().unwrap();
        for (world, export) in [
            (World::Adapter, "bool exports_caisson_adapter_provider_complete"),
            (World::AdapterAsync, "adapter_callback_code_t exports_caisson_adapter_async_provider_async_complete"),
        ] {
            bindings(Language::C, world, folder.path()).unwrap();
            let header = std::fs::read_to_string(folder.path().join("adapter.h")).unwrap();
            for name in [export, "caisson_llm_host_count_tokens", "adapter_string_t"] {
                assert!(header.contains(name), "{name}");
            }
        }
    }

    #[test]
    fn go_has_no_world_on_wasi_0_3() {
        let folder = tempfile::tempdir().unwrap();
        let error = bindings(Language::Go, World::AdapterAsync, folder.path()).unwrap_err().to_string();
        assert!(error.contains("`adapter` alone"), "{error}");
    }

    #[test]
    fn other_files_of_the_folder_stay() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("impl.c");
        std::fs::write(&own, "mine").unwrap();
        bindings(Language::C, World::Adapter, folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(own).unwrap(), "mine");
    }
}
