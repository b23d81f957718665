//! What an adapter is served with while it's being written: from the manifest's `[dev]`, the environment and the file `.env`, to the
//! control plane's configuration.

use std::path::Path;

use caisson_fake_providers::{FakeProvider, Wire};
use serde_json::{Map, Value, json};

use super::super::project::{Dev, Fake, Project};
use super::super::push::credential_value;
use crate::deployments::BASE_URL;

/// A configuration, and what is still wanting in it.
pub(super) struct Granted {
    pub(super) config: Value,
    /// For the person: credentials that have no value.
    pub(super) lacks: Vec<String>,
}

impl Fake {
    pub(super) fn wire(self) -> Wire {
        match self {
            Self::OpenAi => Wire::OpenAi,
            Self::Anthropic => Wire::Anthropic,
            Self::Gemini => Wire::Gemini,
        }
    }
}

/// Everything that the adapter asks for, and what `[dev]` says beside it. A fake stands in for the provider: its address for the base
/// URL, its key for every credential.
pub(super) fn granted(project: &Project, fake: Option<&FakeProvider>) -> Granted {
    let dev = &project.manifest.dev;
    let mut settings: Map<String, Value> =
        dev.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Some(fake) = fake {
        settings.insert(BASE_URL.into(), fake.base_url().into());
    }
    let mut grants = dev.allow_hosts.clone();
    let base = settings.get(BASE_URL).and_then(Value::as_str).and_then(|base| url::Url::parse(base).ok());
    grants.extend(base.map(|base| base.origin().ascii_serialization()));
    let (credentials, lacks) = if fake.is_some() { Default::default() } else { credentials(dev, &project.folder) };
    let config = json!({
        "grant-requested": true,
        "grants": grants,
        // Whoever names another upstream in here consents to where it is.
        "allow-private": !grants.is_empty(),
        // Whoever builds for an experimental world wants it.
        "allow-async": true,
        "settings": settings,
        "credentials": credentials,
        "limits": dev.limits,
        // What fails the check is served all the same: it is tried out here.
        "force": true,
    });
    Granted { config, lacks }
}

fn credentials(dev: &Dev, folder: &Path) -> (Map<String, Value>, Vec<String>) {
    let file = std::fs::read_to_string(folder.join(".env")).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok().or_else(|| variable_in(&file, name));
    let (mut given, mut lacks) = (Map::new(), Vec::new());
    for (slot, place) in &dev.credentials {
        match credential_value(place, folder, variable) {
            Ok(value) => drop(given.insert(slot.clone(), value.into())),
            Err(error) => lacks.push(format!("credential {slot}: {error:#}")),
        }
    }
    (given, lacks)
}

/// A variable's value in a file of `NAME=VALUE` lines; `export`, comments and one pair of quotes are understood.
fn variable_in(file: &str, name: &str) -> Option<String> {
    let lines = file.lines().map(|line| line.trim().trim_start_matches("export ").trim_start());
    let mut values = lines.filter_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
    let value = values.next_back()?.trim();
    let unquoted = |quote| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    Some(unquoted('"').or_else(|| unquoted('\'')).unwrap_or(value).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_from_a_file_of_lines() {
        let file = "# KEY=no\nKEY_2=two\nexport KEY = \"a=b c\"\nOTHER='x'\nEMPTY=\n";
        for (name, value) in
            [("KEY", Some("a=b c")), ("KEY_2", Some("two")), ("OTHER", Some("x")), ("EMPTY", Some("")), ("NONE", None)]
        {
            assert_eq!(variable_in(file, name).as_deref(), value, "{name}");
        }
    }
}
