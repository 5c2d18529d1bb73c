//! Tables of an old system brought in: departments, people, responsibility, running cases. A dry run says
//! what each row would do; an import is all or nothing for configuration, case by case for cases.

use crate::app::App;
use crate::config::Config;
use crate::convert;
use crate::draft::Draft;
use crate::error::{AppError, Problems};
use crate::ports::PutRecord;
use crate::rights;
use crate::step::PlaceIn;
use case::{Command, Level, Procedure, Report, Source};
use city::responsibility::{ClassPattern, Rule};
use city::{Department, DepartmentKind, DepartmentLevel, L10n, Person};
use jiff::civil::DateTime;
use kernel::{
    Actor, CaseId, CityCode, ClassKey, DepartmentId, GridCode, PersonId, Post, Role, Scope, Timestamp,
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Rows of one import; a large city's people, or a week of its cases.
pub const ROWS_MAX: usize = 100_000;
/// Problems named in the answer; the rest is only counted.
const ERRORS_SHOWN: usize = 500;
const CASES_AT_ONCE: usize = 500;

/// A table as the door read it: headers and rows with their line numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub headers: Vec<String>,
    pub rows: Vec<(usize, Vec<String>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportView {
    pub kind: String,
    pub dry_run: bool,
    pub rows: usize,
    /// Rows that were (or would be) written.
    pub ok: usize,
    pub error_count: usize,
    pub errors: Vec<RowError>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowError {
    /// Line in the file, counted from 1 with the header.
    pub row: usize,
    pub field: String,
    pub code: String,
}

struct Rows<'a> {
    table: &'a Table,
    columns: BTreeMap<String, usize>,
    errors: Vec<RowError>,
}

/// One row: cells by column name.
struct Row<'a> {
    line: usize,
    cells: &'a [String],
    columns: &'a BTreeMap<String, usize>,
}

impl Row<'_> {
    fn get(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|at| self.cells.get(*at)).map_or("", |cell| cell.trim())
    }

    fn list(&self, column: &str) -> Vec<&str> {
        self.get(column).split([';', '；', ',']).map(str::trim).filter(|part| !part.is_empty()).collect()
    }

    fn bad(&self, field: &str, code: &str) -> RowError {
        RowError { row: self.line, field: field.to_owned(), code: code.to_owned() }
    }
}

impl<'a> Rows<'a> {
    fn new(table: &'a Table, needed: &[&str]) -> Result<Self, AppError> {
        let columns: BTreeMap<String, usize> =
            table.headers.iter().enumerate().map(|(at, name)| (name.trim().to_lowercase(), at)).collect();
        let mut problems = Problems::default();
        for name in needed.iter().filter(|name| !columns.contains_key(**name)) {
            problems.add(format!("column.{name}"), "required");
        }
        if table.rows.len() > ROWS_MAX {
            problems.add("rows", "too_many");
        }
        problems.done()?;
        Ok(Self { table, columns, errors: Vec::new() })
    }

    /// Reads every row; problems are kept with their line.
    fn read<T>(&mut self, mut read: impl FnMut(&Row<'_>) -> Result<T, RowError>) -> Vec<(usize, T)> {
        let mut values = Vec::with_capacity(self.table.rows.len());
        for (line, cells) in &self.table.rows {
            let row = Row { line: *line, cells, columns: &self.columns };
            match read(&row) {
                Ok(value) => values.push((*line, value)),
                Err(error) => self.errors.push(error),
            }
        }
        values
    }
}

impl App {
    /// Imports `departments`, `people`, `responsibility` or `cases`.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::Invalid`] for missing columns; problems of rows
    /// are part of the answer.
    pub async fn import(
        &self,
        actor: &Actor,
        kind: &str,
        table: &Table,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        may_import(actor, kind)?;
        let view = match kind {
            "departments" => self.import_departments(actor, table, dry_run).await?,
            "people" => self.import_people(actor, table, dry_run).await?,
            "responsibility" => self.import_responsibility(actor, table, dry_run).await?,
            "cases" => self.import_cases(actor.city, table, dry_run).await?,
            _ => return Err(AppError::NotFound("kind of import")),
        };
        if !dry_run {
            let detail = format!("{} of {} rows", view.ok, view.rows);
            self.note(actor.city, actor.person_id(), "import", kind, &detail, "").await?;
        }
        Ok(view)
    }

