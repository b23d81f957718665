//! The table at the end: what each attack met, and what it left behind.

use std::time::Duration;

use crate::scene::Taken;

/// What came of one attack.
pub(crate) struct Row {
    name: String,
    stopped_by: String,
    error: String,
    took: Duration,
    peak: String,
    left: String,
}

impl Row {
    /// An attack that was stopped, the slowest of its requests having taken `took`.
    pub(crate) fn new(name: &str, stopped_by: impl Into<String>, error: impl Into<String>, took: Duration) -> Self {
        Self {
            name: name.into(),
            stopped_by: stopped_by.into(),
            error: error.into(),
            took,
            peak: String::new(),
            left: String::new(),
        }
    }

    /// An attack that was not stopped as it has to be, or that left something behind.
    pub(crate) fn failed(name: &str, why: &str) -> Self {
        let why: String = why.lines().next().unwrap_or_default().chars().take(60).collect();
        Self::new(name, "NOT STOPPED", why, Duration::ZERO)
    }

    /// Notes by how many bytes the server's memory rose while it lasted.
    pub(crate) fn peaked(self, bytes: u64) -> Self {
        Self { peak: format!("+{} MiB", bytes >> 20), ..self }
    }

    /// Notes what the server takes after the attack, against what it took at rest.
    pub(crate) fn settled(self, taken: Taken, resting: Taken) -> Self {
        let mebibytes = (taken.memory as f64 - resting.memory as f64) / f64::from(1 << 20);
        let descriptors = taken.descriptors as i64 - resting.descriptors as i64;
        Self { left: format!("{mebibytes:+.1} MiB, {descriptors:+} fd"), ..self }
    }
}

/// What stands behind an error's code, in words.
pub(crate) fn stopped_by(code: &str) -> &'static str {
    match code {
        "fuel_exhausted" => "fuel",
        "memory_exhausted" => "memory limit",
        "deadline_exceeded" => "deadline",
        "adapter_trap" => "trap",
        "malformed_answer" => "wire check",
        "describe_failed" => "limits of describe",
        "egress_denied" => "egress grants",
        "egress_exhausted" => "egress limits",
        "overloaded" => "sandbox limit",
        "compile_limit" => "compile jail",
        "component_too_complex" => "structural check",
        "not_wasm" | "core_module" | "precompiled" => "file header",
        "invalid_component" => "validation",
        "unknown_import" | "missing_export" | "contract_version" => "contract",
        "invalid_configuration" => "configuration check",
        "upload_too_large" => "upload limit",
        _ => "the adapter's own error",
    }
}

/// Prints the rows under a head, each column as wide as it needs to be.
pub(crate) fn print(rows: &[Row]) {
    let head = [
        "attack",
        "what stopped it",
        "the client's error",
        "in",
        "memory meanwhile",
        "memory and descriptors afterwards",
    ]
    .map(String::from);
    let cells = rows.iter().map(|row| {
        let took = format!("{} ms", row.took.as_millis());
        [row.name.clone(), row.stopped_by.clone(), row.error.clone(), took, row.peak.clone(), row.left.clone()]
    });
    let lines: Vec<[String; 6]> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    println!();
    for (number, line) in lines.iter().enumerate() {
        let padded: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", padded.join("  ").trim_end());
        if number == 0 {
            println!("{}", widths.map(|width| "-".repeat(width)).join("  "));
        }
    }
    println!();
}
