//! What must be so before a step makes sense, whoever takes it.

use super::{Context, closing, evidence, incomplete, intake, invalid};
use crate::approval::ApprovalKind;
use crate::case::{Case, Guard};
use crate::command::Step;
use crate::fact::By;
use crate::refusal::Refusal;
use crate::stage::{ConfirmOutcome, Stage, StageName, VerifyOutcome};
use kernel::{ClockKind, Millis};

pub(super) fn guards(case: &Case, step: Step, by: &By, ctx: &Context) -> Result<(), Refusal> {
    match step {
        Step::Claim if case.holder(by.role()).is_some() => Err(Refusal::AlreadyDone),
        Step::PassSelfHandled => intake::before_and_after(&case.report.evidence, ctx),
        Step::AnswerAtOnce if !case.report.consultation => Err(Refusal::NotAConsultation),
        Step::Accept => acceptable(case, ctx),
        Step::Dispatch if matches!(case.guard, Some(Guard::AfterReturn { .. })) => Err(Refusal::CorrectFirst),
        Step::DispatchAhead if !case.is_urgent() && !case.major => Err(incomplete("urgent")),
        Step::SendBack if case.stage.name() == StageName::Handling => no_open_children(case),
        Step::Assign | Step::Reply | Step::Merge | Step::ForceClose => {
            no_open_children(case)?;
            if step == Step::Merge && (case.parent.is_some() || !case.duplicates.is_empty()) {
                return Err(Refusal::CannotMerge);
            }
            Ok(())
        }
        Step::Resume => match (&case.stage, by) {
            (Stage::Suspended { until, .. }, By::System { .. }) if ctx.now < *until => {
                Err(Refusal::BadDate { latest_days: ctx.procedure.suspension.days_max })
            }
            _ => Ok(()),
        },
        Step::Close => closable(case, ctx),
        Step::Reopen => reopenable(case, ctx),
        Step::MarkMajor if case.major => Err(Refusal::AlreadyDone),
        Step::Appeal => appealable(case, ctx),
        Step::Rate if case.rating.is_some() => Err(Refusal::AlreadyDone),
        step => match step.approval() {
            Some(kind) if step == Step::request(kind) => may_ask(case, kind, ctx),
            Some(kind) if step == Step::approve(kind) && kind != ApprovalKind::Extension => {
                no_open_children(case)
            }
            _ => Ok(()),
        },
    }
}

fn no_open_children(case: &Case) -> Result<(), Refusal> {
    match case.open_children() {
        0 => Ok(()),
        open => Err(Refusal::ChildrenOpen { open }),
    }
}

/// T11: class, place, and either complete photos or a confirmation on the spot.
fn acceptable(case: &Case, ctx: &Context) -> Result<(), Refusal> {
    if case.guard == Some(Guard::AfterSentBackToIntake) {
        return Err(Refusal::CorrectFirst);
    }
    if case.class.is_none() {
        return Err(incomplete("class"));
    }
    let place = &case.report.place;
    if place.point.is_none() && place.grid.is_none() && place.address.trim().is_empty() {
        return Err(incomplete("place"));
    }
    let rules = &ctx.procedure.evidence;
    let pictured =
        evidence::is_enough(&case.report.evidence, rules.report_min.max(1), &rules.report_kinds, ctx);
    let must_confirm = ctx.procedure.verification.confirm_sources.contains(&case.report.source);
    let confirmed = match case.stage {
        Stage::Confirmed { outcome: ConfirmOutcome::True, .. } => true,
        Stage::Confirmed { outcome: ConfirmOutcome::False, .. } => false,
        Stage::Confirmed { outcome: ConfirmOutcome::Impossible, .. } => pictured,
        _ => pictured || !must_confirm,
    };
    if confirmed { Ok(()) } else { Err(Refusal::NotConfirmed) }
}

/// T34: verified, no child open, the public told.
fn closable(case: &Case, ctx: &Context) -> Result<(), Refusal> {
    if matches!(case.stage, Stage::Verified { outcome: VerifyOutcome::Failed, .. }) {
        return Err(Refusal::NotVerified);
    }
    no_open_children(case)?;
    let must_tell = ctx.procedure.closing.callback_needed && case.is_public() && case.report.wants_answer;
    if must_tell && case.callback.is_none() {
        return Err(Refusal::ReporterNotTold);
    }
    Ok(())
}

/// T36: dissatisfied at the callback. T46: dissatisfied after closing, in time, once.
fn reopenable(case: &Case, ctx: &Context) -> Result<(), Refusal> {
    let told_no = case.callback.as_ref().is_some_and(|callback| callback.satisfied == Some(false));
    let rated_low = case.rating.as_ref().is_some_and(|rating| rating.stars <= closing::DISSATISFIED_MAX);
    if case.is_open() {
        return if told_no { Ok(()) } else { Err(incomplete("callback")) };
    }
    if case.filing.is_none() {
        return Err(incomplete("filing"));
    }
    if case.parent.is_some() {
        return Err(invalid("parent"));
    }
    if case.reopened > 0 {
        return Err(Refusal::TooOften { maximum: 1 });
    }
    in_days(case, ctx.procedure.reopen_days, ctx)?;
    if told_no || rated_low { Ok(()) } else { Err(incomplete("rating")) }
}

fn in_days(case: &Case, days: u16, ctx: &Context) -> Result<(), Refusal> {
    let latest = case.ended_at.map(|ended| ended + Millis::days(i64::from(days)));
    if latest.is_some_and(|latest| ctx.now <= latest) { Ok(()) } else { Err(Refusal::TooLate { days }) }
}

/// T43: closed, late in handling, one appeal a case.
fn appealable(case: &Case, ctx: &Context) -> Result<(), Refusal> {
    if case.appeal.is_some() {
        return Err(Refusal::AlreadyDone);
    }
    if !case.clocks.iter().any(|clock| clock.kind == ClockKind::Handle && clock.is_overdue_at(ctx.now)) {
        return Err(Refusal::NotLate);
    }
    in_days(case, ctx.procedure.appeal_days, ctx)
}

fn may_ask(case: &Case, kind: ApprovalKind, ctx: &Context) -> Result<(), Refusal> {
    if case.open_approval(kind).is_some() {
        return Err(Refusal::ApprovalOpen);
    }
    let at_most = |done: u16, maximum: u16| {
        if done < maximum { Ok(()) } else { Err(Refusal::TooOften { maximum }) }
    };
    match kind {
        ApprovalKind::Extension => {
            at_most(case.extensions, ctx.procedure.extension.times_max)?;
            let late = |clock: &kernel::Clock| clock.is_overdue_at(ctx.now);
            if case.clock(ClockKind::Handle).is_none_or(late) {
                return Err(Refusal::AlreadyOverdue);
            }
            Ok(())
        }
        ApprovalKind::Suspension => {
            at_most(case.suspensions, ctx.procedure.suspension.times_max)?;
            no_open_children(case)
        }
        ApprovalKind::Return => {
            no_open_children(case)?;
            if case.stage.handler().is_some() {
                return Err(Refusal::CorrectFirst);
            }
            Ok(())
        }
        ApprovalKind::Cancellation | ApprovalKind::Withdrawal => no_open_children(case),
    }
}
