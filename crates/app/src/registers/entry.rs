//! An entry (登记) as it is stored: one registered thing with a body that the map can draw.

use crate::error::AppError;
use crate::ports::{StoreError, StoredThing};
use city::component::Place;
use jiff::civil::Date;
use kernel::{GridCode, PersonId, Timestamp};
use pack::entry::{self, Held};
use pack::{Facts, Register};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Cases remembered with an entry; older ones are found by its history.
pub(super) const CASES_MAX: usize = 60;

/// What stands in a stored thing of a pack's register. The first fields are those the map knows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Body {
    /// WKT, CGCS2000.
    pub place: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<String>,
    pub state: String,
    #[serde(default)]
    pub flags: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
    #[serde(default)]
    pub created_at: i64,
    #[serde(default)]
    pub state_since: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    #[serde(default)]
    pub fields: Map<String, Value>,
    #[serde(default)]
    pub documents: Vec<Held>,
    #[serde(default)]
    pub photos: Vec<String>,
    /// Codes of related entries, by relation.
    #[serde(default)]
    pub relations: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub cases: Vec<EntryCase>,
    /// When each plan was last carried out.
    #[serde(default)]
    pub inspected: BTreeMap<String, i64>,
    /// Its number in the system it was brought in from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_id: String,
    /// Part of a demonstration: nobody's real file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub made_up: bool,
}

/// A case raised on an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryCase {
    pub id: String,
    pub number: String,
    /// The pack's case rule.
    pub rule: String,
    /// What it was raised for, so that it is raised once: a document's last day, or when the state began.
    #[serde(default)]
    pub occurrence: String,
    pub at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<u32>,
    /// Stage it ended in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl Body {
    #[must_use]
    pub fn grid(&self) -> Option<GridCode> {
        self.grid.as_deref().and_then(|grid| grid.parse().ok())
    }

    /// Longitude and latitude of the place: its point, or the first vertex of its shape.
    #[must_use]
    pub fn point(&self) -> Option<(f64, f64)> {
        anchor(&Place::from_wkt(&self.place).ok()?)
    }
}

/// Longitude and latitude a shape is known by.
pub(super) fn anchor(place: &Place) -> Option<(f64, f64)> {
    let first = match place {
        Place::Point(point) => Some(point),
        Place::Line(points) => points.get(points.len() / 2),
        Place::Polygon(rings) => rings.first().and_then(|ring| ring.first()),
    };
    first.map(|point| (point.lng(), point.lat()))
}

/// An entry in memory.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub serial: u64,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub version: u32,
    pub removed: bool,
    pub changed_at: Timestamp,
    pub changed_by: Option<PersonId>,
    pub body: Body,
}

impl Entry {
    pub(super) fn read(thing: &StoredThing) -> Result<Self, AppError> {
        let body = serde_json::from_str(&thing.body).map_err(|why| {
            AppError::Store(StoreError::Corrupt {
                table: "thing",
                id: format!("{}/{}", thing.register, thing.code),
                why: why.to_string(),
            })
        })?;
        Ok(Self {
            serial: thing.serial,
            code: thing.code.clone(),
            name: thing.name.clone(),
            kind: thing.class.clone(),
            version: thing.version,
            removed: thing.removed,
            changed_at: thing.changed_at,
            changed_by: thing.changed_by,
            body,
        })
    }

    /// Flags as they are today; what was stored may be from yesterday.
    pub(super) fn flags(&self, register: &Register, today: Date, day_of: impl Fn(i64) -> Date) -> u8 {
        if register.is_closed(&self.body.state) {
            return self.case_flag();
        }
        let due = register
            .inspections
            .iter()
            .any(|plan| self.due_on(register, plan, today, &day_of).is_some_and(|due| due <= today));
        let documents = entry::document_flags(register, &self.body.documents, today);
        documents | if due { entry::INSPECTION_DUE } else { 0 } | self.case_flag()
    }

    fn case_flag(&self) -> u8 {
        if self.body.cases.iter().any(|case| case.ended.is_none()) { entry::CASE_OPEN } else { 0 }
    }

    /// The day an inspection of this plan falls due; `None` when the plan is not for this entry.
    pub(super) fn due_on(
        &self,
        register: &Register,
        plan: &pack::Plan,
        today: Date,
        day_of: impl Fn(i64) -> Date,
    ) -> Option<Date> {
        if self.removed || register.is_closed(&self.body.state) {
            return None;
        }
        if plan.when.as_ref().is_some_and(|when| !when.holds(&self.facts(today), register)) {
            return None;
        }
        let last = self.body.inspected.get(&plan.id).copied().unwrap_or(self.body.created_at);
        let days = jiff::Span::new().try_days(plan.every_days).ok()?;
        day_of(last).checked_add(days).ok()
    }

    /// What a condition is asked about.
    pub(super) fn facts(&self, today: Date) -> Facts<'_> {
        let mut documents: BTreeMap<&str, Option<Date>> = BTreeMap::new();
        for held in &self.body.documents {
            let known = documents.entry(held.document.as_str()).or_default();
            *known = (*known).max(held.expires_on);
        }
        Facts {
            today,
            state: &self.body.state,
            kind: &self.kind,
            score: self.body.score,
            values: Some(&self.body.fields),
            documents,
        }
    }
}
