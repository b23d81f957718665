//! A new project: its template's files, with its own names in the place of the template's.

use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::{Language, embedded};

/// The longest name of a deployment, which the project's is.
const MAX_NAME_BYTES: usize = 63;

/// What a project is called in the different places. The templates are projects called `sample`.
pub(in crate::cli) struct Names {
    /// `my-parrot`
    pub(in crate::cli) name: String,
    /// `my-parrot-adapter`: no word of a language, and nobody else's package as a rule.
    package: String,
    /// `MyParrotAdapter`
    class: String,
    /// `MY_PARROT`
    variable: String,
}

impl Names {
    /// The names that follow from this one.
    pub(in crate::cli) fn new(name: &str) -> anyhow::Result<Self> {
        check_name(name)?;
        let stem = name.strip_suffix("-adapter").unwrap_or(name);
        let class = stem.split('-').flat_map(capitalized).collect::<String>() + "Adapter";
        let variable = stem.replace('-', "_").to_ascii_uppercase();
        Ok(Self { name: name.to_owned(), package: format!("{stem}-adapter"), class, variable })
    }

    /// The text with these names in place of the template's. In one pass: a name may hold one of the template's.
    fn put_into(&self, text: &str) -> String {
        let module = self.package.replace('-', "_");
        let replaced = [
            ("SampleAdapter", &self.class),
            ("SAMPLE", &self.variable),
            ("sample-adapter", &self.package),
            ("sample_adapter", &module),
            ("sample", &self.name),
        ];
        let (mut done, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(next) = rest.chars().next() {
            let found = replaced.iter().find_map(|(old, new)| Some((rest.strip_prefix(old)?, new)));
            match found {
                Some((after, new)) => {
                    done.push_str(new);
                    rest = after;
                }
                None => {
                    done.push(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        done
    }
}

/// Makes a project in a folder that doesn't exist or is empty.
pub(in crate::cli) fn write(folder: &Path, language: Language, names: &Names) -> anyhow::Result<()> {
    let place = folder.display();
    match std::fs::read_dir(folder) {
        Ok(mut entries) => {
            ensure!(entries.next().is_none(), "{place} is not empty: name a folder that is, or a new one")
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => bail!("can't make a project in {place}: {error}"),
    }
    for file in embedded::TEMPLATES {
        let Some(path) = file.path.strip_prefix(language.template()).and_then(|path| path.strip_prefix('/')) else {
            continue;
        };
        let text = std::str::from_utf8(file.bytes).with_context(|| format!("the template's {path}"))?;
        write_file(&folder.join(names.put_into(path)), names.put_into(text).as_bytes(), file.executable)?;
    }
    Ok(())
}

/// Writes a file, its folders made where missing.
pub(super) fn write_file(path: &Path, bytes: &[u8], executable: bool) -> anyhow::Result<()> {
    let failed = || format!("can't write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    std::fs::write(path, bytes).with_context(failed)?;
    #[cfg(unix)]
    if executable {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).with_context(failed)?;
    }
    #[cfg(not(unix))]
    let _ = executable;
    Ok(())
}

/// Whether a project can be called that: as a deployment, a package and a class.
pub(super) fn check_name(name: &str) -> anyhow::Result<()> {
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let rule = "lower-case letters, digits and `-`, a letter first, at most 63";
    if fits { Ok(()) } else { bail!("{name:?} can't be an adapter's name: {rule}") }
}

fn capitalized(word: &str) -> impl Iterator<Item = char> {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "fixed values in tests")]
mod tests {
    use super::super::Embedded;
    use super::*;

    #[test]
    fn the_names_follow_from_one() {
        let text = "sample sample-adapter sample_adapter SampleAdapter SAMPLE_API_KEY";
        for (name, named) in [
            ("parrot", "parrot parrot-adapter parrot_adapter ParrotAdapter PARROT_API_KEY"),
            ("my-adapter", "my-adapter my-adapter my_adapter MyAdapter MY_API_KEY"),
            ("adapter", "adapter adapter-adapter adapter_adapter AdapterAdapter ADAPTER_API_KEY"),
            ("my-sample", "my-sample my-sample-adapter my_sample_adapter MySampleAdapter MY_SAMPLE_API_KEY"),
            ("fn-2", "fn-2 fn-2-adapter fn_2_adapter Fn2Adapter FN_2_API_KEY"),
        ] {
            assert_eq!(Names::new(name).unwrap().put_into(text), named);
        }
    }

    #[test]
    fn what_can_be_no_name_is_refused() {
        let long = "a".repeat(64);
        for name in ["", "-a", "2a", "Parrot", "my_parrot", "a/b", "..", "é", &long] {
            assert!(Names::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn no_template_keeps_a_name_that_is_not_replaced() {
        for Embedded { path, bytes, .. } in embedded::TEMPLATES {
            let text = Names::new("parrot").unwrap().put_into(std::str::from_utf8(bytes).unwrap());
            assert!(!text.to_lowercase().contains("sample"), "{path}");
        }
    }
}
