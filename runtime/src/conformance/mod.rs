//! The conformance kit: cases that say what a client sends, what an upstream plays and what is to come of it, run against an adapter
//! in the sandbox of production.
//!
//! [`case`] reads files, [`run`] plays one, [`upstream`] is the other side of it, [`judge`], [`matching`] and [`transcript`] compare,
//! [`report`] shows. It opens no socket and touches no disk but the folder of cases that it's told of.

mod case;
mod generic;
mod judge;
mod matching;
mod record;
mod report;
mod run;
mod transcript;
mod upload;
mod upstream;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use include_dir::{Dir, include_dir};

use case::Case;

use crate::deployments::Component;
use run::Subject;

pub use case::Mistake;
pub use record::{RecordError, Recording, record};
pub use report::{CaseResult, Report, Shown};
pub use upload::UploadCheck;

/// `tests/conformance`, built in: a check needs no checkout.
static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../tests/conformance");

/// The suite that every adapter must pass.
const GENERIC: &str = "generic";

/// A named set of cases.
#[derive(Clone)]
pub struct Suite {
    /// Its name, as in `anthropic`.
    pub name: String,
    cases: Arc<[(String, Case)]>,
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
    /// The suite that every adapter must pass.
    pub fn generic() -> Self {
        static SUITE: LazyLock<Suite> =
            LazyLock::new(|| Suite::built_in(GENERIC).unwrap_or_else(|| Suite::new(GENERIC, Vec::new())));
        SUITE.clone()
    }

    /// The suite of a provider's wire, as an adapter names it; none where this version has none of that name.
    pub fn of_provider(name: &str) -> Option<Self> {
        if name == GENERIC { None } else { Self::built_in(name) }
    }

    /// The cases (`*.toml`) of a folder.
    pub fn read(folder: &Path) -> Result<Self, SuiteError> {
        let failed = |error| SuiteError::Read(folder.to_owned(), error);
        let entries = std::fs::read_dir(folder).map_err(failed)?;
        let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
        files.retain(|file| is_case(file));
        files.sort();
        let mut cases = Vec::new();
        for file in files {
            let text = std::fs::read_to_string(&file).map_err(|error| SuiteError::Read(file.clone(), error))?;
            cases.push((stem(&file), Case::parse(&file.display().to_string(), &text)?));
        }
        if cases.is_empty() {
            return Err(SuiteError::Empty(folder.to_owned()));
        }
        let name =
            folder.canonicalize().ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
        Ok(Self::new(name.as_deref().unwrap_or("cases"), cases))
    }

    /// Plays all cases, one after the other.
    pub async fn run(&self, component: &Arc<Component>, report: &mut Report) {
        let subject = Subject { component: Arc::clone(component), limits: run::limits(component.language.limits()) };
        if self.name == GENERIC {
            for (name, shows, check) in generic::CHECKS {
                report.add(GENERIC, name, shows, check.run(&subject).await);
            }
        }
        for (name, case) in &*self.cases {
            report.add(&self.name, name, &case.shows, run::play(&subject, case).await);
        }
    }

    fn new(name: &str, cases: Vec<(String, Case)>) -> Self {
        Self { name: name.to_owned(), cases: cases.into() }
    }

    #[expect(clippy::expect_used, reason = "a test reads every case that is built in")]
    fn built_in(name: &str) -> Option<Self> {
        let mut files: Vec<_> = CASES.get_dir(name)?.files().filter(|file| is_case(file.path())).collect();
        files.sort_by_key(|file| file.path());
        let read = |file: &include_dir::File<'_>| {
            let text = file.contents_utf8().expect("cases are text");
            let case = Case::parse(&file.path().display().to_string(), text)
                .expect("cases that are built in have no mistakes");
            (stem(file.path()), case)
        };
        Some(Self::new(name, files.into_iter().map(read).collect()))
    }
}

fn is_case(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "toml")
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn every_case_that_is_built_in_can_be_read() {
        for folder in CASES.dirs() {
            let name = folder.path().to_str().unwrap();
            assert!(Suite::built_in(name).is_some(), "{name}");
        }
        assert!(!Suite::generic().cases.is_empty());
    }
}
