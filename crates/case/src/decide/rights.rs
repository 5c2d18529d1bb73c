//! Who may take a step now: role, scope, stage, task. The one table behind decisions and buttons.

use super::guards::guards;
use super::{Context, fast_channel};
use crate::approval::Approval;
use crate::case::{Case, Guard};
use crate::command::Step;
use crate::fact::By;
use crate::refusal::Refusal;
use crate::report::Source;
use crate::stage::{Stage, StageName, VerifyOutcome};
use kernel::actor::Who;
use kernel::{Actor, DepartmentId, PersonId, Post, Role};

/// Every role of the loop; the three administrators decide no case.
const LOOP: [Role; 8] = [
    Role::Collector,
    Role::IntakeOperator,
    Role::ShiftLeader,
    Role::Dispatcher,
    Role::DepartmentOfficer,
    Role::Handler,
    Role::Leader,
    Role::Supervisor,
];

/// Everything about `step` that does not depend on what the command carries.
pub(crate) fn ready(case: &Case, step: Step, actor: &Actor, ctx: &Context) -> Result<By, Refusal> {
    if actor.city != case.city {
        return Err(Refusal::OutOfScope);
    }
    let by = match &actor.who {
        Who::Person { person, posts } => person_may(case, step, *person, posts, ctx)?,
        Who::Citizen { case: link } => {
            let allowed = matches!(step, Step::Rate | Step::Reopen | Step::Comment);
            if !allowed {
                return Err(Refusal::RoleMayNot { step, allowed: roles(step, case, ctx) });
            }
            if *link != Some(case.id) {
                return Err(Refusal::OutOfScope);
            }
            // Before closing it is intake that reopens (T36); the reporter may afterwards (T46).
            if step == Step::Reopen && case.is_open() {
                return Err(Refusal::WrongStage { step, stage: case.stage.name() });
            }
            fits_stage(case, step)?;
            By::Citizen
        }
        Who::System { rule, version } => {
            system_may(case, step, ctx)?;
            By::System { rule: rule.clone(), version: *version }
        }
    };
    guards(case, step, &by, ctx)?;
    Ok(by)
}

/// As whom a report may be made. Without a source: by any channel open to the caller.
pub(crate) fn may_report(
    step: Step,
    source: Option<Source>,
    actor: &Actor,
    ctx: &Context,
) -> Result<By, Refusal> {
    let allowed = match (step, source) {
        (Step::ReportSelfHandled, _) | (Step::Report, Some(Source::Collector)) => vec![Role::Collector],
        (Step::Report, Some(Source::Parent)) => Vec::new(),
        (Step::Report, source) => ctx.procedure.may.get(&step).cloned().unwrap_or_else(|| reporters(source)),
        _ => return Err(Refusal::WrongStage { step, stage: StageName::Draft }),
    };
    let refused = || Refusal::RoleMayNot { step, allowed: allowed.clone() };
    match &actor.who {
        Who::Person { person, posts } => {
            let fits = |post: &&Post| allowed.contains(&post.role) && LOOP.contains(&post.role);
            let post = posts.iter().find(fits).ok_or_else(refused)?;
            Ok(By::Person { person: *person, role: post.role, department: post.department })
        }
        Who::Citizen { .. } => {
            if step == Step::Report && source.is_none_or(Source::is_public) {
                return Ok(By::Citizen);
            }
            Err(refused())
        }
        Who::System { rule, version } => {
            if step == Step::Report && source != Some(Source::Collector) {
                return Ok(By::System { rule: rule.clone(), version: *version });
            }
            Err(refused())
        }
    }
}

fn reporters(source: Option<Source>) -> Vec<Role> {
    let mut roles = vec![Role::IntakeOperator, Role::ShiftLeader];
    match source {
        Some(Source::Leader) => roles.push(Role::Leader),
        Some(Source::UpperPlatform) => roles.push(Role::Supervisor),
        Some(Source::Department) => roles.push(Role::DepartmentOfficer),
        Some(_) => {}
        None => roles.extend([Role::Collector, Role::Leader, Role::Supervisor, Role::DepartmentOfficer]),
    }
    roles
}

