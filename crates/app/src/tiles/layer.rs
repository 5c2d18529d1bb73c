//! The layers of the map and who may see them.

use crate::config::Config;
use crate::layers::state_words;
use crate::ports::COMPONENTS;
use crate::view::Words;
use kernel::Actor;

pub const COMPONENT_LAYER: &str = "components";
pub const CASE_LAYER: &str = "cases";
pub const GRID_LAYER: &str = "grids";
pub const DUTY_LAYER: &str = "duty_grids";

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

/// Whether `actor` may see the things of a register.
pub(crate) fn sees(actor: &Actor, config: &Config, register: &str) -> bool {
    register == COMPONENTS || registers(actor, config).iter().any(|own| own == register)
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
