//! `caisson-adapter.toml`: what a project says of itself. A mistake in it is told with its file, line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::{anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

use super::Language;
use super::template::check_name;

/// Its name in the project's folder.
pub(in crate::cli) const FILE: &str = "caisson-adapter.toml";

/// A project's manifest, valid.
pub(in crate::cli) struct Manifest {
    /// Of the component's file, and of the deployment in `caisson dev`.
    pub(in crate::cli) name: String,
    pub(in crate::cli) language: Language,
    /// Python only: `module:Class`, found in `src`.
    pub(super) adapter: String,
    pub(in crate::cli) dev: Dev,
}

/// What `caisson dev` serves the adapter with.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(in crate::cli) struct Dev {
    /// The model in the request that is shown for trying.
    pub(in crate::cli) model: Option<String>,
    /// A fake provider to answer in place of the real one.
    pub(in crate::cli) fake: Option<Fake>,
    /// Grants beside those that the adapter asks for.
    pub(in crate::cli) allow_hosts: Vec<String>,
    /// By slot: `env:VAR` or `file:PATH`.
    pub(in crate::cli) credentials: BTreeMap<String, String>,
    pub(in crate::cli) settings: BTreeMap<String, String>,
    /// By name, as `caisson push --limit` takes them.
    pub(in crate::cli) limits: BTreeMap<String, u64>,
}

/// A provider whose wire a fake speaks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Fake {
    #[serde(rename = "openai")]
    OpenAi,
    Anthropic,
    Gemini,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    name: Spanned<String>,
    language: Spanned<Language>,
    adapter: Option<Spanned<String>>,
    #[serde(default)]
    dev: Dev,
}

impl Manifest {
    /// Reads the manifest in this folder.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, path.strip_prefix(".").unwrap_or(&path).to_string_lossy().as_ref()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
                bail!("there is no {FILE} in {}: `caisson new` makes a project", folder.display())
            }
            Err(error) => Err(anyhow!("can't read {}: {error}", path.display())),
        }
    }

    fn parse(text: &str, file: &str) -> anyhow::Result<Self> {
        let wrong = |span: Range<usize>, message: &str| anyhow!("{file}:{}: {message}", position(text, span.start));
        let written: Written = toml::from_str(text)
            .map_err(|error| wrong(error.span().unwrap_or(0..0), error.message().trim_end_matches('\n')))?;
        check_name(written.name.get_ref()).map_err(|error| wrong(written.name.span(), &format!("name: {error}")))?;
        let language = *written.language.get_ref();
        let adapter = match (language, written.adapter) {
            (Language::Python, Some(adapter)) if is_class(adapter.get_ref()) => adapter.into_inner(),
            (Language::Python, Some(adapter)) => {
                return Err(wrong(adapter.span(), "adapter: write MODULE:CLASS, as in \"adapter:MyAdapter\""));
            }
            (Language::Python, None) => {
                let message = "Python needs `adapter` too: MODULE:CLASS, as in adapter = \"adapter:MyAdapter\"";
                return Err(wrong(written.language.span(), message));
            }
            (_, Some(adapter)) => {
                return Err(wrong(adapter.span(), &format!("adapter: {} has no need of it", language.title())));
            }
            (_, None) => String::new(),
        };
        Ok(Self { name: written.name.into_inner(), language, adapter, dev: written.dev })
    }
}

/// Whether it is `package.module:Class`.
fn is_class(text: &str) -> bool {
    let is_identifier = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_numeric())
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.split_once(':').is_some_and(|(module, class)| module.split('.').all(is_identifier) && is_identifier(class))
}

/// `LINE:COLUMN`, from 1.
fn position(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    format!("{}:{}", before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_what_the_project_is() {
        let text =
            "name = \"parrot\"\nlanguage = \"python\"\nadapter = \"birds.parrot:Parrot\"\n[dev]\nfake = \"openai\"";
        let manifest = Manifest::parse(text, FILE).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.language), ("parrot", Language::Python));
        assert_eq!((manifest.adapter.as_str(), manifest.dev.fake), ("birds.parrot:Parrot", Some(Fake::OpenAi)));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_column() {
        for (text, said) in [
            ("name = \"parrot\"\n", "f:1:1: missing field `language`"),
            ("name = \"a\"\nlanguage = \"cobol\"", "f:2:12: unknown variant `cobol`, expected one of"),
            ("name = \"My Parrot\"\nlanguage = \"rust\"", "f:1:8: name: \"My Parrot\" can't be"),
            ("name = \"a\"\nlanguage = \"rust\"\nadapter = \"a:A\"", "f:3:11: adapter: Rust has no need of it"),
            ("name = \"a\"\nlanguage = \"python\"", "f:2:12: Python needs `adapter` too"),
            ("name = \"a\"\nlanguage = \"python\"\nadapter = \"é x\"", "f:3:11: adapter: write MODULE:CLASS"),
            ("name = \"a\"\nlanguage = \"rust\"\n[dev]\n  modell = \"x\"", "f:4:3: unknown field `modell`"),
            ("name = \"a\"\nlanguage = \"rust\"\n[dev]\nfake = \"ollama\"", "f:4:8: unknown variant `ollama`"),
            ("name = ", "f:1:8: "),
        ] {
            let error = Manifest::parse(text, "f").map(drop).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}\n{said}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
