//! What changed, told to every open screen. Screens only learn that and where a case moved; they
//! read the case itself through the same rights as always.

use kernel::{CaseId, CityCode};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Changes kept for a screen that is slow: at 100 changes a second about 80 s. A screen that falls
/// further behind is told to read its lists again.
pub const LIVE_BACKLOG: usize = 8_192;

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

/// In-process fan-out of changes.
#[derive(Debug, Clone)]
pub struct Live(broadcast::Sender<Arc<Change>>);

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(LIVE_BACKLOG).0)
    }
}

impl Live {
    pub fn tell(&self, change: Change) {
        // No listener is not an error.
        let _ = self.0.send(Arc::new(change));
    }

    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Arc<Change>> {
        self.0.subscribe()
    }

    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }
}