    async fn import_departments(
        &self,
        actor: &Actor,
        table: &Table,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        let config = self.config(actor.city)?;
        let mut rows = Rows::new(table, &["code", "name_zh", "level", "kind"])?;
        let mut ids: BTreeMap<String, DepartmentId> =
            config.organisation.iter().map(|d| (d.code.clone(), d.id)).collect();
        let mut next = config.organisation.iter().map(|d| d.id.0).max().unwrap_or(0);
        for (_, code) in rows.read(|row| Ok(row.get("code").to_owned())) {
            ids.entry(code).or_insert_with(|| {
                next += 1;
                DepartmentId(next)
            });
        }
        let read = rows.read(|row| {
            let code = row.get("code").to_owned();
            let id =
                *ids.get(&code).filter(|_| !code.is_empty()).ok_or_else(|| row.bad("code", "required"))?;
            let parent = match row.get("parent_code") {
                "" => None,
                code => Some(*ids.get(code).ok_or_else(|| row.bad("parent_code", "unknown_department"))?),
            };
            Ok(Department {
                id,
                code,
                parent,
                name: L10n::new(row.get("name_zh"), row.get("name_en")),
                level: DepartmentLevel::parse(row.get("level"))
                    .ok_or_else(|| row.bad("level", "unknown_value"))?,
                kind: DepartmentKind::parse(row.get("kind"))
                    .ok_or_else(|| row.bad("kind", "unknown_value"))?,
                areas: areas(row)?,
                phone: row.get("phone").to_owned(),
                active: row.get("active") != "false",
                version: 0,
            })
        });
        let puts = read
            .into_iter()
            .map(|(line, d)| (line, put(&config, "departments", d.id.to_string(), &d)))
            .collect();
        self.finish(actor, "departments", rows.errors, table.rows.len(), puts, dry_run).await
    }

    async fn import_people(
        &self,
        actor: &Actor,
        table: &Table,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        let config = self.config(actor.city)?;
        let mut rows = Rows::new(table, &["account", "name_zh", "department_code", "roles"])?;
        let mut next = config.people.keys().map(|id| id.0).max().unwrap_or(0);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let read = rows.read(|row| {
            let account = row.get("account").to_lowercase();
            if account.is_empty() {
                return Err(row.bad("account", "required"));
            }
            if seen.insert(account.clone(), row.line).is_some() {
                return Err(row.bad("account", "taken"));
            }
            let department = config.organisation.by_code(row.get("department_code"));
            let department = department.ok_or_else(|| row.bad("department_code", "unknown_department"))?.id;
            let classes = row
                .list("classes")
                .into_iter()
                .map(|key| key.parse::<ClassKey>().map_err(|_| row.bad("classes", "not_a_class")));
            let scope = Scope { areas: areas(row)?, classes: classes.collect::<Result<_, _>>()? };
            let posts = row.list("roles").into_iter().map(|word| {
                let role = Role::parse(word).ok_or_else(|| row.bad("roles", "unknown_value"))?;
                Ok(Post { role, department, scope: scope.clone() })
            });
            let id = config.accounts.get(&account).copied().unwrap_or_else(|| {
                next += 1;
                PersonId(next)
            });
            Ok(Person {
                id,
                account,
                name: L10n::new(row.get("name_zh"), row.get("name_en")),
                department,
                posts: posts.collect::<Result<_, _>>()?,
                phone: row.get("phone").to_owned(),
                email: row.get("email").to_owned(),
                active: row.get("active") != "false",
                version: 0,
            })
        });
        let puts =
            read.into_iter().map(|(line, p)| (line, put(&config, "people", p.id.to_string(), &p))).collect();
        self.finish(actor, "people", rows.errors, table.rows.len(), puts, dry_run).await
    }

