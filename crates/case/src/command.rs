//! Commands: what someone wants to happen to a case. Imperative; one per step of `rulings.md`, Words.
//!
//! The caller has resolved codes and places already: a `File` carries the limit of its condition,
//! a `Report` its grid.

use crate::approval::ApprovalKind;
use crate::case::{Level, UrgingLevel};
use crate::report::{Evidence, Place, Report};
use crate::stage::{ConfirmOutcome, StageName, VerifyOutcome};
use kernel::{CaseId, CaseNumber, Cgcs2000, ClassKey, DepartmentId, PersonId, Point, TimeLimit, Timestamp};
use serde::{Deserialize, Serialize};

/// A filing condition as the catalogue held it at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standard {
    pub class: ClassKey,
    pub criterion: u16,
    pub criterion_text: String,
    pub closing_text: String,
    pub limit: TimeLimit,
    /// The date an old system had promised: the total clock falls due exactly then. Only under a history
    /// procedure, and with a limit that runs always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

/// A part of a split, or a lower level's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub child: CaseId,
    pub department: DepartmentId,
    pub level: Level,
    pub task: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Command {
    /// T01, T02. `procedure` is the version in force.
    Report {
        id: CaseId,
        number: CaseNumber,
        report: Report,
        procedure: u32,
        parent: Option<CaseId>,
        level: Level,
    },
    /// T03: a light problem solved on the spot, with photos before and after.
    ReportSelfHandled {
        id: CaseId,
        number: CaseNumber,
        report: Report,
        procedure: u32,
    },
    /// An operator completes or corrects what was reported (before filing).
    Correct {
        class: Option<ClassKey>,
        place: Option<Place>,
        text: Option<String>,
        urgent: Option<bool>,
        evidence: Vec<Evidence>,
    },
    /// From the public pool (公共池) to the caller.
    Claim,
    /// Shift hand-over (交班): intake ownership or an open collector task moves to `to`.
    HandOver {
        to: PersonId,
    },
    /// T04
    PassSelfHandled {
        opinion: String,
    },
    /// T05: `ordinary` turns it into an ordinary report, else it is declined.
    RefuseSelfHandled {
        ordinary: bool,
        opinion: String,
    },
    /// T06
    RequestConfirmation {
        collector: PersonId,
        note: String,
    },
    /// T07
    AnswerConfirmation {
        outcome: ConfirmOutcome,
        opinion: String,
        evidence: Vec<Evidence>,
        at: Option<Point<Cgcs2000>>,
    },
    /// T08 (also for an open verification)
    ChangeCollector {
        collector: PersonId,
        reason: String,
    },
    /// T09 and T13
    Decline {
        reason: String,
    },
    /// T10
    AnswerAtOnce {
        answer: String,
    },
    /// T11: pass to the shift leader.
    Accept {
        opinion: String,
    },
    /// T12
    File {
        standard: Standard,
        opinion: String,
        procedure: u32,
    },
    /// T14 (to intake), T17 (to filing), T23 (handler back to the department)
    SendBack {
        reason: String,
    },
    /// T15
    Dispatch {
        department: DepartmentId,
        assisting: Vec<DepartmentId>,
        opinion: String,
    },
    /// T16
    Split {
        shares: Vec<Share>,
        opinion: String,
    },
    /// T18
    DispatchDown {
        share: Share,
        opinion: String,
    },
    /// T19 first half
    SignFor,
    /// T19 second half
    Assign {
        handler: PersonId,
        note: String,
    },
    /// T20, T24, T25, T37, T38
    RequestApproval {
        approval: ApprovalKind,
        reason: String,
        extra: Option<TimeLimit>,
        until: Option<Timestamp>,
        evidence: Vec<Evidence>,
    },
    /// The answer of the next step of the chain.
    Approve {
        approval: ApprovalKind,
        opinion: String,
    },
    /// T21 and its kind
    Reject {
        approval: ApprovalKind,
        opinion: String,
    },
    /// The one who asked takes the request back.
    TakeBack {
        approval: ApprovalKind,
    },
    /// T22
    Reassign {
        department: DepartmentId,
        assisting: Vec<DepartmentId>,
        opinion: String,
    },
    /// T26
    Resume {
        reason: String,
    },
    /// T27
    Reply {
        text: String,
        evidence: Vec<Evidence>,
    },
    /// T28
    RejectReply {
        reason: String,
    },
    /// T29
    PassOn {
        opinion: String,
    },
    /// T30
    RequestVerification {
        collector: PersonId,
        note: String,
    },
    /// T31–T33
    AnswerVerification {
        outcome: VerifyOutcome,
        opinion: String,
        evidence: Vec<Evidence>,
        at: Option<Point<Cgcs2000>>,
    },
    /// Intake orders the rework of a failed verification (T32).
    OrderRework {
        opinion: String,
        department: Option<DepartmentId>,
    },
    /// The result is told to the public reporter, or an attempt failed (回访).
    CallBack {
        reached: bool,
        satisfied: Option<bool>,
        remark: String,
    },
    /// T34
    Close {
        opinion: String,
    },
    /// T35
    RefuseClosing {
        reason: String,
    },
    /// T36 (dissatisfied at callback, by intake) and T46 (by the citizen after closing)
    Reopen {
        reason: String,
    },
    /// T38: this case is a duplicate of `into`; with the reporter's interest kept.
    Merge {
        into: CaseId,
        reason: String,
    },
    /// T44
    Unmerge {
        reason: String,
    },
    /// T39
    ForceClose {
        order: String,
    },
    /// T40 催办 / 督办 / 挂牌督办
    Urge {
        level: UrgingLevel,
        requirement: String,
        reply_needed: bool,
    },
    /// T40 领导批示
    Instruct {
        text: String,
        reply_needed: bool,
    },
    /// The answer to an urging or instruction.
    AnswerUrging {
        urging: u16,
        text: String,
    },
    /// T41
    MarkMajor {
        reason: String,
    },
    /// T42
    DispatchAhead {
        department: DepartmentId,
        reason: String,
    },
    /// T43
    Appeal {
        reason: String,
    },
    AnswerAppeal {
        granted: bool,
        opinion: String,
    },
    /// T45
    Audit {
        passed: bool,
        reason: String,
    },
    /// After closing, by the reporter.
    Rate {
        stars: u8,
        remark: String,
    },
    /// A remark that changes nothing, seen by the parties of the case.
    Comment {
        text: String,
        evidence: Vec<Evidence>,
    },
    /// Told by the store of cases: a child ended (system only).
    ChildEnded {
        child: CaseId,
        stage: StageName,
        text: String,
    },
    /// A duplicate was merged into this case, or un-merged from it (system only).
    DuplicateJoined {
        case: CaseId,
    },
    DuplicateLeft {
        case: CaseId,
    },
    /// The calendar changed: open deadlines move (system only).
    RecomputeClocks {
        calendar: u32,
    },
    /// Running cases move to another procedure version (system only).
    Migrate {
        procedure: u32,
    },
}

