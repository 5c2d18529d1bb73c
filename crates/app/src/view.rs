//! What people see of a case: flat shapes with names filled in, built once here for every door.
//! Times are epoch milliseconds; departments and persons are integers; everything larger is text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A text in both languages of the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClassView {
    /// Edition-kind-code, such as `2026-component-01001`.
    pub key: String,
    pub name: Words,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DepartmentView {
    pub id: u32,
    pub name: Words,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonView {
    pub id: u32,
    pub name: Words,
}

/// Who has the next move.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WaitsFor {
    pub role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonView>,
}

/// A case as one line of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseLine {
    pub id: String,
    pub number: String,
    pub version: u32,
    pub stage: String,
    /// `green`, `yellow`, `red`, `grey` (paused) or `none` (ended).
    pub light: String,
    /// When the clock of this stage runs out.
    pub due_at: Option<i64>,
    /// Time left in the clock's own time, negative when overdue.
    pub left_ms: Option<i64>,
    /// `work` (office hours only) or `natural`.
    pub left_unit: Option<String>,
    /// Milliseconds of one working day for `work`, of 24 h for `natural`.
    pub day_ms: i64,
    pub total_due_at: Option<i64>,
    pub total_light: String,
    pub paused: bool,
    pub class: Option<ClassView>,
    pub headline: String,
    pub address: String,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    pub grid: Option<String>,
    pub street_name: Option<Words>,
    pub source: String,
    pub reported_at: i64,
    pub updated_at: i64,
    pub filed_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub department: Option<DepartmentView>,
    pub handler: Option<PersonView>,
    pub collector: Option<PersonView>,
    pub intake: Option<PersonView>,
    pub urgent: bool,
    pub major: bool,
    pub urging: Option<String>,
    pub urged_times: u32,
    pub reworks: u16,
    pub returns: u16,
    pub extensions: u16,
    pub suspensions: u16,
    /// Kinds of approval that are open.
    pub approvals: Vec<String>,
    pub duplicates: u32,
    pub children_open: u32,
    pub parent: Option<String>,
    pub level: String,
    pub audit: String,
    /// Attachment whose thumbnail stands for the case.
    pub thumb: Option<String>,
    /// The caller's next step on this case, if one is open.
    pub main_step: Option<String>,
    pub waits_for: Option<WaitsFor>,
    pub synthesised: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CasePage {
    pub items: Vec<CaseLine>,
    /// Send as `cursor` for the next page; absent on the last.
    pub next: Option<String>,
    pub total: u32,
    /// False when a full-text search found more than it looks through.
    pub total_is_exact: bool,
    pub now_at: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LimitView {
    pub value: f64,
    pub unit: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ClockView {
    pub kind: String,
    pub limit: LimitView,
    pub extensions: Vec<LimitView>,
    pub started_at: i64,
    pub due_at: i64,
    pub ended_at: Option<i64>,
    pub paused: bool,
    pub allowed_ms: i64,
    pub used_ms: i64,
    pub left_ms: i64,
    pub left_unit: String,
    pub light: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EvidenceView {
    pub attachment: String,
    pub kind: String,
    pub shot_at: Option<i64>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    /// Metres between where it was shot and the place of the case.
    pub metres: Option<f64>,
    /// The fact it came with.
    pub seq: u32,
    pub content_type: String,
}

/// A reason with its stable code; `message` is in the caller's language.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Because {
    pub code: String,
    pub params: Value,
    #[serde(default)]
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActionView {
    pub step: String,
    pub allowed: bool,
    pub because: Option<Because>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ApprovalView {
    pub kind: String,
    pub state: String,
    pub asked_at: i64,
    pub asked_by: Option<PersonView>,
    pub asked_as: Option<String>,
    pub reason: String,
    pub extra: Option<LimitView>,
    pub until: Option<i64>,
    /// Roles that must answer, one list a step.
    pub chain: Vec<Vec<String>>,
    pub answers: Vec<AnswerView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AnswerView {
    pub by: Option<PersonView>,
    pub role: Option<String>,
    pub at: i64,
    pub approved: bool,
    pub opinion: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FilingView {
    pub class: ClassView,
    pub criterion: u16,
    pub criterion_text: String,
    pub closing_text: String,
    pub limit: LimitView,
    pub at: i64,
    pub by: Option<PersonView>,
    pub procedure: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UrgingView {
    pub index: u16,
    /// `remind`, `urge`, `urge_listed`, or `instruction`.
    pub level: String,
    pub requirement: String,
    pub reply_needed: bool,
    pub at: i64,
    pub by: Option<PersonView>,
    pub answered_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReporterView {
    pub name: String,
    pub phone: String,
    pub email: String,
    pub callback: bool,
    pub public: bool,
    pub language: String,
}

/// A case with everything on one page.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CaseView {
    #[serde(flatten)]
    pub line: CaseLine,
    pub text: String,
    pub component: Option<String>,
    pub consultation: bool,
    pub wants_answer: bool,
    pub attributes: std::collections::BTreeMap<String, String>,
    pub evidence: Vec<EvidenceView>,
    pub filing: Option<FilingView>,
    /// The stage with its own data (reply, reason, until …).
    pub stage_data: Value,
    pub clocks: Vec<ClockView>,
    pub approval_log: Vec<ApprovalView>,
    pub guard: Option<Value>,
    pub parent_line: Option<Box<CaseLine>>,
    pub children: Vec<ChildView>,
    pub duplicate_lines: Vec<CaseLine>,
    pub merged_into: Option<Box<CaseLine>>,
    pub urgings: Vec<UrgingView>,
    pub callback: Option<Value>,
    pub rating: Option<Value>,
    pub appeal: Option<Value>,
    pub exempted: bool,
    pub fast_channel: Option<String>,
    pub reporter: Option<ReporterView>,
    /// True when a reporter is known but hidden from the caller.
    pub reporter_hidden: bool,
    pub actions: Vec<ActionView>,
    pub procedure_version: u32,
    pub returned_from: Vec<DepartmentView>,
    pub now_at: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChildView {
    pub id: String,
    pub department: DepartmentView,
    pub level: String,
    pub ended: Option<String>,
    pub line: Option<CaseLine>,
}

/// One fact of the timeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FactView {
    pub seq: u32,
    pub at: i64,
    /// `person`, `citizen` or `system`.
    pub by: String,
    pub person: Option<PersonView>,
    pub role: Option<String>,
    pub department: Option<DepartmentView>,
    /// Rule and version of an automatic step.
    pub rule: Option<String>,
    /// Name of the fact, such as `dispatched`.
    pub fact: String,
    /// Its data as recorded.
    pub data: Value,
    /// Names for the ids inside `data`.
    pub names: std::collections::BTreeMap<String, Words>,
    /// Milliseconds since the fact before.
    pub took_ms: Option<i64>,
    /// 1 inside a loop of rework or sending back, else 0.
    pub depth: u8,
    pub evidence: Vec<EvidenceView>,
}