    async fn import_responsibility(
        &self,
        actor: &Actor,
        table: &Table,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        let config = self.config(actor.city)?;
        let mut rows = Rows::new(table, &["class", "department_code"])?;
        let read = rows.read(|row| {
            let class: ClassPattern = serde_json::from_value(row.get("class").into())
                .map_err(|_| row.bad("class", "not_a_class"))?;
            let department = config.organisation.by_code(row.get("department_code"));
            let department = department.ok_or_else(|| row.bad("department_code", "unknown_department"))?;
            let place: Option<GridCode> = match row.get("place") {
                "" => None,
                code => Some(code.parse().map_err(|_| row.bad("place", "not_a_place"))?),
            };
            let weight = match row.get("weight_permille") {
                "" => 1_000,
                text => text
                    .parse()
                    .ok()
                    .filter(|w| *w <= 1_000)
                    .ok_or_else(|| row.bad("weight_permille", "out_of_range"))?,
            };
            let key = format!(
                "{}_{}_{}",
                row.get("class").replace('*', "any"),
                place.as_ref().map_or("", GridCode::as_str),
                department.id
            );
            let rule = Rule {
                class,
                place,
                owner: Some(row.get("owner").to_owned()).filter(|owner| !owner.is_empty()),
                department: department.id,
                level: department.level,
                weight_permille: weight,
                basis: L10n::new(row.get("basis_zh"), row.get("basis_en")),
            };
            Ok((key, rule))
        });
        let puts = read
            .into_iter()
            .map(|(line, (key, rule))| (line, put(&config, "responsibility", key, &rule)))
            .collect();
        self.finish(actor, "responsibility", rows.errors, table.rows.len(), puts, dry_run).await
    }

    /// All or nothing: one wrong row and nothing is written.
    async fn finish(
        &self,
        actor: &Actor,
        kind: &str,
        mut errors: Vec<RowError>,
        rows: usize,
        puts: Vec<(usize, PutRecord)>,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        let lines: BTreeMap<String, usize> =
            puts.iter().map(|(line, put)| (format!("{}/{}", put.kind, put.key), *line)).collect();
        let records: Vec<PutRecord> = puts.into_iter().map(|(_, put)| put).collect();
        let ok = records.len();
        if errors.is_empty() {
            let checked = if dry_run {
                self.check_change(actor.city, actor.person_id(), &records).await
            } else {
                self.put_checked(actor.city, actor.person_id(), records).await
            };
            match checked {
                Ok(()) => {}
                Err(AppError::Invalid(problems)) => errors.extend(problems.into_iter().map(|problem| {
                    let (record, field) = problem.field.split_once('.').unwrap_or((&problem.field, ""));
                    RowError {
                        row: lines.get(record).copied().unwrap_or(0),
                        field: field.to_owned(),
                        code: problem.code.to_owned(),
                    }
                })),
                Err(other) => return Err(other),
            }
        }
        Ok(answer(kind, dry_run, rows, if errors.is_empty() { ok } else { 0 }, errors))
    }

