//! The records of the demo city: everything a real city would enter at its desks, written once.

use super::data::{Data, StaffRow, class, unit};
use super::places::{plain, road_names};
use anyhow::{Context, anyhow};
use app::config::{CriterionRecord, Street};
use app::ports::PutRecord;
use app::settings::CitySettings;
use app::view::Words;
use app::{App, DemoAccount};
use case::procedure::{AutoDispatch, FastChannel};
use case::{Procedure, Source};
use city::organisation::{DepartmentKind, DepartmentLevel};
use city::responsibility::{ClassPattern, Rule};
use city::roster::{DutyGrid, Shift, ShiftDays};
use city::template::OpinionTemplate;
use city::{ClassEntry, Criterion, Department, Division, L10n, Person};
use jiff::ToSpan;
use kernel::actor::Scope;
use kernel::calendar::Weekday;
use kernel::{CityCode, ClassKey, DepartmentId, PersonId, Post, Role, TimeLimit};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The password of every ready-made account.
pub const PASSWORD: &str = "demo";
/// Version of the procedure the history was played under, and of the one in force.
pub const HISTORY: u32 = 1;
pub const IN_FORCE: u32 = 2;

/// The tenant of the demo: codes 99xxxx are ours.
///
/// # Panics
/// Never: six digits.
#[must_use]
pub fn city_code() -> CityCode {
    CityCode::new(990_100).expect("six digits")
}

/// The number of the department in row `at` of the table.
#[must_use]
pub fn department_id(at: usize) -> DepartmentId {
    DepartmentId(u32::try_from(at + 1).unwrap_or(u32::MAX))
}

/// The number of the person in row `at` of the table.
#[must_use]
pub fn person_id(at: usize) -> PersonId {
    PersonId(u32::try_from(at + 1).unwrap_or(u32::MAX))
}

/// The accounts shown on the log-in page.
#[must_use]
pub fn accounts(data: &Data) -> Vec<DemoAccount> {
    let department = |row: &StaffRow| {
        let found = data.departments.iter().find(|d| d.code == row.department_code);
        found.map_or_else(|| words("", ""), |d| words(&d.name_zh, &d.name_en))
    };
    let featured = data.staff.iter().filter(|row| row.featured);
    featured
        .map(|row| DemoAccount {
            account: row.account.clone(),
            password: PASSWORD.to_owned(),
            role: row.roles.clone(),
            name: words(&row.name_zh, &row.name_en),
            department: department(row),
        })
        .collect()
}

/// Writes the city. `weeks` is how far the data's year is moved.
///
/// # Errors
/// When a record is refused or cannot be written.
pub async fn write(app: &App, data: &Data, weeks: i64) -> anyhow::Result<()> {
    let puts = records(data, weeks)?;
    app.put_checked(city_code(), None, puts)
        .await
        .map_err(|error| anyhow!("the demo city was refused: {error:?}"))?;
    let people: Vec<PersonId> = (0..data.staff.len()).map(person_id).collect();
    app.set_same_password(city_code(), &people, PASSWORD).await.context("could not make the accounts")
}

struct Puts(Vec<PutRecord>);

impl Puts {
    fn add(&mut self, kind: &str, key: impl Into<String>, value: &impl Serialize) -> anyhow::Result<()> {
        let value = Some(serde_json::to_value(value)?);
        self.0.push(PutRecord { kind: kind.to_owned(), key: key.into(), expected_version: 0, value });
        Ok(())
    }
}

/// All records of the city.
///
/// # Errors
/// When the tables do not fit together.
pub fn records(data: &Data, weeks: i64) -> anyhow::Result<Vec<PutRecord>> {
    let mut puts = Puts(Vec::new());
    puts.add("settings", "city", &settings(data, weeks)?)?;
    puts.add("calendars", "main", &data.calendar.calendar)?;
    puts.add("procedures", "1", &Procedure::history(HISTORY))?;
    puts.add("procedures", "2", &procedure()?)?;
    for row in data.areas.iter().filter(|row| row.level != "city") {
        let parent = data.areas.iter().find(|a| a.code == row.parent_code && a.level != "city");
        let division = Division {
            code: row.code.parse()?,
            name: L10n::new(row.name_zh.as_str(), row.name_en.as_str()),
            parent: parent.map(|parent| parent.code.parse()).transpose()?,
            valid_from: None,
            valid_to: None,
        };
        puts.add("divisions", row.code.as_str(), &division)?;
    }
    let numbers = departments(data, &mut puts)?;
    people(data, &numbers, &mut puts)?;
    extensions(data, &mut puts)?;
    for (at, row) in data.responsibility.iter().enumerate() {
        let department = number(&numbers, &row.department_code)?;
        let level = data.departments.iter().find(|d| d.code == row.department_code).map(|d| d.level.as_str());
        let rule = Rule {
            class: ClassPattern::Class(class(&row.edition, &row.kind, &row.class_code)?),
            place: (!row.street_code.is_empty()).then(|| row.street_code.parse()).transpose()?,
            owner: (!row.owner.is_empty()).then(|| row.owner.clone()),
            department,
            level: level.and_then(DepartmentLevel::parse).context("a department has a level")?,
            // A share of one at most.
            weight_permille: (row.weight.clamp(0.0, 1.0) * 1_000.0).round() as u16,
            basis: L10n::new(
                format!("2015 年 {} 件同类案件的 {} %", row.cases, row.share_pct),
                format!("{} % of {} such cases in 2015", row.share_pct, row.cases),
            ),
        };
        puts.add("responsibility", (at + 1).to_string(), &rule)?;
    }
    duty(data, &mut puts)?;
    templates(data, &mut puts)?;
    puts.add("unit_grids", "all", &Data::unit_grids()?)?;
    // Those with a line are in the address store.
    let lined = road_names()?;
    let streets: Vec<Street> = data
        .streets
        .iter()
        .filter(|row| !lined.contains(&plain(&row.name)))
        .map(|row| Street {
            name: row.name.clone(),
            lng: row.lng,
            lat: row.lat,
            area: row.street_code.clone(),
        })
        .collect();
    puts.add("streets", "all", &streets)?;
    Ok(puts.0)
}

