//! What of a layer is wanted.

use super::cases::CaseFilter;
use super::layer::Reach;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ground::Map;
use crate::ports::COMPONENTS;
use city::component::State;
use kernel::{ClassKey, GridCode};
use spatial::points::{ClassSet, Filter, Traits};

/// Values of one filter: a layer has a few dozen states, and nobody ticks more classes by hand.
const VALUES_MAX: usize = 200;
const WORD_MAX: usize = 80;

/// What of a layer is wanted, by kind of layer.
#[derive(Debug, Clone)]
pub enum LayerFilter {
    Things(ThingFilter),
    Cases(Box<CaseFilter>),
    /// An edition of the grid system; the one in force when missing.
    Grids {
        edition: Option<u32>,
    },
}

/// Which things of a register: of several values in a list one must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThingFilter {
    /// Class keys of components, kinds of another register.
    pub class: Vec<String>,
    /// Major classes of components: the first two digits.
    pub major: Vec<String>,
    pub state: Vec<String>,
}

/// A filter that was understood, with how far its reader reaches.
#[derive(Debug, Clone)]
pub(crate) struct KnownFilter {
    register: String,
    reach: Reach,
    classes: Vec<String>,
    majors: Vec<String>,
    states: Vec<String>,
}

impl ThingFilter {
    /// # Errors
    /// [`AppError::Invalid`] naming every value that cannot be one.
    pub(crate) fn known(&self, register: &str, reach: Reach) -> Result<KnownFilter, AppError> {
        let mut problems = Problems::default();
        for (field, values) in [("class", &self.class), ("major", &self.major), ("state", &self.state)] {
            if values.len() > VALUES_MAX {
                problems.push(FieldProblem::new(field, "too_many").with("max", VALUES_MAX as u64));
            }
            for value in values {
                problems.bounded(field, value, WORD_MAX);
            }
        }
        let components = register == COMPONENTS;
        for class in &self.class {
            if components && class.parse::<ClassKey>().is_err() {
                problems.add("class", "unknown_value");
            }
        }
        for major in &self.major {
            let digits = major.len() == 2 && major.bytes().all(|b| b.is_ascii_digit());
            if !components || !digits {
                problems.add("major", "unknown_value");
            }
        }
        for state in &self.state {
            if components && component_state(state).is_none() {
                problems.add("state", "unknown_value");
            }
        }
        problems.done()?;
        let sorted = |values: &[String]| {
            let mut values = values.to_vec();
            values.sort_unstable();
            values.dedup();
            values
        };
        Ok(KnownFilter {
            register: register.to_owned(),
            reach,
            classes: sorted(&self.class),
            majors: sorted(&self.major),
            states: sorted(&self.state),
        })
    }
}

/// A state of a component by its word on the wire.
fn component_state(word: &str) -> Option<State> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

impl KnownFilter {
    /// Equal texts, equal filters.
    pub fn text(&self) -> String {
        let Self { register, reach, classes, majors, states } = self;
        format!("{register}?{}&{}&{} {reach:?}", classes.join(","), majors.join(","), states.join(","))
    }

    /// The same over the numbers of what is in memory now.
    pub fn numbers(&self, map: &Map) -> Numbers {
        let classes = map.things.classes();
        let wanted = |name: &str| {
            let (register, kind) = parts(name);
            let class = self.classes.is_empty() || self.classes.iter().any(|class| class == kind);
            let major = self.majors.is_empty()
                || major(kind).is_some_and(|own| self.majors.iter().any(|major| major == own));
            register == self.register && class && major
        };
        let set = classes.iter().filter(|(_, name, _)| wanted(name)).map(|(place, ..)| place).collect();
        let states = (!self.states.is_empty()).then(|| {
            let mut bits = [0_u64; 4];
            for (place, name) in (0_u8..).zip(classes.states()) {
                if self.states.iter().any(|state| state == name) {
                    bits[usize::from(place / 64)] |= 1 << (place % 64);
                }
            }
            bits
        });
        let grids = match &self.reach {
            Reach::Everywhere => None,
            Reach::Areas(areas) => {
                let inside = |grid: &GridCode| areas.iter().any(|area| grid.is_within(area));
                Some(map.grids().iter().map(inside).collect())
            }
        };
        Numbers { classes: set, states, grids }
    }
}