    /// Running cases of an old system. They are reported, filed and dispatched by the system under the
    /// history procedure, marked as brought over, then go on under the procedure in force.
    async fn import_cases(
        &self,
        city: CityCode,
        table: &Table,
        dry_run: bool,
    ) -> Result<ImportView, AppError> {
        let config = self.config(city)?;
        let mut rows = Rows::new(table, &["old_number", "reported_at", "text"])?;
        let read = rows.read(|row| old_case(&config, city, row));
        let mut errors = std::mem::take(&mut rows.errors);
        let history = history_procedure(&config);
        let mut batch = Vec::new();
        let mut ok = 0;
        for (line, old) in read {
            if self.store().case(city, old.id).await?.is_some() {
                errors.push(RowError { row: line, field: "old_number".into(), code: "taken".into() });
                continue;
            }
            match self.old_to_draft(&config, &history, &old).await {
                Ok(draft) => {
                    ok += 1;
                    batch.push(draft);
                }
                Err(AppError::Refused(why)) => {
                    errors.push(RowError { row: line, field: String::new(), code: why.code().to_owned() });
                }
                Err(other) => return Err(other),
            }
            if !dry_run && batch.len() >= CASES_AT_ONCE {
                let full = std::mem::take(&mut batch);
                self.commit_bulk(full.into_iter().map(|d| d.into_append(None, None)).collect()).await?;
            }
        }
        if !dry_run {
            self.commit_bulk(batch.into_iter().map(|d| d.into_append(None, None)).collect()).await?;
        }
        Ok(answer("cases", dry_run, table.rows.len(), ok, errors))
    }

    async fn old_to_draft(
        &self,
        config: &Config,
        history: &Procedure,
        old: &OldCase,
    ) -> Result<Draft, AppError> {
        let system = Actor::system(config.city, "import", 1);
        let at = old.reported_at;
        let number = self.store().next_number(config.city, config.calendar.yyyymmdd(at)).await?;
        let command = Command::Report {
            id: old.id,
            number,
            report: old.report.clone(),
            procedure: history.version,
            parent: None,
            level: Level::City,
        };
        let mut draft = Draft::under(history, command, &system, config, at)?;
        if old.filed {
            draft.step_under(history, Command::Accept { opinion: String::new() }, &system, config, at)?;
            let class = old.report.class.clone().ok_or_else(|| AppError::invalid("class", "required"))?;
            let standard = convert::standard(config, &class, old.criterion, &old.report.place)?;
            let file = Command::File { standard, opinion: String::new(), procedure: history.version };
            draft.step_under(history, file, &system, config, at)?;
            if let Some(department) = old.department {
                let dispatch =
                    Command::Dispatch { department, assisting: Vec::new(), opinion: String::new() };
                draft.step_under(history, dispatch, &system, config, at)?;
            }
        }
        draft.step(Command::Migrate { procedure: config.procedure }, &system, config, self.now())?;
        Ok(draft)
    }
}

/// People are the security administrator's, everything else the system administrator's.
///
/// # Errors
/// [`AppError::Forbidden`] without the right.
pub fn may_import(actor: &Actor, kind: &str) -> Result<(), AppError> {
    let role = if kind == "people" { Role::SecurityAdmin } else { Role::SystemAdmin };
    rights::only(actor, role, "import")
}

/// Photos waived, and the system may bring a case as far as the old system had it.
fn history_procedure(config: &Config) -> Procedure {
    let version = config.procedures.values().filter(|p| p.history).map(|p| p.version).max();
    let mut history = Procedure::history(version.unwrap_or(0));
    history.fast_channels = vec![case::procedure::FastChannel {
        name: "import".into(),
        sources: Vec::new(),
        classes: Vec::new(),
        areas: Vec::new(),
        file: true,
        dispatch: true,
        audit_percent: 0,
    }];
    history
}

struct OldCase {
    id: CaseId,
    report: Report,
    reported_at: Timestamp,
    criterion: u16,
    filed: bool,
    department: Option<DepartmentId>,
}

fn old_case(config: &Config, city: CityCode, row: &Row<'_>) -> Result<OldCase, RowError> {
    let old_number = row.get("old_number");
    if old_number.is_empty() {
        return Err(row.bad("old_number", "required"));
    }
    let mut problems = Problems::default();
    let number = |column: &str| -> Result<Option<f64>, RowError> {
        match row.get(column) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| row.bad(column, "not_numbers")),
        }
    };
    let sent = PlaceIn { lng: number("lng")?, lat: number("lat")?, address: row.get("address").to_owned() };
    let place = convert::place(config, "place", &sent, &mut problems);
    let class = match row.get("class") {
        "" => None,
        key => convert::class(config, "class", key, &mut problems),
    };
    let text = row.get("text").to_owned();
    problems.bounded("text", &text, convert::DESCRIPTION_MAX);
    if text.is_empty() {
        problems.add("text", "required");
    }
    if let Some(problem) = problems.into_vec().into_iter().next() {
        return Err(row.bad(&problem.field, problem.code));
    }
    let source = match row.get("source") {
        "" => Source::Hotline,
        word => Source::ALL
            .into_iter()
            .find(|s| s.as_str() == word && !matches!(s, Source::Parent | Source::Collector))
            .ok_or_else(|| row.bad("source", "unknown_source"))?,
    };
    let department = match row.get("department_code") {
        "" => None,
        code => Some(
            config
                .organisation
                .by_code(code)
                .ok_or_else(|| row.bad("department_code", "unknown_department"))?
                .id,
        ),
    };
    let criterion = match row.get("criterion") {
        "" => 1,
        text => text.parse().map_err(|_| row.bad("criterion", "unknown_criterion"))?,
    };
    let filed = match row.get("stage") {
        "" | "reported" => false,
        "filed" | "dispatched" => true,
        _ => return Err(row.bad("stage", "unknown_value")),
    };
    if filed && class.is_none() {
        return Err(row.bad("class", "required"));
    }
    if row.get("stage") == "dispatched" && department.is_none() {
        return Err(row.bad("department_code", "required"));
    }
    let report = Report {
        source,
        text,
        place,
        class,
        component: None,
        evidence: Vec::new(),
        urgent: row.get("urgent") == "true",
        consultation: false,
        wants_answer: false,
        attributes: BTreeMap::from([("old_number".to_owned(), old_number.to_owned())]),
    };
    Ok(OldCase {
        id: CaseId(old_id(city, old_number)),
        report,
        reported_at: moment(config, row.get("reported_at"))
            .ok_or_else(|| row.bad("reported_at", "not_a_time"))?,
        criterion,
        filed,
        department,
    })
}