impl Command {
    /// Which step this command takes.
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::Report { .. } => Step::Report,
            Self::ReportSelfHandled { .. } => Step::ReportSelfHandled,
            Self::Correct { .. } => Step::Correct,
            Self::Claim => Step::Claim,
            Self::HandOver { .. } => Step::HandOver,
            Self::PassSelfHandled { .. } => Step::PassSelfHandled,
            Self::RefuseSelfHandled { .. } => Step::RefuseSelfHandled,
            Self::RequestConfirmation { .. } => Step::RequestConfirmation,
            Self::AnswerConfirmation { .. } => Step::AnswerConfirmation,
            Self::ChangeCollector { .. } => Step::ChangeCollector,
            Self::Decline { .. } => Step::Decline,
            Self::AnswerAtOnce { .. } => Step::AnswerAtOnce,
            Self::Accept { .. } => Step::Accept,
            Self::File { .. } => Step::File,
            Self::SendBack { .. } => Step::SendBack,
            Self::Dispatch { .. } => Step::Dispatch,
            Self::Split { .. } => Step::Split,
            Self::DispatchDown { .. } => Step::DispatchDown,
            Self::SignFor => Step::SignFor,
            Self::Assign { .. } => Step::Assign,
            Self::RequestApproval { approval, .. } => Step::request(*approval),
            Self::Approve { approval, .. } => Step::approve(*approval),
            Self::Reject { approval, .. } => Step::reject(*approval),
            Self::TakeBack { .. } => Step::TakeBack,
            Self::Reassign { .. } => Step::Reassign,
            Self::Resume { .. } => Step::Resume,
            Self::Reply { .. } => Step::Reply,
            Self::RejectReply { .. } => Step::RejectReply,
            Self::PassOn { .. } => Step::PassOn,
            Self::RequestVerification { .. } => Step::RequestVerification,
            Self::AnswerVerification { .. } => Step::AnswerVerification,
            Self::OrderRework { .. } => Step::OrderRework,
            Self::CallBack { .. } => Step::CallBack,
            Self::Close { .. } => Step::Close,
            Self::RefuseClosing { .. } => Step::RefuseClosing,
            Self::Reopen { .. } => Step::Reopen,
            Self::Merge { .. } => Step::Merge,
            Self::Unmerge { .. } => Step::Unmerge,
            Self::ForceClose { .. } => Step::ForceClose,
            Self::Urge { .. } => Step::Urge,
            Self::Instruct { .. } => Step::Instruct,
            Self::AnswerUrging { .. } => Step::AnswerUrging,
            Self::MarkMajor { .. } => Step::MarkMajor,
            Self::DispatchAhead { .. } => Step::DispatchAhead,
            Self::Appeal { .. } => Step::Appeal,
            Self::AnswerAppeal { .. } => Step::AnswerAppeal,
            Self::Audit { .. } => Step::Audit,
            Self::Rate { .. } => Step::Rate,
            Self::Comment { .. } => Step::Comment,
            Self::ChildEnded { .. } => Step::ChildEnded,
            Self::DuplicateJoined { .. } => Step::DuplicateJoined,
            Self::DuplicateLeft { .. } => Step::DuplicateLeft,
            Self::RecomputeClocks { .. } => Step::RecomputeClocks,
            Self::Migrate { .. } => Step::Migrate,
        }
    }
}

