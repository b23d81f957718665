//! Bindings of the world `adapter`, in files that nobody edits.

use std::path::Path;

use include_dir::{Dir, include_dir};
use wit_bindgen_core::{Files, WorldGenerator};

use crate::world::{self, write_file};

/// What generated Go imports as `go.bytecodealliance.org/pkg`; from the generator's crate, so that the two fit.
static GO_PACKAGE: Dir<'_> = include_dir!("$GO_PACKAGE");

/// A language that bindings are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `adapter.h`, `adapter.c`, and `adapter_component_type.o`, which carries the world's type into the linked module.
    C,
    /// Packages of a module `wit_component`, and the package they import, in `pkg/`; `go.mod` knows where it is.
    Go,
}

/// Writes the bindings of the world `adapter` to `folder`, which is made where missing. Other files there stay.
pub fn bindings(language: Language, folder: &Path) -> anyhow::Result<()> {
    let (mut resolve, world) = world::adapter()?;
    let mut generator: Box<dyn WorldGenerator> = match language {
        Language::C => wit_bindgen_c::Opts::default().build(),
        Language::Go => {
            wit_bindgen_go::Opts { quiet: true, format: wit_bindgen_go::Format::False, ..Default::default() }.build()
        }
    };
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    for (name, contents) in files.iter() {
        write_file(&folder.join(name), contents)?;
    }
    if language == Language::Go {
        go_package(folder)?;
    }
    Ok(())
}

fn go_package(folder: &Path) -> anyhow::Result<()> {
    write_go(&GO_PACKAGE, &folder.join("pkg"))?;
    let path = folder.join("go.mod");
    let module = std::fs::read_to_string(&path)?;
    write_file(&path, format!("{module}\nreplace go.bytecodealliance.org/pkg => ./pkg\n").as_bytes())
}

fn write_go(dir: &Dir<'_>, folder: &Path) -> anyhow::Result<()> {
    for file in dir.files() {
        let extension = file.path().extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("go" | "s" | "mod")) || file.path().ends_with("LICENSE") {
            write_file(&folder.join(file.path()), file.contents())?;
        }
    }
    dir.dirs().try_for_each(|dir| write_go(dir, folder))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed expectation is a failed test")]
mod tests {
    use super::*;

    fn written(language: Language, file: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        bindings(language, folder.path()).unwrap();
        std::fs::read_to_string(folder.path().join(file)).unwrap()
    }

    #[test]
    fn c_declares_what_an_adapter_exports_and_may_import() {
        let header = written(Language::C, "adapter.h");
        for name in ["exports_caisson_adapter_provider_complete", "caisson_llm_host_count_tokens"] {
            assert!(header.contains(name), "{name}");
        }
    }

    #[test]
    fn go_finds_the_package_that_it_imports_beside_it() {
        assert!(written(Language::Go, "go.mod").contains("replace go.bytecodealliance.org/pkg => ./pkg"));
        assert!(written(Language::Go, "pkg/go.mod").starts_with("module go.bytecodealliance.org/pkg"));
        assert!(written(Language::Go, "pkg/wit/types/result.go").contains("package"));
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
