//! A city's configuration as the use cases read it: built as a whole from its records, checked as a
//! whole, swapped as a whole. A record that would break it is refused before it is written.

use crate::basemap::{Basemap, Basemaps};
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::StoredRecord;
use crate::registers::{PackRecord, Packs};
use crate::settings::CitySettings;
use crate::view::Words;
use case::Procedure;
use city::catalogue::{AttributeQuestion, ClassSearch};
use city::responsibility::{Learned, LearnedRow, Rule};
use city::roster::{DutyGrid, Roster, Shift};
use city::template::OpinionTemplate;
use city::{Catalogue, ClassEntry, Criterion, Department, Division, Divisions, L10n, Organisation, Person};
use jiff::civil::Date;
use kernel::calendar::{CalendarSpec, Zone};
use kernel::{Calendar, CityCode, ClassKey, DepartmentId, GridCode, PersonId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use spatial::region::UnitGrids;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds of record, in the order in which they build on each other.
pub const KINDS: [&str; 18] = [
    "settings",
    "calendars",
    "procedures",
    "divisions",
    "departments",
    "people",
    "classes",
    "criteria",
    "responsibility",
    "shifts",
    "templates",
    "duty_grids",
    "unit_grids",
    "streets",
    "learned",
    crate::basemap::KIND,
    "packs",
    "component_fields",
];

/// A filing condition as a record of its own: what differs from the compiled-in national table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CriterionRecord {
    pub class: ClassKey,
    #[serde(flatten)]
    pub criterion: Criterion,
}

/// A street name with a place on the map, for the search of the intake form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Street {
    pub name: String,
    pub lng: f64,
    pub lat: f64,
    #[serde(default)]
    pub area: String,
}

/// Where the unit grids of a configuration are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GridSource {
    #[default]
    Nowhere,
    /// The record `unit_grids/all` in this version: rectangles, until the city publishes its first edition.
    Record(u32),
    /// This edition of the grid system.
    Edition(u32),
}

/// Unit grids made ready, and where from: a change elsewhere in the configuration does not make them again.
#[derive(Debug, Clone, Default)]
pub struct KnownGrids {
    pub source: GridSource,
    pub grids: Arc<UnitGrids>,
    /// The day from which a later edition counts.
    pub until: Option<Date>,
}

impl KnownGrids {
    /// 0 before the first edition.
    #[must_use]
    pub const fn edition(&self) -> u32 {
        match self.source {
            GridSource::Edition(edition) => edition,
            GridSource::Nowhere | GridSource::Record(_) => 0,
        }
    }
}

#[derive(Debug)]
pub struct Config {
    pub city: CityCode,
    /// Version of the records it was built from.
    pub version: i64,
    pub settings: CitySettings,
    pub calendar: Calendar,
    pub procedures: BTreeMap<u32, Procedure>,
    /// The procedure version new reports are pinned to.
    pub procedure: u32,
    pub divisions: Divisions,
    pub organisation: Organisation,
    pub people: BTreeMap<PersonId, Person>,
    pub accounts: BTreeMap<String, PersonId>,
    pub catalogue: Catalogue,
    pub class_search: ClassSearch,
    pub responsibility: Vec<Rule>,
    pub roster: Roster,
    pub templates: Vec<OpinionTemplate>,
    /// In force today.
    pub grids: Arc<UnitGrids>,
    pub grids_from: KnownGrids,
    pub streets: Vec<Street>,
    pub learned: Learned,
    pub basemaps: Basemaps,
    /// Industry packs in force.
    pub packs: Packs,
    /// Further fields of components, by class or major class (`2026-component-01`).
    pub component_fields: BTreeMap<String, Vec<AttributeQuestion>>,
    /// Version of each record, for optimistic edits.
    pub record_versions: BTreeMap<(String, String), u32>,
}

