//! What a command means for a case: facts, or a refusal. Changes nothing and asks nobody.
//!
//! [`ready`](rights::ready) holds everything that does not depend on what the command carries: who may,
//! in which stage, under which guards. [`decide`] asks it first, then looks at the command's own values;
//! [`crate::actions`] asks the same function, so that a button and the server never disagree.

mod approval;
mod closing;
mod dispatch;
mod evidence;
mod filing;
mod guards;
mod handling;
mod intake;
mod oversight;
mod rights;
mod verification;

pub(crate) use rights::{is_system_step, ready, stage_fits};

use crate::case::Case;
use crate::command::{Command, Step};
use crate::fact::{By, Fact, FactRecord};
use crate::procedure::{FastChannel, Procedure};
use crate::refusal::Refusal;
use crate::report::Report;
use crate::stage::StageName;
use kernel::{Actor, Calendar, CaseId, DepartmentId, LimitUnit, TimeLimit, Timestamp};

/// The department tree, as far as the loop must know it.
pub trait Departments {
    fn exists(&self, department: DepartmentId) -> bool;
    /// True when `department` is `ancestor` or lies below it.
    fn is_within(&self, department: DepartmentId, ancestor: DepartmentId) -> bool;
}

/// The world as a decision sees it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub now: Timestamp,
    /// The version the case is pinned to; for a report and for filing, the version in force.
    pub procedure: &'a Procedure,
    pub calendar: &'a Calendar,
    pub departments: &'a dyn Departments,
}

impl Context<'_> {
    /// A limit of the centre's own steps: urgent cases are timed day and night (rulings, The loop).
    fn limit(&self, urgent: bool, limit: &TimeLimit) -> TimeLimit {
        let unit = match limit.unit {
            LimitUnit::WorkMinute if urgent => LimitUnit::UrgentMinute,
            LimitUnit::WorkHour if urgent => LimitUnit::UrgentWorkHour,
            LimitUnit::WorkDay if urgent => LimitUnit::UrgentWorkDay,
            unit => unit,
        };
        TimeLimit { unit, ..*limit }
    }
}

/// A command that was done: the facts in order, and the case after them.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub case: Case,
    pub records: Vec<FactRecord>,
}

/// Decides, and applies what was decided. This is what a use case calls.
///
/// # Errors
/// The [`Refusal`]; nothing has changed then.
pub fn run(case: Option<&Case>, command: Command, actor: &Actor, ctx: &Context) -> Result<Done, Refusal> {
    let by = by_command(case, &command, actor, ctx)?;
    let facts = decide(case, command, actor, ctx)?;
    Ok(stamp(case, facts, by, ctx))
}