fn person_may(
    case: &Case,
    step: Step,
    person: PersonId,
    posts: &[Post],
    ctx: &Context,
) -> Result<By, Refusal> {
    if step.judges() && has_handled(case, person, posts, ctx) {
        return Err(Refusal::HandlerMayNotJudge);
    }
    if let Some(kind) = step.answers()
        && case.open_approval(kind).is_none()
    {
        return Err(Refusal::NoApproval);
    }
    let allowed = roles(step, case, ctx);
    let with_role: Vec<&Post> = posts.iter().filter(|post| allowed.contains(&post.role)).collect();
    if with_role.is_empty() {
        // Who only handles hears the reason that will never change.
        let handles = posts.iter().any(|post| post.role.handles());
        return Err(if step.judges() && handles {
            Refusal::HandlerMayNotJudge
        } else {
            Refusal::RoleMayNot { step, allowed }
        });
    }
    let in_scope: Vec<&Post> =
        with_role.into_iter().filter(|post| has_task(case, person) || covers(post, case)).collect();
    if in_scope.is_empty() {
        return Err(Refusal::OutOfScope);
    }
    fits_stage(case, step)?;
    let mut refusal = Refusal::NotYourTask;
    for post in in_scope {
        match is_theirs(case, step, person, post, ctx) {
            Ok(()) => return Ok(By::Person { person, role: post.role, department: post.department }),
            Err(why) => refusal = why,
        }
    }
    Err(refusal)
}

/// Whoever worked on the case, or holds a handling post in one of its departments, above or below them.
fn has_handled(case: &Case, person: PersonId, posts: &[Post], ctx: &Context) -> bool {
    let kin =
        |a: DepartmentId, b: DepartmentId| ctx.departments.is_within(a, b) || ctx.departments.is_within(b, a);
    let assisting = case.stage.assignment().map_or(&[][..], |to| &to.assisting[..]);
    let touches = |post: &Post| {
        post.role.handles()
            && case.departments.iter().chain(assisting).any(|department| kin(*department, post.department))
    };
    case.handled_by.contains(&person)
        || case.stage.handler() == Some(person)
        || posts.iter().any(touches)
        || (case.self_handled && case.reported_by == Some(person))
}

/// A task given to a person is theirs wherever it lies.
fn has_task(case: &Case, person: PersonId) -> bool {
    case.stage.collector() == Some(person) || case.stage.handler() == Some(person)
}

fn covers(post: &Post, case: &Case) -> bool {
    post.scope.covers(case.report.place.grid.as_ref(), case.class.as_ref())
}

/// The department that has the case, and the person whose task it is.
fn is_theirs(case: &Case, step: Step, person: PersonId, post: &Post, ctx: &Context) -> Result<(), Refusal> {
    let task = |mine: bool| if mine { Ok(()) } else { Err(Refusal::NotYourTask) };
    if post.role.handles() {
        let above = |department: &DepartmentId| ctx.departments.is_within(*department, post.department);
        let any_part = matches!(step, Step::Comment | Step::AnswerUrging);
        let assignment = case.stage.assignment();
        let mine = match assignment {
            Some(to) if any_part => above(&to.department) || to.assisting.iter().any(above),
            Some(to) => above(&to.department),
            None => false,
        };
        let handled_once = step == Step::Appeal || step == Step::Comment;
        let mine = mine
            || (handled_once && case.departments.iter().any(above))
            || (post.role == Role::Handler && case.stage.handler() == Some(person));
        if !mine {
            return Err(Refusal::NotYourDepartment);
        }
    }
    match (step, post.role) {
        (Step::Reply | Step::SendBack | Step::RequestExtension, Role::Handler) => {
            task(case.stage.handler() == Some(person))
        }
        (Step::AnswerConfirmation | Step::AnswerVerification | Step::HandOver, Role::Collector) => {
            task(case.stage.collector() == Some(person))
        }
        (Step::HandOver, Role::IntakeOperator) => task(case.intake == Some(person)),
        (Step::HandOver, Role::Dispatcher) => task(case.claimed_by == Some(person)),
        (Step::TakeBack, _) => {
            task(case.approvals.iter().any(|one| one.is_open() && one.asked_by == Some(person)))
        }
        _ => {
            let own = step.answers().and_then(|kind| case.open_approval(kind));
            task(own.is_none_or(|open| open.asked_by != Some(person)))
        }
    }
}

/// The roles that may take a step; where it depends on the stage, the stage's.
pub(super) fn roles(step: Step, case: &Case, ctx: &Context) -> Vec<Role> {
    if let Some(kind) = step.answers() {
        return case.open_approval(kind).map(Approval::waiting_roles).unwrap_or_default().to_vec();
    }
    let mut roles = match ctx.procedure.may.get(&step) {
        Some(roles) if !is_system_step(step) => roles.clone(),
        _ => default_roles(step, case),
    };
    roles.retain(|role| LOOP.contains(role) && !(step.judges() && role.handles()));
    roles
}

