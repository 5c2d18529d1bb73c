//! One step of the loop, by a person or in a batch. Children, parents and duplicates move with it in
//! the same transaction.

use crate::app::{App, is_stale};
use crate::config::Config;
use crate::convert::{self, TEXT_MAX};
use crate::draft::Draft;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{Append, PutRecord, StoredCase};
use crate::step::{LimitIn, ShareIn, StepIn, StepRequest};
use crate::view::CaseView;
use case::command::Share;
use case::{ApprovalKind, Case, Command, Evidence, Fact, FactRecord, Refusal, Report, Source, Stage};
use city::responsibility::LearnedRow;
use kernel::{Actor, CaseId, DepartmentId, PersonId, TimeLimit, Timestamp};
use uuid::Uuid;

/// Tries when somebody else changes the same case at the same time and no version was given.
const TRIES: u32 = 4;
pub const BATCH_MAX: usize = 200;

/// One case of a batch that did not take the step.
#[derive(Debug)]
pub struct RefusedOne {
    pub id: String,
    pub error: AppError,
}

#[derive(Debug, Default)]
pub struct BatchDone {
    pub done: Vec<String>,
    pub refused: Vec<RefusedOne>,
}

impl App {
    /// Takes one step on a case.
    ///
    /// # Errors
    /// The refusal of the rule that says no; [`AppError::Stale`] when the case moved on since `version`.
    pub async fn take_step(
        &self,
        actor: &Actor,
        id: &str,
        request: StepRequest,
    ) -> Result<CaseView, AppError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_step(actor, id, &request).await {
                Err(error) if is_stale(&error) && request.version.is_none() && tries < TRIES => {}
                Err(error) => return Err(error),
                // Whoever took the step is told how the case stands, also when it has left their hands with it.
                Ok(case) => {
                    let stored =
                        self.store().case(actor.city, case).await?.ok_or(AppError::NotFound("case"))?;
                    return self.view(actor, stored).await;
                }
            }
        }
    }

    /// The same step on many cases; each one by itself.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when there are too many.
    pub async fn take_steps(
        &self,
        actor: &Actor,
        ids: Vec<String>,
        step: StepIn,
    ) -> Result<BatchDone, AppError> {
        if ids.is_empty() || ids.len() > BATCH_MAX {
            return Err(AppError::Invalid(vec![
                FieldProblem::new("ids", "too_many").with("max", BATCH_MAX as u64),
            ]));
        }
        let mut batch = BatchDone::default();
        for id in ids {
            let request = StepRequest { command_id: None, version: None, step: step.clone() };
            match self.take_step(actor, &id, request).await {
                Ok(_) => batch.done.push(id),
                Err(error) => batch.refused.push(RefusedOne { id, error }),
            }
        }
        Ok(batch)
    }

    /// True when a fact of the case is this person's: knowing a command's id alone opens nothing.
    async fn took_part(&self, actor: &Actor, id: CaseId) -> Result<bool, AppError> {
        let facts = self.store().facts(actor.city, id).await?;
        Ok(actor
            .person_id()
            .is_some_and(|person| facts.iter().any(|record| record.by.person() == Some(person))))
    }

    async fn try_step(&self, actor: &Actor, id: &str, request: &StepRequest) -> Result<CaseId, AppError> {
        // The same command sent twice is answered the same way, whatever happened in between.
        let done = match request.command_id {
            Some(command) => self.store().command(actor.city, command).await?,
            None => None,
        };
        if let Some(done) = done.filter(|done| done.to_string() == id)
            && self.took_part(actor, done).await?
        {
            return Ok(done);
        }
        let stored = self.find_case(actor, id).await?;
        let id = stored.case.id;
        if done == Some(id) {
            return Ok(id);
        }
        if request.version.is_some_and(|version| version != stored.case.version) {
            return Err(AppError::Stale);
        }
        let config = self.config(actor.city)?;
        let (command, hashes) = self.command(&config, &stored.case, &request.step).await?;
        self.run_step(actor, &config, stored, command, request.command_id, hashes).await?;
        Ok(id)
    }

    /// Decides `command` on `stored`, with everything that moves along, and saves it.
    pub(crate) async fn run_step(
        &self,
        actor: &Actor,
        config: &Config,
        stored: StoredCase,
        command: Command,
        command_id: Option<Uuid>,
        photo_hashes: Vec<(String, u64)>,
    ) -> Result<(), AppError> {
        let now = self.now();
        let before = stored.case.clone();
        let mut main = Draft::of(stored);
        main.command = command_id;
        main.photo_hashes = photo_hashes;
        let mut others = self.moves_along_before(actor, config, &before, &command).await?;
        main.step(command, actor, config, now)?;
        self.automatic_steps(&mut main, config, now).await;
        others.extend(self.children(&main, config, now).await?);
        others.extend(self.parent(&main, config, now).await?);
        let learned = returned_from(&main);
        let reporter = self.store().reporter(actor.city, before.id).await?;
        let told = self.told_duplicates(&main).await?;
        main.notices.extend(told);
        let mut batch: Vec<Append> = vec![main.into_append(reporter.as_ref(), None)];
        batch.extend(others.into_iter().map(|other| other.into_append(None, None)));
        self.commit(batch).await?;
        if let Some(department) = learned {
            self.learn_return(config, &before, department, now).await?;
        }
        Ok(())
    }

    /// The other side of a merge or un-merge.
    async fn moves_along_before(
        &self,
        actor: &Actor,
        config: &Config,
        case: &Case,
        command: &Command,
    ) -> Result<Vec<Draft>, AppError> {
        let now = self.now();
        let (target, told) = match (command, &case.stage) {
            (Command::Merge { into, .. }, _) => {
                if *into == case.id {
                    return Err(Refusal::CannotMerge.into());
                }
                (*into, Command::DuplicateJoined { case: case.id })
            }
            (Command::Unmerge { .. }, Stage::Withdrawn { merged_into: Some(into), .. }) => {
                (*into, Command::DuplicateLeft { case: case.id })
            }
            _ => return Ok(Vec::new()),
        };
        let stored = self.find_case(actor, &target.to_string()).await?;
        if matches!(command, Command::Merge { .. })
            && (!stored.case.is_open() || case.duplicates.contains(&target))
        {
            return Err(Refusal::CannotMerge.into());
        }
        let mut other = Draft::of(stored);
        other.step(told, &Actor::system(actor.city, "duplicate", 1), config, now)?;
        Ok(vec![other])
    }

    /// Cases opened for the shares of a split or for a lower level.
    async fn children(&self, main: &Draft, config: &Config, now: Timestamp) -> Result<Vec<Draft>, AppError> {
        let mut children = Vec::new();
        for record in &main.facts {
            let (shares, down): (&[Share], bool) = match &record.fact {
                Fact::Split { shares, .. } => (shares, false),
                Fact::DispatchedDown { share, .. } => (std::slice::from_ref(share), true),
                _ => continue,
            };
            for share in shares {
                children.push(self.child(&main.state, share, down, config, now).await?);
            }
        }
        Ok(children)
    }

    async fn child(
        &self,
        parent: &Case,
        share: &Share,
        down: bool,
        config: &Config,
        now: Timestamp,
    ) -> Result<Draft, AppError> {
        let system = Actor::system(parent.city, if down { "dispatch_down" } else { "split" }, 1);
        let number = self.store().next_number(parent.city, config.calendar.yyyymmdd(now)).await?;
        let text = if share.task.is_empty() {
            parent.report.text.clone()
        } else {
            format!("{}\n{}", share.task, parent.report.text)
        };
        let report = Report {
            source: Source::Parent,
            text,
            class: parent.class.clone(),
            wants_answer: false,
            consultation: false,
            ..parent.report.clone()
        };
        let command = Command::Report {
            id: share.child,
            number,
            report,
            procedure: config.procedure,
            parent: Some(parent.id),
            level: share.level,
        };
        let mut draft = Draft::new(command, &system, config, now)?;
        draft.step(Command::Accept { opinion: String::new() }, &system, config, now)?;
        if let Some(filing) = &parent.filing {
            let standard = case::command::Standard {
                class: filing.class.clone(),
                criterion: filing.criterion,
                criterion_text: filing.criterion_text.clone(),
                closing_text: filing.closing_text.clone(),
                limit: filing.limit,
                due: None,
            };
            draft.step(
                Command::File { standard, opinion: String::new(), procedure: config.procedure },
                &system,
                config,
                now,
            )?;
        }
        let dispatch = Command::Dispatch {
            department: share.department,
            assisting: Vec::new(),
            opinion: share.task.clone(),
        };
        draft.step(dispatch, &system, config, now)?;
        Ok(draft)
    }

    /// A parent learns when its child has ended.
    async fn parent(&self, main: &Draft, config: &Config, now: Timestamp) -> Result<Vec<Draft>, AppError> {
        let ended_now = !main.state.is_open() && main.facts.iter().any(|record| ends(&record.fact));
        let Some(parent) = main.state.parent.filter(|_| ended_now) else { return Ok(Vec::new()) };
        let Some(stored) = self.store().case(main.state.city, parent).await? else { return Ok(Vec::new()) };
        if !stored.case.is_open() {
            return Ok(Vec::new());
        }
        let text = last_words(&main.facts);
        let mut draft = Draft::of(stored);
        let command = Command::ChildEnded { child: main.state.id, stage: main.state.stage.name(), text };
        draft.step(command, &Actor::system(main.state.city, "child_ended", 1), config, now)?;
        let mut drafts = self.boxed_parent(&draft, config, now).await?;
        drafts.push(draft);
        Ok(drafts)
    }

    /// A street's case ends a district's, which ends a city's: three levels at most.
    async fn boxed_parent(
        &self,
        draft: &Draft,
        config: &Config,
        now: Timestamp,
    ) -> Result<Vec<Draft>, AppError> {
        if draft.state.is_open() { Ok(Vec::new()) } else { Box::pin(self.parent(draft, config, now)).await }
    }

    /// When a case ends, the reporters of its duplicates hear of it too.
    async fn told_duplicates(&self, main: &Draft) -> Result<Vec<crate::ports::Notice>, AppError> {
        let template = main.facts.iter().find_map(|record| match &record.fact {
            Fact::Closed { .. } => Some("case_closed"),
            Fact::Cancelled { .. } | Fact::ForceClosed { .. } => Some("case_ended"),
            _ => None,
        });
        let Some(template) = template else { return Ok(Vec::new()) };
        let mut notices = Vec::new();
        for duplicate in &main.state.duplicates {
            let reporter = self.store().reporter(main.state.city, *duplicate).await?;
            let stored = self.store().case(main.state.city, *duplicate).await?;
            if let (Some(reporter), Some(stored)) = (reporter, stored) {
                notices.extend(crate::notices::to_reporter(&stored.case, &reporter, template, None, None));
            }
        }
        Ok(notices)
    }

    /// Remembers that a department returned a class of case in a street as not its own.
    async fn learn_return(
        &self,
        config: &Config,
        case: &Case,
        department: DepartmentId,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let Some(class) = &case.class else { return Ok(()) };
        let place = case.report.place.grid.as_ref();
        let street = place.and_then(|grid| grid.as_str().get(..9)).and_then(|code| code.parse().ok());
        let key = format!("{class}_{}_{department}", street.as_ref().map_or("", kernel::GridCode::as_str));
        let (here, _) = config.learned.counts(class, place, department);
        let expected = config.record_versions.get(&("learned".to_owned(), key.clone())).copied().unwrap_or(0);
        let row = LearnedRow {
            class: class.clone(),
            street,
            department,
            accepted: here.accepted,
            returned: here.returned.saturating_add(1),
        };
        let value = serde_json::to_value(row).unwrap_or_default();
        let put = PutRecord { kind: "learned".into(), key, expected_version: expected, value: Some(value) };
        match self.store().put_records(case.city, None, now, vec![put]).await {
            Ok(_) => self.open_city(case.city).await,
            // Somebody taught the same thing at the same moment: that is enough.
            Err(crate::ports::StoreError::StaleRecord { .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// The command a sent step means for `case`.
    async fn command(
        &self,
        config: &Config,
        case: &Case,
        step: &StepIn,
    ) -> Result<(Command, Vec<(String, u64)>), AppError> {
        let mut problems = Problems::default();
        check_texts(step, &mut problems);
        problems.done()?;
        let sent: &[_] = match step {
            StepIn::Correct { evidence, .. }
            | StepIn::AnswerConfirmation { evidence, .. }
            | StepIn::RequestReturn { evidence, .. }
            | StepIn::Reply { evidence, .. }
            | StepIn::AnswerVerification { evidence, .. }
            | StepIn::Comment { evidence, .. } => evidence,
            _ => &[],
        };
        let (evidence, hashes) = self.evidence(config.city, "evidence", sent).await?;
        let command = to_command(config, case, step.clone(), evidence)?;
        Ok((command, hashes))
    }
}

fn ends(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Closed { .. }
            | Fact::ForceClosed { .. }
            | Fact::Cancelled { .. }
            | Fact::Withdrawn { .. }
            | Fact::Merged { .. }
            | Fact::Declined { .. }
            | Fact::ApprovalAnswered { approved: true, last: true, .. }
            | Fact::Audited { passed: false, .. }
    )
}

fn last_words(facts: &[FactRecord]) -> String {
    facts
        .iter()
        .rev()
        .find_map(|record| match &record.fact {
            Fact::Closed { opinion } => Some(opinion.clone()),
            Fact::ForceClosed { order } => Some(order.clone()),
            Fact::Cancelled { reason } | Fact::Withdrawn { reason } | Fact::Declined { reason } => {
                Some(reason.clone())
            }
            _ => None,
        })
        .unwrap_or_default()
}

fn returned_from(draft: &Draft) -> Option<DepartmentId> {
    draft.facts.iter().find_map(|record| match &record.fact {
        Fact::Returned { from, .. } => Some(*from),
        _ => None,
    })
}

fn check_texts(step: &StepIn, problems: &mut Problems) {
    let Ok(value) = serde_json::to_value(StepTexts(step)) else { return };
    for (field, text) in value.as_object().into_iter().flatten() {
        if let Some(text) = text.as_str() {
            problems.bounded(field, text, TEXT_MAX);
        }
    }
}

/// The free texts of a step by field, for the check of their length.
struct StepTexts<'a>(&'a StepIn);

impl serde::Serialize for StepTexts<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        let mut put = |field: &str, text: &str| map.serialize_entry(field, text);
        match self.0 {
            StepIn::PassSelfHandled { opinion }
            | StepIn::RefuseSelfHandled { opinion, .. }
            | StepIn::AnswerConfirmation { opinion, .. }
            | StepIn::Accept { opinion }
            | StepIn::File { opinion, .. }
            | StepIn::Dispatch { opinion, .. }
            | StepIn::Split { opinion, .. }
            | StepIn::DispatchDown { opinion, .. }
            | StepIn::ApproveExtension { opinion }
            | StepIn::ApproveReturn { opinion }
            | StepIn::ApproveSuspension { opinion }
            | StepIn::ApproveCancellation { opinion }
            | StepIn::ApproveWithdrawal { opinion }
            | StepIn::RejectExtension { opinion }
            | StepIn::RejectReturn { opinion }
            | StepIn::RejectSuspension { opinion }
            | StepIn::RejectCancellation { opinion }
            | StepIn::RejectWithdrawal { opinion }
            | StepIn::Reassign { opinion, .. }
            | StepIn::PassOn { opinion }
            | StepIn::AnswerVerification { opinion, .. }
            | StepIn::OrderRework { opinion, .. }
            | StepIn::Close { opinion }
            | StepIn::AnswerAppeal { opinion, .. } => put("opinion", opinion)?,
            StepIn::ChangeCollector { reason, .. }
            | StepIn::Decline { reason }
            | StepIn::SendBack { reason }
            | StepIn::RequestExtension { reason, .. }
            | StepIn::RequestReturn { reason, .. }
            | StepIn::RequestSuspension { reason, .. }
            | StepIn::RequestCancellation { reason }
            | StepIn::RequestWithdrawal { reason }
            | StepIn::Resume { reason }
            | StepIn::RejectReply { reason }
            | StepIn::RefuseClosing { reason }
            | StepIn::Reopen { reason }
            | StepIn::Merge { reason, .. }
            | StepIn::Unmerge { reason }
            | StepIn::MarkMajor { reason }
            | StepIn::DispatchAhead { reason, .. }
            | StepIn::Appeal { reason }
            | StepIn::Audit { reason, .. } => put("reason", reason)?,
            StepIn::RequestConfirmation { note, .. }
            | StepIn::Assign { note, .. }
            | StepIn::RequestVerification { note, .. } => put("note", note)?,
            StepIn::AnswerAtOnce { answer } => put("answer", answer)?,
            StepIn::Reply { text, .. }
            | StepIn::Instruct { text, .. }
            | StepIn::AnswerUrging { text, .. }
            | StepIn::Comment { text, .. } => put("text", text)?,
            StepIn::CallBack { remark, .. } | StepIn::Rate { remark, .. } => put("remark", remark)?,
            StepIn::ForceClose { order } => put("order", order)?,
            StepIn::Urge { requirement, .. } => put("requirement", requirement)?,
            StepIn::Correct { .. }
            | StepIn::Claim
            | StepIn::HandOver { .. }
            | StepIn::SignFor
            | StepIn::TakeBack { .. } => {}
        }
        map.end()
    }
}