/// The name of a command, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Report,
    ReportSelfHandled,
    Correct,
    Claim,
    HandOver,
    PassSelfHandled,
    RefuseSelfHandled,
    RequestConfirmation,
    AnswerConfirmation,
    ChangeCollector,
    Decline,
    AnswerAtOnce,
    Accept,
    File,
    SendBack,
    Dispatch,
    Split,
    DispatchDown,
    SignFor,
    Assign,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    RequestCancellation,
    RequestWithdrawal,
    ApproveExtension,
    ApproveReturn,
    ApproveSuspension,
    ApproveCancellation,
    ApproveWithdrawal,
    RejectExtension,
    RejectReturn,
    RejectSuspension,
    RejectCancellation,
    RejectWithdrawal,
    TakeBack,
    Reassign,
    Resume,
    Reply,
    RejectReply,
    PassOn,
    RequestVerification,
    AnswerVerification,
    OrderRework,
    CallBack,
    Close,
    RefuseClosing,
    Reopen,
    Merge,
    Unmerge,
    ForceClose,
    Urge,
    Instruct,
    AnswerUrging,
    MarkMajor,
    DispatchAhead,
    Appeal,
    AnswerAppeal,
    Audit,
    Rate,
    Comment,
    ChildEnded,
    DuplicateJoined,
    DuplicateLeft,
    RecomputeClocks,
    Migrate,
}

