//! What is asked and what may be seen.

use crate::serial_set::SerialSet;
use case::case::Audit;
use case::{ApprovalKind, Level, Source, StageName, UrgingLevel};
use kernel::{
    Area, CaseId, Cgcs2000, ClassKey, DepartmentId, Edition, Kind, Light, PersonId, Point, Role, Timestamp,
};
use std::str::FromStr;

/// A question: which cases, of those that may be seen, at which moment.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    pub filter: &'a Filter,
    pub visibility: &'a Visibility,
    pub now: Timestamp,
    /// Only these, such as the hits of a full-text search.
    pub within: Option<&'a SerialSet>,
}

/// Which cases are asked for. Everything that is set must hold; of several values in a list one must.
/// An empty list and `None` ask nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub stages: Vec<StageName>,
    pub sources: Vec<Source>,
    pub kinds: Vec<Kind>,
    pub editions: Vec<Edition>,
    pub majors: Vec<MajorClass>,
    pub classes: Vec<ClassKey>,
    /// Divisions and grids with everything inside them.
    pub areas: Vec<Area>,
    /// Responsible now, or last when the case has ended. The caller adds the sub-units.
    pub departments: Vec<DepartmentId>,
    /// No department has (or had) it; with `departments`, these or those.
    pub undispatched: bool,
    pub handlers: Vec<PersonId>,
    pub collectors: Vec<PersonId>,
    pub intakes: Vec<PersonId>,
    pub claimed_by: Vec<PersonId>,
    pub reported_by: Vec<PersonId>,
    /// One of these handled it at any time, answered a task about it as its collector, or reported it.
    pub involving: Vec<PersonId>,
    /// Whether a handler, an intake operator, or somebody from the pool has it.
    pub has_handler: Option<bool>,
    pub has_intake: Option<bool>,
    pub is_claimed: Option<bool>,
    pub levels: Vec<Level>,
    /// Light of the stage clock. Ended cases have none.
    pub lights: Vec<Light>,
    /// Open: the stage clock has run out. Ended: one had run out.
    pub overdue: Option<bool>,
    /// The same for the total clock.
    pub total_overdue: Option<bool>,
    /// Closed, with a total clock: inside it or not.
    pub on_time: Option<bool>,
    /// Handed over by the department, inside the handling clock or not.
    pub handled_on_time: Option<bool>,
    pub urgent: Option<bool>,
    pub major: Option<bool>,
    /// Highest level of urging.
    pub urged: Vec<UrgingLevel>,
    /// An urging or instruction that wants a reply has none.
    pub urging_unanswered: Option<bool>,
    /// At least this often; also below.
    pub reworks_min: u8,
    pub returns_min: u8,
    pub extensions_min: u8,
    pub suspensions_min: u8,
    /// Kinds of open approvals.
    pub approvals: Vec<ApprovalKind>,
    /// Roles of which one must answer an open approval next.
    pub approvals_of: Vec<Role>,
    /// From a channel with a member of the public behind it.
    pub public: Option<bool>,
    pub called_back: Option<bool>,
    /// The reporter's last word: rating of three stars or more, else the callback.
    pub satisfied: Option<bool>,
    pub has_duplicates: Option<bool>,
    /// Withdrawn as the duplicate of another case.
    pub merged: Option<bool>,
    pub parents: Vec<CaseId>,
    pub is_child: Option<bool>,
    pub has_children: Option<bool>,
    pub has_open_children: Option<bool>,
    pub audits: Vec<Audit>,
    pub appeals: Vec<AppealStep>,
    pub exempted: Option<bool>,
    pub reopened: Option<bool>,
    /// The collector found the work not done; intake orders the rework.
    pub verification_failed: Option<bool>,
    pub synthesised: Option<bool>,
    pub located: Option<bool>,
    pub ended: Option<bool>,
    pub reported: Period,
    pub filed: Period,
    pub closed: Period,
    pub updated: Period,
    /// Of the open stage clock.
    pub due: Period,
    pub bounds: Option<Bounds>,
    pub near: Option<Near>,
    /// Besides all of the above, one of these must hold; for queues that are a union.
    pub any_of: Vec<Self>,
}

/// A stretch of time by the whole second: `from` belongs to it, `to` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// A map section, edges included; `west` may be greater than `east` across the date line. In degrees,
/// compared to a ten-millionth of a degree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// Around a place, the edge included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub centre: Point<Cgcs2000>,
    pub metres: f64,
}

/// Where an appeal against a late mark waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealStep {
    Dispatcher,
    Intake,
}

/// A major class (大类): `2026-component-01`, or `01` in every edition and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MajorClass {
    pub of: Option<(Edition, Kind)>,
    /// The first two digits of the class code.
    pub digits: [u8; 2],
}

impl MajorClass {
    #[must_use]
    pub fn of_class(class: &ClassKey) -> Option<Self> {
        let digits = class.major().as_bytes().try_into().ok()?;
        Some(Self { of: Some((class.edition, class.kind)), digits })
    }

    #[must_use]
    pub fn covers(&self, class: &ClassKey) -> bool {
        self.of.is_none_or(|of| of == (class.edition, class.kind)) && class.major().as_bytes() == self.digits
    }
}

impl FromStr for MajorClass {
    type Err = kernel::id::BadId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || kernel::id::BadId {
            field: "major",
            text: text.chars().take(40).collect(),
            why: "two digits, or edition-kind-digits such as 2026-component-01, are expected",
        };
        let (of, digits) = match text.rsplit_once('-') {
            None => (None, text),
            Some(("2013-component", digits)) => (Some((Edition::E2013, Kind::Component)), digits),
            Some(("2013-event", digits)) => (Some((Edition::E2013, Kind::Event)), digits),
            Some(("2026-component", digits)) => (Some((Edition::E2026, Kind::Component)), digits),
            Some(("2026-event", digits)) => (Some((Edition::E2026, Kind::Event)), digits),
            Some(_) => return Err(bad()),
        };
        let digits: [u8; 2] = digits.as_bytes().try_into().map_err(|_| bad())?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(bad());
        }
        Ok(Self { of, digits })
    }
}

impl std::fmt::Display for MajorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((edition, kind)) = self.of {
            write!(f, "{}-{}-", edition.as_str(), kind.as_str())?;
        }
        write!(f, "{}{}", char::from(self.digits[0]), char::from(self.digits[1]))
    }
}

/// Which cases somebody may see. Every list, count and stream goes through one.
#[derive(Debug, Clone)]
pub enum Visibility {
    All,
    /// At least one grant must hold; without any nothing is seen.
    Any(Vec<Grant>),
}

impl Visibility {
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Any(Vec::new())
    }
}

/// One ground on which cases are seen. All that is set must hold.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// As [`kernel::Scope`]: none is everywhere; a case without a place is only there.
    pub areas: Vec<Area>,
    /// As [`kernel::Scope`]: none is every class.
    pub classes: Vec<ClassKey>,
    /// One of these has the case (or had it last when it ended) or assists. `Some(vec![])` grants nothing.
    pub departments: Option<Vec<DepartmentId>>,
    /// With `departments`: it is enough to have handled the case some time.
    pub also_past: bool,
    /// None is every stage, every level.
    pub stages: Vec<StageName>,
    pub levels: Vec<Level>,
    pub collector: Option<PersonId>,
    pub handler: Option<PersonId>,
    pub reported_by: Option<PersonId>,
    pub intake: Option<PersonId>,
    pub claimed_by: Option<PersonId>,
    /// Handled it at any time, or answered a task about it as its collector.
    pub worker: Option<PersonId>,
}
