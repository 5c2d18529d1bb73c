//! What a batch would make of the registry, and what is wrong with that.

use super::{EditCommand, Kept};
use crate::app::App;
use crate::components::{ComponentStepIn, Draft, problems_of};
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem};
use crate::ports::things::COMPONENTS;
use crate::ports::{PutThing, StoredThing};
use crate::view::Words;
use city::codes::ComponentCode;
use city::component::{Command, Component, Place, State};
use kernel::{Actor, Cgcs2000, PersonId, Point};
use serde::Serialize;
use spatial::check::{FindingKind, Limits, Severity};
use spatial::points::{ClassSet, Filter};
use std::collections::{BTreeMap, HashMap};
use utoipa::ToSchema;

/// Findings told of one batch; the rest is counted.
const FINDINGS_MAX: usize = 200;

/// One thing wrong with a batch, or worth a look.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EditFinding {
    /// Number of the command.
    pub command: u32,
    /// Code of the component; absent for one that is yet to get its code.
    pub component: Option<String>,
    /// `error`: it cannot be submitted or published so. `warning`: worth a look.
    pub severity: String,
    /// Stable code of the reason, such as `stale`, `too_near`, `cut_by_grid_line`.
    pub kind: String,
    /// The field it is about, when there is one.
    pub field: Option<String>,
    pub message: Words,
    /// The other component, for two too near each other.
    pub other: Option<String>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct EditReport {
    pub errors: u32,
    pub warnings: u32,
    pub findings: Vec<EditFinding>,
}

impl EditReport {
    fn say(&mut self, finding: EditFinding) {
        if finding.severity == "error" {
            self.errors += 1;
        } else {
            self.warnings += 1;
        }
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// # Errors
    /// [`AppError::Invalid`] naming every error by its command.
    pub(crate) fn refuse(&self) -> Result<(), AppError> {
        if self.errors == 0 {
            return Ok(());
        }
        let errors = self.findings.iter().filter(|finding| finding.severity == "error");
        let named = errors.map(|finding| {
            let field = finding.field.as_deref().map(|field| format!(".{field}")).unwrap_or_default();
            FieldProblem::new(format!("commands[{}]{field}", finding.command), "edit_finding")
                .with("component", finding.component.clone().unwrap_or_default())
                .with("kind", finding.kind.clone())
                .with("zh", finding.message.zh.clone())
                .with("en", finding.message.en.clone())
        });
        Err(AppError::Invalid(named.collect()))
    }
}

/// How a batch is worked out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fold {
    /// Who changes the components.
    pub by: PersonId,
    /// Whether new components get their codes: only when it is published.
    pub issue: bool,
}

/// What a batch makes of the components it is about.
pub(super) struct Folded {
    pub report: EditReport,
    /// In order of first mention, each with the number of its last command.
    drafts: Vec<(u32, Draft)>,
    own_codes: Vec<ComponentCode>,
}

impl Folded {
    /// Codes that were given from elsewhere, and the rows to write.
    pub fn into_puts(self) -> (Vec<ComponentCode>, Vec<PutThing>) {
        (self.own_codes, self.drafts.into_iter().filter_map(|(_, draft)| draft.into_put()).collect())
    }
}

/// One component in the middle of a batch.
struct Held {
    number: u32,
    draft: Draft,
    moved: bool,
}

fn error(number: u32, component: Option<String>, kind: &str, message: Words) -> EditFinding {
    EditFinding {
        command: number,
        component,
        severity: "error".to_owned(),
        kind: kind.to_owned(),
        field: None,
        message,
        other: None,
        lng: None,
        lat: None,
    }
}

fn stale(number: u32, code: &str) -> EditFinding {
    let message = Words {
        zh: format!("部件 {code} 在此期间已被他人修改，请重新查看后再改"),
        en: format!("component {code} was changed by someone else meanwhile; look at it again"),
    };
    error(number, Some(code.to_owned()), "stale", message)
}

fn unknown(number: u32, code: &str) -> EditFinding {
    let message = Words { zh: format!("没有部件 {code}"), en: format!("there is no component {code}") };
    error(number, Some(code.to_owned()), "unknown_component", message)
}

/// Problems of a field; the sentence is the field's own where the city's rules bring one, else its code.
fn from_fields(number: u32, code: Option<&str>, problems: Vec<FieldProblem>) -> Vec<EditFinding> {
    let finding = |problem: FieldProblem| {
        let text = |language: &str| {
            let own = problem.params.get(language).and_then(serde_json::Value::as_str);
            own.map_or_else(|| problem.code.to_owned(), str::to_owned)
        };
        let message = Words { zh: text("zh"), en: text("en") };
        let field = Some(problem.field.clone());
        EditFinding { field, ..error(number, code.map(str::to_owned), problem.code, message) }
    };
    problems.into_iter().map(finding).collect()
}