/// Classes, states and grids as the map numbers them. Good for as long as the map is held.
pub(crate) struct Numbers {
    classes: ClassSet,
    states: Option<[u64; 4]>,
    /// By place of the grid, for who reaches some grids only.
    grids: Option<Vec<bool>>,
}

impl Numbers {
    pub fn with<T>(&self, use_it: impl FnOnce(&Filter) -> T) -> T {
        let plain =
            Filter { classes: Some(&self.classes), states: self.states.as_ref(), ..Filter::default() };
        match &self.grids {
            None => use_it(&plain),
            Some(grids) => {
                // What lies in no grid is nobody's area.
                let only = |_: u64, traits: &Traits| grids.get(traits.grid as usize).is_some_and(|own| *own);
                use_it(&Filter { only: Some(&only), ..plain })
            }
        }
    }
}

/// Register and kind of a class of the map's dictionary.
pub(crate) fn parts(name: &str) -> (&str, &str) {
    // Class keys begin with the year of their edition, registers with a letter.
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return (COMPONENTS, name);
    }
    name.split_once('/').unwrap_or((name, ""))
}

/// The major class of a component's class key.
pub(crate) fn major(class: &str) -> Option<&str> {
    class.rsplit('-').next()?.get(..2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_filter_is_named() {
        let filter = |class: &[&str], major: &[&str], state: &[&str]| {
            let own = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
            ThingFilter { class: own(class), major: own(major), state: own(state) }
        };
        let fields = |filter: &ThingFilter, register| match filter.known(register, Reach::Everywhere) {
            Err(AppError::Invalid(problems)) => problems.into_iter().map(|p| p.field).collect(),
            _ => Vec::new(),
        };
        let table: [(ThingFilter, &str, &[&str]); 7] = [
            (filter(&["2026-component-01037"], &["01"], &["damaged"]), COMPONENTS, &[]),
            (filter(&["manhole"], &[], &[]), COMPONENTS, &["class"]),
            (filter(&[], &["1"], &["broken"]), COMPONENTS, &["major", "state"]),
            (filter(&["restaurant"], &[], &["open"]), "shop", &[]),
            (filter(&[], &["01"], &[]), "shop", &["major"]),
            (filter(&[&"x".repeat(81)], &[], &[]), "shop", &["class"]),
            (filter(&vec!["a"; 201], &[], &[]), "shop", &["class"]),
        ];
        for (filter, register, expected) in table {
            assert_eq!(fields(&filter, register), expected, "{filter:?}");
        }
    }

    #[test]
    fn the_order_of_values_makes_no_other_tile() {
        let of = |values: &[&str]| {
            let state = values.iter().map(|v| (*v).to_owned()).collect();
            ThingFilter { state, ..ThingFilter::default() }
                .known("shop", Reach::Everywhere)
                .expect("good")
                .text()
        };
        assert_eq!(of(&["a", "b", "a"]), of(&["b", "a"]));
        assert_ne!(of(&["a"]), of(&[]));
        let areas = Reach::Areas(vec!["370702".parse().expect("a code")]);
        let near = ThingFilter::default().known("shop", areas).expect("good").text();
        assert_ne!(near, of(&[]), "another reach is another tile");
    }

    #[test]
    fn classes_come_apart() {
        assert_eq!(parts("2026-component-01037"), (COMPONENTS, "2026-component-01037"));
        assert_eq!(parts("shop/restaurant"), ("shop", "restaurant"));
        assert_eq!(parts("toilet"), ("toilet", ""));
        assert_eq!((major("2026-component-01037"), major("x")), (Some("01"), None));
    }
}
