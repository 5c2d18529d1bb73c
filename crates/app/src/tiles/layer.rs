//! The layers of the map and who may see them.

use crate::config::{Config, words};
use crate::layers::state_words;
use crate::ports::{COMPONENTS, StoredThing};
use crate::rights::sees_register;
use crate::view::Words;
use kernel::{Actor, GridCode};
use serde::Deserialize;

pub const COMPONENT_LAYER: &str = "components";
pub const CASE_LAYER: &str = "cases";
pub const GRID_LAYER: &str = "grids";
pub const DUTY_LAYER: &str = "duty_grids";

/// How far somebody's rights on a register reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    Everywhere,
    /// Only what lies in these.
    Areas(Vec<GridCode>),
}

/// How far the rights of `actor`, who may see the register, reach: a sensitive one is seen in one's own area only.
pub(crate) fn reach(actor: &Actor, config: &Config, register: &str) -> Reach {
    let sensitive = config.packs.register(register).filter(|register| register.rights.sensitive);
    let Some(register) = sensitive.filter(|_| !actor.is_system()) else { return Reach::Everywhere };
    let whole = config.city.to_string();
    let mut areas: Vec<GridCode> = Vec::new();
    for post in actor.posts().iter().filter(|post| register.rights.see.contains(&post.role)) {
        let own = &post.scope.areas;
        if own.is_empty() || own.iter().any(|area| area.as_str() == whole) {
            return Reach::Everywhere;
        }
        areas.extend(own.iter().cloned());
        // Divisions that belong to an area although their codes do not begin with its own.
        let below = config.divisions.iter().map(|division| &division.code);
        areas
            .extend(below.filter(|code| own.iter().any(|area| config.divisions.within(code, area))).cloned());
    }
    areas.sort_unstable();
    areas.dedup();
    Reach::Areas(areas)
}

/// A layer somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The components, or the entries of another register.
    Register(String),
    Cases,
    Grids,
    DutyGrids,
}

/// The layer of this name, when it is there and `actor` may see it.
pub(crate) fn find(actor: &Actor, config: &Config, name: &str) -> Option<Layer> {
    Some(match name {
        CASE_LAYER => Layer::Cases,
        GRID_LAYER => Layer::Grids,
        DUTY_LAYER => Layer::DutyGrids,
        COMPONENT_LAYER => Layer::Register(COMPONENTS.to_owned()),
        other => Layer::Register(registers(actor, config).into_iter().find(|register| register == other)?),
    })
}

/// Whether `actor` may see a stored thing: its register, and where that is bound to areas, its place.
pub(crate) fn sees(actor: &Actor, config: &Config, thing: &StoredThing) -> bool {
    let register = thing.register.as_str();
    let known = register == COMPONENTS || registers(actor, config).iter().any(|own| own == register);
    known
        && match reach(actor, config, register) {
            Reach::Everywhere => true,
            Reach::Areas(areas) => grid_of(thing).is_some_and(|grid| areas.iter().any(|a| grid.is_within(a))),
        }
}

#[derive(Deserialize)]
struct InGrid {
    grid: Option<GridCode>,
}

/// The unit grid a thing's body names.
fn grid_of(thing: &StoredThing) -> Option<GridCode> {
    serde_json::from_str::<InGrid>(&thing.body).ok()?.grid
}

/// The registers beside the components that `actor` may see.
pub(crate) fn registers(actor: &Actor, config: &Config) -> Vec<String> {
    let all = config.packs.registers().map(|register| register.id.clone());
    all.filter(|register| sees_register(actor, config, register)).collect()
}

fn same(text: &str) -> Words {
    Words { zh: text.to_owned(), en: text.to_owned() }
}

/// What a register is called.
pub(crate) fn register_name(config: &Config, register: &str) -> Words {
    if register == COMPONENTS {
        return Words { zh: "部件".into(), en: "Components".into() };
    }
    config.packs.register(register).map_or_else(|| same(register), |known| words(&known.name))
}

/// What a kind of a register's entries is called.
pub(crate) fn kind_name(config: &Config, register: &str, kind: &str) -> Words {
    if kind.is_empty() {
        return register_name(config, register);
    }
    let known = config.packs.register(register);
    let named = known.and_then(|register| register.kinds.iter().find(|own| own.id == kind));
    named.map_or_else(|| same(kind), |kind| words(&kind.name))
}

/// What a state of a register's entries is called.
pub(crate) fn state_name(config: &Config, register: &str, state: &str) -> Words {
    let known = config.packs.register(register);
    let named = known.and_then(|register| register.states.iter().find(|own| own.id == state));
    named.map_or_else(|| state_words(state), |state| words(&state.name))
}

/// Fields of a register's entries that `actor` may not see: personal data.
pub(crate) fn hidden_fields(actor: &Actor, config: &Config, register: &str) -> Vec<String> {
    let Some(register) = config.packs.register(register) else { return Vec::new() };
    if actor.is_system() || register.rights.personal.iter().any(|role| actor.has(*role)) {
        return Vec::new();
    }
    register.fields.iter().filter(|field| field.personal).map(|field| field.id.clone()).collect()
}
