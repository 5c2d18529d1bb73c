//! How often one visitor or person may do something.
//!
//! One number a visitor (the "virtual scheduling" form of a token bucket): when the bucket would be
//! full again. A bucket that is full again is the same as none, so forgetting it loses nothing.

use crate::error::HttpError;
use crate::network;
use crate::options::RateLimits;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

/// Buckets kept at once: 2 MB. Newcomers beyond it share one bucket.
const BUCKETS_MAX: usize = 65_536;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    LogIn,
    PublicReport,
    Upload,
    Anything,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visitor {
    Address(u128),
    Person {
        city: u32,
        person: u32,
    },
    /// All who came when there was no room.
    Crowd,
}

impl Visitor {
    #[must_use]
    pub fn at(address: IpAddr) -> Self {
        Self::Address(network::visitor(address))
    }
}

#[derive(Debug)]
pub struct Limiter {
    limits: RateLimits,
    start: Instant,
    buckets: Mutex<Buckets>,
}

/// Moments are microseconds since the start.
#[derive(Debug, Default)]
struct Buckets {
    /// When each bucket is full again.
    full_at: HashMap<(Doing, Visitor), u64>,
    /// Not before this are full ones looked for again: looking takes a millisecond.
    tidy_at: u64,
}

impl Buckets {
    /// True when there is room for one more.
    fn has_room(&mut self, now: u64) -> bool {
        if self.full_at.len() >= BUCKETS_MAX && now >= self.tidy_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.tidy_at = now + 1_000_000;
        }
        self.full_at.len() < BUCKETS_MAX
    }
}

impl Limiter {
    #[must_use]
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, start: Instant::now(), buckets: Mutex::default() }
    }

    const fn per_minute(&self, doing: Doing) -> u32 {
        match doing {
            Doing::LogIn => self.limits.logins_per_minute,
            Doing::PublicReport => self.limits.public_reports_per_minute,
            Doing::Upload => self.limits.uploads_per_minute,
            Doing::Anything => self.limits.requests_per_minute,
        }
    }

    /// # Errors
    /// 429 with the seconds to wait.
    pub fn take(&self, doing: Doing, visitor: Visitor) -> Result<(), HttpError> {
        let now = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.take_at(doing, visitor, now)
    }

    fn take_at(&self, doing: Doing, visitor: Visitor, now: u64) -> Result<(), HttpError> {
        let per_minute = self.per_minute(doing);
        if per_minute == 0 {
            return Ok(());
        }
        const MINUTE: u64 = 60_000_000;
        let cost = MINUTE / u64::from(per_minute);
        let mut buckets = self.buckets.lock();
        let mut key = (doing, visitor);
        if !buckets.full_at.contains_key(&key) && !buckets.has_room(now) {
            key = (doing, Visitor::Crowd);
        }
        let full_at = buckets.full_at.entry(key).or_insert(0);
        let next = (*full_at).max(now) + cost;
        if next > now + MINUTE {
            let wait = next - now - MINUTE;
            return Err(HttpError::too_many(wait.div_ceil(1_000_000).max(1)));
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(RateLimits { logins_per_minute: 6, ..RateLimits::NONE })
    }

    fn address(n: u32) -> Visitor {
        Visitor::at(std::net::Ipv4Addr::from(n).into())
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_one_every_ten_seconds() {
        let limiter = limiter();
        for _ in 0..6 {
            limiter.take_at(Doing::LogIn, address(1), 0).unwrap();
        }
        let refused = limiter.take_at(Doing::LogIn, address(1), 0).unwrap_err();
        assert_eq!(refused.retry_after_s, Some(10));
        limiter.take_at(Doing::LogIn, address(2), 0).unwrap();
        limiter.take_at(Doing::LogIn, address(1), 10_000_000).unwrap();
        assert!(limiter.take_at(Doing::LogIn, address(1), 10_000_001).is_err());
    }

    #[test]
    fn no_limit_means_no_limit() {
        let limiter = limiter();
        for _ in 0..10_000 {
            limiter.take_at(Doing::Upload, address(1), 0).unwrap();
        }
        assert!(limiter.buckets.lock().full_at.is_empty());
    }

    #[test]
    fn many_strangers_fill_the_memory_only_so_far() {
        let limiter = limiter();
        let mut refused = 0;
        for n in 0..(BUCKETS_MAX as u32 + 1_000) {
            refused += usize::from(limiter.take_at(Doing::LogIn, address(n), 0).is_err());
        }
        assert_eq!(refused, 1_000 - 6);
        assert!(limiter.buckets.lock().full_at.len() <= BUCKETS_MAX + 1);
        limiter.take_at(Doing::LogIn, address(u32::MAX), 61_000_000).unwrap();
        assert_eq!(limiter.buckets.lock().full_at.len(), 1);
    }
}