impl Config {
    /// Builds the configuration of `city`, or says everything that is wrong with it. `known` are the grids of
    /// an edition in force, which stand before those of the records, or grids made earlier of the same record.
    ///
    /// # Errors
    /// Each problem's field begins with `kind/key`.
    pub fn build(
        city: CityCode,
        version: i64,
        records: &[StoredRecord],
        known: KnownGrids,
    ) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Problems::default();
        let mut by_kind: BTreeMap<&str, Vec<&StoredRecord>> = BTreeMap::new();
        for record in records {
            by_kind.entry(record.kind.as_str()).or_default().push(record);
        }
        let settings: CitySettings =
            read(&by_kind, "settings", &mut problems).into_values().next().unwrap_or_default();
        let calendar = read_calendar(&by_kind, &mut problems);
        let procedures = read_procedures(&by_kind, &mut problems);
        let procedure =
            procedures.values().filter(|p| !p.history).map(|p| p.version).max().unwrap_or_default();
        let divisions: BTreeMap<String, Division> = read(&by_kind, "divisions", &mut problems);
        let divisions = Divisions::from(divisions.into_values().collect::<Vec<_>>());
        for (code, problem) in divisions.check() {
            problems.push(city_problem(&format!("divisions/{code}"), &problem));
        }
        let departments: BTreeMap<String, Department> = read(&by_kind, "departments", &mut problems);
        let organisation = Organisation::from(departments.into_values().collect::<Vec<_>>());
        for (id, problem) in organisation.check_all() {
            problems.push(city_problem(&format!("departments/{id}"), &problem));
        }
        let (people, accounts) = read_people(&by_kind, &organisation, &mut problems);
        let catalogue = read_catalogue(&by_kind, &mut problems);
        let responsibility: BTreeMap<String, Rule> = read(&by_kind, "responsibility", &mut problems);
        for (key, rule) in &responsibility {
            if organisation.get(rule.department).is_none() {
                problems.add(format!("responsibility/{key}.department"), "unknown_department");
            }
        }
        let shifts: BTreeMap<String, Shift> = read(&by_kind, "shifts", &mut problems);
        for (key, shift) in &shifts {
            if !people.contains_key(&shift.person) {
                problems.add(format!("shifts/{key}.person"), "unknown_person");
            }
        }
        let templates: BTreeMap<String, OpinionTemplate> = read(&by_kind, "templates", &mut problems);
        let duty_grids: BTreeMap<String, DutyGrid> = read(&by_kind, "duty_grids", &mut problems);
        let roster = Roster {
            duty_grids: duty_grids.into_values().collect(),
            shifts: shifts.values().cloned().collect(),
        };
        for (key, shift) in &shifts {
            for problem in roster.check(shift) {
                problems.push(city_problem(&format!("shifts/{key}"), &problem));
            }
        }
        let grids_from = read_grids(&by_kind, known, &mut problems);
        let streets: BTreeMap<String, Vec<Street>> = read(&by_kind, "streets", &mut problems);
        let learned: BTreeMap<String, LearnedRow> = read(&by_kind, "learned", &mut problems);
        let basemaps: BTreeMap<String, Basemap> = read(&by_kind, crate::basemap::KIND, &mut problems);
        for (key, map) in &basemaps {
            map.check(&format!("basemaps/{key}"), &mut problems);
        }
        let packs: BTreeMap<String, PackRecord> = read(&by_kind, "packs", &mut problems);
        let component_fields = read_component_fields(&by_kind, &mut problems);
        let record_versions = records.iter().map(|r| ((r.kind.clone(), r.key.clone()), r.version)).collect();
        if !problems.is_empty() {
            return Err(problems.into_vec());
        }
        Ok(Self {
            city,
            version,
            calendar,
            procedures,
            procedure,
            divisions,
            organisation,
            people,
            accounts,
            class_search: ClassSearch::new(&catalogue),
            packs: Packs::build(&packs, &catalogue),
            catalogue,
            responsibility: responsibility.into_values().collect(),
            roster,
            templates: templates.into_values().collect(),
            grids: Arc::clone(&grids_from.grids),
            grids_from,
            streets: streets.into_values().flatten().collect(),
            learned: Learned::from(learned.into_values().collect::<Vec<_>>()),
            basemaps: Basemaps::of(&basemaps, &settings.basemap),
            settings,
            component_fields,
            record_versions,
        })
    }

    /// The procedure a case is pinned to. No other version stands in for it: it would change limits, chains
    /// and rights of a running case without anybody having said so.
    ///
    /// # Errors
    /// [`AppError::ProcedureMissing`] naming the version.
    pub fn procedure(&self, version: u32) -> Result<&Procedure, AppError> {
        self.procedures.get(&version).ok_or(AppError::ProcedureMissing(version))
    }

    #[must_use]
    pub fn department_name(&self, id: DepartmentId) -> Words {
        self.organisation.get(id).map_or_else(|| numbered(id.0), |d| words(&d.name))
    }

    #[must_use]
    pub fn person_name(&self, id: PersonId) -> Words {
        self.people.get(&id).map_or_else(|| numbered(id.0), |p| words(&p.name))
    }

    #[must_use]
    pub fn class_name(&self, key: &ClassKey) -> Words {
        self.catalogue
            .get(key)
            .map_or_else(|| Words { zh: key.to_string(), en: key.to_string() }, |entry| words(&entry.name))
    }

    /// The further fields of a class of components: its own, else those of its major class.
    #[must_use]
    pub fn component_fields_of(&self, class: &ClassKey) -> &[AttributeQuestion] {
        let own = class.to_string();
        let major = own.get(..own.len() + 2 - class.code().len()).unwrap_or_default();
        let found = self.component_fields.get(&own).or_else(|| self.component_fields.get(major));
        found.map_or(&[], Vec::as_slice)
    }

    /// Name of the street a grid lies in.
    #[must_use]
    pub fn street_name(&self, grid: &GridCode) -> Option<Words> {
        let code: GridCode = grid.as_str().get(..9)?.parse().ok()?;
        self.divisions.get(&code).map(|d| words(&d.name))
    }
}

