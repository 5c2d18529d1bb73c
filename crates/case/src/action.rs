//! What the caller may do with a case now, and why not. Built on the same function as [`crate::decide`].

use crate::case::Case;
use crate::command::Step;
use crate::decide::{Context, is_system_step, ready, stage_fits};
use crate::refusal::Refusal;
use crate::stage::StageName;
use kernel::Actor;
use kernel::actor::Who;
use serde::{Deserialize, Serialize};

/// A button: lit, or grey with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub step: Step,
    pub allowed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<Refusal>,
}

/// The steps that lead anywhere from here, in the order of the loop. A step that only another role may take
/// is there with the reason; so is judging for those who handle. What an allowed step still needs
/// (a reason, photos) is checked when it is taken.
#[must_use]
pub fn actions(case: &Case, actor: &Actor, ctx: &Context) -> Vec<Action> {
    let mut actions = Vec::new();
    for step in Step::ALL {
        if !concerns(case, step, actor) {
            continue;
        }
        let because = ready(case, step, actor, ctx).err();
        let shown = match &because {
            None => true,
            Some(Refusal::WrongStage { .. } | Refusal::NoApproval) => false,
            Some(Refusal::HandlerMayNotJudge) => judging_is_near(case, step),
            Some(_) => stage_fits(case, step),
        };
        if shown {
            actions.push(Action { step, allowed: because.is_none(), because });
        }
    }
    actions
}

fn concerns(case: &Case, step: Step, actor: &Actor) -> bool {
    match actor.who {
        Who::Person { .. } => {
            !is_system_step(step)
                && step.answers().is_none_or(|kind| case.open_approval(kind).is_some())
                && (step != Step::TakeBack || case.approvals.iter().any(crate::Approval::is_open))
        }
        Who::Citizen { .. } => matches!(step, Step::Rate | Step::Reopen | Step::Comment),
        Who::System { .. } => true,
    }
}

/// From dispatch on, whoever handles sees that verifying and closing are not theirs.
fn judging_is_near(case: &Case, step: Step) -> bool {
    let stage = case.stage.name();
    let near = stage >= StageName::Dispatched && !stage.is_end();
    stage_fits(case, step) || (near && matches!(step, Step::AnswerVerification | Step::Close))
}

/// The step the caller most likely came for: the first allowed one on the way round.
#[must_use]
pub fn main_step(case: &Case, actor: &Actor, ctx: &Context) -> Option<Step> {
    const ORDER: [Step; 33] = [
        Step::AnswerConfirmation,
        Step::AnswerVerification,
        Step::ApproveReturn,
        Step::ApproveExtension,
        Step::ApproveSuspension,
        Step::ApproveCancellation,
        Step::ApproveWithdrawal,
        Step::AnswerAppeal,
        Step::PassSelfHandled,
        Step::AnswerAtOnce,
        Step::Accept,
        Step::RequestConfirmation,
        Step::File,
        Step::Reassign,
        Step::Dispatch,
        Step::Assign,
        Step::SignFor,
        Step::Reply,
        Step::PassOn,
        Step::Resume,
        Step::RequestVerification,
        Step::OrderRework,
        Step::CallBack,
        Step::Close,
        Step::Audit,
        Step::Reopen,
        Step::Rate,
        Step::AnswerUrging,
        Step::Unmerge,
        Step::RequestReturn,
        Step::Decline,
        Step::Urge,
        Step::Comment,
    ];
    let told = case.callback.is_some();
    ORDER.into_iter().find(|step| {
        let late = *step == Step::CallBack && (told || !case.is_public() || !case.is_open());
        !late && concerns(case, *step, actor) && ready(case, *step, actor, ctx).is_ok()
    })
}
