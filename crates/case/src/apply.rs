//! How a case changes: one fact after the other, and in no other way.

mod stage;

use crate::approval::{Answer, Approval, ApprovalState};
use crate::case::{Appeal, Audit, Callback, Case, Child, Filing, Guard, Rating, Urging};
use crate::command::Share;
use crate::fact::{By, ClockChange, Fact, FactRecord};
use crate::stage::{Stage, StageName};
use kernel::{DepartmentId, PersonId, Role};
use stage::{Misfit, next_stage};

/// Facts that do not add up to a case. Stored facts that answer this are corrupt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("there are no facts")]
    Empty,
    #[error("a case cannot begin with {fact}")]
    NotABeginning { fact: &'static str },
    #[error("fact {expected} is missing, {found} came instead")]
    OutOfOrder { expected: u32, found: u32 },
    #[error("fact {seq} ({fact}) does not fit stage {stage:?}")]
    DoesNotFit { seq: u32, fact: &'static str, stage: StageName },
}

/// The case its facts add up to.
///
/// # Errors
/// [`ReplayError`] naming the first fact that does not fit.
pub fn replay(records: &[FactRecord]) -> Result<Case, ReplayError> {
    let (first, rest) = records.split_first().ok_or(ReplayError::Empty)?;
    let mut case = Case::new(first)?;
    for record in rest {
        case.apply(record)?;
    }
    Ok(case)
}

impl Case {
    /// A case begins with its report.
    ///
    /// # Errors
    /// [`ReplayError`] when the fact is another one.
    pub fn new(record: &FactRecord) -> Result<Self, ReplayError> {
        let Fact::Reported {
            id,
            city,
            number,
            report,
            self_handled,
            procedure,
            parent,
            level,
            synthesised,
            ..
        } = &record.fact
        else {
            return Err(ReplayError::NotABeginning { fact: record.fact.name() });
        };
        if record.seq != 1 {
            return Err(ReplayError::OutOfOrder { expected: 1, found: record.seq });
        }
        let mut case = Self {
            id: *id,
            city: *city,
            number: number.clone(),
            version: 1,
            stage: if *self_handled { Stage::SelfHandled } else { Stage::Reported },
            level: *level,
            report: report.clone(),
            reported_at: record.at,
            reported_by: record.by.person(),
            self_handled: *self_handled,
            intake: None,
            claimed_by: None,
            class: report.class.clone(),
            filing: None,
            procedure: *procedure,
            clocks: Vec::new(),
            warnings: std::collections::BTreeMap::new(),
            approvals: Vec::new(),
            guard: None,
            parent: *parent,
            children: Vec::new(),
            duplicates: Vec::new(),
            urgings: Vec::new(),
            urgent: report.urgent,
            major: false,
            reworks: 0,
            returns: 0,
            wrong_dispatches: 0,
            extensions: 0,
            suspensions: 0,
            reopened: 0,
            departments: Vec::new(),
            handled_by: Vec::new(),
            collected_by: Vec::new(),
            result: None,
            handed_over_at: None,
            callback: None,
            rating: None,
            appeal: None,
            exempted: false,
            audit: Audit::NotDue,
            fast_channel: None,
            filed_at: None,
            ended_at: None,
            updated_at: record.at,
            synthesised: *synthesised,
        };
        case.owned_by_intake(record);
        case.change_clocks(&record.clocks);
        Ok(case)
    }

    /// Adds one fact.
    ///
    /// # Errors
    /// [`ReplayError`] when the fact is not the next one or does not fit; the case is unchanged then.
    pub fn apply(&mut self, record: &FactRecord) -> Result<(), ReplayError> {
        let expected = self.version + 1;
        if record.seq != expected {
            return Err(ReplayError::OutOfOrder { expected, found: record.seq });
        }
        let misfit = || ReplayError::DoesNotFit {
            seq: record.seq,
            fact: record.fact.name(),
            stage: self.stage.name(),
        };
        let next = next_stage(self, record).map_err(|Misfit| misfit())?;
        let mut places = self.clocks.len();
        for change in &record.clocks {
            let index = usize::from(change.index);
            if index > places {
                return Err(misfit());
            }
            places += usize::from(index == places);
        }
        self.note(record);
        if let Some(stage) = next {
            self.enter(stage, record);
        }
        self.change_clocks(&record.clocks);
        self.owned_by_intake(record);
        self.remember_handler(record);
        self.remember_collector(record);
        self.version = record.seq;
        self.updated_at = record.at;
        Ok(())
    }

    fn enter(&mut self, stage: Stage, record: &FactRecord) {
        let (before, after) = (self.stage.name(), stage.name());
        self.stage = stage;
        if before == after {
            return;
        }
        self.claimed_by = None;
        for approval in self.approvals.iter_mut().filter(|approval| approval.is_open()) {
            approval.state = ApprovalState::Lapsed { at: record.at };
        }
        self.guard = match record.fact {
            Fact::SentBack { from: StageName::Accepted, .. } => Some(Guard::AfterSentBackToIntake),
            Fact::SentBack { from: StageName::Filed, .. } => Some(Guard::AfterSentBackToFiling),
            Fact::Returned { from, .. } => Some(Guard::AfterReturn { from }),
            // A merge can be undone and then leaves everything as it was.
            Fact::Merged { .. } | Fact::Unmerged { .. } => self.guard,
            _ => None,
        };
        self.ended_at = after.is_end().then_some(record.at);
    }

    /// Everything a fact says beside the stage.
    fn note(&mut self, record: &FactRecord) {
        let at = record.at;
        match &record.fact {
            Fact::Corrected { class, place, text, urgent, evidence } => {
                if let Some(class) = class {
                    self.class = Some(class.clone());
                    self.report.class = Some(class.clone());
                }
                if let Some(place) = place {
                    self.report.place = place.clone();
                }
                if let Some(text) = text {
                    self.report.text.clone_from(text);
                }
                if let Some(urgent) = urgent {
                    self.urgent = *urgent;
                    self.report.urgent = *urgent;
                }
                self.report.evidence.extend(evidence.iter().cloned());
                if self.guard == Some(Guard::AfterSentBackToIntake) {
                    self.guard = None;
                }
            }
            Fact::Claimed { by } => {
                if record.by.role() == Some(Role::IntakeOperator) {
                    self.intake = Some(*by);
                } else {
                    self.claimed_by = Some(*by);
                }
            }
            Fact::HandedOver { to } => match record.by.role() {
                Some(Role::Collector) => {}
                Some(Role::IntakeOperator) => self.intake = Some(*to),
                _ if self.claimed_by.is_some() => self.claimed_by = Some(*to),
                _ => self.intake = Some(*to),
            },
            Fact::AnsweredAtOnce { answer } => {
                self.result = Some(answer.clone());
                self.callback = Some(Callback { at, reached: true, satisfied: None, remark: answer.clone() });
            }
            Fact::Filed { standard, procedure, channel, audit, .. } => {
                self.class = Some(standard.class.clone());
                self.filing = Some(Filing {
                    class: standard.class.clone(),
                    criterion: standard.criterion,
                    criterion_text: standard.criterion_text.clone(),
                    closing_text: standard.closing_text.clone(),
                    limit: standard.limit,
                    at,
                    by: record.by.person(),
                    procedure: *procedure,
                });
                self.procedure = *procedure;
                self.filed_at.get_or_insert(at);
                self.took_channel(channel.as_ref(), *audit);
            }
            Fact::Dispatched { department, rework, channel, audit, .. } => {
                if matches!(self.guard, Some(Guard::AfterReturn { .. })) {
                    self.wrong_dispatches += 1;
                }
                self.reworks += u16::from(*rework);
                self.went_to(*department);
                self.took_channel(channel.as_ref(), *audit);
            }
            Fact::Split { shares, .. } => {
                for share in shares {
                    self.add_child(share);
                }
            }
            Fact::DispatchedDown { share, .. } => self.add_child(share),
            Fact::ChildEnded { child, stage, text } => {
                if let Some(child) = self.children.iter_mut().find(|one| one.id == *child) {
                    child.ended = Some(*stage);
                    child.result.clone_from(text);
                }
            }
            Fact::Assigned { handler, .. } => self.handled(*handler),
            Fact::ApprovalRequested { approval, reason, extra, until, chain, .. } => {
                self.approvals.push(Approval {
                    kind: *approval,
                    asked_at: at,
                    asked_by: record.by.person(),
                    asked_as: record.by.role(),
                    reason: reason.clone(),
                    extra: *extra,
                    until: *until,
                    chain: chain.clone(),
                    answers: Vec::new(),
                    state: ApprovalState::Open { passed: 0 },
                });
            }
            Fact::ApprovalAnswered { approval, approved, opinion, last } => {
                let open = self.approvals.iter_mut().find(|one| one.kind == *approval && one.is_open());
                if let Some(open) = open {
                    answer(open, record, *approved, opinion, *last);
                }
            }
            Fact::ApprovalTakenBack { approval } => {
                for one in self.approvals.iter_mut().filter(|one| one.kind == *approval && one.is_open()) {
                    one.state = ApprovalState::Lapsed { at };
                }
            }
            Fact::Extended { .. } => self.extensions += 1,
            Fact::Returned { .. } => self.returns += 1,
            Fact::Suspended { .. } => self.suspensions += 1,
            Fact::Replied { text, .. } => self.result = Some(text.clone()),
            Fact::PassedOn { .. } => {
                if let Stage::Replied { reply, .. } = &self.stage {
                    self.handed_over_at = Some(reply.at);
                }
            }
            Fact::ReworkOrdered { department, .. } => {
                self.reworks += 1;
                self.callback = None;
                self.went_to(*department);
            }
            Fact::CalledBack { reached, satisfied, remark } => {
                self.callback =
                    Some(Callback { at, reached: *reached, satisfied: *satisfied, remark: remark.clone() });
            }
            Fact::ClosingRefused { .. } => self.callback = None,
            Fact::Reopened { .. } => {
                self.callback = None;
                if !self.is_open() {
                    self.reopened += 1;
                    self.rating = None;
                    self.handed_over_at = None;
                }
            }
            Fact::DuplicateJoined { case } => self.duplicates.push(*case),
            Fact::DuplicateLeft { case } => self.duplicates.retain(|one| one != case),
            Fact::Urged { level, requirement, reply_needed } => {
                self.urged(record, Some(*level), requirement, *reply_needed);
            }
            Fact::Instructed { text, reply_needed } => self.urged(record, None, text, *reply_needed),
            Fact::UrgingAnswered { urging, .. } => {
                if let Some(urging) = self.urgings.get_mut(usize::from(*urging)) {
                    urging.answered_at = Some(at);
                }
            }
            Fact::MarkedMajor { .. } => self.major = true,
            Fact::Appealed { reason } => {
                self.appeal = Some(Appeal {
                    asked_at: at,
                    asked_by: record.by.person(),
                    reason: reason.clone(),
                    dispatcher: None,
                    intake: None,
                });
            }
            Fact::AppealAnswered { granted, .. } => {
                if let Some(appeal) = &mut self.appeal {
                    if appeal.dispatcher.is_none() {
                        appeal.dispatcher = Some(*granted);
                    } else {
                        appeal.intake = Some(*granted);
                        self.exempted = *granted;
                    }
                }
            }
            Fact::Audited { passed, .. } => {
                self.audit = if *passed { Audit::Passed } else { Audit::Refused };
            }
            Fact::Rated { stars, remark } => {
                self.rating = Some(Rating { at, stars: *stars, remark: remark.clone() });
            }
            Fact::Migrated { procedure } => self.procedure = *procedure,
            _ => {}
        }
    }

    fn took_channel(&mut self, channel: Option<&String>, audit: bool) {
        if let Some(channel) = channel {
            self.fast_channel = Some(channel.clone());
        }
        if audit && self.audit == Audit::NotDue {
            self.audit = Audit::Due;
        }
    }

    fn went_to(&mut self, department: DepartmentId) {
        if self.departments.last() != Some(&department) {
            self.departments.push(department);
        }
    }

    fn add_child(&mut self, share: &Share) {
        self.went_to(share.department);
        self.children.push(Child {
            id: share.child,
            department: share.department,
            level: share.level,
            ended: None,
            result: String::new(),
        });
    }

    fn urged(
        &mut self,
        record: &FactRecord,
        level: Option<crate::case::UrgingLevel>,
        requirement: &str,
        reply_needed: bool,
    ) {
        self.urgings.push(Urging {
            level,
            requirement: requirement.to_owned(),
            reply_needed,
            at: record.at,
            by: record.by.person(),
            answered_at: None,
        });
    }

    fn change_clocks(&mut self, changes: &[ClockChange]) {
        for change in changes {
            let index = usize::from(change.index);
            if index < self.clocks.len() {
                self.clocks[index] = change.clock.clone();
            } else {
                self.clocks.push(change.clock.clone());
            }
            match change.warn_at {
                Some(at) => self.warnings.insert(change.clock.kind, at),
                None => self.warnings.remove(&change.clock.kind),
            };
        }
    }

    /// The first intake operator who does something with the case owns its trail.
    fn owned_by_intake(&mut self, record: &FactRecord) {
        let acts = !matches!(record.fact, Fact::Commented { .. } | Fact::UrgingAnswered { .. });
        if let By::Person { person, role: Role::IntakeOperator, .. } = record.by
            && acts
            && self.intake.is_none()
        {
            self.intake = Some(person);
        }
    }

    fn remember_handler(&mut self, record: &FactRecord) {
        let remark = matches!(record.fact, Fact::Commented { .. } | Fact::UrgingAnswered { .. });
        if let By::Person { person, role, .. } = record.by
            && role.handles()
            && !remark
        {
            self.handled(person);
        }
    }

    fn remember_collector(&mut self, record: &FactRecord) {
        let answer =
            matches!(record.fact, Fact::ConfirmationAnswered { .. } | Fact::VerificationAnswered { .. });
        if let By::Person { person, .. } = record.by
            && answer
            && !self.collected_by.contains(&person)
        {
            self.collected_by.push(person);
        }
    }

    fn handled(&mut self, person: PersonId) {
        if !self.handled_by.contains(&person) {
            self.handled_by.push(person);
        }
    }
}

fn answer(open: &mut Approval, record: &FactRecord, approved: bool, opinion: &str, last: bool) {
    let at = record.at;
    open.answers.push(Answer {
        by: record.by.person(),
        role: record.by.role(),
        at,
        approved,
        opinion: opinion.to_owned(),
    });
    open.state = match (approved, last, open.state) {
        (false, ..) => ApprovalState::Rejected { at },
        (true, true, _) => ApprovalState::Approved { at },
        (true, false, ApprovalState::Open { passed }) => ApprovalState::Open { passed: passed + 1 },
        (true, false, state) => state,
    };
}
