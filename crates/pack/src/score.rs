//! The score (得分) of an entry: 100, less what its offences in the period cost, less what its inspections in the
//! period lost on average, as far as the pack counts inspections. Never below 0.

use crate::model::{Band, Colour, Rating};

/// What one inspection found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inspected {
    /// Points of the items that passed.
    pub reached: u32,
    /// Points of all items looked at.
    pub possible: u32,
}

/// Score with one decimal.
#[must_use]
pub fn score(rating: &Rating, deductions: &[u32], inspections: &[Inspected]) -> f64 {
    let offences: f64 = deductions.iter().map(|points| f64::from(*points)).sum();
    let lost: Vec<f64> = inspections
        .iter()
        .filter(|one| one.possible > 0)
        .map(|one| 1.0 - f64::from(one.reached.min(one.possible)) / f64::from(one.possible))
        .collect();
    #[allow(clippy::cast_precision_loss)] // a few hundred inspections at most
    let average = if lost.is_empty() { 0.0 } else { lost.iter().sum::<f64>() / lost.len() as f64 };
    let score = 100.0 - offences - average * rating.inspections;
    (score.clamp(0.0, 100.0) * 10.0).round() / 10.0
}

/// The band a score falls into.
#[must_use]
pub fn band(rating: &Rating, score: f64) -> Option<&Band> {
    rating.bands.iter().find(|band| score >= band.from).or(rating.bands.last())
}

/// Colour of a score.
#[must_use]
pub fn colour(rating: &Rating, score: f64) -> Colour {
    band(rating, score).map_or(Colour::Grey, |band| band.colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use city::L10n;
    use proptest::prelude::*;

    fn rating() -> Rating {
        let band = |from, colour| Band { from, colour, name: L10n::new("等级", "band") };
        Rating {
            period_days: 90,
            inspections: 40.0,
            bands: vec![band(90.0, Colour::Green), band(70.0, Colour::Yellow), band(0.0, Colour::Red)],
        }
    }

    #[test]
    fn offences_and_lost_points_lower_the_score() {
        let half = Inspected { reached: 5, possible: 10 };
        let full = Inspected { reached: 10, possible: 10 };
        let none = Inspected { reached: 0, possible: 0 };
        let table: [(&[u32], &[Inspected], f64, Colour); 6] = [
            (&[], &[], 100.0, Colour::Green),
            (&[5], &[], 95.0, Colour::Green),
            (&[5, 10], &[half], 65.0, Colour::Red),
            (&[], &[half, full], 90.0, Colour::Green),
            (&[], &[none], 100.0, Colour::Green),
            (&[60, 60], &[], 0.0, Colour::Red),
        ];
        for (deductions, inspections, expected, shade) in table {
            let found = score(&rating(), deductions, inspections);
            assert!((found - expected).abs() < 1e-9, "{deductions:?} {inspections:?}: {found}");
            assert_eq!(colour(&rating(), found), shade);
        }
    }

    proptest! {
        #[test]
        fn a_further_offence_never_raises_a_score(
            deductions in prop::collection::vec(0u32..100, 0..20), more in 0u32..100,
        ) {
            let before = score(&rating(), &deductions, &[]);
            let mut with = deductions;
            with.push(more);
            let after = score(&rating(), &with, &[]);
            prop_assert!(after <= before && (0.0..=100.0).contains(&after));
        }
    }
}
