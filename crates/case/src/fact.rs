//! Facts: what happened to a case. Past tense, append-only; the flow record (案卷流转记录).

use crate::approval::ApprovalKind;
use crate::case::{Level, UrgingLevel};
use crate::command::{Share, Standard};
use crate::report::{Evidence, Place, Report};
use crate::stage::{ConfirmOutcome, StageName, VerifyOutcome};
use kernel::{
    CaseId, CaseNumber, CityCode, ClassKey, Clock, DepartmentId, PersonId, Role, TimeLimit, Timestamp,
};
use serde::{Deserialize, Serialize};

/// Who did it, in which role and for which department.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum By {
    Person { person: PersonId, role: Role, department: DepartmentId },
    Citizen,
    System { rule: String, version: u32 },
}

/// A fact with its place in the case's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRecord {
    /// 1 for the first fact of a case.
    pub seq: u32,
    pub at: Timestamp,
    pub by: By,
    pub fact: Fact,
    /// What the fact did to the clocks, worked out once with the calendar of that moment. Applying a fact
    /// needs no calendar, so that a replay gives the same deadlines after the calendar has changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockChange>,
}

/// A clock as it is after a fact that started, stopped, moved or ended it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockChange {
    /// Its place in the case's clocks; the first free place for a new clock.
    pub index: u16,
    pub clock: Clock,
    /// When 80 % will be used; none unless the clock runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    Reported {
        id: CaseId,
        city: CityCode,
        number: CaseNumber,
        report: Report,
        self_handled: bool,
        procedure: u32,
        parent: Option<CaseId>,
        level: Level,
        synthesised: bool,
        limit: TimeLimit,
    },
    Corrected {
        class: Option<ClassKey>,
        place: Option<Place>,
        text: Option<String>,
        urgent: Option<bool>,
        evidence: Vec<Evidence>,
    },
    Claimed {
        by: PersonId,
    },
    HandedOver {
        to: PersonId,
    },
    SelfHandledPassed {
        opinion: String,
    },
    SelfHandledRefused {
        ordinary: bool,
        opinion: String,
        limit: Option<TimeLimit>,
    },
    ConfirmationRequested {
        collector: PersonId,
        note: String,
        limit: TimeLimit,
    },
    ConfirmationAnswered {
        outcome: ConfirmOutcome,
        opinion: String,
        evidence: Vec<Evidence>,
    },
    CollectorChanged {
        collector: PersonId,
        reason: String,
    },
    Declined {
        reason: String,
    },
    AnsweredAtOnce {
        answer: String,
    },
    Accepted {
        opinion: String,
        limit: TimeLimit,
    },
    Filed {
        standard: Standard,
        opinion: String,
        procedure: u32,
        total: TimeLimits,
        dispatch: TimeLimit,
        channel: Option<String>,
        /// Picked for a later audit (T45).
        #[serde(default)]
        audit: bool,
    },
    SentBack {
        from: StageName,
        reason: String,
        limit: Option<TimeLimit>,
    },
    Dispatched {
        department: DepartmentId,
        assisting: Vec<DepartmentId>,
        opinion: String,
        ahead: bool,
        sign: TimeLimit,
        rework: bool,
        /// The fast channel that dispatched it.
        #[serde(default)]
        channel: Option<String>,
        #[serde(default)]
        audit: bool,
    },
    Split {
        shares: Vec<Share>,
        opinion: String,
    },
    DispatchedDown {
        share: Share,
        opinion: String,
    },
    SignedFor,
    Assigned {
        handler: PersonId,
        note: String,
    },
    ApprovalRequested {
        approval: ApprovalKind,
        reason: String,
        extra: Option<TimeLimit>,
        until: Option<Timestamp>,
        chain: Vec<Vec<Role>>,
        evidence: Vec<Evidence>,
    },
    /// One step of the chain said yes; `last` when the chain is complete.
    ApprovalAnswered {
        approval: ApprovalKind,
        approved: bool,
        opinion: String,
        last: bool,
    },
    ApprovalTakenBack {
        approval: ApprovalKind,
    },
    Extended {
        by: TimeLimit,
    },
    Returned {
        from: DepartmentId,
        reason: String,
        limit: TimeLimit,
    },
    Suspended {
        until: Timestamp,
        reason: String,
    },
    Resumed {
        reason: String,
    },
    Replied {
        text: String,
        evidence: Vec<Evidence>,
        limit: TimeLimit,
    },
    ReplyRejected {
        reason: String,
    },
    PassedOn {
        opinion: String,
        limit: TimeLimit,
    },
    VerificationRequested {
        collector: PersonId,
        note: String,
        limit: TimeLimit,
    },
    /// `limit` of the closing step; none after a failed verification, when intake's clock goes on.
    VerificationAnswered {
        outcome: VerifyOutcome,
        opinion: String,
        evidence: Vec<Evidence>,
        limit: Option<TimeLimit>,
    },
    /// The case goes round again to `department` (T32, T35, T36, T46).
    ReworkOrdered {
        department: DepartmentId,
        opinion: String,
        sign: TimeLimit,
    },
    CalledBack {
        reached: bool,
        satisfied: Option<bool>,
        remark: String,
    },
    Closed {
        opinion: String,
    },
    /// `dispatch` is set when the dispatcher shall find the department anew (a parent of children).
    ClosingRefused {
        reason: String,
        #[serde(default)]
        dispatch: Option<TimeLimit>,
    },
    /// `total` is set when a closed case begins a second round with a new total clock.
    Reopened {
        reason: String,
        dispatch: TimeLimit,
        #[serde(default)]
        total: Option<TimeLimits>,
    },
    Cancelled {
        reason: String,
    },
    Withdrawn {
        reason: String,
    },
    Merged {
        into: CaseId,
        reason: String,
    },
    Unmerged {
        reason: String,
    },
    DuplicateJoined {
        case: CaseId,
    },
    DuplicateLeft {
        case: CaseId,
    },
    ForceClosed {
        order: String,
    },
    Urged {
        level: UrgingLevel,
        requirement: String,
        reply_needed: bool,
    },
    Instructed {
        text: String,
        reply_needed: bool,
    },
    UrgingAnswered {
        urging: u16,
        text: String,
    },
    MarkedMajor {
        reason: String,
    },
    Appealed {
        reason: String,
    },
    AppealAnswered {
        granted: bool,
        opinion: String,
        last: bool,
    },
    Audited {
        passed: bool,
        reason: String,
    },
    Rated {
        stars: u8,
        remark: String,
    },
    Commented {
        text: String,
        evidence: Vec<Evidence>,
    },
    ChildEnded {
        child: CaseId,
        stage: StageName,
        text: String,
    },
    ClocksRecomputed {
        calendar: u32,
    },
    Migrated {
        procedure: u32,
    },
}

