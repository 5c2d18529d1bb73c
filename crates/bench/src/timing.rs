//! Latencies and their percentiles.

use std::time::{Duration, Instant};

#[derive(Debug, Default, Clone)]
pub struct Timing(Vec<f64>);

impl Timing {
    pub fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e3);
    }

    pub fn since(&mut self, start: Instant) {
        self.push(start.elapsed());
    }

    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds that `share` of all stay within (nearest rank).
    pub fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let rank = (sorted.len() as f64 * share).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    pub fn tell(&self, what: &str) {
        eprintln!(
            "  {what}: n {} p50 {:.2} p90 {:.2} p99 {:.2} max {:.2} ms",
            self.len(),
            self.percentile(0.5),
            self.percentile(0.9),
            self.percentile(0.99),
            self.percentile(1.0)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_nearest_rank() {
        let mut timing = Timing::default();
        (1..=100).for_each(|ms| timing.push(Duration::from_millis(ms)));
        assert_eq!([0.5, 0.99, 1.0].map(|share| timing.percentile(share)), [50.0, 99.0, 100.0]);
        assert_eq!(Timing::default().percentile(0.99), 0.0);
    }
}