fn department(config: &Config, field: &str, id: u32) -> Result<DepartmentId, AppError> {
    let id = DepartmentId(id);
    config.organisation.get(id).map(|d| d.id).ok_or_else(|| AppError::invalid(field, "unknown_department"))
}

fn departments(config: &Config, field: &str, ids: &[u32]) -> Result<Vec<DepartmentId>, AppError> {
    if ids.len() > 10 {
        return Err(AppError::Invalid(vec![FieldProblem::new(field, "too_many").with("max", 10)]));
    }
    ids.iter().map(|id| department(config, field, *id)).collect()
}

fn person(config: &Config, field: &str, id: u32, role: Option<kernel::Role>) -> Result<PersonId, AppError> {
    let found = config.people.get(&PersonId(id)).filter(|p| p.active);
    let found = found.ok_or_else(|| AppError::invalid(field, "unknown_person"))?;
    if let Some(role) = role
        && !found.posts.iter().any(|post| post.role == role)
    {
        return Err(AppError::Invalid(vec![
            FieldProblem::new(field, "has_no_such_role").with("role", role.as_str()),
        ]));
    }
    Ok(found.id)
}

fn share(config: &Config, field: &str, sent: &ShareIn) -> Result<Share, AppError> {
    Ok(Share {
        child: CaseId(Uuid::now_v7()),
        department: department(config, &format!("{field}.department"), sent.department)?,
        level: convert::level(sent.level),
        task: sent.task.trim().to_owned(),
    })
}

