//! Bindings of the world `adapter`, in files that nobody edits.

use std::path::Path;

use wit_bindgen_core::Files;

use crate::go;
use crate::world::{self, write_file};

/// A language that bindings are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `adapter.h`, `adapter.c`, and `adapter_component_type.o`, which carries the world's type into the linked module.
    C,
    /// Packages below `imports`, `exports` and `wit`, whose import paths follow from the module that the folder lies in. An
    /// adapter adds the functions that `exports/wit_exports` calls to `exports/export_caisson_adapter_provider`.
    Go,
}

/// Writes the bindings of the world `adapter` to `folder`, which is made where missing. Other files there stay.
pub fn bindings(language: Language, folder: &Path) -> anyhow::Result<()> {
    let (mut resolve, world) = world::adapter()?;
    let mut files = Files::default();
    match language {
        Language::C => {
            wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files)?;
            files.iter().try_for_each(|(name, contents)| write_file(&folder.join(name), contents))
        }
        Language::Go => {
            let path = go::import_path(folder)?;
            let options = wit_bindgen_go::Opts {
                quiet: true,
                format: wit_bindgen_go::Format::False,
                pkg_name: Some(path.clone()),
                ..Default::default()
            };
            options.build().generate(&mut resolve, world, &mut files)?;
            go::write(folder, &path, &files)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn c_declares_what_an_adapter_exports_and_may_import() {
        let folder = tempfile::tempdir().unwrap();
        bindings(Language::C, folder.path()).unwrap();
        let header = std::fs::read_to_string(folder.path().join("adapter.h")).unwrap();
        for name in ["exports_caisson_adapter_provider_complete", "caisson_llm_host_count_tokens"] {
            assert!(header.contains(name), "{name}");
        }
    }

    #[test]
    fn other_files_of_the_folder_stay() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("impl.c");
        std::fs::write(&own, "mine").unwrap();
        bindings(Language::C, folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(own).unwrap(), "mine");
    }
}
