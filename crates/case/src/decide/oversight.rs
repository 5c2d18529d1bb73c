//! Beside the loop: duplicates, forced ends, pressure, audit, remarks and upkeep: T38–T41, T44, T45.

use super::{Of, evidence, incomplete, invalid, needed};
use crate::case::UrgingLevel;
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::report::Evidence;
use crate::stage::StageName;
use kernel::CaseId;

/// T38: a duplicate of `into`. Whether `into` may take it is decided there, by `DuplicateJoined`.
pub(super) fn merge(of: Of, into: CaseId, reason: String) -> Result<Vec<Fact>, Refusal> {
    if into == of.case.id {
        return Err(Refusal::CannotMerge);
    }
    Ok(vec![Fact::Merged { into, reason }])
}

/// T44
pub(super) fn unmerge(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Unmerged { reason: needed(reason, "reason")? }])
}

pub(super) fn duplicate_joined(of: Of, other: CaseId) -> Result<Vec<Fact>, Refusal> {
    if of.case.duplicates.contains(&other) {
        return Err(Refusal::AlreadyDone);
    }
    if other == of.case.id {
        return Err(Refusal::CannotMerge);
    }
    Ok(vec![Fact::DuplicateJoined { case: other }])
}

pub(super) fn duplicate_left(of: Of, other: CaseId) -> Result<Vec<Fact>, Refusal> {
    if !of.case.duplicates.contains(&other) {
        return Err(Refusal::CannotMerge);
    }
    Ok(vec![Fact::DuplicateLeft { case: other }])
}

/// T39
pub(super) fn force_close(order: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::ForceClosed { order: needed(order, "order")? }])
}

/// T40 催办, 督办, 挂牌督办
pub(super) fn urge(
    level: UrgingLevel,
    requirement: String,
    reply_needed: bool,
) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Urged { level, requirement: needed(requirement, "requirement")?, reply_needed }])
}

/// T40 领导批示
pub(super) fn instruct(text: String, reply_needed: bool) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Instructed { text: needed(text, "text")?, reply_needed }])
}

pub(super) fn answer_urging(of: Of, urging: u16, text: String) -> Result<Vec<Fact>, Refusal> {
    let text = needed(text, "text")?;
    let asked = of.case.urgings.get(usize::from(urging)).ok_or_else(|| invalid("urging"))?;
    if asked.answered_at.is_some() {
        return Err(Refusal::AlreadyDone);
    }
    Ok(vec![Fact::UrgingAnswered { urging, text }])
}

/// T41
pub(super) fn mark_major(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::MarkedMajor { reason: needed(reason, "reason")? }])
}

/// T45: a refused automatic step voids the case, unless it has ended already.
pub(super) fn audit(of: Of, passed: bool, reason: String) -> Result<Vec<Fact>, Refusal> {
    if passed {
        return Ok(vec![Fact::Audited { passed, reason }]);
    }
    let reason = needed(reason, "reason")?;
    let audited = Fact::Audited { passed, reason: reason.clone() };
    let stage = of.case.stage.name();
    if stage.is_end() {
        return Ok(vec![audited]);
    }
    let children = of.case.open_children();
    if children > 0 {
        return Err(Refusal::ChildrenOpen { open: children });
    }
    let void = if stage < StageName::Filed { Fact::Declined { reason } } else { Fact::Cancelled { reason } };
    Ok(vec![audited, void])
}

pub(super) fn comment(of: Of, text: String, list: Vec<Evidence>) -> Result<Vec<Fact>, Refusal> {
    evidence::bounded(&list, of.ctx)?;
    if text.trim().is_empty() && list.is_empty() {
        return Err(incomplete("text"));
    }
    Ok(vec![Fact::Commented { text, evidence: list }])
}

pub(super) fn recompute_clocks(of: Of, calendar: u32) -> Result<Vec<Fact>, Refusal> {
    if of.ctx.calendar.version() != calendar {
        return Err(invalid("calendar"));
    }
    Ok(vec![Fact::ClocksRecomputed { calendar }])
}

/// Running cases move to another version: rules change from here on, clocks stay as they run.
pub(super) fn migrate(of: Of, procedure: u32) -> Result<Vec<Fact>, Refusal> {
    if of.ctx.procedure.version != procedure {
        return Err(invalid("procedure"));
    }
    if of.case.procedure == procedure {
        return Err(Refusal::AlreadyDone);
    }
    Ok(vec![Fact::Migrated { procedure }])
}
