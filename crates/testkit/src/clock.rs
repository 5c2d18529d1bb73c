//! Sources of the present moment that tests command.

use app::ports::TimeSource;
use kernel::{Millis, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;

/// Always the same moment.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl TimeSource for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Stands until it is moved; clones show the same moment.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    pub fn set(&self, now: Timestamp) {
        *self.0.lock() = now;
    }

    pub fn advance(&self, by: Millis) {
        let mut now = self.0.lock();
        *now = *now + by;
    }
}

impl TimeSource for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}
