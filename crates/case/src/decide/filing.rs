//! Filing (立案) and the ways back: T12, T14, T17, T23.

use super::{Of, fast_channel, incomplete, invalid, is_sampled, needed};
use crate::case::{Guard, is_urgent_unit};
use crate::command::Standard;
use crate::fact::{By, Fact, TimeLimits};
use crate::refusal::Refusal;
use crate::stage::Stage;
use kernel::TimeLimit;

/// T12. Limits are fixed here and never move with later editions of the standard.
pub(super) fn file(
    of: Of,
    standard: Standard,
    opinion: String,
    procedure: u32,
) -> Result<Vec<Fact>, Refusal> {
    if procedure != of.ctx.procedure.version {
        return Err(invalid("procedure"));
    }
    if standard.limit.hundredths == 0 {
        return Err(invalid("limit"));
    }
    if standard.due.is_some() && !(of.ctx.procedure.history && standard.limit.unit.is_continuous()) {
        return Err(invalid("due"));
    }
    if standard.criterion_text.trim().is_empty() {
        return Err(incomplete("criterion"));
    }
    if of.case.guard == Some(Guard::AfterSentBackToFiling) && is_unchanged(of, &standard) {
        return Err(Refusal::CorrectFirst);
    }
    let urgent = of.case.urgent || is_urgent_unit(standard.limit.unit);
    let channel = match of.by {
        By::System { .. } => fast_channel(&of.case.report, of.ctx.procedure),
        _ => None,
    };
    Ok(vec![Fact::Filed {
        total: total(of, &standard.limit, urgent),
        dispatch: of.ctx.limit(urgent, &of.ctx.procedure.limits.dispatch),
        channel: channel.map(|channel| channel.name.clone()),
        audit: channel.is_some_and(|channel| is_sampled(of.case.id, channel.audit_percent)),
        standard,
        opinion,
        procedure,
    }])
}

fn is_unchanged(of: Of, standard: &Standard) -> bool {
    of.case.filing.as_ref().is_some_and(|filing| {
        filing.class == standard.class
            && filing.criterion == standard.criterion
            && filing.limit == standard.limit
    })
}

/// The handling limit and the limits of the stages between filing and closing. Signing lies inside the
/// handling time.
pub(super) fn total(of: Of, handling: &TimeLimit, urgent: bool) -> TimeLimits {
    let limits = &of.ctx.procedure.limits;
    let own = [&limits.dispatch, &limits.review, &limits.send_verification, &limits.verify, &limits.close];
    let own = own.into_iter().map(|limit| of.ctx.limit(urgent, limit));
    TimeLimits(std::iter::once(*handling).chain(own).collect())
}

/// T14 to intake, T17 to filing, T23 to the department.
pub(super) fn send_back(of: Of, reason: String) -> Result<Vec<Fact>, Refusal> {
    let reason = needed(reason, "reason")?;
    let limits = &of.ctx.procedure.limits;
    let limit = match of.case.stage {
        Stage::Accepted => Some(of.limit(&limits.accept)),
        Stage::Filed => Some(of.limit(&limits.file)),
        _ => None,
    };
    Ok(vec![Fact::SentBack { from: of.case.stage.name(), reason, limit }])
}
