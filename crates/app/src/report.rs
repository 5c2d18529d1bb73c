//! A report becomes a case (上报, 登记): T01–T03, and with the desk's one stroke T11 and T12.

use crate::app::App;
use crate::config::Config;
use crate::convert::{self, DESCRIPTION_MAX};
use crate::draft::Draft;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{Outcome, Reporter, StoreError};
use crate::secret::{hash_secret, new_secret};
use crate::step::{ReportIn, ReporterIn, ThenIn};
use crate::view::CaseView;
use case::{Case, Command, Level, Refusal, Report, Source, Step};
use kernel::{Actor, CaseId, CaseNumber, ClassKey, Role};

/// What a report led to.
#[derive(Debug)]
pub struct Reported {
    pub view: CaseView,
    /// False when this very report had arrived before.
    pub created: bool,
}

/// A report after all its codes were understood.
pub(crate) struct ParsedReport {
    pub id: CaseId,
    pub report: Report,
    pub reporter: Option<Reporter>,
    pub photo_hashes: Vec<(String, u64)>,
}

const ATTRIBUTES_MAX: usize = 40;

impl App {
    /// Makes a case of a report. The client's id makes it safe to send twice.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every wrong field, or the refusal of the rule that says no.
    pub async fn report_case(&self, actor: &Actor, sent: ReportIn) -> Result<Reported, AppError> {
        let config = self.config(actor.city)?;
        let source = source_for(actor, sent.source.as_deref())?;
        let criterion = sent.criterion;
        let (then, self_handled) = (sent.then, sent.self_handled);
        let parsed = self.parse_report(&config, source, sent).await?;
        if let Some(existing) = self.store().case(actor.city, parsed.id).await? {
            return self.same_report(actor, existing.case).await;
        }
        let now = self.now();
        let date = config.calendar.yyyymmdd(now);
        let (id, class) = (parsed.id, parsed.report.class.clone());
        let command = |number: CaseNumber| {
            let (report, procedure) = (parsed.report.clone(), config.procedure);
            if self_handled {
                Command::ReportSelfHandled { id, number, report, procedure }
            } else {
                Command::Report { id, number, report, procedure, parent: None, level: Level::City }
            }
        };
        // A report that is refused takes no number: tried first with one that no case has.
        let mut trial = Draft::new(command(CaseNumber::new(actor.city, date, 0)), actor, &config, now)?;
        self.go_on(&mut trial, actor, &config, then, class.clone(), criterion)?;
        let number = self.store().next_number(actor.city, date).await?;
        let mut draft = Draft::new(command(number), actor, &config, now)?;
        draft.photo_hashes = parsed.photo_hashes;
        self.go_on(&mut draft, actor, &config, then, class, criterion)?;
        let link = self.follow_link(&mut draft, parsed.reporter);
        self.automatic_steps(&mut draft, &config, now).await;
        let created = self.save_report(draft, link.as_deref()).await?;
        let view = self.see_case(actor, &id.to_string()).await?;
        Ok(Reported { view, created })
    }

    /// The desk's one stroke: pass on, and file when the operator may.
    fn go_on(
        &self,
        draft: &mut Draft,
        actor: &Actor,
        config: &Config,
        then: ThenIn,
        class: Option<ClassKey>,
        criterion: Option<u16>,
    ) -> Result<(), AppError> {
        let now = self.now();
        if then == ThenIn::Report {
            return Ok(());
        }
        draft.step(Command::Accept { opinion: String::new() }, actor, config, now)?;
        if then == ThenIn::File {
            let class = class.ok_or_else(|| AppError::invalid("class", "required"))?;
            let criterion = criterion.ok_or_else(|| AppError::invalid("criterion", "required"))?;
            let standard = convert::standard(config, &class, criterion, &draft.state.report.place)?;
            let command = Command::File { standard, opinion: String::new(), procedure: config.procedure };
            draft.step(command, actor, config, now)?;
        }
        Ok(())
    }

    /// Gives a waiting reporter a secret link. Returns the address to follow the case at.
    pub(crate) fn follow_link(&self, draft: &mut Draft, reporter: Option<Reporter>) -> Option<String> {
        let reporter = reporter?;
        let secret = new_secret();
        draft.secret_hash = Some(hash_secret(&secret));
        draft.reporter = Some(reporter);
        Some(format!("{}/citizen/f/{secret}", self.public_url()))
    }