fn settings(data: &Data, weeks: i64) -> anyhow::Result<CitySettings> {
    let mut stops = Vec::new();
    for stop in &data.calendar.declared_stops {
        stops.push(stop.date.checked_add(weeks.weeks())?.to_string());
    }
    Ok(CitySettings {
        name: words("波士顿（演示）", "Boston (demo)"),
        lng: -71.0846,
        lat: 42.3237,
        zoom: 11.6,
        bounds: [-71.21, 42.21, -70.95, 42.41],
        edition: "2026".into(),
        default_language: "zh".into(),
        basemap: "boston.pmtiles".into(),
        demo: true,
        declared_stops: stops,
        phone: "617-555-0311".into(),
        ..CitySettings::default()
    })
}

/// The procedure in force: people decide, but for two kinds of plain case that go by themselves.
fn procedure() -> anyhow::Result<Procedure> {
    let mut procedure = Procedure::standard(IN_FORCE);
    procedure.name = "演示规程（含快速通道）".to_owned();
    procedure.fast_channels = vec![
        FastChannel {
            name: "监督员上报的保洁类案件".to_owned(),
            sources: vec![Source::Collector],
            classes: vec![class("2026", "event", "06010")?, class("2026", "event", "06042")?],
            areas: Vec::new(),
            file: true,
            dispatch: true,
            audit_percent: 40,
        },
        FastChannel {
            name: "监督员上报的路灯故障".to_owned(),
            sources: vec![Source::Collector],
            classes: vec![class("2026", "component", "01037")?],
            areas: Vec::new(),
            file: true,
            dispatch: false,
            audit_percent: 20,
        },
    ];
    procedure.auto_dispatch = AutoDispatch {
        enabled: true,
        confidence_min: 85,
        classes: vec![class("2026", "component", "02014")?, class("2026", "event", "06999")?],
    };
    Ok(procedure)
}

type Numbers = BTreeMap<String, DepartmentId>;

fn number(numbers: &Numbers, code: &str) -> anyhow::Result<DepartmentId> {
    numbers.get(code).copied().with_context(|| format!("no department {code}"))
}

fn departments(data: &Data, puts: &mut Puts) -> anyhow::Result<Numbers> {
    let numbers: Numbers =
        data.departments.iter().enumerate().map(|(at, row)| (row.code.clone(), department_id(at))).collect();
    for (at, row) in data.departments.iter().enumerate() {
        let id = department_id(at);
        let parent = (!row.parent_code.is_empty()).then(|| number(&numbers, &row.parent_code)).transpose()?;
        let everywhere = row.area_code == city_code().to_string();
        let department = Department {
            id,
            code: row.code.clone(),
            parent,
            name: L10n::new(row.name_zh.as_str(), row.name_en.as_str()),
            level: DepartmentLevel::parse(&row.level).context("unknown level")?,
            kind: DepartmentKind::parse(&row.kind).context("unknown kind of department")?,
            areas: if everywhere { Vec::new() } else { vec![row.area_code.parse()?] },
            phone: row.phone.clone(),
            active: true,
            version: 0,
        };
        puts.add("departments", id.to_string(), &department)?;
    }
    Ok(numbers)
}

fn people(data: &Data, numbers: &Numbers, puts: &mut Puts) -> anyhow::Result<()> {
    for (at, row) in data.staff.iter().enumerate() {
        let department = number(numbers, &row.department_code)?;
        let areas = if row.areas.is_empty() { Vec::new() } else { vec![row.areas.parse()?] };
        let person = Person {
            id: person_id(at),
            account: row.account.clone(),
            name: L10n::new(row.name_zh.as_str(), row.name_en.as_str()),
            department,
            posts: vec![Post { role: row.role()?, department, scope: Scope { areas, classes: Vec::new() } }],
            phone: row.phone.clone(),
            email: String::new(),
            active: true,
            version: 0,
        };
        puts.add("people", person.id.to_string(), &person)?;
    }
    Ok(())
}