fn default_roles(step: Step, case: &Case) -> Vec<Role> {
    use Role::{
        Collector, DepartmentOfficer, Dispatcher, Handler, IntakeOperator, Leader, ShiftLeader, Supervisor,
    };
    let stage = case.stage.name();
    match step {
        Step::Report => reporters(None),
        Step::ReportSelfHandled | Step::AnswerConfirmation | Step::AnswerVerification => vec![Collector],
        Step::Claim => match stage {
            StageName::Accepted | StageName::Verified => vec![ShiftLeader],
            StageName::Filed | StageName::Replied => vec![Dispatcher],
            _ => vec![IntakeOperator],
        },
        Step::HandOver => vec![Collector, IntakeOperator, ShiftLeader, Dispatcher],
        Step::Correct
        | Step::PassSelfHandled
        | Step::RefuseSelfHandled
        | Step::ChangeCollector
        | Step::Merge
        | Step::Unmerge => vec![IntakeOperator, ShiftLeader],
        Step::Decline if stage == StageName::Accepted => vec![ShiftLeader],
        Step::SendBack => match stage {
            StageName::Accepted => vec![ShiftLeader],
            StageName::Filed => vec![Dispatcher],
            StageName::Handling => vec![Handler, DepartmentOfficer],
            _ => vec![ShiftLeader, Dispatcher, Handler, DepartmentOfficer],
        },
        Step::RequestConfirmation
        | Step::Decline
        | Step::AnswerAtOnce
        | Step::Accept
        | Step::RequestWithdrawal
        | Step::RequestVerification
        | Step::OrderRework
        | Step::CallBack
        | Step::Reopen
        | Step::Rate => vec![IntakeOperator],
        Step::File | Step::Close | Step::RefuseClosing | Step::MarkMajor | Step::Audit => vec![ShiftLeader],
        Step::Dispatch
        | Step::Split
        | Step::DispatchDown
        | Step::DispatchAhead
        | Step::Reassign
        | Step::Resume
        | Step::PassOn => vec![Dispatcher],
        Step::SignFor | Step::Assign | Step::RequestReturn | Step::RequestSuspension | Step::Appeal => {
            vec![DepartmentOfficer]
        }
        Step::RequestExtension | Step::Reply => vec![Handler, DepartmentOfficer],
        Step::RequestCancellation => vec![Dispatcher, IntakeOperator],
        Step::RejectReply => vec![Dispatcher, DepartmentOfficer],
        Step::TakeBack => vec![DepartmentOfficer, Handler, Dispatcher, IntakeOperator],
        Step::AnswerAppeal => match case.appeal.as_ref().map(|appeal| appeal.dispatcher) {
            Some(Some(_)) => vec![IntakeOperator],
            _ => vec![Dispatcher],
        },
        Step::ForceClose | Step::Instruct => vec![Leader, Supervisor],
        Step::Urge => vec![ShiftLeader, Leader, Supervisor],
        Step::AnswerUrging => vec![DepartmentOfficer, Handler, Dispatcher, IntakeOperator, ShiftLeader],
        Step::Comment => LOOP.to_vec(),
        Step::ApproveExtension
        | Step::ApproveReturn
        | Step::ApproveSuspension
        | Step::ApproveCancellation
        | Step::ApproveWithdrawal
        | Step::RejectExtension
        | Step::RejectReturn
        | Step::RejectSuspension
        | Step::RejectCancellation
        | Step::RejectWithdrawal
        | Step::ChildEnded
        | Step::DuplicateJoined
        | Step::DuplicateLeft
        | Step::RecomputeClocks
        | Step::Migrate => Vec::new(),
    }
}

/// Steps no person takes.
pub(crate) const fn is_system_step(step: Step) -> bool {
    matches!(
        step,
        Step::ChildEnded
            | Step::DuplicateJoined
            | Step::DuplicateLeft
            | Step::RecomputeClocks
            | Step::Migrate
    )
}

/// T47: the automatic steps, each under its own condition.
fn system_may(case: &Case, step: Step, ctx: &Context) -> Result<(), Refusal> {
    let channel = fast_channel(&case.report, ctx.procedure);
    let child = case.parent.is_some();
    let may = match step {
        Step::Accept | Step::File => child || channel.is_some_and(|channel| channel.file),
        Step::Dispatch => {
            let auto = &ctx.procedure.auto_dispatch;
            let class = case.class.as_ref();
            let fits = auto.classes.is_empty() || class.is_some_and(|class| auto.classes.contains(class));
            child || channel.is_some_and(|channel| channel.dispatch) || (auto.enabled && fits)
        }
        Step::Merge => case.stage.name() == StageName::Reported,
        Step::Resume | Step::Urge => true,
        step => is_system_step(step),
    };
    if !may {
        return Err(Refusal::RoleMayNot { step, allowed: roles(step, case, ctx) });
    }
    fits_stage(case, step)
}

