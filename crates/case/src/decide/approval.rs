//! Requests and their answers (审批): T20, T21, T24, T25, T37, T38.

use super::{Of, evidence, invalid, needed};
use crate::approval::{Approval, ApprovalKind};
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::report::Evidence;
use kernel::{LimitUnit, Millis, TimeLimit, Timestamp};

pub(super) struct Asked {
    pub reason: String,
    pub extra: Option<TimeLimit>,
    pub until: Option<Timestamp>,
    pub evidence: Vec<Evidence>,
}

pub(super) fn request(of: Of, kind: ApprovalKind, asked: Asked) -> Result<Vec<Fact>, Refusal> {
    let reason = needed(asked.reason, "reason")?;
    evidence::bounded(&asked.evidence, of.ctx)?;
    let extra = match kind {
        ApprovalKind::Extension => Some(extra(of, asked.extra)?),
        _ => None,
    };
    let until = match kind {
        ApprovalKind::Suspension => Some(until(of, asked.until)?),
        _ => None,
    };
    let amount = extra.or_else(|| until.map(|until| days_until(of.ctx.now, until)));
    let chain = of.ctx.procedure.chain(kind, amount, of.case.approved(kind), of.by.role());
    let evidence = asked.evidence;
    Ok(vec![Fact::ApprovalRequested { approval: kind, reason, extra, until, chain, evidence }])
}

/// Each approval adds one original limit unless another amount was asked for (workflow.md §5.1).
fn extra(of: Of, asked: Option<TimeLimit>) -> Result<TimeLimit, Refusal> {
    let limit = asked.or_else(|| of.case.filing.as_ref().map(|filing| filing.limit));
    limit.filter(|limit| limit.hundredths > 0).ok_or_else(|| invalid("extra"))
}

fn until(of: Of, asked: Option<Timestamp>) -> Result<Timestamp, Refusal> {
    let latest_days = of.ctx.procedure.suspension.days_max;
    let latest = of.ctx.now + Millis::days(i64::from(latest_days));
    match asked {
        Some(until) if until > of.ctx.now && until <= latest => Ok(until),
        _ => Err(Refusal::BadDate { latest_days }),
    }
}

/// Whole days, begun ones counted, so that the rules of a chain can bound them.
fn days_until(now: Timestamp, until: Timestamp) -> TimeLimit {
    let days = (until - now).0.div_euclid(Millis::days(1).0) + 1;
    TimeLimit::new(u32::try_from(days).unwrap_or(u32::MAX / 100), LimitUnit::NaturalDay)
}

pub(super) fn approve(of: Of, kind: ApprovalKind, opinion: String) -> Result<Vec<Fact>, Refusal> {
    let open = of.case.open_approval(kind).ok_or(Refusal::NoApproval)?;
    let last = open.is_last_step();
    let answered = Fact::ApprovalAnswered { approval: kind, approved: true, opinion, last };
    if !last {
        return Ok(vec![answered]);
    }
    Ok(vec![answered, effect(of, open)?])
}

/// What a granted request does.
fn effect(of: Of, granted: &Approval) -> Result<Fact, Refusal> {
    let reason = granted.reason.clone();
    match granted.kind {
        ApprovalKind::Extension => Ok(Fact::Extended { by: extra(of, granted.extra)? }),
        ApprovalKind::Return => {
            let from = of.case.department().ok_or(Refusal::NoApproval)?;
            Ok(Fact::Returned { from, reason, limit: of.limit(&of.ctx.procedure.limits.dispatch) })
        }
        ApprovalKind::Suspension => {
            let latest_days = of.ctx.procedure.suspension.days_max;
            let until = granted.until.filter(|until| *until > of.ctx.now);
            Ok(Fact::Suspended { until: until.ok_or(Refusal::BadDate { latest_days })?, reason })
        }
        ApprovalKind::Cancellation => Ok(Fact::Cancelled { reason }),
        ApprovalKind::Withdrawal => Ok(Fact::Withdrawn { reason }),
    }
}

/// T21 and its kind
pub(super) fn reject(kind: ApprovalKind, opinion: String) -> Result<Vec<Fact>, Refusal> {
    let opinion = needed(opinion, "opinion")?;
    Ok(vec![Fact::ApprovalAnswered { approval: kind, approved: false, opinion, last: true }])
}

pub(super) fn take_back(of: Of, kind: ApprovalKind) -> Result<Vec<Fact>, Refusal> {
    let open = of.case.open_approval(kind).ok_or(Refusal::NoApproval)?;
    if open.asked_by != of.by.person() {
        return Err(Refusal::NotYourTask);
    }
    Ok(vec![Fact::ApprovalTakenBack { approval: kind }])
}
