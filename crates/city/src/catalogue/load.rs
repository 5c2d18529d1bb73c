//! Reads the compiled-in tables.

use super::{Catalogue, Class, ClassEntry, Criterion, Geometry};
use crate::table::{self, Row, TableProblem};
use crate::text::L10n;
use kernel::{ClassKey, Edition, Kind, LimitUnit, TimeLimit};
use std::collections::BTreeMap;

pub(super) fn national() -> Result<Catalogue, TableProblem> {
    let mut classes = BTreeMap::new();
    let tables = [
        (Edition::E2013, Kind::Component, "components.csv", include_str!("../../data/components.csv")),
        (Edition::E2013, Kind::Event, "events.csv", include_str!("../../data/events.csv")),
        (
            Edition::E2026,
            Kind::Component,
            "components_2026.csv",
            include_str!("../../data/components_2026.csv"),
        ),
        (Edition::E2026, Kind::Event, "events_2026.csv", include_str!("../../data/events_2026.csv")),
    ];
    for (edition, kind, name, csv) in tables {
        table::read(name, csv, &["full_code", "minor_zh", "minor_en", "major_zh"], |row| {
            let class = class(edition, kind, row)?;
            if classes.insert(class.entry.key.clone(), class).is_some() {
                return Err(row.bad("full_code", "it stands in the table twice"));
            }
            Ok(())
        })?;
    }
    let standards = [
        (Edition::E2013, "code_2013", "case_standards.csv", include_str!("../../data/case_standards.csv")),
        (
            Edition::E2026,
            "code_2026",
            "case_standards_2026.csv",
            include_str!("../../data/case_standards_2026.csv"),
        ),
    ];
    for (edition, column, name, csv) in standards {
        table::read(name, csv, &["kind", column, "seq", "filing_zh", "closing_zh", "limit_value"], |row| {
            let kind = match row.get("kind") {
                "component" => Kind::Component,
                "event" => Kind::Event,
                _ => return Err(row.bad("kind", "component or event is expected")),
            };
            let key = ClassKey::new(edition, kind, row.get(column)).map_err(|why| row.bad(column, why))?;
            let Some(class) = classes.get_mut(&key) else {
                return Err(row.bad(column, "there is no such class"));
            };
            let criterion = criterion(row)?;
            if class.criteria.iter().any(|c: &Criterion| c.seq == criterion.seq) {
                return Err(row.bad("seq", "it stands in the table twice"));
            }
            class.criteria.push(criterion);
            Ok(())
        })?;
    }
    Ok(Catalogue::from(classes.into_values().collect::<Vec<_>>()))
}

fn class(edition: Edition, kind: Kind, row: &Row<'_>) -> Result<Class, TableProblem> {
    let key = ClassKey::new(edition, kind, row.get("full_code")).map_err(|why| row.bad("full_code", why))?;
    let geometry = match row.get("geometry") {
        "point" => Some(Geometry::Point),
        "line" => Some(Geometry::Line),
        "polygon" => Some(Geometry::Polygon),
        "" => None,
        _ => return Err(row.bad("geometry", "point, line or polygon is expected")),
    };
    let component = match row.get("component_code_2026") {
        "" => None,
        code => Some(
            ClassKey::new(edition, Kind::Component, code)
                .map_err(|why| row.bad("component_code_2026", why))?,
        ),
    };
    let confidence = match row.get("confidence") {
        "" => "transcribed",
        word => word,
    };
    Ok(Class {
        entry: ClassEntry {
            key,
            major_name: L10n::new(row.get("major_zh"), row.get("major_en")),
            name: L10n::new(row.get("minor_zh"), row.get("minor_en")),
            geometry,
            typical_responsible_zh: row.get("typical_responsible_zh").to_owned(),
            source: row.get("source").to_owned(),
            confidence: confidence.to_owned(),
            extension: false,
            disabled: false,
            component,
            attributes: Vec::new(),
            version: 1,
        },
        criteria: Vec::new(),
    })
}

fn criterion(row: &Row<'_>) -> Result<Criterion, TableProblem> {
    let unit = limit_unit(row.get("limit_kind"))
        .ok_or_else(|| row.bad("limit_kind", "no such kind of limit is known"))?;
    Ok(Criterion {
        seq: row.parse("seq")?,
        filing: L10n::new(row.get("filing_zh"), row.get("filing_en")),
        closing: L10n::new(row.get("closing_zh"), row.get("closing_en")),
        limit: TimeLimit::new(row.parse("limit_value")?, unit),
        by_area: BTreeMap::new(),
        source: row.get("source").to_owned(),
        source_note: row.get("source_note").to_owned(),
        disabled: false,
        version: 1,
    })
}

/// Reads the wire word of a limit's unit.
pub(super) fn limit_unit(word: &str) -> Option<LimitUnit> {
    use LimitUnit::{NaturalDay, UrgentMinute, UrgentWorkDay, UrgentWorkHour, WorkDay, WorkHour, WorkMinute};
    [UrgentMinute, UrgentWorkHour, UrgentWorkDay, WorkMinute, WorkHour, WorkDay, NaturalDay]
        .into_iter()
        .find(|unit| unit.as_str() == word)
}