/// Handling limit plus the limits of the stages between filing and closing (rulings: Total limit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLimits(pub Vec<TimeLimit>);

impl Fact {
    /// The word on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Reported { .. } => "reported",
            Self::Corrected { .. } => "corrected",
            Self::Claimed { .. } => "claimed",
            Self::HandedOver { .. } => "handed_over",
            Self::SelfHandledPassed { .. } => "self_handled_passed",
            Self::SelfHandledRefused { .. } => "self_handled_refused",
            Self::ConfirmationRequested { .. } => "confirmation_requested",
            Self::ConfirmationAnswered { .. } => "confirmation_answered",
            Self::CollectorChanged { .. } => "collector_changed",
            Self::Declined { .. } => "declined",
            Self::AnsweredAtOnce { .. } => "answered_at_once",
            Self::Accepted { .. } => "accepted",
            Self::Filed { .. } => "filed",
            Self::SentBack { .. } => "sent_back",
            Self::Dispatched { .. } => "dispatched",
            Self::Split { .. } => "split",
            Self::DispatchedDown { .. } => "dispatched_down",
            Self::SignedFor => "signed_for",
            Self::Assigned { .. } => "assigned",
            Self::ApprovalRequested { .. } => "approval_requested",
            Self::ApprovalAnswered { .. } => "approval_answered",
            Self::ApprovalTakenBack { .. } => "approval_taken_back",
            Self::Extended { .. } => "extended",
            Self::Returned { .. } => "returned",
            Self::Suspended { .. } => "suspended",
            Self::Resumed { .. } => "resumed",
            Self::Replied { .. } => "replied",
            Self::ReplyRejected { .. } => "reply_rejected",
            Self::PassedOn { .. } => "passed_on",
            Self::VerificationRequested { .. } => "verification_requested",
            Self::VerificationAnswered { .. } => "verification_answered",
            Self::ReworkOrdered { .. } => "rework_ordered",
            Self::CalledBack { .. } => "called_back",
            Self::Closed { .. } => "closed",
            Self::ClosingRefused { .. } => "closing_refused",
            Self::Reopened { .. } => "reopened",
            Self::Cancelled { .. } => "cancelled",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Merged { .. } => "merged",
            Self::Unmerged { .. } => "unmerged",
            Self::DuplicateJoined { .. } => "duplicate_joined",
            Self::DuplicateLeft { .. } => "duplicate_left",
            Self::ForceClosed { .. } => "force_closed",
            Self::Urged { .. } => "urged",
            Self::Instructed { .. } => "instructed",
            Self::UrgingAnswered { .. } => "urging_answered",
            Self::MarkedMajor { .. } => "marked_major",
            Self::Appealed { .. } => "appealed",
            Self::AppealAnswered { .. } => "appeal_answered",
            Self::Audited { .. } => "audited",
            Self::Rated { .. } => "rated",
            Self::Commented { .. } => "commented",
            Self::ChildEnded { .. } => "child_ended",
            Self::ClocksRecomputed { .. } => "clocks_recomputed",
            Self::Migrated { .. } => "migrated",
        }
    }
}

impl By {
    #[must_use]
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { person, .. } => Some(*person),
            _ => None,
        }
    }

    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        match self {
            Self::Person { role, .. } => Some(*role),
            _ => None,
        }
    }
}
