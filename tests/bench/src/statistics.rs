//! The few numbers that many are reduced to: percentiles within a round, median and spread over rounds.

use serde::Serialize;

/// One quantity over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Each round's value, in the order of the rounds.
    pub(crate) rounds: Vec<f64>,
}

impl Spread {
    /// Of no values, zeros.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let rounds: Vec<f64> = values.into_iter().collect();
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let (low, high) =
            if sorted.len().is_multiple_of(2) { (middle.wrapping_sub(1), middle) } else { (middle, middle) };
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { median: (at(low) + at(high)) / 2.0, min: at(0), max: at(sorted.len().wrapping_sub(1)), rounds }
    }

    /// The distance from the lowest to the highest value, in parts of the median.
    pub(crate) fn width(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median }
    }
}

/// The value that `part` (0 to 1) of the sorted values do not exceed: the nearest rank. Zero where there are none.
pub(crate) fn percentile(sorted: &[u32], part: f64) -> u32 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).or(sorted.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let sorted: Vec<u32> = (1..=200).collect();
        assert_eq!(percentile(&sorted, 0.5), 100);
        assert_eq!(percentile(&sorted, 0.99), 198);
        assert_eq!(percentile(&sorted, 1.0), 200);
        assert_eq!(percentile(&[7], 0.5), 7);
        assert_eq!(percentile(&[], 0.5), 0);
    }

    #[test]
    fn the_median_lies_between_the_rounds() {
        let odd = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!((odd.median, odd.min, odd.max, odd.width()), (2.0, 1.0, 3.0, 1.0));
        assert_eq!(Spread::of([4.0, 1.0]).median, 2.5);
        assert_eq!(Spread::of([]).median, 0.0);
        assert_eq!(Spread::of([]).width(), 0.0);
    }
}
