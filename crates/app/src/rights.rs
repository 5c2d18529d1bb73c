//! Rights: which functions a person may use and which cases a person may see. One policy, compiled to
//! a filter over the columns; single cases are tested by the same grounds.

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::live::Change;
use crate::papers::CAPTURE;
use crate::ports::COMPONENTS;
use case::Case;
use index::{Filter, Grant, Query, Visibility};
use kernel::actor::Who;
use kernel::{Actor, Area, CityCode, DepartmentId, Post, Role};
use std::sync::Arc;

/// # Errors
/// [`AppError::Forbidden`] unless one of the actor's posts holds `role`.
pub fn only(actor: &Actor, role: Role, what: &'static str) -> Result<(), AppError> {
    one_of(actor, &[role], what)
}

/// # Errors
/// [`AppError::Forbidden`] unless one of the actor's posts holds one of `roles`.
pub fn one_of(actor: &Actor, roles: &[Role], what: &'static str) -> Result<(), AppError> {
    let held = actor.is_system() || roles.iter().any(|role| actor.has(*role));
    if held { Ok(()) } else { Err(AppError::Forbidden(what)) }
}

/// Desk roles of the two centres.
pub const CENTRE: [Role; 5] =
    [Role::IntakeOperator, Role::ShiftLeader, Role::Dispatcher, Role::Leader, Role::Supervisor];

/// Who keeps the registry.
pub const REGISTRY_EDITORS: [Role; 1] = [Role::SystemAdmin];

/// Who looks over and publishes what others changed in the registry.
pub const REGISTRY_REVIEWERS: [Role; 3] = [Role::Leader, Role::Supervisor, Role::ShiftLeader];

/// Words for the functions open to `actor`; the screens show only these.
#[must_use]
pub fn features(actor: &Actor) -> Vec<&'static str> {
    let table: [(&str, &[Role]); 22] = [
        (
            "cases",
            &[
                Role::Collector,
                Role::IntakeOperator,
                Role::ShiftLeader,
                Role::Dispatcher,
                Role::DepartmentOfficer,
                Role::Handler,
                Role::Leader,
                Role::Supervisor,
            ],
        ),
        ("intake", &[Role::IntakeOperator]),
        ("file", &[Role::ShiftLeader]),
        ("dispatch", &[Role::Dispatcher]),
        ("department", &[Role::DepartmentOfficer]),
        ("street", &[Role::Collector, Role::Handler]),
        ("collect", &[Role::Collector]),
        ("lead", &[Role::Leader, Role::Supervisor]),
        ("map", &CENTRE),
        (
            "ledgers",
            &[Role::ShiftLeader, Role::Dispatcher, Role::Leader, Role::Supervisor, Role::DepartmentOfficer],
        ),
        (
            "overview",
            &[Role::ShiftLeader, Role::Dispatcher, Role::Leader, Role::Supervisor, Role::DepartmentOfficer],
        ),
        (
            "export",
            &[Role::ShiftLeader, Role::Dispatcher, Role::Leader, Role::Supervisor, Role::DepartmentOfficer],
        ),
        ("roster", &[Role::IntakeOperator, Role::ShiftLeader, Role::SystemAdmin]),
        ("configuration", &[Role::SystemAdmin]),
        ("people", &[Role::SecurityAdmin]),
        ("audit", &[Role::AuditAdmin]),
        ("check", &[Role::SystemAdmin, Role::AuditAdmin, Role::Leader]),
        ("reporters", &[Role::IntakeOperator, Role::ShiftLeader]),
        ("registry", &Role::ALL),
        ("registry_edit", &REGISTRY_EDITORS),
        ("registry_review", &REGISTRY_REVIEWERS),
        ("configuration_read", &[Role::SystemAdmin, Role::ShiftLeader, Role::Dispatcher, Role::Leader]),
    ];
    table
        .iter()
        .filter(|(_, roles)| roles.iter().any(|role| actor.has(*role)))
        .map(|(word, _)| *word)
        .collect()
}

/// True for those who may know who reported: intake and the shift leader, never a department.
#[must_use]
pub fn may_see_reporter(actor: &Actor) -> bool {
    let handles = actor.posts().iter().any(|post| post.role.handles());
    !handles && (actor.has(Role::IntakeOperator) || actor.has(Role::ShiftLeader))
}

