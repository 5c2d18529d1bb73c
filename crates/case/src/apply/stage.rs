//! Where each fact leads: the transition table as data sees it.

use crate::case::{Assignment, Case};
use crate::command::Share;
use crate::fact::{By, Fact, FactRecord};
use crate::stage::{Reply, Stage, StageName};
use kernel::{CaseId, Role, Timestamp};

/// The fact does not follow from the stage.
pub(super) struct Misfit;

/// Where a fact leads, `None` when the stage stays as it is.
pub(super) fn next_stage(case: &Case, record: &FactRecord) -> Result<Option<Stage>, Misfit> {
    let at = record.at;
    let stage = match (&case.stage, &record.fact) {
        (Stage::SelfHandled, Fact::SelfHandledPassed { .. }) => Stage::ClosedSelfHandled { at },
        (Stage::SelfHandled, Fact::SelfHandledRefused { ordinary: true, .. }) => Stage::Reported,
        (Stage::SelfHandled, Fact::SelfHandledRefused { opinion, .. }) => {
            Stage::Declined { at, reason: opinion.clone() }
        }
        (Stage::Reported | Stage::Confirmed { .. }, Fact::ConfirmationRequested { collector, .. })
        | (Stage::Confirming { .. }, Fact::CollectorChanged { collector, .. }) => {
            Stage::Confirming { collector: *collector }
        }
        (Stage::Confirming { .. }, Fact::HandedOver { to }) if is_collector(&record.by) => {
            Stage::Confirming { collector: *to }
        }
        (Stage::Confirming { collector }, Fact::ConfirmationAnswered { outcome, .. }) => {
            Stage::Confirmed { collector: *collector, outcome: *outcome }
        }
        (stage, Fact::Declined { reason }) if stage.name() < StageName::Filed => {
            Stage::Declined { at, reason: reason.clone() }
        }
        (Stage::Reported, Fact::AnsweredAtOnce { .. }) | (Stage::Verified { .. }, Fact::Closed { .. }) => {
            Stage::Closed { at }
        }
        (Stage::Reported | Stage::Confirmed { .. }, Fact::Accepted { .. })
        | (Stage::Filed, Fact::SentBack { .. }) => Stage::Accepted,
        (Stage::Accepted, Fact::SentBack { .. }) => Stage::Reported,
        (Stage::Handling { to, .. }, Fact::SentBack { .. }) => Stage::Dispatched { to: to.clone() },
        (Stage::Accepted, Fact::Filed { .. })
        | (Stage::Dispatched { .. } | Stage::Handling { .. }, Fact::Returned { .. })
        | (Stage::Verified { .. }, Fact::ClosingRefused { .. })
        | (Stage::Verified { .. } | Stage::Closed { .. }, Fact::Reopened { .. }) => Stage::Filed,
        (Stage::Filed, Fact::Dispatched { department, assisting, ahead, .. }) => {
            let assisting = assisting.clone();
            Stage::Dispatched { to: Assignment { department: *department, assisting, at, ahead: *ahead } }
        }
        (Stage::Filed, Fact::Split { shares, .. }) => waiting(shares, at).ok_or(Misfit)?,
        (Stage::Filed, Fact::DispatchedDown { share, .. }) => {
            waiting(std::slice::from_ref(share), at).ok_or(Misfit)?
        }
        (Stage::Dispatched { to }, Fact::SignedFor) => Stage::Handling { to: to.clone(), handler: None },
        (Stage::Handling { to, .. }, Fact::Assigned { handler, .. }) => {
            Stage::Handling { to: to.clone(), handler: Some(*handler) }
        }
        (Stage::Handling { to, handler }, Fact::Suspended { until, reason }) => {
            Stage::Suspended { to: to.clone(), handler: *handler, until: *until, reason: reason.clone() }
        }
        (Stage::Suspended { to, handler, .. }, Fact::Resumed { .. })
        | (Stage::Replied { to, handler, .. }, Fact::ReplyRejected { .. }) => {
            Stage::Handling { to: to.clone(), handler: *handler }
        }
        (Stage::Handling { to, handler }, Fact::Replied { text, evidence, .. }) => Stage::Replied {
            to: to.clone(),
            handler: *handler,
            reply: Reply { text: text.clone(), evidence: evidence.clone(), at },
        },
        (Stage::Replied { to, reply, .. }, Fact::PassedOn { .. }) => {
            Stage::ReadyToVerify { to: to.clone(), reply: reply.clone() }
        }
        (Stage::ReadyToVerify { to, reply }, Fact::VerificationRequested { collector, .. })
        | (Stage::Verifying { to, reply, .. }, Fact::CollectorChanged { collector, .. }) => {
            Stage::Verifying { to: to.clone(), reply: reply.clone(), collector: *collector }
        }
        (Stage::Verifying { to, reply, .. }, Fact::HandedOver { to: person }) if is_collector(&record.by) => {
            Stage::Verifying { to: to.clone(), reply: reply.clone(), collector: *person }
        }
        (Stage::Verifying { to, reply, .. }, Fact::VerificationAnswered { outcome, .. }) => {
            Stage::Verified { to: to.clone(), reply: reply.clone(), outcome: *outcome }
        }
        (Stage::Verified { .. } | Stage::Filed, Fact::ReworkOrdered { department, .. }) => {
            let kept = case.stage.assignment().filter(|to| to.department == *department);
            let assisting = kept.map(|to| to.assisting.clone()).unwrap_or_default();
            Stage::Dispatched { to: Assignment { department: *department, assisting, at, ahead: false } }
        }
        (Stage::Withdrawn { merged_into: Some(_), before, .. }, Fact::Unmerged { .. }) => (**before).clone(),
        (stage, Fact::Cancelled { reason }) if !stage.name().is_end() => {
            Stage::Cancelled { at, reason: reason.clone() }
        }
        (stage, Fact::ForceClosed { order }) if !stage.name().is_end() => {
            Stage::ForceClosed { at, order: order.clone() }
        }
        (stage, Fact::Withdrawn { reason }) if !stage.name().is_end() => withdrawn(stage, at, reason, None),
        (stage, Fact::Merged { into, reason }) if !stage.name().is_end() => {
            withdrawn(stage, at, reason, Some(*into))
        }
        (_, fact) if stays(fact) => return Ok(None),
        _ => return Err(Misfit),
    };
    Ok(Some(stage))
}