/// Decides what `command` means for `case` now. `case` is `None` for the two report commands only.
///
/// # Errors
/// The first rule that says no: role and scope, then stage, then task, guards, values.
pub fn decide(
    case: Option<&Case>,
    command: Command,
    actor: &Actor,
    ctx: &Context,
) -> Result<Vec<Fact>, Refusal> {
    let step = command.step();
    let Some(case) = case else {
        return match command {
            Command::Report { id, number, report, procedure, parent, level } => {
                intake::report(intake::New { id, number, report, procedure, parent, level }, actor, ctx)
            }
            Command::ReportSelfHandled { id, number, report, procedure } => {
                let new =
                    intake::New { id, number, report, procedure, parent: None, level: crate::Level::City };
                intake::report_self_handled(new, actor, ctx)
            }
            _ => Err(Refusal::WrongStage { step, stage: StageName::Draft }),
        };
    };
    let by = ready(case, step, actor, ctx)?;
    let of = Of { case, by: &by, ctx };
    match command {
        Command::Report { .. } | Command::ReportSelfHandled { .. } => {
            Err(Refusal::WrongStage { step, stage: case.stage.name() })
        }
        Command::Correct { class, place, text, urgent, evidence } => {
            intake::correct(of, class, place, text, urgent, evidence)
        }
        Command::Claim => intake::claim(of),
        Command::HandOver { to } => intake::hand_over(of, to),
        Command::PassSelfHandled { opinion } => Ok(vec![Fact::SelfHandledPassed { opinion }]),
        Command::RefuseSelfHandled { ordinary, opinion } => {
            intake::refuse_self_handled(of, ordinary, opinion)
        }
        Command::RequestConfirmation { collector, note } => intake::request_confirmation(of, collector, note),
        Command::AnswerConfirmation { outcome, opinion, evidence, at } => {
            intake::answer_confirmation(of, outcome, opinion, evidence, at)
        }
        Command::ChangeCollector { collector, reason } => {
            verification::change_collector(of, collector, reason)
        }
        Command::Decline { reason } => intake::decline(reason),
        Command::AnswerAtOnce { answer } => intake::answer_at_once(answer),
        Command::Accept { opinion } => intake::accept(of, opinion),
        Command::File { standard, opinion, procedure } => filing::file(of, standard, opinion, procedure),
        Command::SendBack { reason } => filing::send_back(of, reason),
        Command::Dispatch { department, assisting, opinion } => {
            dispatch::dispatch(of, department, assisting, opinion)
        }
        Command::Reassign { department, assisting, opinion } => {
            dispatch::reassign(of, department, assisting, opinion)
        }
        Command::DispatchAhead { department, reason } => dispatch::dispatch_ahead(of, department, reason),
        Command::Split { shares, opinion } => dispatch::split(of, shares, opinion),
        Command::DispatchDown { share, opinion } => dispatch::dispatch_down(of, share, opinion),
        Command::ChildEnded { child, stage, text } => dispatch::child_ended(of, child, stage, text),
        Command::SignFor => Ok(vec![Fact::SignedFor]),
        Command::Assign { handler, note } => handling::assign(of, handler, note),
        Command::Reply { text, evidence } => handling::reply(of, text, evidence),
        Command::RejectReply { reason } => handling::reject_reply(reason),
        Command::PassOn { opinion } => handling::pass_on(of, opinion),
        Command::Resume { reason } => handling::resume(reason),
        Command::RequestApproval { approval, reason, extra, until, evidence } => {
            approval::request(of, approval, approval::Asked { reason, extra, until, evidence })
        }
        Command::Approve { approval, opinion } => approval::approve(of, approval, opinion),
        Command::Reject { approval, opinion } => approval::reject(approval, opinion),
        Command::TakeBack { approval } => approval::take_back(of, approval),
        Command::RequestVerification { collector, note } => {
            verification::request_verification(of, collector, note)
        }
        Command::AnswerVerification { outcome, opinion, evidence, at } => {
            verification::answer_verification(of, outcome, opinion, evidence, at)
        }
        Command::OrderRework { opinion, department } => verification::order_rework(of, opinion, department),
        Command::CallBack { reached, satisfied, remark } => closing::call_back(reached, satisfied, remark),
        Command::Close { opinion } => closing::close(of, opinion),
        Command::RefuseClosing { reason } => closing::refuse_closing(of, reason),
        Command::Reopen { reason } => closing::reopen(of, reason),
        Command::Appeal { reason } => closing::appeal(reason),
        Command::AnswerAppeal { granted, opinion } => closing::answer_appeal(of, granted, opinion),
        Command::Rate { stars, remark } => closing::rate(stars, remark),
        Command::Merge { into, reason } => oversight::merge(of, into, reason),
        Command::Unmerge { reason } => oversight::unmerge(reason),
        Command::DuplicateJoined { case: other } => oversight::duplicate_joined(of, other),
        Command::DuplicateLeft { case: other } => oversight::duplicate_left(of, other),
        Command::ForceClose { order } => oversight::force_close(order),
        Command::Urge { level, requirement, reply_needed } => {
            oversight::urge(level, requirement, reply_needed)
        }
        Command::Instruct { text, reply_needed } => oversight::instruct(text, reply_needed),
        Command::AnswerUrging { urging, text } => oversight::answer_urging(of, urging, text),
        Command::MarkMajor { reason } => oversight::mark_major(reason),
        Command::Audit { passed, reason } => oversight::audit(of, passed, reason),
        Command::Comment { text, evidence } => oversight::comment(of, text, evidence),
        Command::RecomputeClocks { calendar } => oversight::recompute_clocks(of, calendar),
        Command::Migrate { procedure } => oversight::migrate(of, procedure),
    }
}

