//! The conformance kit: cases that say what a client sends, what an upstream plays and what is to come of it, run against an adapter
//! in the sandbox of production.
//!
//! [`case`] reads files, [`run`] plays one, [`upstream`] is the other side of it, [`matching`] and [`transcript`] compare, [`report`]
//! shows. It opens no socket and touches no disk but the folder of cases that it's told of.

mod case;
mod matching;
mod report;
mod run;
mod transcript;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use case::Case;

use crate::deployments::Component;

pub use case::Mistake;
pub use report::{Report, Result as CaseResult};

/// A named set of cases.
pub struct Suite {
    /// Its name, as in `anthropic`.
    pub name: String,
    cases: Vec<(String, Case)>,
}

/// Why there is no suite.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The folder, or a file in it, can't be read.
    #[error("can't read the cases in {}", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// There is nothing in the folder.
    #[error("there are no cases (*.toml) in {}", .0.display())]
    Empty(PathBuf),
    /// A case isn't one.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

impl Suite {
    /// The cases (`*.toml`) of a folder.
    pub fn read(folder: &Path) -> Result<Self, SuiteError> {
        let failed = |error| SuiteError::Read(folder.to_owned(), error);
        let entries = std::fs::read_dir(folder).map_err(failed)?;
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        let mut cases = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(|error| SuiteError::Read(file.clone(), error))?;
            let case = Case::parse(&file.display().to_string(), &text)?;
            cases.push((file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), case));
        }
        if cases.is_empty() {
            return Err(SuiteError::Empty(folder.to_owned()));
        }
        let name = folder.file_name().map_or_else(|| "cases".to_owned(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, cases })
    }

    /// Plays all cases, one after the other.
    pub async fn run(&self, component: &Arc<Component>, report: &mut Report) {
        for (name, case) in &self.cases {
            let verdict = run::play(component, case).await;
            report.add(&self.name, name, &case.shows, verdict);
        }
    }
}
