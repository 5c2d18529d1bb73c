//! The case (案卷): what all its facts add up to.

use crate::approval::{Approval, ApprovalKind, ApprovalState};
use crate::report::Report;
use crate::stage::{Stage, StageName};
use kernel::{
    CaseId, CaseNumber, CityCode, ClassKey, Clock, ClockKind, DepartmentId, LimitUnit, PersonId, Role,
    TimeLimit, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which command level works on the case: 市 / 区 / 街道.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    #[default]
    City,
    District,
    Street,
}

/// To whom a case was dispatched (派遣).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub department: DepartmentId,
    /// 协办: departments that help; they see the case and may comment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assisting: Vec<DepartmentId>,
    pub at: Timestamp,
    /// 先行派遣: responsibility is settled later (T42).
    #[serde(default)]
    pub ahead: bool,
}

/// The filing (立案): under which condition, with which limit. Fixed for the life of the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    pub class: ClassKey,
    /// Sequence number of the filing condition in the class's standard.
    pub criterion: u16,
    /// The condition in words, copied so that later edits do not move old cases.
    pub criterion_text: String,
    pub closing_text: String,
    /// Handling limit of the condition (处置时限).
    pub limit: TimeLimit,
    pub at: Timestamp,
    pub by: Option<PersonId>,
    /// Procedure version the case is pinned to from here on.
    pub procedure: u32,
}

/// A child of a split (T16) or of dispatching down (T18).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    pub id: CaseId,
    pub department: DepartmentId,
    pub level: Level,
    /// Set when the child has ended, with the stage it ended in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<StageName>,
    /// What the child reported back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
}

/// 催办, 督办, 挂牌督办.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrgingLevel {
    Remind,
    Urge,
    UrgeListed,
}

/// One urging or leader's instruction (领导批示) on an open case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urging {
    /// `None` for a leader's instruction.
    pub level: Option<UrgingLevel>,
    pub requirement: String,
    pub reply_needed: bool,
    pub at: Timestamp,
    pub by: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
}

/// How the callback to a member of the public went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub at: Timestamp,
    pub reached: bool,
    pub satisfied: Option<bool>,
    pub remark: String,
}

/// The reporter's rating after closing: 1 (worst) to 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    pub at: Timestamp,
    pub stars: u8,
    pub remark: String,
}

/// An appeal against a late mark after closing (T43).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    pub asked_at: Timestamp,
    pub asked_by: Option<PersonId>,
    pub reason: String,
    /// The dispatcher's first answer, then intake's final one.
    pub dispatcher: Option<bool>,
    pub intake: Option<bool>,
}

/// After-the-fact check of an automatic filing or dispatch (T45).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audit {
    #[default]
    NotDue,
    Due,
    Passed,
    Refused,
}