impl App {
    /// The check of a batch as things stand.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a batch the caller cannot see.
    pub async fn check_edit(&self, actor: &Actor, id: &str) -> Result<EditReport, AppError> {
        self.edit(actor, id).await?;
        let config = self.config(actor.city)?;
        self.check_commands(actor, &config, id).await
    }

    pub(super) async fn check_commands(
        &self,
        actor: &Actor,
        config: &Config,
        id: &str,
    ) -> Result<EditReport, AppError> {
        let kept: Vec<Kept> =
            self.commands_of(actor, id).await?.into_iter().map(|paper| paper.value).collect();
        let by = actor.person_id().unwrap_or(PersonId(0));
        Ok(self.fold(actor, config, &kept, Fold { by, issue: false }).await?.report)
    }

    /// Refuses a command that could not be carried out after those before it.
    pub(super) async fn check_last(
        &self,
        actor: &Actor,
        config: &Config,
        kept: &[Kept],
    ) -> Result<(), AppError> {
        let Some(last) = kept.last() else { return Ok(()) };
        // Only those about the same component matter to it.
        let about = |one: &&Kept| match (&one.command, &last.command) {
            (EditCommand::Step { code: a, .. }, EditCommand::Step { code: b, .. }) => a == b,
            _ => one.number == last.number,
        };
        let few: Vec<Kept> = kept.iter().filter(about).cloned().collect();
        let by = actor.person_id().unwrap_or(PersonId(0));
        let mut report = self.fold(actor, config, &few, Fold { by, issue: false }).await?.report;
        report.findings.retain(|finding| finding.command == last.number);
        report.errors = u32::try_from(report.findings.iter().filter(|f| f.severity == "error").count())
            .unwrap_or(u32::MAX);
        report.refuse()
    }

    /// Carries a batch out in memory.
    pub(super) async fn fold(
        &self,
        actor: &Actor,
        config: &Config,
        kept: &[Kept],
        how: Fold,
    ) -> Result<Folded, AppError> {
        let now = self.now();
        let mut report = EditReport::default();
        let rows = self.rows_of(actor, kept).await?;
        let mut held: Vec<Held> = Vec::new();
        let mut by_code: HashMap<String, usize> = HashMap::new();
        let mut own_codes = Vec::new();
        for Kept { number, command } in kept {
            let number = *number;
            match command {
                EditCommand::Register { component } => {
                    let registering = match component.clone().parse(config, config.calendar.local_date(now)) {
                        Ok(registering) => registering,
                        Err(AppError::Invalid(problems)) => {
                            from_fields(number, None, problems).into_iter().for_each(|f| report.say(f));
                            continue;
                        }
                        Err(other) => return Err(other),
                    };
                    let given = registering.code.clone();
                    let code = match (&given, how.issue) {
                        (Some(code), _) => Some(code.clone()),
                        (None, true) => {
                            let (grid, class) = (registering.grid().clone(), registering.class.clone());
                            self.issue_codes(actor.city, &grid, &class, 1).await?.into_iter().next()
                        }
                        (None, false) => registering.stand_in(),
                    };
                    let Some(code) = code else { return Err(AppError::Busy) };
                    let text = given.as_ref().map(ToString::to_string);
                    if let Some(text) = &text
                        && (rows.contains_key(text) || by_code.contains_key(text))
                    {
                        let message =
                            Words { zh: "标识码已被使用".into(), en: "the code is taken".into() };
                        report.say(error(number, Some(text.clone()), "taken", message));
                        continue;
                    }
                    let mut draft = Draft::new();
                    let command = Command::Register(Box::new(registering.under(code)));
                    match draft.take(config, command, how.by, now) {
                        Ok(()) => {
                            own_codes.extend(given);
                            if let Some(text) = text {
                                by_code.insert(text, held.len());
                            }
                            held.push(Held { number, draft, moved: true });
                        }
                        Err(problems) => {
                            let problems = problems_of("", &problems);
                            from_fields(number, text.as_deref(), problems)
                                .into_iter()
                                .for_each(|f| report.say(f));
                        }
                    }
                }
                EditCommand::Step { code, base_version, step } => {
                    let at = match by_code.get(code) {
                        Some(at) => *at,
                        None => {
                            let Some(row) = rows.get(code) else {
                                report.say(unknown(number, code));
                                continue;
                            };
                            if row.version != *base_version {
                                report.say(stale(number, code));
                                continue;
                            }
                            by_code.insert(code.clone(), held.len());
                            held.push(Held { number, draft: Draft::of(row)?, moved: false });
                            held.len() - 1
                        }
                    };
                    let found = match step.clone().parse(config) {
                        Ok(parsed) => held[at]
                            .draft
                            .take(config, parsed, how.by, now)
                            .map_err(|problems| problems_of("", &problems)),
                        Err(AppError::Invalid(problems)) => Err(problems),
                        Err(other) => return Err(other),
                    };
                    match found {
                        Ok(()) => {
                            held[at].number = number;
                            held[at].moved |= matches!(step, ComponentStepIn::Move { .. });
                        }
                        Err(problems) => {
                            from_fields(number, Some(code), problems).into_iter().for_each(|f| report.say(f));
                        }
                    }
                }
            }
        }
        for finding in self.topology(actor, config, &held).await? {
            report.say(finding);
        }
        let drafts = held.into_iter().map(|held| (held.number, held.draft)).collect();
        Ok(Folded { report, drafts, own_codes })
    }

