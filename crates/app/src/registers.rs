//! Registers of industry packs (登记簿): entries with fields, documents, inspections, offences, scores and cases,
//! all as the pack says. Nothing here knows a shop from a tree.

mod book;
pub(crate) mod bring;
mod cases;
mod entry;
mod files;
mod inspect;
mod list;
mod packs;
mod rules;
mod score;
mod see;
mod write;

pub use cases::{RaiseIn, RaisedView};
pub use entry::{Body, EntryCase};
pub use files::EntryFiles;
pub use inspect::{
    DuePage, DueQuery, DueView, InspectIn, InspectionView, ItemAnswerIn, OffenceIn, OffenceView, RecordsView,
    WithdrawIn,
};
pub use list::{EntryLine, EntryPage, EntryQuery};
pub use packs::{
    ActivePack, ChangeView, CheckPackIn, CheckedPackView, FileIn, Offered, PackFileView, PackRecord,
    PackView, Packs, ProblemView, SwitchPackIn,
};
pub use rules::RegisterTick;
pub use score::{AreaScore, ScoreQuery, ScoresView};
pub use see::{
    DueStateView, EntryCaseView, EntryDocumentView, EntryHistoryLine, EntryView, MayView, RegisterView,
    RelatedView,
};
pub use write::{EntryIn, EntryStepIn, EntryStepRequest, HeldIn};

pub(crate) use book::Books;
pub(crate) use bring::regridded;
pub(crate) use entry::Entry;
pub(crate) use packs::Shelf;

use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::rights::with_sub_units;
use kernel::{Actor, GridCode, Role};
use pack::Register;
use std::sync::Arc;

/// Register of the inspections (检查) of every pack; its class is the register they belong to.
pub(crate) const INSPECTIONS: &str = "inspection";
/// Register of the offences (违规) of every pack; its class is the register they belong to.
pub(crate) const OFFENCES: &str = "offence";

/// True when `actor` may read the register's entries, at least in the own areas. An unknown or switched-off
/// register is nobody's.
#[must_use]
pub fn sees_register(actor: &Actor, config: &Config, register: &str) -> bool {
    config.packs.register(register).is_some_and(|register| sees(actor, register))
}

/// One of the posts that may see the register is bound to no area.
fn everywhere(actor: &Actor, register: &Register) -> bool {
    let unbound = |post: &kernel::Post| post.scope.areas.is_empty();
    actor.is_system()
        || actor.posts().iter().any(|post| register.rights.see.contains(&post.role) && unbound(post))
}

fn sees(actor: &Actor, register: &Register) -> bool {
    actor.is_system() || actor.posts().iter().any(|post| register.rights.see.contains(&post.role))
}

/// Posts that hold one of `roles` and reach the place. Nobody's scope holds what lies in no grid.
fn posts_reach(actor: &Actor, config: &Config, roles: &[Role], grid: Option<&GridCode>) -> bool {
    let whole = config.city.to_string();
    actor.posts().iter().filter(|post| roles.contains(&post.role)).any(|post| {
        let areas = &post.scope.areas;
        areas.is_empty()
            || areas.iter().any(|area| {
                area.as_str() == whole || grid.is_some_and(|grid| config.divisions.within(grid, area))
            })
    })
}

/// A sensitive register is seen inside one's own area only.
fn sees_entry(actor: &Actor, config: &Config, register: &Register, body: &Body) -> bool {
    if actor.is_system() {
        return true;
    }
    if !register.rights.sensitive {
        return sees(actor, register);
    }
    posts_reach(actor, config, &register.rights.see, body.grid().as_ref())
}

pub(crate) fn sees_personal(actor: &Actor, register: &Register) -> bool {
    actor.is_system() || register.rights.personal.iter().any(|role| actor.has(*role))
}

/// Whether `actor` keeps this entry: by role, area, and where the pack says so by department.
fn may_edit(actor: &Actor, config: &Config, register: &Register, body: &Body) -> bool {
    if actor.is_system() || actor.has(Role::SystemAdmin) {
        return true;
    }
    if !sees_entry(actor, config, register, body)
        || !posts_reach(actor, config, &register.rights.edit, body.grid().as_ref())
    {
        return false;
    }
    let Some(keeper) = &register.rights.keeper else { return true };
    // Roles other than the department's own are not bound to a department.
    let other = register.rights.edit.iter().any(|role| !role.handles() && actor.has(*role));
    other
        || body
            .fields
            .get(keeper)
            .and_then(serde_json::Value::as_u64)
            .is_some_and(|id| keeps(actor, config, id))
}

fn keeps(actor: &Actor, config: &Config, department: u64) -> bool {
    actor
        .posts()
        .iter()
        .filter(|post| post.role.handles())
        .flat_map(|post| with_sub_units(config, post.department))
        .any(|own| u64::from(own.0) == department)
}

fn may_inspect(actor: &Actor, config: &Config, register: &Register, body: &Body) -> bool {
    actor.is_system() || posts_reach(actor, config, &register.rights.inspect, body.grid().as_ref())
}

impl App {
    /// The register, if `actor` may see it; a hidden one looks like a missing one.
    pub(crate) fn register_for(&self, actor: &Actor, id: &str) -> Result<(Arc<Config>, Register), AppError> {
        let config = self.config(actor.city)?;
        let found = config.packs.register(id).filter(|register| sees(actor, register)).cloned();
        Ok((config, found.ok_or(AppError::NotFound("register"))?))
    }

    /// Today in the city.
    pub(crate) fn today(&self, config: &Config) -> jiff::civil::Date {
        config.calendar.local_date(self.now())
    }
}