fn extensions(data: &Data, puts: &mut Puts) -> anyhow::Result<()> {
    let national = city::Catalogue::national_ref();
    for row in &data.extensions {
        let key: ClassKey = class(&row.edition, &row.kind, &row.code)?;
        let same_major = national.iter().map(|class| &class.entry).find(|entry| {
            entry.key.edition == key.edition && entry.key.kind == key.kind && entry.key.major() == key.major()
        });
        let entry = ClassEntry {
            major_name: same_major.with_context(|| format!("no major for {key}"))?.major_name.clone(),
            key: key.clone(),
            name: L10n::new(row.name_zh.as_str(), row.name_en.as_str()),
            geometry: None,
            typical_responsible_zh: String::new(),
            source: "demo".into(),
            confidence: String::new(),
            extension: true,
            disabled: false,
            component: None,
            attributes: Vec::new(),
            version: 0,
        };
        puts.add("classes", key.to_string(), &entry)?;
        let criterion = Criterion {
            seq: 1,
            filing: L10n::new(row.filing_zh.as_str(), row.filing_en.as_str()),
            closing: L10n::new(row.closing_zh.as_str(), row.closing_en.as_str()),
            limit: TimeLimit::new(row.limit_value, unit(&row.limit_kind)?),
            by_area: BTreeMap::new(),
            source: "demo".into(),
            source_note: String::new(),
            disabled: false,
            version: 0,
        };
        puts.add("criteria", format!("{key}#1"), &CriterionRecord { class: key, criterion })?;
    }
    Ok(())
}

/// Every collector walks their own grid by day; a few share the nights, so that a task never waits for morning.
/// The collector of the log-in page is on duty whenever a visitor comes.
fn duty(data: &Data, puts: &mut Puts) -> anyhow::Result<()> {
    for row in &data.duty_grids {
        let mut areas = Vec::new();
        for code in row.community_codes.split([' ', ';', '|']).filter(|code| !code.is_empty()) {
            areas.push(code.parse()?);
        }
        let grid = DutyGrid {
            code: row.code.clone(),
            name: L10n::new(row.name_zh.as_str(), row.name_en.as_str()),
            areas,
            ..DutyGrid::default()
        };
        puts.add("duty_grids", row.code.as_str(), &grid)?;
    }
    let every_day = || ShiftDays::Weekly {
        days: BTreeSet::from([
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
            Weekday::Saturday,
            Weekday::Sunday,
        ]),
    };
    let collectors: Vec<(usize, &StaffRow)> =
        data.staff.iter().enumerate().filter(|(_, row)| row.roles == Role::Collector.as_str()).collect();
    let districts: Vec<&str> =
        data.areas.iter().filter(|area| area.level == "district").map(|area| area.code.as_str()).collect();
    let roving = collectors.len().saturating_sub(data.duty_grids.len());
    for (i, (at, row)) in collectors.iter().enumerate() {
        let (from, to) = if row.featured { (0, 24 * 60) } else { (7 * 60, 19 * 60) };
        let shift = |from_minute: u16, to_minute: u16| Shift {
            person: person_id(*at),
            duty_grids: vec![row.duty_grid.clone()],
            areas: Vec::new(),
            from_minute,
            to_minute,
            days: every_day(),
            valid_from: None,
            valid_to: None,
        };
        let Some(night) = i.checked_sub(data.duty_grids.len()) else {
            puts.add("shifts", (at + 1).to_string(), &shift(from, to))?;
            continue;
        };
        let mut areas = Vec::new();
        for code in districts.iter().skip(night).step_by(roving.max(1)) {
            areas.push(code.parse()?);
        }
        let nights = Shift { duty_grids: Vec::new(), areas, ..shift(19 * 60, 7 * 60) };
        puts.add("shifts", (at + 1).to_string(), &nights)?;
    }
    Ok(())
}

fn templates(data: &Data, puts: &mut Puts) -> anyhow::Result<()> {
    let mut id = 0;
    for (step, sentences) in &data.phrases.opinion_templates {
        for sentence in sentences {
            id += 1;
            let template = OpinionTemplate {
                id,
                step: step.clone(),
                text: L10n::new(sentence.zh.as_str(), sentence.en.as_str()),
                person: None,
                order: u16::try_from(id).unwrap_or(u16::MAX),
                version: 0,
            };
            puts.add("templates", id.to_string(), &template)?;
        }
    }
    Ok(())
}

fn words(zh: &str, en: &str) -> Words {
    Words { zh: zh.to_owned(), en: en.to_owned() }
}
