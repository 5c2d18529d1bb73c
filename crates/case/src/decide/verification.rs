//! Verification on the spot (核查) and rework: T08, T30–T33.

use super::intake::on_spot_needed;
use super::{Of, evidence, incomplete, needed};
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::report::Evidence;
use crate::stage::VerifyOutcome;
use kernel::{Cgcs2000, DepartmentId, PersonId, Point};

/// T08, also for an open verification.
pub(super) fn change_collector(of: Of, collector: PersonId, reason: String) -> Result<Vec<Fact>, Refusal> {
    if of.case.stage.collector() == Some(collector) {
        return Err(Refusal::AlreadyDone);
    }
    did_not_handle(of, collector)?;
    Ok(vec![Fact::CollectorChanged { collector, reason: needed(reason, "reason")? }])
}

/// T30
pub(super) fn request_verification(of: Of, collector: PersonId, note: String) -> Result<Vec<Fact>, Refusal> {
    did_not_handle(of, collector)?;
    let limit = of.limit(&of.ctx.procedure.limits.verify);
    Ok(vec![Fact::VerificationRequested { collector, note, limit }])
}

fn did_not_handle(of: Of, collector: PersonId) -> Result<(), Refusal> {
    if of.case.handled_by.contains(&collector) {
        return Err(Refusal::HandlerMayNotJudge);
    }
    Ok(())
}

/// T31–T33
pub(super) fn answer_verification(
    of: Of,
    outcome: VerifyOutcome,
    opinion: String,
    list: Vec<Evidence>,
    at: Option<Point<Cgcs2000>>,
) -> Result<Vec<Fact>, Refusal> {
    if outcome != VerifyOutcome::Passed {
        needed(opinion.clone(), "opinion")?;
    }
    if outcome == VerifyOutcome::Impossible {
        evidence::bounded(&list, of.ctx)?;
    } else {
        evidence::on_the_spot(&of.case.report.place, at, of.ctx)?;
        evidence::check(&list, of.ctx.procedure.evidence.verification_min, &[], of.ctx)
            .map_err(on_spot_needed)?;
    }
    let limit = (outcome != VerifyOutcome::Failed).then(|| of.limit(&of.ctx.procedure.limits.close));
    Ok(vec![Fact::VerificationAnswered { outcome, opinion, evidence: list, limit }])
}

/// T32: the collector found it undone, intake orders the rework; the same department by default.
pub(super) fn order_rework(
    of: Of,
    opinion: String,
    department: Option<DepartmentId>,
) -> Result<Vec<Fact>, Refusal> {
    let department = match department {
        Some(department) => department,
        None if of.case.children.is_empty() => {
            of.case.department().ok_or_else(|| incomplete("department"))?
        }
        None => return Err(incomplete("department")),
    };
    of.department_exists(department)?;
    Ok(vec![rework(of, department, opinion)])
}

pub(super) fn rework(of: Of, department: DepartmentId, opinion: String) -> Fact {
    Fact::ReworkOrdered { department, opinion, sign: of.limit(&of.ctx.procedure.limits.sign) }
}
