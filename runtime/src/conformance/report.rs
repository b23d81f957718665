//! What came of the cases: a table for people with what differs side by side, and the same as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::matching::Difference;
use super::run::Verdict;
use crate::telemetry::misleads;

/// Characters of a value that are shown.
const SHOWN: usize = 60;
/// The column of what was expected.
const SIDE: usize = 48;
/// Characters of a place that are shown; members' names are the adapter's.
const PLACE: usize = 120;
/// Characters before the first that differs.
const BEFORE: usize = 12;

/// What came of all cases.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Each case's.
    pub cases: Vec<CaseResult>,
}

/// What came of one case.
#[derive(Debug, Serialize)]
pub struct CaseResult {
    /// Its suite's name.
    pub suite: String,
    /// Its own.
    pub case: String,
    /// What it shows.
    pub shows: String,
    /// `passed`, `failed` or `skipped`.
    pub result: &'static str,
    /// Why it failed, or was skipped.
    pub reason: String,
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
        let (result, reason, differences) = match verdict {
            Verdict::Passed => ("passed", String::new(), Vec::new()),
            Verdict::Skipped(why) => ("skipped", why.to_owned(), Vec::new()),
            Verdict::Busy => ("skipped", "no sandbox was free".to_owned(), Vec::new()),
            Verdict::Spent(difference) => {
                let shown = Shown::of(&difference);
                ("failed", shown.reason(), vec![shown])
            }
            Verdict::Failed(found) => {
                let differences: Vec<Shown> = found.iter().map(Shown::of).collect();
                ("failed", differences.first().map(Shown::reason).unwrap_or_default(), differences)
            }
        };
        self.cases.push(CaseResult {
            suite: suite.to_owned(),
            case: case.to_owned(),
            shows: shows.to_owned(),
            result,
            reason,
            differences,
        });
    }

    /// Notes that an adapter names a suite which this version doesn't have.
    pub fn lacks(&mut self, suite: &str) {
        self.add(suite, "", "", Verdict::Skipped("this version has no such suite"));
    }

    /// How many cases came to that: `passed`, `failed` or `skipped`.
    pub fn count(&self, result: &str) -> usize {
        self.cases.iter().filter(|case| case.result == result).count()
    }

    /// Those that failed.
    pub fn failed(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|case| case.result == "failed")
    }

    /// The table, and below it what differs, side by side.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let width =
            |of: fn(&CaseResult) -> &str| self.cases.iter().map(|case| of(case).chars().count()).max().unwrap_or(0);
        let (names, shown) = (width(|c| &c.suite) + 1 + width(|c| &c.case), width(|c| &c.shows));
        for CaseResult { suite, case, shows, result, reason, .. } in &self.cases {
            let name = printable(&format!("{suite}/{case}"));
            let reason = if *result == "skipped" { reason.as_str() } else { "" };
            let _ = writeln!(
                text,
                "{}",
                format!("{name:<names$}  {:<shown$}  {result:<7}  {reason}", printable(shows)).trim_end()
            );
        }
        for CaseResult { suite, case, differences, .. } in self.failed() {
            let _ = writeln!(text, "\n{}/{} failed:", printable(suite), printable(case));
            for Shown { place, expected, got } in differences {
                let _ = writeln!(text, "  {}\n    expected  {expected:<SIDE$}  got  {got}", printable(place));
            }
        }
        let _ = writeln!(
            text,
            "\n{} passed, {} failed, {} skipped",
            self.count("passed"),
            self.count("failed"),
            self.count("skipped")
        );
        text
    }
}

impl Shown {
    fn of(difference: &Difference) -> Self {
        let Difference { place, expected, got } = difference;
        let same = expected.chars().zip(got.chars()).take_while(|(a, b)| a == b).count();
        let from = same.saturating_sub(BEFORE);
        Self { place: cut(place, 0, PLACE), expected: cut(expected, from, SHOWN), got: cut(got, from, SHOWN) }
    }

    fn reason(&self) -> String {
        format!("{}: expected {}, got {}", self.place, self.expected, self.got)
    }
}

/// With what would mislead its reader escaped.
fn printable(text: &str) -> String {
    cut(text, 0, usize::MAX)
}

/// At most so many characters from there on, with what would mislead its reader escaped.
fn cut(text: &str, from: usize, most: usize) -> String {
    let mut shown = String::new();
    if from > 0 {
        shown.push('…');
    }
    let mut rest = text.chars().skip(from);
    for character in rest.by_ref().take(most) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_cut_to_where_it_does_and_misleads_nobody() {
        let long = "a".repeat(1000);
        let shown = Shown::of(&Difference::new("p", format!("{long}x\u{1b}[31m"), format!("{long}y{long}")));
        assert_eq!(shown.expected, "…aaaaaaaaaaaax\\u{1b}[31m");
        assert!(shown.got.starts_with("…aaaaaaaaaaaayaaa") && shown.got.ends_with('…'), "{}", shown.got);
        assert_eq!(shown.got.chars().count(), SHOWN + 2);
    }

    #[test]
    fn the_table_counts_and_shows_both_sides() {
        let mut report = Report::default();
        report.add("s", "one", "shows one", Verdict::Passed);
        report.add("s", "two", "shows two", Verdict::Failed(vec![Difference::new("body.a", "1", "2")]));
        report.lacks("elsewhere");
        let text = report.to_text();
        assert!(text.contains("s/one") && text.contains("s/two failed:\n  body.a\n    expected  1 "), "{text}");
        assert!(text.ends_with("1 passed, 1 failed, 1 skipped\n"), "{text}");
    }
}
