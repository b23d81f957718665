//! `caisson new`: a project that builds, passes its tests and answers as it stands.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::project::{Language, Names, write_template};

/// Makes a project.
#[derive(Args)]
pub(super) struct New {
    /// The adapter's language
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// The adapter's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
    /// The folder: a new or an empty one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let names = match &self.name {
            Some(name) => Names::new(name)?,
            None => {
                let folder = std::path::absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
                let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Names::new(&name).context("the folder's name can't be the adapter's, so give another with --name")?
            }
        };
        write_template(&self.folder, self.lang, &names)?;
        let (name, folder) = (&names.name, self.folder.display());
        println!("{name}, an adapter in {}, is in {folder}. Now:", self.lang.title());
        println!("  cd {folder}");
        println!("  caisson test     # its unit tests");
        println!("  caisson dev      # build it, serve it, and again with each change; a fake provider answers");
        println!("  caisson build    # build/{name}.wasm, to push to a server");
        Ok(())
    }
}
