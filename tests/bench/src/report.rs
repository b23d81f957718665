//! The figures as a table for people and as JSON for programs. Medians over the rounds, with their spread; ratios within one run.

use std::fmt::Write;

use serde::Serialize;

use crate::machine::{Load, Machine};
use crate::measure::{Figures, Measured};
use crate::options::Options;
use crate::processes::Versions;
use crate::statistics::Spread;
use crate::workload::{Receipt, Workload};

/// Plain answers a second through `anthropic`, at the default 16 connections on two cores, that must be reached.
const FLOOR: f64 = 3000.0;

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: Machine,
    load: LoadAround,
    versions: Vec<Versions>,
    settings: Settings,
    results: Vec<Row>,
    floor: Option<Floor>,
}

#[derive(Serialize)]
struct LoadAround {
    before: Load,
    after: Load,
    /// The part of the machine's CPU time that other processes took, over all rounds.
    others: Spread,
}

#[derive(Serialize)]
struct Settings {
    connections: u16,
    seconds: u16,
    rounds: u16,
    warm_up_seconds: u16,
}

#[derive(Serialize)]
struct Row {
    workload: Workload,
    subject: String,
    answers_per_second: Spread,
    /// The median of the rounds' ratios to the first way of the same workload, each to its neighbour in time.
    ratio: f64,
    p50_us: Spread,
    p99_us: Spread,
    cpu_us_per_answer: Cpu,
    receipt: Option<Receipt>,
}

#[derive(Serialize)]
struct Cpu {
    subject: Spread,
    upstream: Spread,
    generator: Spread,
}

#[derive(Serialize)]
struct Floor {
    workload: Workload,
    subject: String,
    goal: f64,
    measured: f64,
    met: bool,
}

impl Report {
    pub(crate) fn new(options: &Options, versions: Vec<Versions>, before: Load, measured: Vec<Measured>) -> Self {
        let others = measured.iter().flat_map(|measured| measured.rounds.iter().map(|figures| figures.others));
        let load = LoadAround { before, after: Load::now(), others: Spread::of(others) };
        let results: Vec<Row> = measured
            .iter()
            .map(|row| Row::new(row, measured.iter().find(|first| first.workload == row.workload).unwrap_or(row)))
            .collect();
        Self {
            machine: Machine::this(),
            load,
            versions,
            settings: Settings {
                connections: options.connections,
                seconds: options.seconds,
                rounds: options.rounds,
                warm_up_seconds: options.warm_up,
            },
            floor: Floor::of(&results),
            results,
        }
    }

    pub(crate) fn floor_is_met(&self) -> bool {
        self.floor.as_ref().is_some_and(|floor| floor.met)
    }

    pub(crate) fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    pub(crate) fn markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = self.write_markdown(&mut out);
        out
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        let Settings { connections, seconds, rounds, warm_up_seconds } = &self.settings;
        writeln!(
            out,
            "| work | way | answers/s | spread | ratio | p50 ms | p99 ms | CPU µs | upstream µs | generator µs | fuel | memory KiB |"
        )?;
        writeln!(out, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for row in &self.results {
            let receipt = |part: fn(&Receipt) -> u64| {
                row.receipt.as_ref().map_or("–".to_owned(), |receipt| part(receipt).to_string())
            };
            writeln!(
                out,
                "| {} | {} | {:.0} | ±{:.0} % | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {} | {} |",
                row.workload.name(),
                row.subject,
                row.answers_per_second.median,
                row.answers_per_second.width() * 50.0,
                row.ratio,
                row.p50_us.median / 1000.0,
                row.p99_us.median / 1000.0,
                row.cpu_us_per_answer.subject.median,
                row.cpu_us_per_answer.upstream.median,
                row.cpu_us_per_answer.generator.median,
                receipt(|receipt| receipt.fuel),
                receipt(|receipt| receipt.memory / 1024),
            )?;
        }
        writeln!(out)?;
        if let Some(Floor { workload, subject, goal, measured, met }) = &self.floor {
            let verdict = if *met { "met" } else { "NOT met" };
            writeln!(
                out,
                "Floor {verdict}: {measured:.0} of {goal:.0} {} answers/s through {subject}.",
                workload.name()
            )?;
        }
        writeln!(
            out,
            "{connections} connections, {seconds} s each in {rounds} turns after {warm_up_seconds} s of warm-up; load generator, upstream and subject share {} cores ({}, Linux {}).",
            self.machine.cores, self.machine.cpu, self.machine.kernel
        )?;
        for Versions { build, caisson, adapter, digest } in &self.versions {
            writeln!(out, "{build}: {caisson}, adapter {adapter} ({digest}).")?;
        }
        writeln!(
            out,
            "Load average {} before, {} after; other processes took {:.0} % of the machine meanwhile ({:.0}–{:.0} % a round).",
            self.load.before.as_str(),
            self.load.after.as_str(),
            self.load.others.median * 100.0,
            self.load.others.min * 100.0,
            self.load.others.max * 100.0,
        )
    }
}

impl Row {
    fn new(measured: &Measured, first: &Measured) -> Self {
        let spread = |part: fn(&Figures) -> f64| Spread::of(measured.rounds.iter().map(part));
        let ratios = measured
            .rounds
            .iter()
            .zip(&first.rounds)
            .map(|(own, first)| own.answers_per_second / first.answers_per_second);
        Self {
            workload: measured.workload,
            subject: measured.subject.clone(),
            answers_per_second: spread(|figures| figures.answers_per_second),
            ratio: Spread::of(ratios).median,
            p50_us: spread(|figures| figures.p50_us),
            p99_us: spread(|figures| figures.p99_us),
            cpu_us_per_answer: Cpu {
                subject: spread(|figures| figures.subject_cpu_us),
                upstream: spread(|figures| figures.upstream_cpu_us),
                generator: spread(|figures| figures.generator_cpu_us),
            },
            receipt: measured.receipt,
        }
    }
}

impl Floor {
    /// Of the first build of `caisson`; none where plain work was not measured.
    fn of(results: &[Row]) -> Option<Self> {
        let row = results.iter().find(|row| row.workload == Workload::Plain && row.subject.starts_with("caisson"))?;
        let measured = row.answers_per_second.median;
        Some(Self {
            workload: row.workload,
            subject: row.subject.clone(),
            goal: FLOOR,
            measured,
            met: measured >= FLOOR,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;

    fn row(subject: &str, rates: [f64; 3]) -> Measured {
        let rounds = rates.map(|answers_per_second| Figures { answers_per_second, ..Figures::default() });
        Measured { workload: Workload::Plain, subject: subject.to_owned(), receipt: None, rounds: rounds.into() }
    }

    #[test]
    fn a_ratio_compares_neighbours_in_time() {
        let direct = row("direct", [1000.0, 100.0, 1000.0]);
        let caisson = row("caisson", [500.0, 50.0, 800.0]);
        assert_eq!(Row::new(&caisson, &direct).ratio, 0.5);
        assert_eq!(Row::new(&direct, &direct).ratio, 1.0);
    }

    #[test]
    fn the_floor_is_met_by_the_median_alone() {
        let floor = |rates| Floor::of(&[Row::new(&row("caisson", rates), &row("direct", rates))]).unwrap().met;
        assert!(floor([1.0, 3000.0, 9000.0]));
        assert!(!floor([1.0, 2999.0, 9000.0]));
        assert!(Floor::of(&[Row::new(&row("direct", [9000.0; 3]), &row("direct", [9000.0; 3]))]).is_none());
    }
}
