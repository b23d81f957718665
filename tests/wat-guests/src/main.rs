//! `caisson-wat-guests FROM TO`: makes a component of every `.wat` file in one folder, in another.
//!
//! Each file holds the fields of a core module that do the attack; `module` adds what every adapter needs. The component's types come
//! from the contract in `wit/`, so a guest that doesn't fit them can't be built. It tests nothing: the hostile suite runs what it makes.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

mod module;

/// What the host links beside the imports of the world `adapter`, and some attacks want.
const WORLD: &str = "
    package caisson:hostile;
    world hostile {
        include caisson:adapter/adapter@0.1.0;
        import wasi:cli/exit@0.2.12;
        import wasi:sockets/tcp-create-socket@0.2.12;
    }
";

fn main() -> Result<()> {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [from, to] = folders.as_slice() else { bail!("two folders are needed: the sources' and the components'") };
    let mut resolve = Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/adapter");
    resolve.push_dir(&contract).context("the contract can't be read")?;
    let package = resolve.push_str("hostile.wit", WORLD)?;
    let world = resolve.select_world(&[package], Some("hostile"))?;

    let sources = fs::read_dir(from).with_context(|| format!("{} can't be read", from.display()))?;
    let mut built = 0;
    for source in sources {
        let source = source?.path();
        if source.extension().is_some_and(|extension| extension == "wat") {
            let component = component(&resolve, world, &source).with_context(|| source.display().to_string())?;
            let name = source.file_stem().context("a file without a name")?;
            fs::write(to.join(name).with_extension("wasm"), component)?;
            built += 1;
        }
    }
    println!("{built} components of WebAssembly text in {}", to.display());
    Ok(())
}

fn component(resolve: &Resolve, world: WorldId, source: &Path) -> Result<Vec<u8>> {
    let name = source.file_stem().and_then(|name| name.to_str()).context("a file without a name")?;
    let text = module::complete(name, &fs::read_to_string(source)?);
    let mut module = wat::parse_str(text)?;
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().validate(true).module(&module)?.encode()
}
