//! A case on one page: form, clocks, approvals, children, what the caller may do and why not.

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::line::{case_line, department_view, level_word, limit_view, person_view, unit_word, urging_word};
use crate::ports::StoredCase;
use crate::rights;
use crate::view::{
    ActionView, AnswerView, ApprovalView, Because, CaseLine, CaseView, ChildView, ClassView, ClockView,
    EvidenceView, FactView, FilingView, ReporterView, UrgingView, Words,
};
use case::approval::ApprovalState;
use case::fact::By;
use case::{Approval, Case, Evidence, Fact, FactRecord, Refusal, Stage, actions, main_step};
use kernel::{Actor, CaseId, DepartmentId, PersonId, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;

impl App {
    /// A case with everything the caller may see of it, by UUID or number.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also when the case is hidden from the caller.
    pub async fn see_case(&self, actor: &Actor, id: &str) -> Result<CaseView, AppError> {
        let stored = self.find_case(actor, id).await?;
        self.view(actor, stored).await
    }

    /// # Errors
    /// As [`App::see_case`].
    pub async fn line(&self, actor: &Actor, id: &str) -> Result<CaseLine, AppError> {
        let stored = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        Ok(self.line_of(actor, &config, &stored.case))
    }

    pub(crate) fn line_of(&self, actor: &Actor, config: &Config, case: &Case) -> CaseLine {
        let now = self.now();
        // A list stays readable when one case's procedure is missing; the case itself says so.
        let context = config.context_of(case, now).ok();
        case_line(config, case, now, context.and_then(|context| main_step(case, actor, &context)))
    }

    pub(crate) async fn view(&self, actor: &Actor, stored: StoredCase) -> Result<CaseView, AppError> {
        let config = self.config(actor.city)?;
        let case = &stored.case;
        let now = self.now();
        let facts = self.store().facts(actor.city, case.id).await?;
        let (reporter, reporter_hidden) = self.reporter_for(actor, case.id).await?;
        let merged_into = match &case.stage {
            Stage::Withdrawn { merged_into: Some(into), .. } => {
                self.line_if_seen(actor, &config, *into).await?
            }
            _ => None,
        };
        let parent_line = match case.parent {
            Some(parent) => self.line_if_seen(actor, &config, parent).await?,
            None => None,
        };
        let mut children = Vec::new();
        for child in &case.children {
            children.push(ChildView {
                id: child.id.to_string(),
                department: department_view(&config, child.department),
                level: level_word(child.level).to_owned(),
                ended: child.ended.map(|stage| stage.as_str().to_owned()),
                line: self.line_if_seen(actor, &config, child.id).await?,
            });
        }
        let mut duplicate_lines = Vec::new();
        for duplicate in &case.duplicates {
            duplicate_lines.extend(self.line_if_seen(actor, &config, *duplicate).await?);
        }
        let returned_from =
            returned_from(&facts).into_iter().map(|id| department_view(&config, id)).collect();
        Ok(CaseView {
            line: self.line_of(actor, &config, case),
            text: case.report.text.clone(),
            component: case.report.component.clone(),
            consultation: case.report.consultation,
            wants_answer: case.report.wants_answer,
            attributes: case.report.attributes.clone(),
            evidence: all_evidence(case, &facts),
            filing: case.filing.as_ref().map(|filing| FilingView {
                class: ClassView { key: filing.class.to_string(), name: config.class_name(&filing.class) },
                criterion: filing.criterion,
                criterion_text: filing.criterion_text.clone(),
                closing_text: filing.closing_text.clone(),
                limit: limit_view(filing.limit),
                at: filing.at.millis(),
                by: filing.by.map(|id| person_view(&config, id)),
                procedure: filing.procedure,
            }),
            stage_data: serde_json::to_value(&case.stage).unwrap_or(Value::Null),
            clocks: case.clocks.iter().map(|clock| clock_view(&config, clock, now)).collect(),
            approval_log: case.approvals.iter().map(|approval| approval_view(&config, approval)).collect(),
            guard: json(case.guard.as_ref()),
            parent_line: parent_line.map(Box::new),
            children,
            duplicate_lines,
            merged_into: merged_into.map(Box::new),
            urgings: urgings(&config, case),
            callback: json(case.callback.as_ref()),
            rating: json(case.rating.as_ref()),
            appeal: json(case.appeal.as_ref()),
            exempted: case.exempted,
            fast_channel: case.fast_channel.clone(),
            reporter,
            reporter_hidden,
            actions: action_views(&config, actor, case, now)?,
            procedure_version: case.procedure,
            returned_from,
            now_at: now.millis(),
        })
    }

    async fn reporter_for(
        &self,
        actor: &Actor,
        id: CaseId,
    ) -> Result<(Option<ReporterView>, bool), AppError> {
        let stored = self.store().reporter(actor.city, id).await?;
        if !rights::may_see_reporter(actor) {
            return Ok((None, stored.is_some()));
        }
        let view = stored.map(|r| ReporterView {
            name: r.name,
            phone: r.phone,
            email: r.email,
            callback: r.callback,
            public: r.public,
            language: r.language,
        });
        Ok((view, false))
    }

    async fn line_if_seen(
        &self,
        actor: &Actor,
        config: &Config,
        id: CaseId,
    ) -> Result<Option<CaseLine>, AppError> {
        let found = self.store().case(actor.city, id).await?;
        Ok(found
            .filter(|stored| self.may_see(actor, config, stored.serial, &stored.case))
            .map(|stored| self.line_of(actor, config, &stored.case)))
    }

    /// The timeline of a case, oldest first.
    ///
    /// # Errors
    /// As [`App::see_case`].
    pub async fn see_facts(&self, actor: &Actor, id: &str) -> Result<Vec<FactView>, AppError> {
        let stored = self.find_case(actor, id).await?;
        let config = self.config(actor.city)?;
        let facts = self.store().facts(actor.city, stored.case.id).await?;
        Ok(fact_views(&config, &stored.case, &facts))
    }
}

fn action_views(
    config: &Config,
    actor: &Actor,
    case: &Case,
    now: Timestamp,
) -> Result<Vec<ActionView>, AppError> {
    let views = actions(case, actor, &config.context_of(case, now)?)
        .into_iter()
        .map(|action| ActionView {
            step: action.step.as_str().to_owned(),
            allowed: action.allowed,
            because: action.because.as_ref().map(because),
        })
        .collect();
    Ok(views)
}

/// A refusal for the wire: code and numbers; the sentence is added at the door, in the caller's language.
#[must_use]
pub fn because(refusal: &Refusal) -> Because {
    let mut params = serde_json::to_value(refusal).unwrap_or(Value::Null);
    if let Some(map) = params.as_object_mut() {
        map.remove("code");
    }
    Because { code: refusal.code().to_owned(), params, message: String::new() }
}

fn json<T: serde::Serialize>(value: Option<&T>) -> Option<Value> {
    value.and_then(|v| serde_json::to_value(v).ok())
}

pub(crate) fn clock_view(config: &Config, clock: &kernel::Clock, now: Timestamp) -> ClockView {
    ClockView {
        kind: clock.kind.as_str().to_owned(),
        limit: limit_view(clock.limit),
        extensions: clock.extra.iter().map(|limit| limit_view(*limit)).collect(),
        started_at: clock.started_at.millis(),
        due_at: clock.due_at().map_or(0, Timestamp::millis),
        ended_at: clock.ended_at.map(Timestamp::millis),
        paused: clock.is_paused(),
        allowed_ms: clock.length.0,
        used_ms: clock.used(now, &config.calendar).0,
        left_ms: clock.left(now, &config.calendar).0,
        left_unit: unit_word(clock.limit.unit).to_owned(),
        light: clock.light(now, &config.calendar).as_str().to_owned(),
    }
}

fn approval_view(config: &Config, approval: &Approval) -> ApprovalView {
    let state = match approval.state {
        ApprovalState::Open { .. } => "open",
        ApprovalState::Approved { .. } => "approved",
        ApprovalState::Rejected { .. } => "rejected",
        ApprovalState::Lapsed { .. } => "lapsed",
    };
    ApprovalView {
        kind: approval.kind.as_str().to_owned(),
        state: state.to_owned(),
        asked_at: approval.asked_at.millis(),
        asked_by: approval.asked_by.map(|id| person_view(config, id)),
        asked_as: approval.asked_as.map(|role| role.as_str().to_owned()),
        reason: approval.reason.clone(),
        extra: approval.extra.map(limit_view),
        until: approval.until.map(Timestamp::millis),
        chain: approval
            .chain
            .iter()
            .map(|step| step.iter().map(|r| r.as_str().to_owned()).collect())
            .collect(),
        answers: approval
            .answers
            .iter()
            .map(|answer| AnswerView {
                by: answer.by.map(|id| person_view(config, id)),
                role: answer.role.map(|role| role.as_str().to_owned()),
                at: answer.at.millis(),
                approved: answer.approved,
                opinion: answer.opinion.clone(),
            })
            .collect(),
    }
}

fn urgings(config: &Config, case: &Case) -> Vec<UrgingView> {
    let views = case.urgings.iter().enumerate().map(|(index, urging)| UrgingView {
        index: index.try_into().unwrap_or(u16::MAX),
        level: urging.level.map_or_else(|| "instruction".to_owned(), urging_word),
        requirement: urging.requirement.clone(),
        reply_needed: urging.reply_needed,
        at: urging.at.millis(),
        by: urging.by.map(|id| person_view(config, id)),
        answered_at: urging.answered_at.map(Timestamp::millis),
    });
    views.collect()
}

fn returned_from(facts: &[FactRecord]) -> Vec<DepartmentId> {
    let returned = facts.iter().filter_map(|record| match &record.fact {
        Fact::Returned { from, .. } => Some(*from),
        _ => None,
    });
    returned.collect()
}

/// All attachments of a case in the order they came, each once.
pub(crate) fn all_evidence(case: &Case, facts: &[FactRecord]) -> Vec<EvidenceView> {
    let mut views: Vec<EvidenceView> = Vec::new();
    for record in facts {
        for item in evidence_of(&record.fact) {
            if !views.iter().any(|v| v.attachment == item.attachment.as_str() && v.seq == record.seq) {
                views.push(evidence_view(case, record.seq, item));
            }
        }
    }
    views
}

fn evidence_view(case: &Case, seq: u32, item: &Evidence) -> EvidenceView {
    let metres =
        item.shot_from.zip(case.report.place.point).map(|(from, place)| from.metres_to(&place).round());
    let kind =
        serde_json::to_value(item.kind).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    EvidenceView {
        attachment: item.attachment.to_string(),
        content_type: if kind == "video" { "video/*" } else { "image/*" }.to_owned(),
        kind,
        shot_at: item.shot_at.map(Timestamp::millis),
        lng: item.shot_from.map(|p| p.lng()),
        lat: item.shot_from.map(|p| p.lat()),
        metres,
        seq,
    }
}

pub(crate) fn evidence_of(fact: &Fact) -> &[Evidence] {
    match fact {
        Fact::Reported { report, .. } => &report.evidence,
        Fact::Corrected { evidence, .. }
        | Fact::ConfirmationAnswered { evidence, .. }
        | Fact::ApprovalRequested { evidence, .. }
        | Fact::Replied { evidence, .. }
        | Fact::VerificationAnswered { evidence, .. }
        | Fact::Commented { evidence, .. } => evidence,
        _ => &[],
    }
}

/// Facts as a story: who, what, when, how long it took.
pub(crate) fn fact_views(config: &Config, case: &Case, facts: &[FactRecord]) -> Vec<FactView> {
    let mut views = Vec::with_capacity(facts.len());
    let mut before: Option<Timestamp> = None;
    let mut depth = 0u8;
    for record in facts {
        match &record.fact {
            Fact::SentBack { .. }
            | Fact::Returned { .. }
            | Fact::ReworkOrdered { .. }
            | Fact::ClosingRefused { .. }
            | Fact::Reopened { .. } => depth = 1,
            Fact::Filed { .. } | Fact::VerificationRequested { .. } | Fact::Closed { .. } => depth = 0,
            _ => {}
        }
        views.push(fact_view(config, case, record, before, depth));
        before = Some(record.at);
    }
    views
}

fn fact_view(
    config: &Config,
    case: &Case,
    record: &FactRecord,
    before: Option<Timestamp>,
    depth: u8,
) -> FactView {
    let (by, person, role, department, rule) = match &record.by {
        By::Person { person, role, department } => {
            ("person", Some(*person), Some(role.as_str().to_owned()), Some(*department), None)
        }
        By::Citizen => ("citizen", None, None, None, None),
        By::System { rule, version } => ("system", None, None, None, Some(format!("{rule} v{version}"))),
    };
    let data = serde_json::to_value(&record.fact).unwrap_or(Value::Null);
    let evidence =
        evidence_of(&record.fact).iter().map(|item| evidence_view(case, record.seq, item)).collect();
    FactView {
        seq: record.seq,
        at: record.at.millis(),
        by: by.to_owned(),
        person: person.map(|id| person_view(config, id)),
        role,
        department: department.map(|id| department_view(config, id)),
        rule,
        fact: record.fact.name().to_owned(),
        names: names_in(config, &data),
        data,
        took_ms: before.map(|at| (record.at - at).0),
        depth,
        evidence,
    }
}

/// Names of the departments and persons a fact speaks of, by the field they stand in.
fn names_in(config: &Config, data: &Value) -> BTreeMap<String, Words> {
    let mut names = BTreeMap::new();
    for (field, value) in data.as_object().into_iter().flatten() {
        let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
        match (field.as_str(), id) {
            ("department" | "from", Some(id)) => {
                names.insert(field.clone(), config.department_name(DepartmentId(id)));
            }
            ("collector" | "handler" | "to" | "by", Some(id)) => {
                names.insert(field.clone(), config.person_name(PersonId(id)));
            }
            ("assisting", _) => {
                for id in value.as_array().into_iter().flatten().filter_map(Value::as_u64) {
                    let id = u32::try_from(id).unwrap_or_default();
                    names.insert(format!("assisting.{id}"), config.department_name(DepartmentId(id)));
                }
            }
            ("shares", _) => {
                for share in value.as_array().into_iter().flatten() {
                    let id = share["department"]
                        .as_u64()
                        .and_then(|id| u32::try_from(id).ok())
                        .unwrap_or_default();
                    names.insert(format!("shares.{id}"), config.department_name(DepartmentId(id)));
                }
            }
            ("share", _) => {
                let id =
                    value["department"].as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
                names.insert("share".to_owned(), config.department_name(DepartmentId(id)));
            }
            _ => {}
        }
    }
    names
}
