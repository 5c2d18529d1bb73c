//! What is wrong with a procedure before anyone works under it.

use super::Procedure;
use crate::approval::ApprovalKind;
use kernel::{LimitUnit, Role, TimeLimit};
use serde::Serialize;

/// One mistake: the field, as a path into the document, and a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{field}: {code}")]
pub struct ProcedureProblem {
    pub field: String,
    pub code: &'static str,
}

impl Procedure {
    /// Everything that is wrong; empty for a procedure that may be put into force.
    #[must_use]
    pub fn check(&self) -> Vec<ProcedureProblem> {
        let mut problems = Problems(Vec::new());
        self.check_limits(&mut problems);
        self.check_approvals(&mut problems);
        self.check_rights(&mut problems);
        self.check_channels(&mut problems);
        let evidence = &self.evidence;
        problems.when(evidence.photos_max == 0, "evidence.photos_max", "zero");
        let most = evidence.report_min.max(evidence.reply_min).max(evidence.verification_min);
        problems.when(most > evidence.photos_max, "evidence.photos_max", "less_than_needed");
        problems.when(evidence.waived && !self.history, "evidence.waived", "only_for_history");
        problems.when(self.suspension.days_max == 0, "suspension.days_max", "zero");
        problems.when(self.rework.fresh_percent > 100, "rework.fresh_percent", "above_100");
        problems.when(self.name.trim().is_empty(), "name", "empty");
        problems.when(self.version == 0, "version", "zero");
        for (i, rule) in self.controlled.iter().enumerate() {
            let bad = rule.minutes.is_some_and(|(from, to)| from >= 1_440 || to > 1_440 || from == to);
            problems.when(bad, &format!("controlled.{i}.minutes"), "not_in_a_day");
            problems.when(rule.message.trim().is_empty(), &format!("controlled.{i}.message"), "empty");
        }
        problems.0
    }

    fn check_limits(&self, problems: &mut Problems) {
        let limits = &self.limits;
        let all = [
            ("accept", limits.accept),
            ("confirm", limits.confirm),
            ("audit_self_handled", limits.audit_self_handled),
            ("file", limits.file),
            ("dispatch", limits.dispatch),
            ("sign", limits.sign),
            ("review", limits.review),
            ("send_verification", limits.send_verification),
            ("verify", limits.verify),
            ("close", limits.close),
        ];
        for (name, limit) in all {
            problems.when(limit.hundredths == 0, &format!("limits.{name}"), "zero");
        }
    }

    fn check_approvals(&self, problems: &mut Problems) {
        for kind in ApprovalKind::ALL {
            let field = format!("approvals.{}", kind.as_str());
            let rules = self.approvals.get(&kind).map(Vec::as_slice).unwrap_or_default();
            problems.when(rules.is_empty(), &field, "no_rule");
            let bounded = rules.last().is_some_and(|last| last.up_to.is_some() || last.times.is_some());
            problems.when(bounded, &field, "last_rule_is_bounded");
            for (i, rule) in rules.iter().enumerate() {
                let field = format!("{field}.{i}.chain");
                let hollow = rule.chain.is_empty() || rule.chain.iter().any(Vec::is_empty);
                problems.when(hollow, &field, "empty_chain");
                let roles = || rule.chain.iter().flatten();
                problems.when(roles().any(|role| is_admin(*role)), &field, "administrator");
                // The department may agree first, but it never has the last word about itself.
                let last = rule.chain.last().into_iter().flatten();
                problems.when(last.into_iter().any(|role| role.handles()), &field, "handler_decides");
            }
        }
    }

    fn check_rights(&self, problems: &mut Problems) {
        for (step, roles) in &self.may {
            let field = format!("may.{}", step.as_str());
            problems.when(roles.is_empty(), &field, "nobody");
            problems.when(roles.iter().any(|role| is_admin(*role)), &field, "administrator");
            let judged_by_handler = step.judges() && roles.iter().any(|role| role.handles());
            problems.when(judged_by_handler, &field, "handler_may_not_judge");
            problems.when(step.answers().is_some(), &field, "answered_by_chain");
        }
    }

    fn check_channels(&self, problems: &mut Problems) {
        for (i, channel) in self.fast_channels.iter().enumerate() {
            let field = format!("fast_channels.{i}");
            problems.when(channel.name.trim().is_empty(), &format!("{field}.name"), "empty");
            problems.when(!channel.file && !channel.dispatch, &field, "does_nothing");
            problems.when(channel.audit_percent > 100, &format!("{field}.audit_percent"), "above_100");
        }
        let confidence = self.auto_dispatch.confidence_min;
        problems.when(confidence > 100, "auto_dispatch.confidence_min", "above_100");
    }

    /// Who must answer a request: the first rule that covers the amount and the number of requests granted
    /// before. Steps that the asker's own role would answer are left out, unless none were left.
    #[must_use]
    pub fn chain(
        &self,
        kind: ApprovalKind,
        amount: Option<TimeLimit>,
        granted: u16,
        asked_as: Option<Role>,
    ) -> Vec<Vec<Role>> {
        let rules = self.approvals.get(&kind).map(Vec::as_slice).unwrap_or_default();
        let covers = |rule: &&super::ApprovalRule| {
            let amount_fits = match (rule.up_to, amount) {
                (Some(up_to), Some(amount)) => days(amount) <= days(up_to),
                _ => true,
            };
            amount_fits && rule.times.is_none_or(|times| granted < times)
        };
        let rule = rules.iter().find(covers).or(rules.last());
        let mut chain = rule.map(|rule| rule.chain.clone()).unwrap_or_default();
        while chain.len() > 1 && asked_as.is_some_and(|role| chain[0].contains(&role)) {
            chain.remove(0);
        }
        chain.retain(|roles| !roles.is_empty());
        if chain.is_empty() {
            chain.push(vec![Role::ShiftLeader]);
        }
        chain
    }
}

/// Amounts in different units, made comparable: a day is a day, 8 work hours are one, 24 natural hours too.
/// In 1/1440 of a hundredth day, so that nothing is rounded.
fn days(limit: TimeLimit) -> u64 {
    let parts = match limit.unit {
        LimitUnit::WorkDay | LimitUnit::NaturalDay | LimitUnit::UrgentWorkDay => 1_440,
        LimitUnit::WorkHour => 180,
        LimitUnit::UrgentWorkHour => 60,
        LimitUnit::WorkMinute => 3,
        LimitUnit::UrgentMinute => 1,
    };
    u64::from(limit.hundredths) * parts
}

const fn is_admin(role: Role) -> bool {
    matches!(role, Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin)
}

struct Problems(Vec<ProcedureProblem>);

impl Problems {
    fn when(&mut self, wrong: bool, field: &str, code: &'static str) {
        if wrong {
            self.0.push(ProcedureProblem { field: field.to_owned(), code });
        }
    }
}
