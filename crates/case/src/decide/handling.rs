//! The department's work: T19, T26–T29.

use super::{Of, evidence, needed};
use crate::fact::Fact;
use crate::refusal::Refusal;
use crate::report::{Evidence, EvidenceKind};
use crate::stage::StageName;
use kernel::PersonId;

/// T19, second half. Assigning signs as well.
pub(super) fn assign(of: Of, handler: PersonId, note: String) -> Result<Vec<Fact>, Refusal> {
    if of.case.stage.handler() == Some(handler) {
        return Err(Refusal::AlreadyDone);
    }
    let assigned = Fact::Assigned { handler, note };
    if of.case.stage.name() == StageName::Dispatched {
        return Ok(vec![Fact::SignedFor, assigned]);
    }
    Ok(vec![assigned])
}

/// T27
pub(super) fn reply(of: Of, text: String, list: Vec<Evidence>) -> Result<Vec<Fact>, Refusal> {
    let text = needed(text, "text")?;
    let minimum = of.ctx.procedure.evidence.reply_min;
    let kinds: &[EvidenceKind] = if minimum == 0 { &[] } else { &[EvidenceKind::After] };
    evidence::check(&list, minimum, kinds, of.ctx)?;
    let limit = of.limit(&of.ctx.procedure.limits.review);
    Ok(vec![Fact::Replied { text, evidence: list, limit }])
}

/// T28
pub(super) fn reject_reply(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::ReplyRejected { reason: needed(reason, "reason")? }])
}

/// T29
pub(super) fn pass_on(of: Of, opinion: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::PassedOn { opinion, limit: of.limit(&of.ctx.procedure.limits.send_verification) }])
}

/// T26: at the date by itself, earlier by the dispatcher with a reason.
pub(super) fn resume(reason: String) -> Result<Vec<Fact>, Refusal> {
    Ok(vec![Fact::Resumed { reason }])
}