/// Records as they were stored but for what a caller wants to change: for checking before writing.
#[must_use]
pub fn with_changes(records: &[StoredRecord], changes: &[StoredRecord]) -> Vec<StoredRecord> {
    let mut merged: BTreeMap<(&str, &str), &StoredRecord> =
        records.iter().map(|r| ((r.kind.as_str(), r.key.as_str()), r)).collect();
    for change in changes {
        merged.insert((change.kind.as_str(), change.key.as_str()), change);
    }
    merged.into_values().filter(|r| r.value.is_some()).cloned().collect()
}

#[must_use]
pub fn words(text: &L10n) -> Words {
    let zh = if text.zh.is_empty() { &text.en } else { &text.zh };
    let en = if text.en.is_empty() { &text.zh } else { &text.en };
    Words { zh: zh.clone(), en: en.clone() }
}

fn numbered(id: u32) -> Words {
    Words { zh: format!("#{id}"), en: format!("#{id}") }
}

pub(crate) fn city_problem(prefix: &str, problem: &city::FieldProblem) -> FieldProblem {
    FieldProblem::new(format!("{prefix}.{}", problem.field), problem.code)
        .with("zh", problem.message.zh.clone())
        .with("en", problem.message.en.clone())
}

fn read<T: DeserializeOwned>(
    by_kind: &BTreeMap<&str, Vec<&StoredRecord>>,
    kind: &str,
    problems: &mut Problems,
) -> BTreeMap<String, T> {
    let mut values = BTreeMap::new();
    for record in by_kind.get(kind).into_iter().flatten() {
        let Some(value) = &record.value else { continue };
        match T::deserialize(value) {
            Ok(value) => {
                values.insert(record.key.clone(), value);
            }
            Err(why) => problems.push(
                FieldProblem::new(format!("{kind}/{}", record.key), "unreadable")
                    .with("why", why.to_string()),
            ),
        }
    }
    values
}

fn read_calendar(by_kind: &BTreeMap<&str, Vec<&StoredRecord>>, problems: &mut Problems) -> Calendar {
    let specs: BTreeMap<String, CalendarSpec> = read(by_kind, "calendars", problems);
    match specs.into_values().next_back().map(Calendar::new) {
        Some(Ok(calendar)) => calendar,
        Some(Err(problem)) => {
            problems
                .push(FieldProblem::new("calendars/main", "bad_calendar").with("why", problem.to_string()));
            Calendar::chinese(Zone::shanghai())
        }
        None => Calendar::chinese(Zone::shanghai()),
    }
}

fn read_procedures(
    by_kind: &BTreeMap<&str, Vec<&StoredRecord>>,
    problems: &mut Problems,
) -> BTreeMap<u32, Procedure> {
    let read: BTreeMap<String, Procedure> = read(by_kind, "procedures", problems);
    let mut procedures = BTreeMap::new();
    for (key, procedure) in read {
        for problem in procedure.check() {
            problems.push(
                FieldProblem::new(format!("procedures/{key}.{}", problem.field), "bad_procedure")
                    .with("why", problem.code),
            );
        }
        // Else one version would take another's place, and the cases pinned to that would be without any.
        if key != procedure.version.to_string() {
            problems
                .push(FieldProblem::new(format!("procedures/{key}.version"), "not_its_key").with("key", key));
        }
        procedures.insert(procedure.version, procedure);
    }
    // The standard procedure is in force until the city writes its own, and stays for the cases pinned to it.
    let first_own = procedures.values().filter(|p| !p.history).map(|p| p.version).min();
    let older = procedures.values().filter(|p| p.history && first_own.is_none_or(|own| p.version < own));
    let standard = older.map(|p| p.version).max().map_or(1, |newest| newest + 1);
    if first_own.is_none_or(|own| standard < own) {
        procedures.insert(standard, Procedure::standard(standard));
    }
    procedures
}

