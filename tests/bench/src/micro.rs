//! What criterion wrote about `benches/micro.rs`, for the report: one file for each benchmark, somewhere below a folder.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

/// One benchmark.
#[derive(Serialize)]
pub(crate) struct Micro {
    name: String,
    nanoseconds: f64,
    /// The bounds that the median is between, with a confidence of 95 %.
    between: [f64; 2],
}

/// The benchmark that a goal is about.
const SANDBOX: &str = "sandbox/store, instantiate, drop: anthropic";

/// All results below this folder, by name.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Micro>> {
    let mut all = Vec::new();
    collect(folder, &mut all).with_context(|| format!("no results of criterion in {}", folder.display()))?;
    ensure!(!all.is_empty(), "no results of criterion in {}: `cargo bench` writes them", folder.display());
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

fn collect(folder: &Path, all: &mut Vec<Micro>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("new") {
            all.push(one(&path)?);
        } else if path.is_dir() {
            collect(&path, all)?;
        }
    }
    Ok(())
}

fn one(folder: &Path) -> anyhow::Result<Micro> {
    let read = |file: &str| -> anyhow::Result<Value> { Ok(serde_json::from_slice(&fs::read(folder.join(file))?)?) };
    let (named, estimates) = (read("benchmark.json")?, read("estimates.json")?);
    let median = &estimates["median"];
    let number = |value: &Value| value.as_f64().context("criterion wrote no number");
    let interval = &median["confidence_interval"];
    Ok(Micro {
        name: named["full_id"].as_str().context("criterion wrote no name")?.to_owned(),
        nanoseconds: number(&median["point_estimate"])?,
        between: [number(&interval["lower_bound"])?, number(&interval["upper_bound"])?],
    })
}

/// What a sandbox takes, in microseconds.
pub(crate) fn of_sandbox(all: &[Micro]) -> Option<f64> {
    all.iter().find(|micro| micro.name == SANDBOX).map(|micro| micro.nanoseconds / 1e3)
}

impl Micro {
    /// A row of the table.
    pub(crate) fn row(&self) -> String {
        let [low, high] = self.between.map(|bound| bound / 1e3);
        format!("| {} | {:.2} µs | {low:.2}–{high:.2} |", self.name, self.nanoseconds / 1e3)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    #[test]
    fn results_are_found_wherever_criterion_puts_them() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err());
        let result = folder.path().join("sandbox/store__/new");
        fs::create_dir_all(&result).unwrap();
        fs::write(result.join("benchmark.json"), format!(r#"{{"full_id":"{SANDBOX}"}}"#)).unwrap();
        let interval = r#"{"lower_bound":7000.0,"upper_bound":9000.0}"#;
        let median = format!(r#"{{"median":{{"point_estimate":8000.0,"confidence_interval":{interval}}}}}"#);
        fs::write(result.join("estimates.json"), median).unwrap();
        let all = read(folder.path()).unwrap();
        assert_eq!((all.len(), of_sandbox(&all)), (1, Some(8.0)));
        assert!(all[0].row().ends_with("| 8.00 µs | 7.00–9.00 |"));
    }
}