/// The same old number gives the same id, so that an import may be repeated.
fn old_id(city: CityCode, old_number: &str) -> Uuid {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{city}/{old_number}").as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Local time such as `2026-11-22 14:05`, with or without seconds.
fn moment(config: &Config, text: &str) -> Option<Timestamp> {
    let text = text.replace('/', "-");
    let text = if text.len() == 16 { format!("{text}:00") } else { text };
    let local: DateTime = text.parse().ok()?;
    let zone = jiff::tz::TimeZone::get(config.calendar.zone().name()).ok()?;
    Some(Timestamp(local.to_zoned(zone).ok()?.timestamp().as_millisecond()))
}

fn areas(row: &Row<'_>) -> Result<Vec<GridCode>, RowError> {
    row.list("areas")
        .into_iter()
        .map(|code| code.parse().map_err(|_| row.bad("areas", "not_a_place")))
        .collect()
}

fn put<T: Serialize>(config: &Config, kind: &str, key: String, value: &T) -> PutRecord {
    let expected_version = config.record_versions.get(&(kind.to_owned(), key.clone())).copied().unwrap_or(0);
    PutRecord { kind: kind.to_owned(), key, expected_version, value: serde_json::to_value(value).ok() }
}

fn answer(kind: &str, dry_run: bool, rows: usize, ok: usize, mut errors: Vec<RowError>) -> ImportView {
    errors.sort_by_key(|error| error.row);
    let error_count = errors.len();
    errors.truncate(ERRORS_SHOWN);
    ImportView { kind: kind.to_owned(), dry_run, rows, ok, error_count, errors }
}
