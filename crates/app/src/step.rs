//! The steps a person may ask for, as sent. The use case resolves codes, places and evidence and
//! turns them into [`case::Command`].

use serde::Deserialize;
use utoipa::ToSchema;

/// A position in degrees, CGCS2000 (equal to WGS-84 for our purpose).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, serde::Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// −180 to 180.
    pub lng: f64,
    /// −90 to 90.
    pub lat: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceIn {
    /// Id answered by the upload: 64 hex digits.
    #[schema(min_length = 64, max_length = 64)]
    pub attachment: String,
    /// `near`, `far`, `reference`, `before`, `after`, `on_spot`, `document` or `video`.
    pub kind: EvidenceKindIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKindIn {
    Near,
    Far,
    Reference,
    Before,
    After,
    OnSpot,
    Document,
    Video,
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceIn {
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub address: String,
}

/// A limit: a number and what it is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitIn {
    #[schema(minimum = 0.01, maximum = 10000)]
    pub value: f64,
    pub unit: LimitUnitIn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnitIn {
    UrgentMinute,
    UrgentWorkHour,
    UrgentWorkDay,
    WorkMinute,
    WorkHour,
    WorkDay,
    NaturalDay,
}

#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareIn {
    pub department: u32,
    #[serde(default)]
    pub level: LevelIn,
    #[serde(default)]
    #[schema(max_length = 500)]
    pub task: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LevelIn {
    #[default]
    City,
    District,
    Street,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmOutcomeIn {
    True,
    False,
    Impossible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifyOutcomeIn {
    Passed,
    Failed,
    Impossible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UrgingLevelIn {
    Remind,
    Urge,
    UrgeListed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKindIn {
    Extension,
    Return,
    Suspension,
    Cancellation,
    Withdrawal,
}

/// One step. `step` names it (`rulings.md`, Words); the other fields belong to that step.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum StepIn {
    Correct {
        class: Option<String>,
        place: Option<PlaceIn>,
        text: Option<String>,
        urgent: Option<bool>,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
    },
    Claim,
    HandOver {
        to: u32,
    },
    PassSelfHandled {
        #[serde(default)]
        opinion: String,
    },
    RefuseSelfHandled {
        ordinary: bool,
        opinion: String,
    },
    RequestConfirmation {
        collector: u32,
        #[serde(default)]
        note: String,
    },
    AnswerConfirmation {
        outcome: ConfirmOutcomeIn,
        #[serde(default)]
        opinion: String,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
        position: Option<Position>,
    },
    ChangeCollector {
        collector: u32,
        reason: String,
    },
    Decline {
        reason: String,
    },
    AnswerAtOnce {
        answer: String,
    },
    Accept {
        #[serde(default)]
        opinion: String,
    },
    /// `class` may be left out when the case has one. `criterion` is the number of the filing condition.
    File {
        class: Option<String>,
        criterion: u16,
        #[serde(default)]
        opinion: String,
    },
    SendBack {
        reason: String,
    },
    Dispatch {
        department: u32,
        #[serde(default)]
        assisting: Vec<u32>,
        #[serde(default)]
        opinion: String,
    },
    Split {
        shares: Vec<ShareIn>,
        #[serde(default)]
        opinion: String,
    },
    DispatchDown {
        department: u32,
        level: LevelIn,
        #[serde(default)]
        task: String,
        #[serde(default)]
        opinion: String,
    },
    SignFor,
    Assign {
        handler: u32,
        #[serde(default)]
        note: String,
    },
    RequestExtension {
        reason: String,
        extra: Option<LimitIn>,
    },
    RequestReturn {
        reason: String,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
    },
    /// `until` in epoch milliseconds.
    RequestSuspension {
        reason: String,
        until: i64,
    },
    RequestCancellation {
        reason: String,
    },
    RequestWithdrawal {
        reason: String,
    },
    ApproveExtension {
        #[serde(default)]
        opinion: String,
    },
    ApproveReturn {
        #[serde(default)]
        opinion: String,
    },
    ApproveSuspension {
        #[serde(default)]
        opinion: String,
    },
    ApproveCancellation {
        #[serde(default)]
        opinion: String,
    },
    ApproveWithdrawal {
        #[serde(default)]
        opinion: String,
    },
    RejectExtension {
        opinion: String,
    },
    RejectReturn {
        opinion: String,
    },
    RejectSuspension {
        opinion: String,
    },
    RejectCancellation {
        opinion: String,
    },
    RejectWithdrawal {
        opinion: String,
    },
    TakeBack {
        approval: ApprovalKindIn,
    },
    Reassign {
        department: u32,
        #[serde(default)]
        assisting: Vec<u32>,
        #[serde(default)]
        opinion: String,
    },
    Resume {
        #[serde(default)]
        reason: String,
    },
    Reply {
        text: String,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
    },
    RejectReply {
        reason: String,
    },
    PassOn {
        #[serde(default)]
        opinion: String,
    },
    RequestVerification {
        collector: u32,
        #[serde(default)]
        note: String,
    },
    AnswerVerification {
        outcome: VerifyOutcomeIn,
        #[serde(default)]
        opinion: String,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
        position: Option<Position>,
    },
    OrderRework {
        #[serde(default)]
        opinion: String,
        department: Option<u32>,
    },
    CallBack {
        reached: bool,
        satisfied: Option<bool>,
        #[serde(default)]
        remark: String,
    },
    Close {
        #[serde(default)]
        opinion: String,
    },
    RefuseClosing {
        reason: String,
    },
    Reopen {
        reason: String,
    },
    Merge {
        into: String,
        #[serde(default)]
        reason: String,
    },
    Unmerge {
        reason: String,
    },
    ForceClose {
        order: String,
    },
    Urge {
        level: UrgingLevelIn,
        requirement: String,
        #[serde(default)]
        reply_needed: bool,
    },
    Instruct {
        text: String,
        #[serde(default)]
        reply_needed: bool,
    },
    AnswerUrging {
        urging: u16,
        text: String,
    },
    MarkMajor {
        reason: String,
    },
    DispatchAhead {
        department: u32,
        reason: String,
    },
    Appeal {
        reason: String,
    },
    AnswerAppeal {
        granted: bool,
        #[serde(default)]
        opinion: String,
    },
    Audit {
        passed: bool,
        #[serde(default)]
        reason: String,
    },
    Rate {
        #[schema(minimum = 1, maximum = 5)]
        stars: u8,
        #[serde(default)]
        remark: String,
    },
    Comment {
        text: String,
        #[serde(default)]
        evidence: Vec<EvidenceIn>,
    },
}

/// A step with its lock and its identity.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
pub struct StepRequest {
    /// UUIDv7 made by the client; the same one again changes nothing and is answered the same way.
    pub command_id: Option<uuid::Uuid>,
    /// Version the person saw; refused with 412 when the case has moved on. Left out: no check.
    pub version: Option<u32>,
    #[serde(flatten)]
    pub step: StepIn,
}

/// A report, as sent by a desk, a phone or the public.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    /// UUIDv7 made by the client.
    pub id: uuid::Uuid,
    /// Channel; the public pages and Open311 set their own.
    #[serde(default)]
    pub source: Option<String>,
    #[schema(max_length = 4000)]
    pub text: String,
    pub place: PlaceIn,
    pub class: Option<String>,
    pub criterion: Option<u16>,
    #[schema(max_length = 40)]
    pub component: Option<String>,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceIn>,
    #[serde(default)]
    pub urgent: bool,
    #[serde(default)]
    pub consultation: bool,
    pub reporter: Option<ReporterIn>,
    #[serde(default)]
    pub attributes: std::collections::BTreeMap<String, String>,
    /// Solved on the spot by the collector, with photos before and after (T03).
    #[serde(default)]
    pub self_handled: bool,
    /// How far to go in one stroke: `report`, `accept` (pass to the shift leader) or `file`.
    #[serde(default)]
    pub then: ThenIn,
    pub position: Option<Position>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThenIn {
    #[default]
    Report,
    Accept,
    File,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReporterIn {
    #[schema(max_length = 60)]
    pub name: String,
    #[schema(max_length = 30)]
    pub phone: String,
    #[schema(max_length = 120)]
    pub email: String,
    pub callback: bool,
    /// May be shown (without the person) on public maps.
    pub public: bool,
    pub language: String,
}
