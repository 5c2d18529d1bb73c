//! Ownership to be confirmed (确权): what a department has not said yet that it owns, and asking it to.

use crate::app::App;
use crate::components::{ComponentLine, Select, Selected, component_line, officer_of};
use crate::error::{AppError, FieldProblem};
use crate::line::department_view;
use crate::ports::Notice;
use crate::rights;
use crate::view::DepartmentView;
use kernel::{Actor, DepartmentId, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: usize = 200;
const LIMIT: usize = 50;
/// Components looked at for one page; after so many it is answered as it is, with where to go on.
const LOOKED_MAX: usize = 10_000;
const LOOK_PAGE: usize = 500;
/// Components looked at to ask departments: a few seconds. More is asked for by class or area.
const ASKED_MAX: u64 = 50_000;

#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnershipQuery {
    pub class: Vec<String>,
    pub grid: Vec<String>,
    /// Of this department; an officer's own when left out.
    pub department: Option<u32>,
    #[param(max_length = 20)]
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnershipPage {
    pub items: Vec<ComponentLine>,
    pub next: Option<String>,
}

/// Whom to ask about which components.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnershipAsk {
    pub select: Select,
    /// Only says who would be asked.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnershipView {
    pub unconfirmed: u64,
    /// Nobody is known to own or answer for them.
    pub without_department: u64,
    pub departments: Vec<OwnershipDepartment>,
    /// Officers who were told.
    pub told: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnershipDepartment {
    pub department: DepartmentView,
    pub components: u64,
    pub officers: u32,
}

impl App {
    /// Components whose ownership a department has yet to confirm.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for whoever neither confirms nor keeps the registry.
    pub async fn unconfirmed(&self, actor: &Actor, q: &OwnershipQuery) -> Result<OwnershipPage, AppError> {
        let mut roles = rights::REGISTRY_EDITORS.to_vec();
        roles.extend(rights::REGISTRY_REVIEWERS);
        let keeps = rights::one_of(actor, &roles, "").is_ok();
        roles.push(Role::DepartmentOfficer);
        rights::one_of(actor, &roles, "see what is to be confirmed")?;
        let config = self.config(actor.city)?;
        let own: Vec<DepartmentId> = officer_of(actor).collect();
        let wanted = match q.department.map(DepartmentId) {
            Some(id) if keeps || own.iter().any(|own| config.organisation.within(id, *own)) => vec![id],
            Some(_) => return Err(AppError::Forbidden("see another department's components")),
            None if own.is_empty() => Vec::new(),
            None => own,
        };
        let select = Select {
            class: q.class.clone(),
            grid: q.grid.clone(),
            confirmed: Some(false),
            ..Select::default()
        };
        let selected = Selected::parse(&select)?;
        let limit = q.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        let mut after = match q.after.as_deref() {
            None => 0,
            Some(text) => text.parse::<u64>().map_err(|_| AppError::invalid("after", "unknown_value"))?,
        };
        let (mut items, mut looked) = (Vec::new(), 0);
        loop {
            let (serials, _) = self.select_serials(actor, &selected, after, LOOK_PAGE)?;
            let ended = serials.len() < LOOK_PAGE;
            looked += serials.len();
            for stored in self.store().things_by_serial(actor.city, &serials).await? {
                after = stored.serial;
                let component = crate::components::read(&stored)?;
                let theirs = wanted.is_empty()
                    || self
                        .departments_of(&config, &component)
                        .iter()
                        .any(|id| wanted.iter().any(|wanted| config.organisation.within(*id, *wanted)));
                if theirs {
                    items.push(component_line(&config, &stored)?);
                }
                if items.len() == limit {
                    return Ok(OwnershipPage { items, next: Some(after.to_string()) });
                }
            }
            if ended {
                return Ok(OwnershipPage { items, next: None });
            }
            if looked >= LOOKED_MAX {
                return Ok(OwnershipPage { items, next: Some(after.to_string()) });
            }
        }
    }

    /// Counts what each department has to confirm, and tells its officers.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for more than can be looked at in one request.
    pub async fn ask_ownership(&self, actor: &Actor, sent: OwnershipAsk) -> Result<OwnershipView, AppError> {
        rights::one_of(actor, &rights::REGISTRY_EDITORS, "ask for confirmation of ownership")?;
        let config = self.config(actor.city)?;
        let selected = Selected::parse(&Select { confirmed: Some(false), ..sent.select })?;
        let (mut after, mut unconfirmed, mut without) = (0, 0_u64, 0_u64);
        let mut counts: BTreeMap<DepartmentId, u64> = BTreeMap::new();
        loop {
            let (serials, total) = self.select_serials(actor, &selected, after, LOOK_PAGE * 4)?;
            if total > ASKED_MAX {
                let problem =
                    FieldProblem::new("select", "too_many").with("max", ASKED_MAX).with("count", total);
                return Err(AppError::Invalid(vec![problem]));
            }
            let Some(last) = serials.last().copied() else { break };
            for stored in self.store().things_by_serial(actor.city, &serials).await? {
                let component = crate::components::read(&stored)?;
                unconfirmed += 1;
                match self.department_of_owner(&config, &component) {
                    Some(id) => *counts.entry(id).or_default() += 1,
                    None => without += 1,
                }
            }
            after = last;
        }
        let officers = |department: DepartmentId| {
            let holds = move |person: &&city::Person| {
                person.active
                    && person
                        .posts
                        .iter()
                        .any(|post| post.role == Role::DepartmentOfficer && post.department == department)
            };
            config.people.values().filter(holds)
        };
        let mut notices = Vec::new();
        for (department, count) in &counts {
            for person in officers(*department) {
                notices.push(Notice {
                    channel: "inbox".into(),
                    to: person.id.to_string(),
                    template: "ownership_asked".into(),
                    language: config.settings.default_language.clone(),
                    params: [("count".to_owned(), serde_json::json!(count))].into_iter().collect(),
                });
            }
        }
        let told = u32::try_from(notices.len()).unwrap_or(u32::MAX);
        if !sent.dry_run && !notices.is_empty() {
            self.store().queue_notices(actor.city, self.now(), notices).await?;
        }
        let views = counts.iter().map(|(id, count)| OwnershipDepartment {
            department: department_view(&config, *id),
            components: *count,
            officers: u32::try_from(officers(*id).count()).unwrap_or(u32::MAX),
        });
        Ok(OwnershipView {
            unconfirmed,
            without_department: without,
            departments: views.collect(),
            told: if sent.dry_run { 0 } else { told },
        })
    }
}