impl Step {
    pub const ALL: [Self; 66] = [
        Self::Report,
        Self::ReportSelfHandled,
        Self::Correct,
        Self::Claim,
        Self::HandOver,
        Self::PassSelfHandled,
        Self::RefuseSelfHandled,
        Self::RequestConfirmation,
        Self::AnswerConfirmation,
        Self::ChangeCollector,
        Self::Decline,
        Self::AnswerAtOnce,
        Self::Accept,
        Self::File,
        Self::SendBack,
        Self::Dispatch,
        Self::Split,
        Self::DispatchDown,
        Self::SignFor,
        Self::Assign,
        Self::RequestExtension,
        Self::RequestReturn,
        Self::RequestSuspension,
        Self::RequestCancellation,
        Self::RequestWithdrawal,
        Self::ApproveExtension,
        Self::ApproveReturn,
        Self::ApproveSuspension,
        Self::ApproveCancellation,
        Self::ApproveWithdrawal,
        Self::RejectExtension,
        Self::RejectReturn,
        Self::RejectSuspension,
        Self::RejectCancellation,
        Self::RejectWithdrawal,
        Self::TakeBack,
        Self::Reassign,
        Self::Resume,
        Self::Reply,
        Self::RejectReply,
        Self::PassOn,
        Self::RequestVerification,
        Self::AnswerVerification,
        Self::OrderRework,
        Self::CallBack,
        Self::Close,
        Self::RefuseClosing,
        Self::Reopen,
        Self::Merge,
        Self::Unmerge,
        Self::ForceClose,
        Self::Urge,
        Self::Instruct,
        Self::AnswerUrging,
        Self::MarkMajor,
        Self::DispatchAhead,
        Self::Appeal,
        Self::AnswerAppeal,
        Self::Audit,
        Self::Rate,
        Self::Comment,
        Self::ChildEnded,
        Self::DuplicateJoined,
        Self::DuplicateLeft,
        Self::RecomputeClocks,
        Self::Migrate,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ReportSelfHandled => "report_self_handled",
            Self::Correct => "correct",
            Self::Claim => "claim",
            Self::HandOver => "hand_over",
            Self::PassSelfHandled => "pass_self_handled",
            Self::RefuseSelfHandled => "refuse_self_handled",
            Self::RequestConfirmation => "request_confirmation",
            Self::AnswerConfirmation => "answer_confirmation",
            Self::ChangeCollector => "change_collector",
            Self::Decline => "decline",
            Self::AnswerAtOnce => "answer_at_once",
            Self::Accept => "accept",
            Self::File => "file",
            Self::SendBack => "send_back",
            Self::Dispatch => "dispatch",
            Self::Split => "split",
            Self::DispatchDown => "dispatch_down",
            Self::SignFor => "sign_for",
            Self::Assign => "assign",
            Self::RequestExtension => "request_extension",
            Self::RequestReturn => "request_return",
            Self::RequestSuspension => "request_suspension",
            Self::RequestCancellation => "request_cancellation",
            Self::RequestWithdrawal => "request_withdrawal",
            Self::ApproveExtension => "approve_extension",
            Self::ApproveReturn => "approve_return",
            Self::ApproveSuspension => "approve_suspension",
            Self::ApproveCancellation => "approve_cancellation",
            Self::ApproveWithdrawal => "approve_withdrawal",
            Self::RejectExtension => "reject_extension",
            Self::RejectReturn => "reject_return",
            Self::RejectSuspension => "reject_suspension",
            Self::RejectCancellation => "reject_cancellation",
            Self::RejectWithdrawal => "reject_withdrawal",
            Self::TakeBack => "take_back",
            Self::Reassign => "reassign",
            Self::Resume => "resume",
            Self::Reply => "reply",
            Self::RejectReply => "reject_reply",
            Self::PassOn => "pass_on",
            Self::RequestVerification => "request_verification",
            Self::AnswerVerification => "answer_verification",
            Self::OrderRework => "order_rework",
            Self::CallBack => "call_back",
            Self::Close => "close",
            Self::RefuseClosing => "refuse_closing",
            Self::Reopen => "reopen",
            Self::Merge => "merge",
            Self::Unmerge => "unmerge",
            Self::ForceClose => "force_close",
            Self::Urge => "urge",
            Self::Instruct => "instruct",
            Self::AnswerUrging => "answer_urging",
            Self::MarkMajor => "mark_major",
            Self::DispatchAhead => "dispatch_ahead",
            Self::Appeal => "appeal",
            Self::AnswerAppeal => "answer_appeal",
            Self::Audit => "audit",
            Self::Rate => "rate",
            Self::Comment => "comment",
            Self::ChildEnded => "child_ended",
            Self::DuplicateJoined => "duplicate_joined",
            Self::DuplicateLeft => "duplicate_left",
            Self::RecomputeClocks => "recompute_clocks",
            Self::Migrate => "migrate",
        }
    }

    /// Reads the wire word; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// The step by which an approval of `kind` is asked for.
    #[must_use]
    pub const fn request(kind: ApprovalKind) -> Self {
        match kind {
            ApprovalKind::Extension => Self::RequestExtension,
            ApprovalKind::Return => Self::RequestReturn,
            ApprovalKind::Suspension => Self::RequestSuspension,
            ApprovalKind::Cancellation => Self::RequestCancellation,
            ApprovalKind::Withdrawal => Self::RequestWithdrawal,
        }
    }

    #[must_use]
    pub const fn approve(kind: ApprovalKind) -> Self {
        match kind {
            ApprovalKind::Extension => Self::ApproveExtension,
            ApprovalKind::Return => Self::ApproveReturn,
            ApprovalKind::Suspension => Self::ApproveSuspension,
            ApprovalKind::Cancellation => Self::ApproveCancellation,
            ApprovalKind::Withdrawal => Self::ApproveWithdrawal,
        }
    }

    #[must_use]
    pub const fn reject(kind: ApprovalKind) -> Self {
        match kind {
            ApprovalKind::Extension => Self::RejectExtension,
            ApprovalKind::Return => Self::RejectReturn,
            ApprovalKind::Suspension => Self::RejectSuspension,
            ApprovalKind::Cancellation => Self::RejectCancellation,
            ApprovalKind::Withdrawal => Self::RejectWithdrawal,
        }
    }

    /// The approval a request, approve or reject step is about.
    #[must_use]
    pub fn approval(self) -> Option<ApprovalKind> {
        ApprovalKind::ALL
            .into_iter()
            .find(|kind| self == Self::request(*kind) || self.answers() == Some(*kind))
    }

    /// The approval an approve or reject step answers.
    #[must_use]
    pub fn answers(self) -> Option<ApprovalKind> {
        ApprovalKind::ALL.into_iter().find(|kind| self == Self::approve(*kind) || self == Self::reject(*kind))
    }

    /// True for the steps that judge the work: whoever handled the case may take none of them.
    #[must_use]
    pub const fn judges(self) -> bool {
        matches!(
            self,
            Self::AnswerVerification
                | Self::OrderRework
                | Self::CallBack
                | Self::Close
                | Self::RefuseClosing
                | Self::ForceClose
                | Self::PassSelfHandled
                | Self::AnswerAppeal
                | Self::Audit
        )
    }
}
