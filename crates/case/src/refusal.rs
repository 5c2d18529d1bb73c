//! Refusals: the city's rule saying no. Values with a stable code; texts live in i18n.

use crate::command::Step;
use crate::report::EvidenceKind;
use crate::stage::StageName;
use kernel::Role;
use serde::{Deserialize, Serialize};

/// Why a command was refused. `code()` is stable on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No such step leaves this stage.
    #[error("{step:?} is not possible in stage {stage:?}")]
    WrongStage { step: Step, stage: StageName },
    /// None of the caller's posts holds a role that may do this here.
    #[error("only {allowed:?} may do {step:?}")]
    RoleMayNot { step: Step, allowed: Vec<Role> },
    /// Whoever handles never verifies or closes.
    #[error("who handles may not verify or close")]
    HandlerMayNotJudge,
    /// The case is with another department.
    #[error("the case is with another department")]
    NotYourDepartment,
    /// The task belongs to another person.
    #[error("the task belongs to someone else")]
    NotYourTask,
    /// Outside the caller's area or classes.
    #[error("outside the area or classes of your post")]
    OutOfScope,
    /// A mandatory opinion or reason is empty.
    #[error("a reason is needed")]
    ReasonMissing { field: String },
    #[error("evidence is missing")]
    EvidenceMissing { needed: Vec<EvidenceKind>, minimum: u8 },
    #[error("too many attachments")]
    TooManyAttachments { maximum: u8 },
    /// Class, condition, grid or place must be set first.
    #[error("{field} is not set")]
    Incomplete { field: String },
    #[error("this needs confirmation on the spot first")]
    NotConfirmed,
    #[error("only a consultation can be answered at once")]
    NotAConsultation,
    /// An approval of this kind is open already.
    #[error("an approval of this kind is open already")]
    ApprovalOpen,
    #[error("no approval of this kind is open")]
    NoApproval,
    #[error("the handling time is already over")]
    AlreadyOverdue,
    #[error("at most {maximum} times")]
    TooOften { maximum: u16 },
    #[error("the date lies in the past or too far ahead")]
    BadDate { latest_days: u16 },
    /// After a return only a correction is open.
    #[error("correct the case before passing it on again")]
    CorrectFirst,
    #[error("children of this case are still open")]
    ChildrenOpen { open: u16 },
    /// The verification failed, or is missing.
    #[error("the verification did not pass")]
    NotVerified,
    #[error("the reporter has not been told the result")]
    ReporterNotTold,
    #[error("too far from the place")]
    TooFar { metres: u32, allowed: u32 },
    #[error("no position was sent")]
    PositionMissing,
    #[error("only after closing, within {days} days")]
    TooLate { days: u16 },
    #[error("the case was not late")]
    NotLate,
    #[error("already done")]
    AlreadyDone,
    #[error("a case cannot be merged with itself, its own duplicate, or an ended case")]
    CannotMerge,
    #[error("this class may not be reported here or now")]
    Controlled { message: String },
    #[error("the value of {field} is not valid")]
    Invalid { field: String },
}

impl Refusal {
    /// Stable code for clients and i18n.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongStage { .. } => "wrong_stage",
            Self::RoleMayNot { .. } => "role_may_not",
            Self::HandlerMayNotJudge => "handler_may_not_judge",
            Self::NotYourDepartment => "not_your_department",
            Self::NotYourTask => "not_your_task",
            Self::OutOfScope => "out_of_scope",
            Self::ReasonMissing { .. } => "reason_missing",
            Self::EvidenceMissing { .. } => "evidence_missing",
            Self::TooManyAttachments { .. } => "too_many_attachments",
            Self::Incomplete { .. } => "incomplete",
            Self::NotConfirmed => "not_confirmed",
            Self::NotAConsultation => "not_a_consultation",
            Self::ApprovalOpen => "approval_open",
            Self::NoApproval => "no_approval",
            Self::AlreadyOverdue => "already_overdue",
            Self::TooOften { .. } => "too_often",
            Self::BadDate { .. } => "bad_date",
            Self::CorrectFirst => "correct_first",
            Self::ChildrenOpen { .. } => "children_open",
            Self::NotVerified => "not_verified",
            Self::ReporterNotTold => "reporter_not_told",
            Self::TooFar { .. } => "too_far",
            Self::PositionMissing => "position_missing",
            Self::TooLate { .. } => "too_late",
            Self::NotLate => "not_late",
            Self::AlreadyDone => "already_done",
            Self::CannotMerge => "cannot_merge",
            Self::Controlled { .. } => "controlled",
            Self::Invalid { .. } => "invalid",
        }
    }

    /// True when the caller's role or scope is the reason (403), not the state of the case (409).
    #[must_use]
    pub const fn is_about_rights(&self) -> bool {
        matches!(
            self,
            Self::RoleMayNot { .. }
                | Self::HandlerMayNotJudge
                | Self::NotYourDepartment
                | Self::NotYourTask
                | Self::OutOfScope
        )
    }
}
