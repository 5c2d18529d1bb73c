//! A procedure (规程): what cities vary, as versioned data that each case is pinned to.

mod check;
mod default;

pub use check::ProcedureProblem;

use crate::approval::ApprovalKind;
use crate::command::Step;
use crate::report::{EvidenceKind, Source};
use kernel::{Area, ClassKey, Role, TimeLimit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    pub version: u32,
    pub name: String,
    /// Limits of the centre's own steps. Source: `standards/workflow.md` §6 [D].
    pub limits: StageLimits,
    pub evidence: EvidenceRules,
    /// Who answers a request of each kind, in which order, up to how much.
    pub approvals: BTreeMap<ApprovalKind, Vec<ApprovalRule>>,
    pub extension: ExtensionRule,
    pub suspension: SuspensionRule,
    pub rework: ReworkRule,
    pub verification: VerificationRule,
    pub closing: ClosingRule,
    /// First channel that fits decides (快速通道).
    #[serde(default)]
    pub fast_channels: Vec<FastChannel>,
    /// Overrides of who may take a step. Whoever handles can never verify or close, whatever stands here.
    #[serde(default)]
    pub may: BTreeMap<Step, Vec<Role>>,
    #[serde(default)]
    pub auto_dispatch: AutoDispatch,
    /// Places and times where classes may not be reported (F-MNT-05).
    #[serde(default)]
    pub controlled: Vec<Controlled>,
    /// Days in which a dissatisfied reporter may reopen, once (T46).
    pub reopen_days: u16,
    /// Days in which a department may appeal (T43).
    pub appeal_days: u16,
    /// For a history brought over from a coarser record: cases reported under it are marked as synthesised.
    #[serde(default)]
    pub history: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageLimits {
    pub accept: TimeLimit,
    pub confirm: TimeLimit,
    pub audit_self_handled: TimeLimit,
    pub file: TimeLimit,
    pub dispatch: TimeLimit,
    pub sign: TimeLimit,
    pub review: TimeLimit,
    pub send_verification: TimeLimit,
    pub verify: TimeLimit,
    pub close: TimeLimit,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRules {
    /// Photos a collector's report needs, and of which kinds.
    pub report_min: u8,
    pub report_kinds: Vec<EvidenceKind>,
    pub reply_min: u8,
    pub verification_min: u8,
    /// At most 9 photos or one video (T01).
    pub photos_max: u8,
    /// Photos may be missing altogether, as in a history brought over from an old system.
    #[serde(default)]
    pub waived: bool,
}

/// A rule holds for requests up to `up_to`; the last one without bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRule {
    #[serde(default)]
    pub up_to: Option<TimeLimit>,
    /// The rule holds for the first so many approved requests of a case; none for all.
    #[serde(default)]
    pub times: Option<u16>,
    /// One entry a step of the chain: any of these roles may answer it.
    pub chain: Vec<Vec<Role>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionRule {
    pub times_max: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuspensionRule {
    pub days_max: u16,
    pub times_max: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReworkRule {
    /// Share of the original handling limit granted afresh, in percent; 0 goes on with what was left.
    pub fresh_percent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRule {
    /// How far from the place the collector may stand; `None` does not check.
    pub metres_max: Option<u32>,
    /// Sources whose reports need confirmation before they are accepted, unless their photos are complete (T11).
    pub confirm_sources: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingRule {
    /// A public case closes only after a callback, reached or tried.
    pub callback_needed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FastChannel {
    pub name: String,
    /// Empty lists mean any.
    #[serde(default)]
    pub sources: Vec<Source>,
    #[serde(default)]
    pub classes: Vec<ClassKey>,
    #[serde(default)]
    pub areas: Vec<Area>,
    pub file: bool,
    pub dispatch: bool,
    /// Percent of these cases that the shift leader audits afterwards (T45).
    pub audit_percent: u8,
}

/// When the system dispatches by itself (自动派遣).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoDispatch {
    pub enabled: bool,
    /// Least confidence of the first proposal, in percent.
    #[serde(default)]
    pub confidence_min: u8,
    #[serde(default)]
    pub classes: Vec<ClassKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controlled {
    pub classes: Vec<ClassKey>,
    pub areas: Vec<Area>,
    /// Minutes of the local day, from inclusive to exclusive; `None` is always.
    #[serde(default)]
    pub minutes: Option<(u16, u16)>,
    pub message: String,
}