/// After a return, who must correct before the main step is open again (退回守则).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// A department's return was approved: only another department, or back to filing.
    AfterReturn { from: DepartmentId },
    /// The shift leader sent it back to intake: correct something before passing it on again.
    AfterSentBackToIntake,
    /// The dispatcher sent it back to filing: re-file under a changed condition, or decline.
    AfterSentBackToFiling,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub city: CityCode,
    pub number: CaseNumber,
    /// Facts applied so far; the optimistic lock.
    pub version: u32,
    pub stage: Stage,
    pub level: Level,
    pub report: Report,
    pub reported_at: Timestamp,
    pub reported_by: Option<PersonId>,
    /// Reported as solved on the spot (自处置).
    #[serde(default)]
    pub self_handled: bool,
    /// Intake operator who owns the trail (also after a claim from the public pool).
    pub intake: Option<PersonId>,
    /// Shift leader or dispatcher who took the case from the pool, if any.
    pub claimed_by: Option<PersonId>,
    pub class: Option<ClassKey>,
    pub filing: Option<Filing>,
    /// Pinned at report, again at filing.
    pub procedure: u32,
    /// All clocks ever started; at most one open of each kind.
    pub clocks: Vec<Clock>,
    /// When each running clock turns yellow.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub warnings: BTreeMap<ClockKind, Timestamp>,
    pub approvals: Vec<Approval>,
    pub guard: Option<Guard>,
    pub parent: Option<CaseId>,
    pub children: Vec<Child>,
    /// Duplicates merged into this case; their reporters are told too.
    pub duplicates: Vec<CaseId>,
    pub urgings: Vec<Urging>,
    pub urgent: bool,
    pub major: bool,
    pub reworks: u16,
    pub returns: u16,
    pub wrong_dispatches: u16,
    pub extensions: u16,
    pub suspensions: u16,
    pub reopened: u16,
    /// Departments that handled it, first to last; used for rework and for the hand-over time.
    pub departments: Vec<DepartmentId>,
    /// Everyone who signed, was assigned, asked or replied on the handling axis. None of them may judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handled_by: Vec<PersonId>,
    /// Collectors who answered a confirmation or a verification; they keep seeing what they worked on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collected_by: Vec<PersonId>,
    /// The department's last reply, or the answer given at once: what the reporter is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// When the department handed over its last accepted reply; the handling clock ends here.
    pub handed_over_at: Option<Timestamp>,
    pub callback: Option<Callback>,
    pub rating: Option<Rating>,
    pub appeal: Option<Appeal>,
    /// A successful appeal: the raw late mark stays, evaluation leaves it out.
    pub exempted: bool,
    pub audit: Audit,
    /// The automatic channel the case took, if any.
    pub fast_channel: Option<String>,
    pub filed_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    /// Steps between report and closing were made up by a rule from a coarser record of an old system.
    pub synthesised: bool,
}

impl Case {
    /// The open clock of `kind`, if it runs or is paused.
    #[must_use]
    pub fn clock(&self, kind: ClockKind) -> Option<&Clock> {
        self.clocks.iter().rev().find(|clock| clock.kind == kind && clock.ended_at.is_none())
    }

    #[must_use]
    pub fn open_approval(&self, kind: ApprovalKind) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.kind == kind && approval.is_open())
    }

    #[must_use]
    pub fn department(&self) -> Option<DepartmentId> {
        self.stage.assignment().map(|to| to.department)
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.stage.name().is_end()
    }

    /// Timed day and night: reported as urgent, or filed under an urgent limit.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.urgent || self.filing.as_ref().is_some_and(|filing| is_urgent_unit(filing.limit.unit))
    }

    /// 公众案件: a member of the public is behind it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        self.report.source.is_public()
    }

    #[must_use]
    pub fn open_children(&self) -> u16 {
        let open = self.children.iter().filter(|child| child.ended.is_none()).count();
        u16::try_from(open).unwrap_or(u16::MAX)
    }

    /// How often an approval of `kind` was granted.
    #[must_use]
    pub fn approved(&self, kind: ApprovalKind) -> u16 {
        let granted =
            |one: &&Approval| one.kind == kind && matches!(one.state, ApprovalState::Approved { .. });
        u16::try_from(self.approvals.iter().filter(granted).count()).unwrap_or(u16::MAX)
    }

    /// Who took the case from the pool (公共池) of this role, if anyone.
    #[must_use]
    pub fn holder(&self, role: Option<Role>) -> Option<PersonId> {
        if role == Some(Role::IntakeOperator) { self.intake } else { self.claimed_by }
    }
}

impl Appeal {
    /// Waits for the dispatcher or for intake.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !matches!(self.dispatcher, Some(false)) && self.intake.is_none()
    }
}

/// 紧急: these limits run day and night, and so do the centre's own for such a case.
pub(crate) const fn is_urgent_unit(unit: LimitUnit) -> bool {
    matches!(unit, LimitUnit::UrgentMinute | LimitUnit::UrgentWorkHour | LimitUnit::UrgentWorkDay)
}