type People = (BTreeMap<PersonId, Person>, BTreeMap<String, PersonId>);

fn read_people(
    by_kind: &BTreeMap<&str, Vec<&StoredRecord>>,
    organisation: &Organisation,
    problems: &mut Problems,
) -> People {
    let read: BTreeMap<String, Person> = read(by_kind, "people", problems);
    let mut people = BTreeMap::new();
    let mut accounts = BTreeMap::new();
    for (key, person) in read {
        for problem in person.check(organisation) {
            problems.push(city_problem(&format!("people/{key}"), &problem));
        }
        if accounts.insert(person.account.to_lowercase(), person.id).is_some() {
            problems.add(format!("people/{key}.account"), "taken");
        }
        people.insert(person.id, person);
    }
    (people, accounts)
}

fn read_catalogue(by_kind: &BTreeMap<&str, Vec<&StoredRecord>>, problems: &mut Problems) -> Catalogue {
    let mut catalogue = Catalogue::national();
    let classes: BTreeMap<String, ClassEntry> = read(by_kind, "classes", problems);
    for (key, entry) in classes {
        for problem in catalogue.put_class(entry).err().into_iter().flatten() {
            problems.push(city_problem(&format!("classes/{key}"), &problem));
        }
    }
    let criteria: BTreeMap<String, CriterionRecord> = read(by_kind, "criteria", problems);
    for (key, record) in criteria {
        for problem in catalogue.put_criterion(&record.class, record.criterion).err().into_iter().flatten() {
            problems.push(city_problem(&format!("criteria/{key}"), &problem));
        }
    }
    catalogue
}

/// Fields of one class on its card at most; more than anyone fills in.
const COMPONENT_FIELDS_MAX: usize = 60;

fn read_component_fields(
    by_kind: &BTreeMap<&str, Vec<&StoredRecord>>,
    problems: &mut Problems,
) -> BTreeMap<String, Vec<AttributeQuestion>> {
    let read: BTreeMap<String, Vec<AttributeQuestion>> = read(by_kind, "component_fields", problems);
    for (key, fields) in &read {
        if fields.len() > COMPONENT_FIELDS_MAX {
            let problem = FieldProblem::new(format!("component_fields/{key}"), "too_many");
            problems.push(problem.with("max", COMPONENT_FIELDS_MAX as u64));
        }
        for (i, field) in fields.iter().enumerate() {
            let at = format!("component_fields/{key}.fields[{i}]");
            if field.code.trim().is_empty() {
                problems.add(format!("{at}.code"), "required");
            }
            if fields[..i].iter().any(|before| before.code == field.code) {
                problems.add(format!("{at}.code"), "taken");
            }
            if field.description.is_blank() {
                problems.add(format!("{at}.description"), "required");
            }
        }
    }
    read
}

fn read_grids(
    by_kind: &BTreeMap<&str, Vec<&StoredRecord>>,
    known: KnownGrids,
    problems: &mut Problems,
) -> KnownGrids {
    if let GridSource::Edition(_) = known.source {
        return known;
    }
    let record = by_kind.get("unit_grids").and_then(|records| records.first());
    let Some(record) = record.filter(|record| record.value.is_some()) else {
        return KnownGrids { until: known.until, ..KnownGrids::default() };
    };
    let source = GridSource::Record(record.version);
    if known.source == source {
        return known;
    }
    let tables: BTreeMap<String, String> = read(by_kind, "unit_grids", problems);
    let Some(csv) = tables.into_values().next() else { return KnownGrids::default() };
    match city::Grids::from_csv(&csv) {
        Ok(rectangles) => {
            KnownGrids { source, grids: Arc::new(UnitGrids::from(&rectangles)), until: known.until }
        }
        Err(problem) => {
            problems.push(FieldProblem::new("unit_grids/all", "bad_grids").with("why", problem.to_string()));
            KnownGrids::default()
        }
    }
}

/// The zone of the city's calendar, before there is a configuration.
#[must_use]
pub fn zone_of(records: &[StoredRecord]) -> Zone {
    let calendars = records.iter().filter(|record| record.kind == "calendars");
    let mut specs = calendars.filter_map(|record| CalendarSpec::deserialize(record.value.as_ref()?).ok());
    specs.next_back().map_or_else(Zone::shanghai, |spec| spec.zone)
}