    /// The rows of every component a batch names, by code.
    async fn rows_of(&self, actor: &Actor, kept: &[Kept]) -> Result<HashMap<String, StoredThing>, AppError> {
        let code = |kept: &Kept| match &kept.command {
            EditCommand::Step { code, .. } => Some(code.clone()),
            EditCommand::Register { component } => component.code.clone(),
        };
        let mut codes: Vec<String> = kept.iter().filter_map(code).collect();
        codes.sort_unstable();
        codes.dedup();
        let rows = self.store().things_by_code(actor.city, COMPONENTS, &codes).await?;
        Ok(rows.into_iter().map(|row| (row.code.clone(), row)).collect())
    }

    /// Components set down or moved: cut by a grid line, too near another of their class.
    async fn topology(
        &self,
        actor: &Actor,
        config: &Config,
        held: &[Held],
    ) -> Result<Vec<EditFinding>, AppError> {
        let limits = Limits::default();
        let mut findings = Vec::new();
        let mut near: Vec<(EditFinding, u64)> = Vec::new();
        {
            let city = self.city(actor.city)?;
            let map = city.ground.read();
            let mut of_class: BTreeMap<String, Vec<(usize, Point<Cgcs2000>)>> = BTreeMap::new();
            let set_down = held.iter().enumerate().filter(|(_, held)| held.moved);
            for (i, one) in set_down {
                let Some(component) = one.draft.component.as_ref().filter(|c| c.state != State::Removed)
                else {
                    continue;
                };
                let code = one.draft.serial().map(|_| component.code.to_string());
                if is_cut(config, component) {
                    findings.push(topological(
                        one.number,
                        code.clone(),
                        FindingKind::CutByGridLine,
                        component,
                    ));
                }
                let Place::Point(at) = component.place else { continue };
                let class = component.code.class.to_string();
                let set: ClassSet = map.things.classes().place(&class).into_iter().collect();
                let own = one.draft.serial();
                // What the batch itself moves or removes is compared where it will be.
                let elsewhere = |id: u64| {
                    held.iter()
                        .any(|other| other.draft.serial() == Some(id) && (other.moved || other.is_removed()))
                };
                let only = |id: u64, _: &spatial::points::Traits| Some(id) != own && !elsewhere(id);
                let filter = Filter { classes: Some(&set), only: Some(&only), ..Filter::default() };
                for (thing, _) in map.things.nearest(at, limits.near_m, 1, &filter) {
                    near.push((
                        topological(one.number, code.clone(), FindingKind::TooNear, component),
                        thing.id,
                    ));
                }
                let others = of_class.entry(class).or_default();
                for (j, other) in others.iter() {
                    if other.metres_to(&at) < limits.near_m {
                        let mut finding =
                            topological(one.number, code.clone(), FindingKind::TooNear, component);
                        finding.other = held[*j]
                            .draft
                            .component
                            .as_ref()
                            .filter(|_| held[*j].draft.serial().is_some())
                            .map(|c| c.code.to_string());
                        findings.push(finding);
                    }
                }
                others.push((i, at));
            }
        }
        let serials: Vec<u64> = near.iter().map(|(_, serial)| *serial).collect();
        let rows = self.store().things_by_serial(actor.city, &serials).await?;
        let codes: HashMap<u64, String> = rows.into_iter().map(|row| (row.serial, row.code)).collect();
        findings.extend(
            near.into_iter()
                .map(|(finding, serial)| EditFinding { other: codes.get(&serial).cloned(), ..finding }),
        );
        Ok(findings)
    }
}

impl Held {
    fn is_removed(&self) -> bool {
        self.draft.component.as_ref().is_some_and(|component| component.state == State::Removed)
    }
}

fn topological(number: u32, component: Option<String>, kind: FindingKind, of: &Component) -> EditFinding {
    let at = of.place.anchor();
    let severity = match kind.severity() {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    EditFinding {
        command: number,
        component,
        severity: severity.to_owned(),
        kind: kind.code().to_owned(),
        field: Some("place".to_owned()),
        message: words(&kind.text()),
        other: None,
        lng: at.map(|point| point.lng()),
        lat: at.map(|point| point.lat()),
    }
}

/// Whether a line or polygon has a vertex in another unit grid than its own.
fn is_cut(config: &Config, component: &Component) -> bool {
    let elsewhere =
        |point: &Point<Cgcs2000>| config.grids.at(*point).is_some_and(|grid| *grid != component.grid);
    match &component.place {
        Place::Point(_) => false,
        Place::Line(line) => line.iter().any(elsewhere),
        Place::Polygon(rings) => rings.iter().flatten().any(elsewhere),
    }
}
