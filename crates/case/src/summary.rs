//! What lists, lights and reminders need to know of a case.

use crate::case::Case;
use crate::stage::{Stage, VerifyOutcome};
use kernel::{Calendar, Clock, ClockKind, DepartmentId, Light, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};

/// A moment at which the system acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// 80 % are used.
    Warn,
    /// The last moment in time; overdue begins after it.
    Due,
    /// A suspended case is taken up again.
    Resume,
}

impl Moment {
    pub const ALL: [Self; 3] = [Self::Warn, Self::Due, Self::Resume];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Due => "due",
            Self::Resume => "resume",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.as_str() == text)
    }
}

impl Case {
    /// The clock of the stage the case is in; `None` when it has ended.
    #[must_use]
    pub fn running_clock(&self) -> Option<&Clock> {
        let kind = match &self.stage {
            Stage::Reported | Stage::Confirmed { .. } => ClockKind::Accept,
            Stage::Confirming { .. } => ClockKind::Confirm,
            Stage::SelfHandled => ClockKind::AuditSelfHandled,
            Stage::Accepted => ClockKind::File,
            Stage::Filed => ClockKind::Dispatch,
            Stage::Dispatched { .. } if self.clock(ClockKind::Sign).is_some() => ClockKind::Sign,
            Stage::Dispatched { .. } | Stage::Handling { .. } | Stage::Suspended { .. } => ClockKind::Handle,
            Stage::Replied { .. } => ClockKind::Review,
            Stage::ReadyToVerify { .. } | Stage::Verified { outcome: VerifyOutcome::Failed, .. } => {
                ClockKind::SendVerification
            }
            Stage::Verifying { .. } => ClockKind::Verify,
            Stage::Verified { .. } => ClockKind::Close,
            _ => return None,
        };
        self.clock(kind)
    }

    /// The last total clock: the running one, or the one that has ended.
    #[must_use]
    pub fn total_clock(&self) -> Option<&Clock> {
        self.clocks.iter().rfind(|clock| clock.kind == ClockKind::Total)
    }

    /// The last handling clock, running or ended: by it a department is judged.
    #[must_use]
    pub fn handling_clock(&self) -> Option<&Clock> {
        self.clocks.iter().rfind(|clock| clock.kind == ClockKind::Handle)
    }

    /// The light of the stage's clock. An ended case shows the light its total time ended with,
    /// green when it was never filed.
    #[must_use]
    pub fn light(&self, now: Timestamp, calendar: &Calendar) -> Light {
        let clock = if self.is_open() { self.running_clock() } else { self.total_clock() };
        clock.map_or(Light::Green, |clock| clock.light(now, calendar))
    }

    /// When the stage's clock is due; `None` while it is paused and when the case has ended.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.running_clock().and_then(Clock::due_at)
    }

    /// When the whole case is due; `None` before filing, while suspended, and when it has ended.
    #[must_use]
    pub fn total_due_at(&self) -> Option<Timestamp> {
        self.clock(ClockKind::Total).and_then(Clock::due_at)
    }

    /// Everything that will become due if nobody acts: one row each in the store's table of moments.
    #[must_use]
    pub fn moments(&self) -> Vec<(ClockKind, Moment, Timestamp)> {
        let mut moments = Vec::new();
        if !self.is_open() {
            return moments;
        }
        for clock in self.clocks.iter().filter(|clock| clock.is_running()) {
            if let Some(at) = self.warnings.get(&clock.kind) {
                moments.push((clock.kind, Moment::Warn, *at));
            }
            if let Some(at) = clock.due_at().filter(|at| *at < Calendar::NEVER) {
                moments.push((clock.kind, Moment::Due, at));
            }
        }
        if let Stage::Suspended { until, .. } = self.stage {
            moments.push((ClockKind::Handle, Moment::Resume, until));
        }
        moments
    }

    /// Who has the next move; `None` when the case has ended or waits for its children.
    #[must_use]
    pub fn waits_for(&self) -> Option<(Role, Option<DepartmentId>, Option<PersonId>)> {
        let department = self.department();
        let next = match &self.stage {
            Stage::Reported | Stage::Confirmed { .. } | Stage::SelfHandled | Stage::ReadyToVerify { .. } => {
                (Role::IntakeOperator, None, self.intake)
            }
            Stage::Confirming { collector } | Stage::Verifying { collector, .. } => {
                (Role::Collector, None, Some(*collector))
            }
            Stage::Accepted => (Role::ShiftLeader, None, self.claimed_by),
            Stage::Filed | Stage::Suspended { .. } | Stage::Replied { .. } => {
                (Role::Dispatcher, None, self.claimed_by)
            }
            Stage::Handling { .. } if self.open_children() > 0 => return None,
            Stage::Handling { handler: Some(handler), .. } => (Role::Handler, department, Some(*handler)),
            Stage::Dispatched { .. } | Stage::Handling { .. } => (Role::DepartmentOfficer, department, None),
            Stage::Verified { outcome: VerifyOutcome::Failed, .. } => {
                (Role::IntakeOperator, None, self.intake)
            }
            Stage::Verified { .. } => {
                let untold = self.is_public() && self.report.wants_answer && self.callback.is_none();
                let role = if untold { Role::IntakeOperator } else { Role::ShiftLeader };
                (role, None, self.holder(Some(role)))
            }
            _ => return None,
        };
        Some(next)
    }
}