fn fits_stage(case: &Case, step: Step) -> Result<(), Refusal> {
    if stage_fits(case, step) {
        return Ok(());
    }
    Err(Refusal::WrongStage { step, stage: case.stage.name() })
}

/// The transition table: from which stages a step leads anywhere (workflow.md §4).
pub(crate) fn stage_fits(case: &Case, step: Step) -> bool {
    use StageName::{
        Accepted, Closed, Confirmed, Confirming, Dispatched, Filed, ForceClosed, Handling, ReadyToVerify,
        Replied, Reported, SelfHandled, Suspended, Verified, Verifying,
    };
    let stage = case.stage.name();
    let filed_and_open = stage >= Filed && !stage.is_end();
    match step {
        Step::Report | Step::ReportSelfHandled => false,
        Step::Correct => matches!(stage, Reported | Confirming | Confirmed | SelfHandled | Accepted),
        Step::Claim => matches!(
            stage,
            Reported | Confirmed | SelfHandled | Accepted | Filed | Replied | ReadyToVerify | Verified
        ),
        Step::PassSelfHandled | Step::RefuseSelfHandled => stage == SelfHandled,
        Step::RequestConfirmation | Step::AnswerAtOnce => stage == Reported,
        Step::AnswerConfirmation => stage == Confirming,
        Step::ChangeCollector => matches!(stage, Confirming | Verifying),
        Step::Decline => matches!(stage, Reported | Confirmed | Accepted),
        Step::Accept => matches!(stage, Reported | Confirmed),
        Step::File => stage == Accepted,
        Step::SendBack => matches!(stage, Accepted | Filed | Handling),
        Step::Dispatch | Step::Split | Step::DispatchDown | Step::DispatchAhead => stage == Filed,
        Step::Reassign => stage == Filed && matches!(case.guard, Some(Guard::AfterReturn { .. })),
        Step::SignFor => stage == Dispatched,
        Step::Assign | Step::RequestReturn => matches!(stage, Dispatched | Handling),
        Step::RequestExtension | Step::RequestSuspension | Step::Reply => stage == Handling,
        Step::RequestCancellation | Step::ForceClose => filed_and_open,
        Step::RequestWithdrawal | Step::Merge => {
            matches!(stage, Reported | Confirming | Confirmed | Accepted | Filed | Dispatched | Handling)
        }
        Step::Resume => stage == Suspended,
        Step::RejectReply | Step::PassOn => stage == Replied,
        Step::RequestVerification => stage == ReadyToVerify,
        Step::AnswerVerification => stage == Verifying,
        Step::OrderRework => matches!(case.stage, Stage::Verified { outcome: VerifyOutcome::Failed, .. }),
        Step::Close | Step::RefuseClosing => stage == Verified,
        Step::CallBack | Step::Reopen => matches!(stage, Verified | Closed),
        Step::Rate => matches!(stage, Closed | ForceClosed),
        Step::Appeal => stage == Closed,
        Step::AnswerAppeal => case.appeal.as_ref().is_some_and(crate::case::Appeal::is_open),
        Step::Unmerge => matches!(case.stage, Stage::Withdrawn { merged_into: Some(_), .. }),
        Step::Audit => case.audit == crate::case::Audit::Due,
        Step::Comment | Step::DuplicateLeft => true,
        Step::AnswerUrging => {
            case.is_open() && case.urgings.iter().any(|urging| urging.answered_at.is_none())
        }
        Step::ChildEnded => stage == Handling && case.open_children() > 0,
        Step::HandOver
        | Step::TakeBack
        | Step::ApproveExtension
        | Step::ApproveReturn
        | Step::ApproveSuspension
        | Step::ApproveCancellation
        | Step::ApproveWithdrawal
        | Step::RejectExtension
        | Step::RejectReturn
        | Step::RejectSuspension
        | Step::RejectCancellation
        | Step::RejectWithdrawal
        | Step::Urge
        | Step::Instruct
        | Step::MarkMajor
        | Step::DuplicateJoined
        | Step::RecomputeClocks
        | Step::Migrate => case.is_open(),
    }
}
