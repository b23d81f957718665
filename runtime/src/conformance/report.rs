//! What came of the cases: a table for people with what differs side by side, and the same as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::matching::Difference;
use super::run::Verdict;
use crate::telemetry::misleads;

/// Characters of a value that are shown.
const SHOWN: usize = 60;
/// Characters before the first that differs.
const BEFORE: usize = 12;

/// What came of all cases.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Each case's.
    pub cases: Vec<Result>,
}

/// What came of one case.
#[derive(Debug, Serialize)]
pub struct Result {
    /// Its suite's name.
    pub suite: String,
    /// Its own.
    pub case: String,
    /// What it shows.
    pub shows: String,
    /// `passed`, `failed` or `unsupported`.
    pub result: &'static str,
    /// What differs, where it failed.
    pub differences: Vec<Shown>,
}

/// Something that differs, cut to where it does.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Where.
    pub place: String,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Report {
    pub(super) fn add(&mut self, suite: &str, case: &str, shows: &str, verdict: Verdict) {
        let (result, differences) = match verdict {
            Verdict::Passed => ("passed", Vec::new()),
            Verdict::Unsupported => ("unsupported", Vec::new()),
            Verdict::Failed(found) => ("failed", found.iter().map(Shown::of).collect()),
        };
        self.cases.push(Result {
            suite: suite.to_owned(),
            case: case.to_owned(),
            shows: shows.to_owned(),
            result,
            differences,
        });
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| case.result == "failed").count()
    }

    /// The table, and below it what differs.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let width = |of: fn(&Result) -> &str| self.cases.iter().map(|case| of(case).chars().count()).max().unwrap_or(0);
        let (suites, cases, shown) = (width(|c| &c.suite), width(|c| &c.case), width(|c| &c.shows));
        for Result { suite, case, shows, result, .. } in &self.cases {
            let _ = writeln!(text, "{suite:<suites$}  {case:<cases$}  {shows:<shown$}  {result}");
        }
        for failed in self.cases.iter().filter(|case| case.result == "failed") {
            let _ = writeln!(text, "\n{}/{} failed:", failed.suite, failed.case);
            for Shown { place, expected, got } in &failed.differences {
                let _ = writeln!(
                    text,
                    "  {place}\n    {:<SHOWN$}  {}",
                    format!("expected {expected}"),
                    format_args!("got {got}")
                );
            }
        }
        text
    }
}

impl Shown {
    fn of(difference: &Difference) -> Self {
        let Difference { place, expected, got } = difference;
        let same = expected.chars().zip(got.chars()).take_while(|(a, b)| a == b).count();
        let from = same.saturating_sub(BEFORE);
        Self { place: place.clone(), expected: cut(expected, from), got: cut(got, from) }
    }
}

/// At most [`SHOWN`] characters from there on, with what would mislead its reader escaped.
fn cut(text: &str, from: usize) -> String {
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    let mut rest = text.chars().skip(from);
    for character in rest.by_ref().take(SHOWN) {
        if misleads(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}
