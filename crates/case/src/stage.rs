//! The stages S00–S95. Data that exists only in one stage lives in that stage.

use crate::case::Assignment;
use crate::report::Evidence;
use kernel::{CaseId, PersonId, Timestamp};
use serde::{Deserialize, Serialize};

/// What a collector found when confirming (核实, before filing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmOutcome {
    /// 属实
    True,
    /// 不属实
    False,
    /// 无法核实
    Impossible,
}

/// What a collector found when verifying (核查, after handling).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyOutcome {
    Passed,
    Failed,
    Impossible,
}

/// A reply of the department (处置反馈).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    pub text: String,
    pub evidence: Vec<Evidence>,
    pub at: Timestamp,
}

/// Where a case stands. Names: `rulings.md`, Words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Stage {
    Draft,
    Reported,
    Confirming {
        collector: PersonId,
    },
    Confirmed {
        collector: PersonId,
        outcome: ConfirmOutcome,
    },
    SelfHandled,
    Accepted,
    Filed,
    Dispatched {
        to: Assignment,
    },
    Handling {
        to: Assignment,
        handler: Option<PersonId>,
    },
    Suspended {
        to: Assignment,
        handler: Option<PersonId>,
        until: Timestamp,
        reason: String,
    },
    Replied {
        to: Assignment,
        handler: Option<PersonId>,
        reply: Reply,
    },
    ReadyToVerify {
        to: Assignment,
        reply: Reply,
    },
    Verifying {
        to: Assignment,
        reply: Reply,
        collector: PersonId,
    },
    Verified {
        to: Assignment,
        reply: Reply,
        outcome: VerifyOutcome,
    },
    Closed {
        at: Timestamp,
    },
    ClosedSelfHandled {
        at: Timestamp,
    },
    Declined {
        at: Timestamp,
        reason: String,
    },
    Cancelled {
        at: Timestamp,
        reason: String,
    },
    /// `merged_into` is set for a duplicate; `before` is where an un-merge leads back to.
    Withdrawn {
        at: Timestamp,
        reason: String,
        merged_into: Option<CaseId>,
        before: Box<Stage>,
    },
    ForceClosed {
        at: Timestamp,
        order: String,
    },
}

/// Just the name of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum StageName {
    Draft = 0,
    Reported = 10,
    Confirming = 11,
    Confirmed = 12,
    SelfHandled = 13,
    Accepted = 20,
    Filed = 30,
    Dispatched = 40,
    Handling = 41,
    Suspended = 42,
    Replied = 50,
    ReadyToVerify = 60,
    Verifying = 61,
    Verified = 62,
    Closed = 90,
    ClosedSelfHandled = 91,
    Declined = 92,
    Cancelled = 93,
    Withdrawn = 94,
    ForceClosed = 95,
}

impl StageName {
    pub const ALL: [Self; 20] = [
        Self::Draft,
        Self::Reported,
        Self::Confirming,
        Self::Confirmed,
        Self::SelfHandled,
        Self::Accepted,
        Self::Filed,
        Self::Dispatched,
        Self::Handling,
        Self::Suspended,
        Self::Replied,
        Self::ReadyToVerify,
        Self::Verifying,
        Self::Verified,
        Self::Closed,
        Self::ClosedSelfHandled,
        Self::Declined,
        Self::Cancelled,
        Self::Withdrawn,
        Self::ForceClosed,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Reported => "reported",
            Self::Confirming => "confirming",
            Self::Confirmed => "confirmed",
            Self::SelfHandled => "self_handled",
            Self::Accepted => "accepted",
            Self::Filed => "filed",
            Self::Dispatched => "dispatched",
            Self::Handling => "handling",
            Self::Suspended => "suspended",
            Self::Replied => "replied",
            Self::ReadyToVerify => "ready_to_verify",
            Self::Verifying => "verifying",
            Self::Verified => "verified",
            Self::Closed => "closed",
            Self::ClosedSelfHandled => "closed_self_handled",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::ForceClosed => "force_closed",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    /// The number after the S of `standards/workflow.md` §3.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.number() == number)
    }

    /// True for S90–S95.
    #[must_use]
    pub const fn is_end(self) -> bool {
        self.number() >= 90
    }
}

impl Stage {
    #[must_use]
    pub const fn name(&self) -> StageName {
        match self {
            Self::Draft => StageName::Draft,
            Self::Reported => StageName::Reported,
            Self::Confirming { .. } => StageName::Confirming,
            Self::Confirmed { .. } => StageName::Confirmed,
            Self::SelfHandled => StageName::SelfHandled,
            Self::Accepted => StageName::Accepted,
            Self::Filed => StageName::Filed,
            Self::Dispatched { .. } => StageName::Dispatched,
            Self::Handling { .. } => StageName::Handling,
            Self::Suspended { .. } => StageName::Suspended,
            Self::Replied { .. } => StageName::Replied,
            Self::ReadyToVerify { .. } => StageName::ReadyToVerify,
            Self::Verifying { .. } => StageName::Verifying,
            Self::Verified { .. } => StageName::Verified,
            Self::Closed { .. } => StageName::Closed,
            Self::ClosedSelfHandled { .. } => StageName::ClosedSelfHandled,
            Self::Declined { .. } => StageName::Declined,
            Self::Cancelled { .. } => StageName::Cancelled,
            Self::Withdrawn { .. } => StageName::Withdrawn,
            Self::ForceClosed { .. } => StageName::ForceClosed,
        }
    }

    /// The department that has the case now, if any.
    #[must_use]
    pub const fn assignment(&self) -> Option<&Assignment> {
        match self {
            Self::Dispatched { to }
            | Self::Handling { to, .. }
            | Self::Suspended { to, .. }
            | Self::Replied { to, .. }
            | Self::ReadyToVerify { to, .. }
            | Self::Verifying { to, .. }
            | Self::Verified { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The collector whose task is open now, if any.
    #[must_use]
    pub const fn collector(&self) -> Option<PersonId> {
        match self {
            Self::Confirming { collector } | Self::Verifying { collector, .. } => Some(*collector),
            _ => None,
        }
    }

    #[must_use]
    pub const fn handler(&self) -> Option<PersonId> {
        match self {
            Self::Handling { handler, .. }
            | Self::Suspended { handler, .. }
            | Self::Replied { handler, .. } => *handler,
            _ => None,
        }
    }
}
