//! The procedures that come with the product.

use super::{
    ApprovalRule, AutoDispatch, ClosingRule, EvidenceRules, ExtensionRule, Procedure, ReworkRule,
    StageLimits, SuspensionRule, VerificationRule,
};
use crate::approval::ApprovalKind;
use crate::report::Source;
use kernel::{LimitUnit, Role, TimeLimit};
use std::collections::BTreeMap;

impl Procedure {
    /// Defaults of workflow.md §5, §6 and of `rulings.md`.
    #[must_use]
    pub fn standard(version: u32) -> Self {
        Self {
            version,
            name: "标准规程".to_owned(),
            limits: StageLimits {
                accept: TimeLimit::work_minutes(10),
                confirm: TimeLimit::work_minutes(30),
                audit_self_handled: TimeLimit::work_minutes(30),
                file: TimeLimit::work_minutes(10),
                dispatch: TimeLimit::work_minutes(15),
                sign: TimeLimit::work_minutes(60),
                review: TimeLimit::work_minutes(15),
                send_verification: TimeLimit::work_minutes(15),
                verify: TimeLimit::work_minutes(60),
                close: TimeLimit::work_minutes(30),
            },
            evidence: EvidenceRules {
                report_min: 1,
                report_kinds: Vec::new(),
                reply_min: 1,
                verification_min: 1,
                photos_max: 9,
                waived: false,
            },
            approvals: chains(),
            extension: ExtensionRule { times_max: 2 },
            suspension: SuspensionRule { days_max: 365, times_max: 1 },
            rework: ReworkRule { fresh_percent: 0 },
            verification: VerificationRule { metres_max: Some(200), confirm_sources: to_be_confirmed() },
            closing: ClosingRule { callback_needed: true },
            fast_channels: Vec::new(),
            may: BTreeMap::new(),
            auto_dispatch: AutoDispatch::default(),
            controlled: Vec::new(),
            reopen_days: 7,
            appeal_days: 15,
            history: false,
        }
    }

    /// For a history brought over from an old system: nothing that was not recorded then is asked for now.
    #[must_use]
    pub fn history(version: u32) -> Self {
        let standard = Self::standard(version);
        Self {
            name: "历史案卷规程".to_owned(),
            evidence: EvidenceRules {
                report_min: 0,
                reply_min: 0,
                verification_min: 0,
                waived: true,
                ..standard.evidence
            },
            verification: VerificationRule { metres_max: None, confirm_sources: Vec::new() },
            closing: ClosingRule { callback_needed: false },
            history: true,
            ..standard
        }
    }
}

/// workflow.md §4 (T20, T24, T25, T37, T38) and §5.1: a second extension, and long ones, go higher.
fn chains() -> BTreeMap<ApprovalKind, Vec<ApprovalRule>> {
    let rule = |up_to: Option<TimeLimit>, times: Option<u16>, chain: &[&[Role]]| ApprovalRule {
        up_to,
        times,
        chain: chain.iter().map(|roles| roles.to_vec()).collect(),
    };
    let dispatcher: &[Role] = &[Role::Dispatcher];
    let leader: &[Role] = &[Role::ShiftLeader];
    let director: &[Role] = &[Role::Leader];
    let month = TimeLimit::new(30, LimitUnit::NaturalDay);
    BTreeMap::from([
        (
            ApprovalKind::Extension,
            vec![
                rule(Some(TimeLimit::work_days(15)), Some(1), &[dispatcher]),
                rule(Some(TimeLimit::work_days(30)), None, &[dispatcher, leader]),
                rule(None, None, &[dispatcher, leader, director]),
            ],
        ),
        (ApprovalKind::Return, vec![rule(None, None, &[&[Role::Dispatcher, Role::ShiftLeader]])]),
        (
            ApprovalKind::Suspension,
            vec![rule(Some(month), None, &[dispatcher]), rule(None, None, &[dispatcher, leader])],
        ),
        (ApprovalKind::Cancellation, vec![rule(None, None, &[leader])]),
        (ApprovalKind::Withdrawal, vec![rule(None, None, &[leader])]),
    ])
}

/// T06: not first-hand reports of an inspector.
fn to_be_confirmed() -> Vec<Source> {
    let more = |source: &Source| source.is_public() || matches!(source, Source::Media | Source::Ai);
    Source::ALL.into_iter().filter(more).collect()
}
