//! The layers of the map and who may see them.

use crate::config::Config;
use crate::layers::state_words;
use crate::ports::{COMPONENTS, StoredThing};
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

/// How far the rights of `actor`, who may see the register, reach.
pub(crate) fn reach(_actor: &Actor, _config: &Config, _register: &str) -> Reach {
    Reach::Everywhere
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
pub(crate) fn registers(_actor: &Actor, _config: &Config) -> Vec<String> {
    Vec::new()
}

/// What a register is called.
pub(crate) fn register_name(_config: &Config, register: &str) -> Words {
    match register {
        COMPONENTS => Words { zh: "部件".into(), en: "Components".into() },
        other => Words { zh: other.into(), en: other.into() },
    }
}

/// What a kind of a register's entries is called.
pub(crate) fn kind_name(config: &Config, register: &str, kind: &str) -> Words {
    if kind.is_empty() {
        return register_name(config, register);
    }
    Words { zh: kind.into(), en: kind.into() }
}

/// What a state of a register's entries is called.
pub(crate) fn state_name(_config: &Config, _register: &str, state: &str) -> Words {
    state_words(state)
}

/// Top-level fields of a register's entries that `actor` may not see.
pub(crate) fn hidden_fields(_actor: &Actor, _config: &Config, _register: &str) -> Vec<String> {
    Vec::new()
}
