//! From a report to the shift leader's desk: T01–T11.

use super::{Context, Of, evidence, incomplete, invalid, needed, rights};
use crate::case::Level;
use crate::command::Step;
use crate::fact::{By, Fact};
use crate::procedure::Controlled;
use crate::refusal::Refusal;
use crate::report::{Evidence, EvidenceKind, Place, Report, Source};
use crate::stage::ConfirmOutcome;
use kernel::{Actor, CaseId, CaseNumber, Cgcs2000, ClassKey, PersonId, Point, Role};

pub(super) struct New {
    pub id: CaseId,
    pub number: CaseNumber,
    pub report: Report,
    pub procedure: u32,
    pub parent: Option<CaseId>,
    pub level: Level,
}

/// T01, T02
pub(super) fn report(new: New, actor: &Actor, ctx: &Context) -> Result<Vec<Fact>, Refusal> {
    let by = rights::may_report(Step::Report, Some(new.report.source), actor, ctx)?;
    let is_child = new.report.source == Source::Parent;
    if is_child != new.parent.is_some() || new.parent == Some(new.id) {
        return Err(invalid("parent"));
    }
    if !is_child && new.level != Level::City && !matches!(by, By::System { .. }) {
        return Err(invalid("level"));
    }
    complete(&new.report)?;
    if new.report.source == Source::Collector {
        seen_by_a_collector(&new.report)?;
        let rules = &ctx.procedure.evidence;
        evidence::check(&new.report.evidence, rules.report_min, &rules.report_kinds, ctx)?;
    }
    evidence::bounded(&new.report.evidence, ctx)?;
    if !is_child {
        not_controlled(&new.report, ctx)?;
    }
    reported(new, false, actor, ctx)
}

/// T03
pub(super) fn report_self_handled(new: New, actor: &Actor, ctx: &Context) -> Result<Vec<Fact>, Refusal> {
    rights::may_report(Step::ReportSelfHandled, None, actor, ctx)?;
    if new.report.source != Source::Collector {
        return Err(invalid("source"));
    }
    complete(&new.report)?;
    seen_by_a_collector(&new.report)?;
    before_and_after(&new.report.evidence, ctx)?;
    not_controlled(&new.report, ctx)?;
    reported(new, true, actor, ctx)
}

fn reported(new: New, self_handled: bool, actor: &Actor, ctx: &Context) -> Result<Vec<Fact>, Refusal> {
    if new.procedure != ctx.procedure.version {
        return Err(invalid("procedure"));
    }
    let limits = &ctx.procedure.limits;
    let limit = if self_handled { &limits.audit_self_handled } else { &limits.accept };
    Ok(vec![Fact::Reported {
        id: new.id,
        city: actor.city,
        number: new.number,
        self_handled,
        procedure: new.procedure,
        parent: new.parent,
        level: new.level,
        synthesised: ctx.procedure.history,
        limit: ctx.limit(new.report.urgent, limit),
        report: new.report,
    }])
}

/// Words or at least a class.
fn complete(report: &Report) -> Result<(), Refusal> {
    if report.text.trim().is_empty() && report.class.is_none() {
        return Err(incomplete("text"));
    }
    Ok(())
}

/// A collector names the minor class and stands at the place.
fn seen_by_a_collector(report: &Report) -> Result<(), Refusal> {
    if report.class.is_none() {
        return Err(incomplete("class"));
    }
    if report.place.point.is_none() {
        return Err(incomplete("place"));
    }
    Ok(())
}

pub(super) fn before_and_after(list: &[Evidence], ctx: &Context) -> Result<(), Refusal> {
    evidence::check(list, 2, &[EvidenceKind::Before, EvidenceKind::After], ctx)
}

/// F-MNT-05: places and times where classes may not be reported.
fn not_controlled(report: &Report, ctx: &Context) -> Result<(), Refusal> {
    let minute = ctx.calendar.local_minute(ctx.now);
    let fits = |rule: &&Controlled| {
        let grid = report.place.grid.as_ref();
        (rule.classes.is_empty() || report.class.as_ref().is_some_and(|class| rule.classes.contains(class)))
            && (rule.areas.is_empty()
                || grid.is_some_and(|grid| rule.areas.iter().any(|area| grid.is_within(area))))
            && rule.minutes.is_none_or(|(from, to)| in_minutes(minute, from, to))
    };
    match ctx.procedure.controlled.iter().find(fits) {
        Some(rule) => Err(Refusal::Controlled { message: rule.message.clone() }),
        None => Ok(()),
    }
}