/// As whom `actor` takes `step`: the post that fits, or why none does.
///
/// # Errors
/// The refusal [`decide`] would answer before it looks at the command's own values.
pub fn by(case: Option<&Case>, step: Step, actor: &Actor, ctx: &Context) -> Result<By, Refusal> {
    match case {
        Some(case) => ready(case, step, actor, ctx),
        None => rights::may_report(step, None, actor, ctx),
    }
}

fn by_command(case: Option<&Case>, command: &Command, actor: &Actor, ctx: &Context) -> Result<By, Refusal> {
    match (case, command) {
        (None, Command::Report { report, .. }) => {
            rights::may_report(Step::Report, Some(report.source), actor, ctx)
        }
        (case, command) => by(case, command.step(), actor, ctx),
    }
}

/// Gives decided facts their place in the history, works out what they do to the clocks, and applies them.
/// A clock that runs behind never puts a fact before the one it follows.
///
/// # Panics
/// When the facts were not decided for this case: that is a bug of the caller.
#[must_use]
pub fn stamp(case: Option<&Case>, facts: Vec<Fact>, by: By, ctx: &Context) -> Done {
    let mut facts = facts.into_iter();
    let mut records = Vec::new();
    let mut case = match case {
        Some(case) => case.clone(),
        None => {
            let fact = facts.next().expect("a report decides at least one fact");
            let clocks = crate::clock::changes(None, &fact, ctx.now, ctx);
            let record = FactRecord { seq: 1, at: ctx.now, by: by.clone(), fact, clocks };
            let case = Case::new(&record).expect("a report begins a case");
            records.push(record);
            case
        }
    };
    let at = ctx.now.max(case.updated_at);
    for fact in facts {
        let clocks = crate::clock::changes(Some(&case), &fact, at, ctx);
        let record = FactRecord { seq: case.version + 1, at, by: by.clone(), fact, clocks };
        case.apply(&record).expect("a decided fact fits the case it was decided for");
        records.push(record);
    }
    Done { case, records }
}

/// The channel a report may take without waiting for people (快速通道): the first that fits.
#[must_use]
pub fn fast_channel<'a>(report: &Report, procedure: &'a Procedure) -> Option<&'a FastChannel> {
    procedure.fast_channels.iter().find(|channel| {
        let class = report.class.as_ref();
        let grid = report.place.grid.as_ref();
        (channel.sources.is_empty() || channel.sources.contains(&report.source))
            && (channel.classes.is_empty() || class.is_some_and(|class| channel.classes.contains(class)))
            && (channel.areas.is_empty()
                || grid.is_some_and(|grid| channel.areas.iter().any(|area| grid.is_within(area))))
    })
}

/// True for the cases of a channel that are audited afterwards. Follows from the id, so that a replay and a
/// second server agree.
fn is_sampled(case: CaseId, percent: u8) -> bool {
    let low = u64::try_from(case.0.as_u128() & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    low % 100 < u64::from(percent)
}

/// A case, who acts on it, and the world around: what every story of this folder starts from.
#[derive(Clone, Copy)]
struct Of<'a> {
    case: &'a Case,
    by: &'a By,
    ctx: &'a Context<'a>,
}

impl Of<'_> {
    fn limit(&self, limit: &TimeLimit) -> TimeLimit {
        self.ctx.limit(self.case.is_urgent(), limit)
    }

    fn department_exists(&self, department: DepartmentId) -> Result<(), Refusal> {
        if self.ctx.departments.exists(department) {
            return Ok(());
        }
        Err(Refusal::Invalid { field: "department".to_owned() })
    }
}

/// The text of an opinion, reason or answer that must not be empty.
fn needed(text: String, field: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::ReasonMissing { field: field.to_owned() });
    }
    Ok(text)
}

fn incomplete(field: &str) -> Refusal {
    Refusal::Incomplete { field: field.to_owned() }
}

fn invalid(field: &str) -> Refusal {
    Refusal::Invalid { field: field.to_owned() }
}