fn extra(sent: Option<LimitIn>) -> Result<Option<TimeLimit>, AppError> {
    let mut problems = Problems::default();
    let limit = sent.and_then(|limit| convert::limit("extra", limit, &mut problems));
    problems.done().map(|()| limit)
}

fn request(approval: ApprovalKind, reason: String) -> Command {
    Command::RequestApproval { approval, reason, extra: None, until: None, evidence: Vec::new() }
}

fn to_command(
    config: &Config,
    case: &Case,
    step: StepIn,
    evidence: Vec<Evidence>,
) -> Result<Command, AppError> {
    use kernel::Role::{Collector, Handler};
    Ok(match step {
        StepIn::Correct { class, place, text, urgent, .. } => {
            correct(config, class, place, text, urgent, evidence)?
        }
        StepIn::Claim => Command::Claim,
        StepIn::HandOver { to } => Command::HandOver { to: person(config, "to", to, None)? },
        StepIn::PassSelfHandled { opinion } => Command::PassSelfHandled { opinion },
        StepIn::RefuseSelfHandled { ordinary, opinion } => Command::RefuseSelfHandled { ordinary, opinion },
        StepIn::RequestConfirmation { collector, note } => Command::RequestConfirmation {
            collector: person(config, "collector", collector, Some(Collector))?,
            note,
        },
        StepIn::AnswerConfirmation { outcome, opinion, position, .. } => Command::AnswerConfirmation {
            outcome: convert::confirm_outcome(outcome),
            opinion,
            evidence,
            at: convert::position(position),
        },
        StepIn::ChangeCollector { collector, reason } => Command::ChangeCollector {
            collector: person(config, "collector", collector, Some(Collector))?,
            reason,
        },
        StepIn::Decline { reason } => Command::Decline { reason },
        StepIn::AnswerAtOnce { answer } => Command::AnswerAtOnce { answer },
        StepIn::Accept { opinion } => Command::Accept { opinion },
        StepIn::File { class, criterion, opinion } => {
            let key = file_class(config, case, class)?;
            let standard = convert::standard(config, &key, criterion, &case.report.place)?;
            Command::File { standard, opinion, procedure: config.procedure }
        }
        StepIn::SendBack { reason } => Command::SendBack { reason },
        StepIn::Dispatch { department: to, assisting, opinion } => Command::Dispatch {
            department: department(config, "department", to)?,
            assisting: departments(config, "assisting", &assisting)?,
            opinion,
        },
        StepIn::Split { shares, opinion } => {
            if shares.len() < 2 || shares.len() > 10 {
                return Err(AppError::invalid("shares", "two_to_ten"));
            }
            let shares = shares.iter().enumerate().map(|(i, s)| share(config, &format!("shares[{i}]"), s));
            Command::Split { shares: shares.collect::<Result<_, _>>()?, opinion }
        }
        StepIn::DispatchDown { department, level, task, opinion } => Command::DispatchDown {
            share: share(config, "department", &ShareIn { department, level, task })?,
            opinion,
        },
        StepIn::SignFor => Command::SignFor,
        StepIn::Assign { handler, note } => {
            Command::Assign { handler: person(config, "handler", handler, Some(Handler))?, note }
        }
        StepIn::RequestExtension { reason, extra: sent } => Command::RequestApproval {
            approval: ApprovalKind::Extension,
            reason,
            extra: extra(sent)?,
            until: None,
            evidence: Vec::new(),
        },
        StepIn::RequestReturn { reason, .. } => Command::RequestApproval {
            approval: ApprovalKind::Return,
            reason,
            extra: None,
            until: None,
            evidence,
        },
        StepIn::RequestSuspension { reason, until } => Command::RequestApproval {
            approval: ApprovalKind::Suspension,
            reason,
            extra: None,
            until: Some(Timestamp(until)),
            evidence: Vec::new(),
        },
        StepIn::RequestCancellation { reason } => request(ApprovalKind::Cancellation, reason),
        StepIn::RequestWithdrawal { reason } => request(ApprovalKind::Withdrawal, reason),
        StepIn::ApproveExtension { opinion } => {
            Command::Approve { approval: ApprovalKind::Extension, opinion }
        }
        StepIn::ApproveReturn { opinion } => Command::Approve { approval: ApprovalKind::Return, opinion },
        StepIn::ApproveSuspension { opinion } => {
            Command::Approve { approval: ApprovalKind::Suspension, opinion }
        }
        StepIn::ApproveCancellation { opinion } => {
            Command::Approve { approval: ApprovalKind::Cancellation, opinion }
        }
        StepIn::ApproveWithdrawal { opinion } => {
            Command::Approve { approval: ApprovalKind::Withdrawal, opinion }
        }
        StepIn::RejectExtension { opinion } => Command::Reject { approval: ApprovalKind::Extension, opinion },
        StepIn::RejectReturn { opinion } => Command::Reject { approval: ApprovalKind::Return, opinion },
        StepIn::RejectSuspension { opinion } => {
            Command::Reject { approval: ApprovalKind::Suspension, opinion }
        }
        StepIn::RejectCancellation { opinion } => {
            Command::Reject { approval: ApprovalKind::Cancellation, opinion }
        }
        StepIn::RejectWithdrawal { opinion } => {
            Command::Reject { approval: ApprovalKind::Withdrawal, opinion }
        }
        StepIn::TakeBack { approval } => Command::TakeBack { approval: convert::approval_kind(approval) },
        StepIn::Reassign { department: to, assisting, opinion } => Command::Reassign {
            department: department(config, "department", to)?,
            assisting: departments(config, "assisting", &assisting)?,
            opinion,
        },
        StepIn::Resume { reason } => Command::Resume { reason },
        StepIn::Reply { text, .. } => Command::Reply { text, evidence },
        StepIn::RejectReply { reason } => Command::RejectReply { reason },
        StepIn::PassOn { opinion } => Command::PassOn { opinion },
        StepIn::RequestVerification { collector, note } => Command::RequestVerification {
            collector: person(config, "collector", collector, Some(Collector))?,
            note,
        },
        StepIn::AnswerVerification { outcome, opinion, position, .. } => Command::AnswerVerification {
            outcome: convert::verify_outcome(outcome),
            opinion,
            evidence,
            at: convert::position(position),
        },
        StepIn::OrderRework { opinion, department: to } => Command::OrderRework {
            opinion,
            department: to.map(|id| department(config, "department", id)).transpose()?,
        },
        StepIn::CallBack { reached, satisfied, remark } => Command::CallBack { reached, satisfied, remark },
        StepIn::Close { opinion } => Command::Close { opinion },
        StepIn::RefuseClosing { reason } => Command::RefuseClosing { reason },
        StepIn::Reopen { reason } => Command::Reopen { reason },
        StepIn::Merge { into, reason } => Command::Merge {
            into: into.parse().map_err(|_| AppError::invalid("into", "not_a_case"))?,
            reason,
        },
        StepIn::Unmerge { reason } => Command::Unmerge { reason },
        StepIn::ForceClose { order } => Command::ForceClose { order },
        StepIn::Urge { level, requirement, reply_needed } => {
            Command::Urge { level: convert::urging_level(level), requirement, reply_needed }
        }
        StepIn::Instruct { text, reply_needed } => Command::Instruct { text, reply_needed },
        StepIn::AnswerUrging { urging, text } => Command::AnswerUrging { urging, text },
        StepIn::MarkMajor { reason } => Command::MarkMajor { reason },
        StepIn::DispatchAhead { department: to, reason } => {
            Command::DispatchAhead { department: department(config, "department", to)?, reason }
        }
        StepIn::Appeal { reason } => Command::Appeal { reason },
        StepIn::AnswerAppeal { granted, opinion } => Command::AnswerAppeal { granted, opinion },
        StepIn::Audit { passed, reason } => Command::Audit { passed, reason },
        StepIn::Rate { stars, remark } => Command::Rate { stars, remark },
        StepIn::Comment { text, .. } => Command::Comment { text, evidence },
    })
}

fn file_class(config: &Config, case: &Case, sent: Option<String>) -> Result<kernel::ClassKey, AppError> {
    let mut problems = Problems::default();
    let key = match sent {
        Some(text) => convert::class(config, "class", &text, &mut problems),
        None => case.class.clone(),
    };
    problems.done()?;
    key.ok_or_else(|| AppError::Refused(Refusal::Incomplete { field: "class".into() }))
}

fn correct(
    config: &Config,
    class: Option<String>,
    place: Option<crate::step::PlaceIn>,
    text: Option<String>,
    urgent: Option<bool>,
    evidence: Vec<Evidence>,
) -> Result<Command, AppError> {
    let mut problems = Problems::default();
    let class = class.and_then(|key| convert::class(config, "class", &key, &mut problems));
    let place = place.map(|p| convert::place(config, "place", &p, &mut problems));
    let text = text.map(|t| t.trim().to_owned());
    if let Some(text) = &text {
        problems.bounded("text", text, convert::DESCRIPTION_MAX);
        if text.is_empty() {
            problems.add("text", "required");
        }
    }
    problems.done()?;
    Ok(Command::Correct { class, place, text, urgent, evidence })
}