/// A stretch of the day that may go over midnight.
const fn in_minutes(minute: u16, from: u16, to: u16) -> bool {
    if from <= to { minute >= from && minute < to } else { minute >= from || minute < to }
}

pub(super) fn correct(
    of: Of,
    class: Option<ClassKey>,
    place: Option<Place>,
    text: Option<String>,
    urgent: Option<bool>,
    more: Vec<Evidence>,
) -> Result<Vec<Fact>, Refusal> {
    if class.is_none() && place.is_none() && text.is_none() && urgent.is_none() && more.is_empty() {
        return Err(incomplete("correction"));
    }
    let all: Vec<Evidence> = of.case.report.evidence.iter().chain(&more).cloned().collect();
    evidence::bounded(&all, of.ctx)?;
    Ok(vec![Fact::Corrected { class, place, text, urgent, evidence: more }])
}

pub(super) fn claim(of: Of) -> Result<Vec<Fact>, Refusal> {
    let person = of.by.person().ok_or(Refusal::NotYourTask)?;
    Ok(vec![Fact::Claimed { by: person }])
}

/// 交班: what the caller holds moves to `to`.
pub(super) fn hand_over(of: Of, to: PersonId) -> Result<Vec<Fact>, Refusal> {
    if of.by.person() == Some(to) {
        return Err(Refusal::AlreadyDone);
    }
    if of.by.role() == Some(Role::Collector) && of.case.handled_by.contains(&to) {
        return Err(Refusal::HandlerMayNotJudge);
    }
    Ok(vec![Fact::HandedOver { to }])
}

/// T05
pub(super) fn refuse_self_handled(of: Of, ordinary: bool, opinion: String) -> Result<Vec<Fact>, Refusal> {
    let opinion = needed(opinion, "opinion")?;
    let limit = ordinary.then(|| of.limit(&of.ctx.procedure.limits.accept));
    Ok(vec![Fact::SelfHandledRefused { ordinary, opinion, limit }])
}

/// T06
pub(super) fn request_confirmation(of: Of, collector: PersonId, note: String) -> Result<Vec<Fact>, Refusal> {
    let limit = of.limit(&of.ctx.procedure.limits.confirm);
    Ok(vec![Fact::ConfirmationRequested { collector, note, limit }])
}

/// T07
pub(super) fn answer_confirmation(
    of: Of,
    outcome: ConfirmOutcome,
    opinion: String,
    list: Vec<Evidence>,
    at: Option<Point<Cgcs2000>>,
) -> Result<Vec<Fact>, Refusal> {
    if outcome != ConfirmOutcome::True {
        needed(opinion.clone(), "opinion")?;
    }
    if outcome == ConfirmOutcome::Impossible {
        evidence::bounded(&list, of.ctx)?;
    } else {
        evidence::on_the_spot(&of.case.report.place, at, of.ctx)?;
        evidence::check(&list, of.ctx.procedure.evidence.verification_min, &[], of.ctx)
            .map_err(on_spot_needed)?;
    }
    Ok(vec![Fact::ConfirmationAnswered { outcome, opinion, evidence: list }])
}

/// Any picture of the spot will do; the refusal names the usual kind.
pub(super) fn on_spot_needed(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::EvidenceMissing { minimum, .. } => {
            Refusal::EvidenceMissing { needed: vec![EvidenceKind::OnSpot], minimum }
        }
        other => other,
    }
}

/// T09, T13
pub(super) fn decline(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Declined { reason: needed(reason, "reason")? }])
}

/// T10: the answer itself tells the reporter.
pub(super) fn answer_at_once(answer: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::AnsweredAtOnce { answer: needed(answer, "answer")? }])
}

/// T11
pub(super) fn accept(of: Of, opinion: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Accepted { opinion, limit: of.limit(&of.ctx.procedure.limits.file) }])
}
