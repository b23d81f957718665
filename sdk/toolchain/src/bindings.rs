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
