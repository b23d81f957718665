//! What must be reached, and whether it was. Goals and floors are ratios to the native proxy in the same run wherever something can be
//! compared: they hold on any machine. What was not measured is not judged.

use serde::Serialize;

use crate::footprint::{DEPLOYMENTS, Footprint};
use crate::report::Row;
use crate::subject::Way;
use crate::workload::Workload;

/// Something that is to be reached.
#[derive(Serialize)]
pub(crate) struct Judged {
    what: String,
    unit: Unit,
    better: Better,
    goal: f64,
    floor: f64,
    measured: Option<f64>,
    verdict: Option<Verdict>,
}

/// What the numbers count.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    Ratio,
    Microseconds,
    Times,
    Kilobytes,
    Milliseconds,
}

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Better {
    More,
    Less,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Goal,
    Floor,
    Missed,
}

/// All goals, in the order of the table.
pub(crate) fn judge(rows: &[Row], footprint: Option<&Footprint>, sandbox_us: Option<f64>) -> Vec<Judged> {
    let row = |workload, way| rows.iter().find(|row| row.workload == workload && row.way == way);
    let of_native = |workload| row(workload, Way::Caisson).and_then(|row| row.of_native);
    let ratio = |workload: Workload, goal, floor| {
        let what = format!("{}: of native", workload.name());
        Judged::new(what, Unit::Ratio, Better::More, goal, floor, of_native(workload))
    };
    let less = |what: &str, unit, goal, floor, measured| {
        Judged::new(what.to_owned(), unit, Better::Less, goal, floor, measured)
    };
    let over_rust = |what: &str, way, goal, floor| {
        let p50 = |way| row(Workload::OneConnection, way).map(|row| row.p50_us.median);
        let over = p50(way).zip(p50(Way::Caisson)).map(|(own, rust)| own - rust);
        less(&format!("{what} adapter: p50 over Rust"), Unit::Microseconds, goal, floor, over)
    };
    let times = |workload: Workload| {
        let rate = |way| row(workload, way).map(|row| row.answers_per_second.median);
        let times = rate(Way::Caisson).zip(rate(Way::LiteLlm)).map(|(own, litellm)| own / litellm);
        Judged::new(format!("{}: times LiteLLM", workload.name()), Unit::Times, Better::More, 150.0, 100.0, times)
    };
    let added = row(Workload::OneConnection, Way::Caisson);
    vec![
        ratio(Workload::Plain, 0.75, 0.60),
        ratio(Workload::PassThrough, 0.80, 0.65),
        ratio(Workload::Burst, 0.60, 0.40),
        ratio(Workload::Streams500, 0.85, 0.70),
        less(
            "one connection: p50 over direct",
            Unit::Microseconds,
            80.0,
            150.0,
            added.and_then(|row| row.over_direct_us),
        ),
        ratio(Workload::Prompt100K, 0.80, 0.65),
        times(Workload::Plain),
        times(Workload::Burst),
        less(
            "memory of a live stream",
            Unit::Kilobytes,
            80.0,
            130.0,
            footprint.map(|footprint| footprint.stream_bytes / 1e3),
        ),
        less("store, instantiate, drop", Unit::Microseconds, 8.0, 12.0, sandbox_us),
        over_rust("Python", Way::Python, 2000.0, 5000.0),
        over_rust("JavaScript", Way::TypeScript, 1000.0, 3000.0),
        less(
            &format!("start with {DEPLOYMENTS} deployments, warm"),
            Unit::Milliseconds,
            300.0,
            1000.0,
            footprint.map(|footprint| footprint.start.milliseconds.median),
        ),
    ]
}

impl Judged {
    fn new(what: String, unit: Unit, better: Better, goal: f64, floor: f64, measured: Option<f64>) -> Self {
        let reaches = |bound: f64, measured: f64| match better {
            Better::More => measured >= bound,
            Better::Less => measured <= bound,
        };
        let verdict = measured.map(|measured| match () {
            () if reaches(goal, measured) => Verdict::Goal,
            () if reaches(floor, measured) => Verdict::Floor,
            () => Verdict::Missed,
        });
        Self { what, unit, better, goal, floor, measured, verdict }
    }

    /// None where it was not measured.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// A row of the table: what, measured, goal, floor, verdict.
    pub(crate) fn row(&self) -> String {
        let Self { what, better, goal, floor, .. } = self;
        let sign = if *better == Better::More { '≥' } else { '≤' };
        let shown = |value: f64| self.unit.shown(value);
        let measured = self.measured.map_or_else(|| "–".to_owned(), shown);
        let verdict = match self.verdict {
            Some(Verdict::Goal) => "goal met",
            Some(Verdict::Floor) => "floor met",
            Some(Verdict::Missed) => "**below floor**",
            None => "not measured",
        };
        format!("| {what} | {measured} | {sign} {} | {sign} {} | {verdict} |", shown(*goal), shown(*floor))
    }
}

impl Unit {
    fn shown(self, value: f64) -> String {
        match self {
            Self::Ratio => format!("{value:.2}"),
            Self::Microseconds => format!("{value:.0} µs"),
            Self::Times => format!("{value:.0}×"),
            Self::Kilobytes => format!("{value:.0} KB"),
            Self::Milliseconds => format!("{value:.0} ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_follows_from_goal_and_floor_whichever_way_is_better() {
        let verdict = |better, goal, floor, measured| {
            Judged::new(String::new(), Unit::Ratio, better, goal, floor, measured).verdict()
        };
        assert_eq!(verdict(Better::More, 0.75, 0.6, Some(0.75)), Some(Verdict::Goal));
        assert_eq!(verdict(Better::More, 0.75, 0.6, Some(0.6)), Some(Verdict::Floor));
        assert_eq!(verdict(Better::More, 0.75, 0.6, Some(0.59)), Some(Verdict::Missed));
        assert_eq!(verdict(Better::Less, 80.0, 150.0, Some(80.0)), Some(Verdict::Goal));
        assert_eq!(verdict(Better::Less, 80.0, 150.0, Some(151.0)), Some(Verdict::Missed));
        assert_eq!(verdict(Better::Less, 80.0, 150.0, None), None);
    }
}