/// A parent waits in handling, in the name of the first department.
fn waiting(shares: &[Share], at: Timestamp) -> Option<Stage> {
    let (first, rest) = shares.split_first()?;
    let assisting = rest.iter().map(|share| share.department).collect();
    let to = Assignment { department: first.department, assisting, at, ahead: false };
    Some(Stage::Handling { to, handler: None })
}

fn withdrawn(stage: &Stage, at: Timestamp, reason: &str, into: Option<CaseId>) -> Stage {
    Stage::Withdrawn { at, reason: reason.to_owned(), merged_into: into, before: Box::new(stage.clone()) }
}

fn is_collector(by: &By) -> bool {
    by.role() == Some(Role::Collector)
}

/// Facts that leave the stage as it is.
const fn stays(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Corrected { .. }
            | Fact::Claimed { .. }
            | Fact::HandedOver { .. }
            | Fact::ApprovalRequested { .. }
            | Fact::ApprovalAnswered { .. }
            | Fact::ApprovalTakenBack { .. }
            | Fact::Extended { .. }
            | Fact::CalledBack { .. }
            | Fact::DuplicateJoined { .. }
            | Fact::DuplicateLeft { .. }
            | Fact::Urged { .. }
            | Fact::Instructed { .. }
            | Fact::UrgingAnswered { .. }
            | Fact::MarkedMajor { .. }
            | Fact::Appealed { .. }
            | Fact::AppealAnswered { .. }
            | Fact::Audited { .. }
            | Fact::Rated { .. }
            | Fact::Commented { .. }
            | Fact::ChildEnded { .. }
            | Fact::ClocksRecomputed { .. }
            | Fact::Migrated { .. }
    )
}