/// True for those who may read a register: components and what surveys captured everybody signed in, a pack's those it names. A citizen sees public cards only.
#[must_use]
pub fn sees_register(actor: &Actor, config: &Config, register: &str) -> bool {
    if register == COMPONENTS || register == CAPTURE {
        return actor.is_system() || actor.person_id().is_some();
    }
    crate::registers::sees_register(actor, config, register)
}

/// The cases `actor` may see, as a filter over the columns.
#[must_use]
pub fn visibility(actor: &Actor, config: &Config) -> Visibility {
    match &actor.who {
        Who::System { .. } => Visibility::All,
        // A citizen reads one case through its secret link and never a list.
        Who::Citizen { .. } => Visibility::nothing(),
        Who::Person { person, posts } => {
            let mut grants = Vec::new();
            for post in posts {
                let scope = scope_of(config.city, post);
                match post.role {
                    Role::IntakeOperator
                    | Role::ShiftLeader
                    | Role::Dispatcher
                    | Role::Leader
                    | Role::Supervisor => {
                        if scope.areas.is_empty() && scope.classes.is_empty() {
                            return Visibility::All;
                        }
                        grants.push(scope);
                    }
                    Role::DepartmentOfficer => grants.push(Grant {
                        departments: Some(with_sub_units(config, post.department)),
                        also_past: true,
                        ..scope
                    }),
                    // Who worked on a case may see what became of it, long after it left their hands.
                    Role::Handler => {
                        grants.push(Grant { handler: Some(*person), ..Grant::default() });
                        grants.push(Grant { worker: Some(*person), ..Grant::default() });
                    }
                    Role::Collector => {
                        if !scope.areas.is_empty() {
                            grants.push(scope);
                        }
                        grants.push(Grant { collector: Some(*person), ..Grant::default() });
                        grants.push(Grant { reported_by: Some(*person), ..Grant::default() });
                        grants.push(Grant { worker: Some(*person), ..Grant::default() });
                    }
                    Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin => {}
                }
            }
            Visibility::Any(grants)
        }
    }
}

fn scope_of(city: CityCode, post: &Post) -> Grant {
    // The city's own code means everywhere: districts do not begin with it.
    let whole = city.to_string();
    let areas: Vec<Area> = post.scope.areas.iter().filter(|area| area.as_str() != whole).cloned().collect();
    let areas = if areas.len() < post.scope.areas.len() { Vec::new() } else { areas };
    Grant { areas, classes: post.scope.classes.clone(), ..Grant::default() }
}

/// A department and everything below it.
#[must_use]
pub fn with_sub_units(config: &Config, department: DepartmentId) -> Vec<DepartmentId> {
    config
        .organisation
        .iter()
        .map(|d| d.id)
        .filter(|id| config.organisation.within(*id, department))
        .collect()
}

/// What one listener of the live stream may see; compiled once, cheap for each change.
pub struct Sees {
    app: App,
    city: CityCode,
    visibility: Arc<Visibility>,
    one: Option<kernel::CaseId>,
}

impl Sees {
    /// True when the changed case is one this listener may see, as it is now.
    #[must_use]
    pub fn change(&self, change: &Change) -> bool {
        if change.city != self.city || self.one.is_some_and(|id| id != change.id) {
            return false;
        }
        if matches!(*self.visibility, Visibility::All) {
            return true;
        }
        self.app.in_columns(self.city, change.serial, &self.visibility)
    }

    /// Only changes of this case.
    #[must_use]
    pub fn only_case(mut self, id: kernel::CaseId) -> Self {
        self.one = Some(id);
        self
    }
}

impl App {
    /// Rights for one listener of the live stream.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn sees(&self, actor: &Actor) -> Result<Sees, AppError> {
        let config = self.config(actor.city)?;
        let visibility = Arc::new(visibility(actor, &config));
        Ok(Sees { app: self.clone(), city: actor.city, visibility, one: None })
    }

    fn in_columns(&self, city: CityCode, serial: u32, visibility: &Visibility) -> bool {
        let query = Query { filter: &Filter::default(), visibility, now: self.now(), within: None };
        self.city(city).is_ok_and(|city| city.index.read().matches(serial, &query))
    }

    /// True when `actor` may see this case.
    pub(crate) fn may_see(&self, actor: &Actor, config: &Config, serial: u32, case: &Case) -> bool {
        if let Who::Citizen { case: Some(own) } = actor.who {
            return own == case.id;
        }
        match visibility(actor, config) {
            Visibility::All => true,
            limited => self.in_columns(actor.city, serial, &limited),
        }
    }
}
