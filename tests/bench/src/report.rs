//! The figures as a table for people and as JSON for programs. Medians over the rounds, with their spread; ratios within one run.

use std::fmt::Write;

use serde::Serialize;

use crate::footprint::Footprint;
use crate::goals::{self, Judged, Verdict};
use crate::machine::{Load, Machine};
use crate::measure::{Figures, Measured};
use crate::micro::{self, Micro};
use crate::options::Options;
use crate::processes::Versions;
use crate::statistics::Spread;
use crate::subject::Way;
use crate::workload::{Receipt, Workload};

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: Machine,
    load: LoadAround,
    versions: Vec<Versions>,
    settings: Settings,
    results: Vec<Row>,
    footprint: Option<Footprint>,
    micro: Vec<Micro>,
    goals: Vec<Judged>,
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

/// All that was measured.
pub(crate) struct Parts {
    pub(crate) measured: Vec<Measured>,
    pub(crate) footprint: Option<Footprint>,
    pub(crate) micro: Vec<Micro>,
}

/// One work done one way.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) workload: Workload,
    subject: String,
    pub(crate) way: Way,
    connections: u16,
    pub(crate) answers_per_second: Spread,
    /// Of the answers a second to the native proxy's: the median of the rounds' ratios, each to its neighbour in time. None where
    /// that was not measured.
    pub(crate) of_native: Option<f64>,
    /// The same to the upstream's own.
    pub(crate) of_direct: Option<f64>,
    /// Of the median latency over the native proxy's, in the same way.
    pub(crate) over_native_us: Option<f64>,
    pub(crate) over_direct_us: Option<f64>,
    pub(crate) p50_us: Spread,
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

impl Report {
    pub(crate) fn new(options: &Options, versions: Vec<Versions>, before: Load, parts: Parts) -> Self {
        let Parts { measured, footprint, micro } = parts;
        let others = measured.iter().flat_map(|measured| measured.rounds.iter().map(|figures| figures.others));
        let load = LoadAround { before, after: Load::now(), others: Spread::of(others) };
        let results: Vec<Row> = measured.iter().map(|row| Row::new(row, &measured, options)).collect();
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
            goals: goals::judge(&results, footprint.as_ref(), micro::of_sandbox(&micro)),
            results,
            footprint,
            micro,
        }
    }

    /// Whether all floors of what was measured are met, and something was.
    pub(crate) fn floors_are_met(&self) -> bool {
        let mut judged = self.goals.iter().filter_map(Judged::verdict).peekable();
        judged.peek().is_some() && judged.all(|verdict| verdict != Verdict::Missed)
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
            "| work | way | answers/s | spread | of native | of direct | p50 ms | p99 ms | over native µs | over direct µs | CPU µs | upstream µs | generator µs | fuel | memory KiB |"
        )?;
        writeln!(out, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        for row in &self.results {
            let receipt = |part: fn(&Receipt) -> u64| or_dash(row.receipt.as_ref().map(|row| part(row).to_string()));
            let ratio = |value: Option<f64>| or_dash(value.map(|ratio| format!("{ratio:.2}")));
            let over = |value: Option<f64>| or_dash(value.map(|us| format!("{us:.0}")));
            let is_latency = row.workload.is_latency();
            writeln!(
                out,
                "| {} | {} | {:.0} | ±{:.0} % | {} | {} | {:.2} | {:.2} | {} | {} | {:.0} | {:.0} | {:.0} | {} | {} |",
                row.workload.name(),
                row.subject,
                row.answers_per_second.median,
                row.answers_per_second.width() * 50.0,
                ratio(row.of_native),
                ratio(row.of_direct),
                row.p50_us.median / 1000.0,
                row.p99_us.median / 1000.0,
                over(row.over_native_us.filter(|_| is_latency)),
                over(row.over_direct_us.filter(|_| is_latency)),
                row.cpu_us_per_answer.subject.median,
                row.cpu_us_per_answer.upstream.median,
                row.cpu_us_per_answer.generator.median,
                receipt(|receipt| receipt.fuel),
                receipt(|receipt| receipt.memory / 1024),
            )?;
        }
        if !self.micro.is_empty() {
            writeln!(out, "\n| part | time | between |\n|---|---:|---:|")?;
            self.micro.iter().try_for_each(|part| writeln!(out, "{}", part.row()))?;
        }
        if let Some(footprint) = &self.footprint {
            write!(out, "\n{}", footprint.lines())?;
        }
        writeln!(out, "\n| what | measured | goal | floor | |\n|---|---:|---:|---:|---|")?;
        for judged in &self.goals {
            writeln!(out, "{}", judged.row())?;
        }
        writeln!(out)?;
        writeln!(
            out,
            "{connections} connections, {seconds} s each in {rounds} turns after {warm_up_seconds} s of warm-up; load generator, upstream and subject share {} cores ({}, Linux {}).",
            self.machine.cores, self.machine.cpu, self.machine.kernel
        )?;
        for Versions { build, program, adapter, digest } in &self.versions {
            match adapter.as_ref().zip(digest.as_ref()) {
                Some((adapter, digest)) => writeln!(out, "{build}: {program}, adapter {adapter} ({digest}).")?,
                None => writeln!(out, "{program}.")?,
            }
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
    fn new(measured: &Measured, all: &[Measured], options: &Options) -> Self {
        let spread = |part: fn(&Figures) -> f64| Spread::of(measured.rounds.iter().map(part));
        let beside = |way: Way| all.iter().find(|other| other.workload == measured.workload && other.way == way);
        let each = |way: Way, compare: fn(&Figures, &Figures) -> f64| {
            let pairs = measured.rounds.iter().zip(&beside(way)?.rounds);
            Some(Spread::of(pairs.map(|(own, other)| compare(own, other))).median)
        };
        let ratio = |own: &Figures, other: &Figures| own.answers_per_second / other.answers_per_second;
        let over = |own: &Figures, other: &Figures| own.p50_us - other.p50_us;
        Self {
            workload: measured.workload,
            subject: measured.subject.clone(),
            way: measured.way,
            connections: measured.workload.connections(options.connections),
            answers_per_second: spread(|figures| figures.answers_per_second),
            of_native: each(Way::Native, ratio),
            of_direct: each(Way::Direct, ratio),
            over_native_us: each(Way::Native, over),
            over_direct_us: each(Way::Direct, over),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "fixed values in tests")]
    use super::*;
    use clap::Parser;

    fn row(way: Way, rates: [f64; 3]) -> Measured {
        let rounds = rates.map(|answers_per_second| Figures { answers_per_second, ..Figures::default() });
        Measured { workload: Workload::Plain, subject: String::new(), way, receipt: None, rounds: rounds.into() }
    }

    #[test]
    fn a_ratio_compares_neighbours_in_time() {
        let options = crate::options::Cli::try_parse_from(["bench"]).unwrap().options;
        let all = [row(Way::Native, [1000.0, 100.0, 1000.0]), row(Way::Caisson, [500.0, 50.0, 800.0])];
        let ratio = |of: usize| Row::new(&all[of], &all, &options).of_native;
        assert_eq!((ratio(0), ratio(1)), (Some(1.0), Some(0.5)));
        assert_eq!(Row::new(&all[0], &all, &options).of_direct, None);
    }
}
