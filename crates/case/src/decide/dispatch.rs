//! To whom a case goes: T15, T16, T18, T22, T42, and children coming home.

use super::{Of, fast_channel, invalid, is_sampled, needed};
use crate::case::{Child, Guard};
use crate::command::Share;
use crate::fact::{By, Fact};
use crate::refusal::Refusal;
use crate::stage::StageName;
use kernel::{CaseId, DepartmentId};

/// Departments that help (协办) beside the main one.
const ASSISTING_MAX: usize = 8;
/// Shares of one split.
const SHARES_MAX: usize = 16;

/// T15
pub(super) fn dispatch(
    of: Of,
    department: DepartmentId,
    assisting: Vec<DepartmentId>,
    opinion: String,
) -> Result<Vec<Fact>, Refusal> {
    dispatched(of, department, assisting, opinion, false)
}

/// T22: another department than the one that returned it.
pub(super) fn reassign(
    of: Of,
    department: DepartmentId,
    assisting: Vec<DepartmentId>,
    opinion: String,
) -> Result<Vec<Fact>, Refusal> {
    dispatched(of, department, assisting, opinion, false)
}

/// T42: any capable unit, responsibility is settled later.
pub(super) fn dispatch_ahead(of: Of, department: DepartmentId, reason: String) -> Result<Vec<Fact>, Refusal> {
    let reason = needed(reason, "reason")?;
    dispatched(of, department, Vec::new(), reason, true)
}

fn dispatched(
    of: Of,
    department: DepartmentId,
    assisting: Vec<DepartmentId>,
    opinion: String,
    ahead: bool,
) -> Result<Vec<Fact>, Refusal> {
    of.department_exists(department)?;
    not_the_one_that_returned(of, department)?;
    if assisting.len() > ASSISTING_MAX {
        return Err(invalid("assisting"));
    }
    for (i, other) in assisting.iter().enumerate() {
        if *other == department || assisting[..i].contains(other) || !of.ctx.departments.exists(*other) {
            return Err(invalid("assisting"));
        }
    }
    let channel = match of.by {
        By::System { .. } if of.case.parent.is_none() => {
            fast_channel(&of.case.report, of.ctx.procedure).filter(|channel| channel.dispatch)
        }
        _ => None,
    };
    Ok(vec![Fact::Dispatched {
        department,
        assisting,
        opinion,
        ahead,
        sign: of.limit(&of.ctx.procedure.limits.sign),
        rework: of.case.handed_over_at.is_some() && of.case.departments.last() == Some(&department),
        channel: channel.map(|channel| channel.name.clone()),
        audit: channel.is_some_and(|channel| is_sampled(of.case.id, channel.audit_percent)),
    }])
}

fn not_the_one_that_returned(of: Of, department: DepartmentId) -> Result<(), Refusal> {
    match of.case.guard {
        Some(Guard::AfterReturn { from }) if from == department => Err(Refusal::CorrectFirst),
        _ => Ok(()),
    }
}

/// T16: one child a department; the parent waits for all of them.
pub(super) fn split(of: Of, shares: Vec<Share>, opinion: String) -> Result<Vec<Fact>, Refusal> {
    if shares.len() < 2 || shares.len() > SHARES_MAX {
        return Err(invalid("shares"));
    }
    for (i, share) in shares.iter().enumerate() {
        let twice = |other: &Share| other.child == share.child || other.department == share.department;
        if shares[..i].iter().any(twice) || share.level < of.case.level {
            return Err(invalid("shares"));
        }
        new_child(of, share)?;
    }
    Ok(vec![Fact::Split { shares, opinion }])
}

/// T18: to the command centre of a lower level.
pub(super) fn dispatch_down(of: Of, share: Share, opinion: String) -> Result<Vec<Fact>, Refusal> {
    if share.level <= of.case.level {
        return Err(invalid("level"));
    }
    new_child(of, &share)?;
    Ok(vec![Fact::DispatchedDown { share, opinion }])
}

fn new_child(of: Of, share: &Share) -> Result<(), Refusal> {
    let known = of.case.children.iter().any(|child| child.id == share.child);
    if known || share.child == of.case.id {
        return Err(invalid("shares"));
    }
    of.department_exists(share.department)?;
    not_the_one_that_returned(of, share.department)
}

/// A child has ended. With the last one the parent has its reply, made of what the children answered.
pub(super) fn child_ended(of: Of, id: CaseId, stage: StageName, text: String) -> Result<Vec<Fact>, Refusal> {
    let child = of.case.children.iter().find(|child| child.id == id).ok_or_else(|| invalid("child"))?;
    if child.ended.is_some() {
        return Err(Refusal::AlreadyDone);
    }
    if !stage.is_end() {
        return Err(invalid("stage"));
    }
    let others_open = of.case.children.iter().any(|other| other.id != id && other.ended.is_none());
    let ended = Fact::ChildEnded { child: id, stage, text: text.clone() };
    if others_open {
        return Ok(vec![ended]);
    }
    let result = |child: &Child| if child.id == id { text.clone() } else { child.result.clone() };
    let texts: Vec<String> = of.case.children.iter().map(result).filter(|text| !text.is_empty()).collect();
    let limit = of.limit(&of.ctx.procedure.limits.review);
    Ok(vec![ended, Fact::Replied { text: texts.join("\n"), evidence: Vec::new(), limit }])
}