    /// Saves a new case; `false` when another request with the same id was quicker.
    pub(crate) async fn save_report(&self, draft: Draft, link: Option<&str>) -> Result<bool, AppError> {
        match self.commit(vec![draft.into_append(None, link)]).await {
            Ok(done) => Ok(done.first().is_none_or(|d| d.outcome == Outcome::Written)),
            Err(AppError::Store(StoreError::Exists { .. })) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn same_report(&self, actor: &Actor, existing: Case) -> Result<Reported, AppError> {
        if existing.reported_by != actor.person_id() {
            return Err(AppError::invalid("id", "taken"));
        }
        let view = self.see_case(actor, &existing.id.to_string()).await?;
        Ok(Reported { view, created: false })
    }

    /// Understands every code of a report, or names every field that is wrong.
    pub(crate) async fn parse_report(
        &self,
        config: &Config,
        source: Source,
        sent: ReportIn,
    ) -> Result<ParsedReport, AppError> {
        let mut problems = Problems::default();
        if sent.id.get_version_num() != 7 {
            problems.add("id", "not_uuid_v7");
        }
        let text = sent.text.trim().to_owned();
        if text.is_empty() {
            problems.add("text", "required");
        }
        problems.bounded("text", &text, DESCRIPTION_MAX);
        let mut place = convert::place(config, "place", &sent.place, &mut problems);
        // Who only pointed at the map gets the words a street crew needs.
        if let Some(at) = place.point.filter(|_| place.address.is_empty()) {
            place.address = self.address_in_words(config, at).unwrap_or_default();
        }
        if place.point.is_none() && place.address.is_empty() {
            problems.add("place", "required");
        }
        let class = sent.class.as_deref().and_then(|key| convert::class(config, "class", key, &mut problems));
        if let Some(component) = &sent.component {
            problems.bounded("component", component, 40);
            // A code of a component is one that is registered; other texts are another system's own.
            if component.parse::<city::codes::ComponentCode>().is_ok()
                && let Err(AppError::Invalid(more)) = self.reported_component(config.city, component).await
            {
                more.into_iter().for_each(|problem| problems.push(problem));
            }
        }
        check_attributes(config, class.as_ref(), &sent.attributes, &mut problems);
        let reporter = sent.reporter.map(|r| reporter(r, &mut problems));
        let (evidence, photo_hashes) = match self.evidence(config.city, "evidence", &sent.evidence).await {
            Ok(found) => found,
            Err(AppError::Invalid(more)) => {
                more.into_iter().for_each(|problem| problems.push(problem));
                (Vec::new(), Vec::new())
            }
            Err(other) => return Err(other),
        };
        problems.done()?;
        let wants_answer =
            reporter.as_ref().is_some_and(|r| r.callback || !r.phone.is_empty() || !r.email.is_empty());
        let report = Report {
            source,
            text,
            place,
            class,
            component: sent.component.filter(|c| !c.is_empty()),
            evidence,
            urgent: sent.urgent,
            consultation: sent.consultation,
            wants_answer,
            attributes: sent.attributes,
        };
        Ok(ParsedReport { id: CaseId(sent.id), report, reporter, photo_hashes })
    }
}

/// The channel a signed-in person reports by: fixed by the role on the street, chosen at a desk.
fn source_for(actor: &Actor, sent: Option<&str>) -> Result<Source, AppError> {
    let chosen = match sent {
        None => None,
        Some(word) => {
            let known = Source::ALL.into_iter().find(|source| source.as_str() == word);
            Some(known.ok_or_else(|| AppError::invalid("source", "unknown_source"))?)
        }
    };
    if actor.is_system() || actor.has(Role::IntakeOperator) {
        return chosen
            .filter(|source| *source != Source::Parent)
            .ok_or_else(|| AppError::invalid("source", "required"));
    }
    let own = if actor.has(Role::Collector) {
        Source::Collector
    } else if actor.has(Role::Leader) {
        Source::Leader
    } else if actor.has(Role::Supervisor) {
        Source::UpperPlatform
    } else if actor.has(Role::DepartmentOfficer) || actor.has(Role::Handler) {
        Source::Department
    } else {
        let allowed = vec![Role::Collector, Role::IntakeOperator];
        return Err(AppError::Refused(Refusal::RoleMayNot { step: Step::Report, allowed }));
    };
    match chosen {
        Some(other) if other != own => Err(AppError::invalid("source", "not_your_source")),
        _ => Ok(own),
    }
}

fn check_attributes(
    config: &Config,
    class: Option<&ClassKey>,
    sent: &std::collections::BTreeMap<String, String>,
    problems: &mut Problems,
) {
    if sent.len() > ATTRIBUTES_MAX {
        problems.push(FieldProblem::new("attributes", "too_many").with("max", ATTRIBUTES_MAX as u64));
        return;
    }
    for (code, value) in sent {
        problems.bounded(&format!("attributes.{code}"), code, 60);
        problems.bounded(&format!("attributes.{code}"), value, 1_000);
    }
    let Some(entry) = class.and_then(|key| config.catalogue.get(key)) else { return };
    for question in entry.attributes.iter().filter(|q| q.required && q.variable) {
        if sent.get(&question.code).is_none_or(|answer| answer.trim().is_empty()) {
            problems.add(format!("attributes.{}", question.code), "required");
        }
    }
}

/// Who reported, within bounds.
pub(crate) fn reporter(sent: ReporterIn, problems: &mut Problems) -> Reporter {
    problems.bounded("reporter.name", &sent.name, 60);
    problems.bounded("reporter.phone", &sent.phone, 30);
    problems.bounded("reporter.email", &sent.email, 120);
    let phone: String = sent.phone.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if !phone.is_empty() && !phone.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '(' | ')')) {
        problems.add("reporter.phone", "not_a_phone");
    }
    let email = sent.email.trim().to_owned();
    let looks_right = email.contains('@') && !email.contains(char::is_whitespace);
    if !(email.is_empty() || looks_right) {
        problems.add("reporter.email", "not_an_email");
    }
    let language = if sent.language == "en" { "en" } else { "zh" }.to_owned();
    Reporter {
        name: sent.name.trim().to_owned(),
        phone,
        email,
        public: sent.public,
        callback: sent.callback,
        language,
    }
}
