//! The end of the loop and what may follow it: T34–T36, T43, T46, callback and rating.

use super::verification::rework;
use super::{Of, filing, invalid, needed};
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::stage::{Stage, VerifyOutcome};

/// Stars up to which a reporter counts as dissatisfied.
pub(super) const DISSATISFIED_MAX: u8 = 2;

/// 回访: reached, or tried in vain.
pub(super) fn call_back(
    reached: bool,
    satisfied: Option<bool>,
    remark: String,
) -> Result<Vec<Fact>, Refusal> {
    if !reached && satisfied.is_some() {
        return Err(invalid("satisfied"));
    }
    Ok(vec![Fact::CalledBack { reached, satisfied, remark }])
}

/// T34. What could not be verified is closed on the shift leader's word, which must be given (T33).
pub(super) fn close(of: Of, opinion: String) -> Result<Vec<Fact>, Refusal> {
    let on_word = matches!(of.case.stage, Stage::Verified { outcome: VerifyOutcome::Impossible, .. });
    let opinion = if on_word { needed(opinion, "opinion")? } else { opinion };
    Ok(vec![Fact::Closed { opinion }])
}

/// T35: round again with the original department. A parent of children goes back to the dispatcher.
pub(super) fn refuse_closing(of: Of, reason: String) -> Result<Vec<Fact>, Refusal> {
    let reason = needed(reason, "reason")?;
    match of.case.department() {
        Some(department) if of.case.children.is_empty() => {
            let again = rework(of, department, reason.clone());
            Ok(vec![Fact::ClosingRefused { reason, dispatch: None }, again])
        }
        _ => {
            let dispatch = Some(of.limit(&of.ctx.procedure.limits.dispatch));
            Ok(vec![Fact::ClosingRefused { reason, dispatch }])
        }
    }
}

/// T36 before closing, T46 after it. A second round after closing has clocks of its own.
pub(super) fn reopen(of: Of, reason: String) -> Result<Vec<Fact>, Refusal> {
    let reason = needed(reason, "reason")?;
    let handling = of.case.filing.as_ref().map(|filing| filing.limit).filter(|_| !of.case.is_open());
    let total = handling.map(|limit| filing::total(of, &limit, of.case.is_urgent()));
    let dispatch = of.limit(&of.ctx.procedure.limits.dispatch);
    Ok(vec![Fact::Reopened { reason, dispatch, total }])
}

/// T43
pub(super) fn appeal(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Appealed { reason: needed(reason, "reason")? }])
}

/// First the dispatcher, then intake; a no ends it.
pub(super) fn answer_appeal(of: Of, granted: bool, opinion: String) -> Result<Vec<Fact>, Refusal> {
    let opinion = if granted { opinion } else { needed(opinion, "opinion")? };
    let second = of.case.appeal.as_ref().is_some_and(|appeal| appeal.dispatcher.is_some());
    Ok(vec![Fact::AppealAnswered { granted, opinion, last: second || !granted }])
}

pub(super) fn rate(stars: u8, remark: String) -> Result<Vec<Fact>, Refusal> {
    if !(1..=5).contains(&stars) {
        return Err(invalid("stars"));
    }
    Ok(vec![Fact::Rated { stars, remark }])
}
