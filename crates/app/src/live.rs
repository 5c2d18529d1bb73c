//! What changed, told to every open screen. Screens only learn that and where a case moved; they
//! read the case itself through the same rights as always.

use crate::ground::ThingChange;
use kernel::{CaseId, CityCode};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Changes kept for a screen that is slow: at 100 changes a second about 80 s. A screen that falls
/// further behind is told to read its lists again.
pub const LIVE_BACKLOG: usize = 8_192;

/// Changes of things kept: who listens only joins boxes together and is never far behind.
const THINGS_BACKLOG: usize = 1_024;

/// One committed change of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub city: CityCode,
    /// Position in the city's order of commits.
    pub position: i64,
    pub serial: u32,
    pub id: CaseId,
    pub version: u32,
    pub stage: &'static str,
    /// Names of the facts just written.
    pub facts: Vec<&'static str>,
    pub at: i64,
}

/// In-process fan-out of changes: of cases, and of registered things.
#[derive(Debug, Clone)]
pub struct Live {
    cases: broadcast::Sender<Arc<Change>>,
    things: broadcast::Sender<Arc<ThingChange>>,
}

impl Default for Live {
    fn default() -> Self {
        Self { cases: broadcast::channel(LIVE_BACKLOG).0, things: broadcast::channel(THINGS_BACKLOG).0 }
    }
}

impl Live {
    pub fn tell(&self, change: Change) {
        // No listener is not an error.
        let _ = self.cases.send(Arc::new(change));
    }

    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<Change>> {
        self.cases.subscribe()
    }

    pub fn tell_things(&self, change: ThingChange) {
        let _ = self.things.send(Arc::new(change));
    }

    #[must_use]
    pub fn listen_things(&self) -> broadcast::Receiver<Arc<ThingChange>> {
        self.things.subscribe()
    }

    #[must_use]
    pub fn listeners(&self) -> usize {
        self.cases.receiver_count()
    }
}
