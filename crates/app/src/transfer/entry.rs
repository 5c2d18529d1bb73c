//! Rows that become entries of a pack's register: found again by their code or by their number in the old system.

use super::component::{Batch, Pass, date, hash};
use super::row::Row;
use super::{Counts, Fault};
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem};
use crate::ports::StoredThing;
use crate::ports::files::FileRow;
use crate::registers::bring::{Bringing, Brought};
use city::component::Place;
use pack::entry::Held;
use pack::{Field, FieldType, Register};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Rows understood, before they are compared with the register.
#[derive(Default)]
pub struct UnderstoodEntries {
    wanted: Vec<Wanted>,
    counts: Counts,
    faults: Vec<Fault>,
}

struct Wanted {
    number: u64,
    place: Place,
    brought: Brought,
}

impl Pass {
    /// Reads rows under the mapping; remembers which codes and numbers the file has had.
    pub fn understand_entries(
        &mut self,
        config: &Config,
        register: &Register,
        rows: &[FileRow],
    ) -> UnderstoodEntries {
        let mut all = UnderstoodEntries::default();
        let Self { mapping, seen, nth, .. } = self;
        for file_row in rows {
            let mut row = Row::new(file_row, mapping);
            let mut read = read(&mut row, config, register);
            if let Some(wanted) = &mut read {
                let brought = &mut wanted.brought;
                if brought.code.is_none() && brought.source_id.is_empty() {
                    let name = brought.name.as_deref().unwrap_or_default();
                    let own = hash("place", &format!("{}/{}/{name}", register.id, brought.place));
                    let count = nth.entry(own).or_default();
                    *count += 1;
                    brought.source_id = format!("@{own:016x}-{count}");
                }
                let code = brought.code.as_ref().map(|code| ("code", hash("code", code)));
                let old = (!brought.source_id.is_empty())
                    .then(|| ("source_id", hash("source", &brought.source_id)));
                for (field, own) in code.into_iter().chain(old) {
                    if !seen.insert(own) {
                        row.bad(field, "twice_in_file");
                    }
                }
            }
            all.counts.rows += 1;
            match read {
                Some(wanted) if row.faults.is_empty() => all.wanted.push(wanted),
                _ => {
                    all.counts.wrong += 1;
                    all.faults.append(&mut row.faults);
                }
            }
        }
        all
    }
}

impl App {
    /// Works out what rows do, as the register is now. Issues codes only in a pass that writes.
    pub(super) async fn plan_entries(
        &self,
        config: &Config,
        register: &Register,
        pass: &Pass,
        understood: &UnderstoodEntries,
    ) -> Result<Batch, AppError> {
        let mut batch = Batch {
            counts: understood.counts.clone(),
            faults: understood.faults.clone(),
            ..Batch::default()
        };
        let existing = self.existing_entries(config, register, pass, &understood.wanted).await?;
        let grid = |wanted: &Wanted| {
            wanted.place.anchor().and_then(|at| config.grids.at(at)).map(ToString::to_string)
        };
        let grids: Vec<Option<String>> = understood
            .wanted
            .iter()
            .zip(&existing)
            .map(|(wanted, current)| if current.is_none() { grid(wanted) } else { None })
            .collect();
        let codes = self.codes_for_entries(config, register, &grids, pass.writes).await?;
        let mark = pass.transfer.to_string();
        let bringing = Bringing { by: pass.by, transfer: &mark };
        for (wanted, (current, code)) in understood.wanted.iter().zip(existing.into_iter().zip(codes)) {
            let unknown = current.is_none() && wanted.brought.code.is_some();
            // Written by this transfer before the process died.
            let ours = current.as_ref().filter(|t| t.change.contains(&mark)).map(|thing| thing.version);
            let done = if unknown {
                Err(vec![FieldProblem::new("code", "unknown_entry")])
            } else {
                let code = code.unwrap_or_default();
                let brought = &wanted.brought;
                self.bring_entry(config, register, brought, current.as_ref(), &code, bringing).await?
            };
            match done {
                Ok(Some(put)) => {
                    let new = put.serial.is_none();
                    batch.counts.new += u64::from(new);
                    batch.counts.changed += u64::from(!new);
                    batch.puts.push(put);
                }
                Ok(None) if ours == Some(1) => batch.counts.new += 1,
                Ok(None) if ours.is_some() => batch.counts.changed += 1,
                Ok(None) => batch.counts.unchanged += 1,
                Err(problems) => {
                    batch.counts.wrong += 1;
                    batch.faults.extend(problems.into_iter().map(|problem| fault(wanted, problem)));
                }
            }
        }
        batch.faults.sort_by_key(|fault| fault.row);
        batch.counts.faults = batch.faults.len() as u64;
        Ok(batch)
    }

    /// The entry each row is about, when the register has it.
    async fn existing_entries(
        &self,
        config: &Config,
        register: &Register,
        pass: &Pass,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<StoredThing>>, AppError> {
        let codes: Vec<String> = wanted.iter().filter_map(|one| one.brought.code.clone()).collect();
        let serial_of = |one: &Wanted| match &one.brought.code {
            None => pass.known.get(&hash("source", &one.brought.source_id)).copied(),
            Some(_) => None,
        };
        let serials: Vec<u64> = wanted.iter().filter_map(serial_of).collect();
        let mut by_code: HashMap<String, StoredThing> = HashMap::new();
        let mut by_serial: HashMap<u64, StoredThing> = HashMap::new();
        if !codes.is_empty() {
            let found = self.store().things_by_code(config.city, &register.id, &codes).await?;
            by_code.extend(found.into_iter().map(|thing| (thing.code.clone(), thing)));
        }
        if !serials.is_empty() {
            let found = self.store().things_by_serial(config.city, &serials).await?;
            by_serial.extend(found.into_iter().map(|thing| (thing.serial, thing)));
        }
        let one = |wanted: &Wanted| match &wanted.brought.code {
            Some(code) => by_code.get(code).cloned(),
            None => serial_of(wanted).and_then(|serial| by_serial.get(&serial).cloned()),
        };
        Ok(wanted.iter().map(one).collect())
    }
}

fn fault(wanted: &Wanted, problem: FieldProblem) -> Fault {
    let at = wanted.place.anchor();
    let text = |name: &str| problem.params.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let field = if problem.field == "place" { "shape".to_owned() } else { problem.field.clone() };
    Fault {
        row: wanted.number,
        field,
        code: problem.code.to_owned(),
        zh: text("zh"),
        en: text("en"),
        params: problem.params,
        lng: at.map(|p| p.lng()),
        lat: at.map(|p| p.lat()),
    }
}

fn read(row: &mut Row<'_>, config: &Config, register: &Register) -> Option<Wanted> {
    let place = row.place();
    let text = |row: &mut Row<'_>, field: &str| {
        let value = row.get(field);
        (!value.is_empty()).then(|| value.to_owned())
    };
    let mut brought = Brought {
        code: text(row, "code"),
        source_id: row.get("source_id").to_owned(),
        name: text(row, "name"),
        place: place.as_ref().map(ToString::to_string).unwrap_or_default(),
        ..Brought::default()
    };
    if brought.source_id.chars().count() > 80 {
        row.problem(FieldProblem::new("source_id", "too_long").with("max", 80));
    }
    let kinds = register.kinds.iter().map(|kind| (kind.id.as_str(), &kind.name));
    brought.kind = choice(row, "kind", kinds);
    let states = register.states.iter().map(|state| (state.id.as_str(), &state.name));
    brought.state = choice(row, "state", states);
    for field in register.fields.iter().filter(|field| !field.retired) {
        if let Some(value) = value(row, config, field) {
            brought.fields.insert(field.id.clone(), value);
        }
    }
    for document in &register.documents {
        let at = |part: &str| format!("documents.{}.{part}", document.id);
        let number = row.get(&at("number")).to_owned();
        let mut day = |part: &str| match row.get(&at(part)) {
            "" => None,
            text => {
                let day = date(text);
                if day.is_none() {
                    row.bad(&at(part), "not_a_date");
                }
                day
            }
        };
        let (issued_on, expires_on) = (day("issued_on"), day("expires_on"));
        if !number.is_empty() || issued_on.is_some() || expires_on.is_some() {
            let held = Held { document: document.id.clone(), number, issued_on, expires_on, file: None };
            brought.documents.push(held);
        }
    }
    Some(Wanted { number: row.number, place: place?, brought })
}

/// One of the pack's words, given by its id or by its name in either language.
fn choice<'a>(
    row: &mut Row<'_>,
    field: &str,
    words: impl Iterator<Item = (&'a str, &'a city::L10n)>,
) -> Option<String> {
    let text = row.get(field);
    if text.is_empty() {
        return None;
    }
    let mut words = words;
    let found = words.find(|(id, name)| *id == text || name.zh == text || name.en.eq_ignore_ascii_case(text));
    if found.is_none() {
        row.bad(field, "unknown_value");
    }
    found.map(|(id, _)| id.to_owned())
}

fn value(row: &mut Row<'_>, config: &Config, field: &Field) -> Option<Value> {
    let name = format!("fields.{}", field.id);
    let text = row.get(&name);
    if text.is_empty() {
        return None;
    }
    let found = match field.kind {
        FieldType::Text | FieldType::Phone | FieldType::Reference => Ok(json!(text)),
        FieldType::Choice => {
            let words = field.choices.iter().map(|choice| (choice.id.as_str(), &choice.name));
            return choice(row, &name, words).map(Value::from);
        }
        FieldType::Number => text.parse::<i64>().map(Value::from).or_else(|_| {
            text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from).ok_or("not_a_number")
        }),
        FieldType::Date => date(text).map(|day| json!(day.to_string())).ok_or("not_a_date"),
        FieldType::Boolean => match text.to_lowercase().as_str() {
            "是" | "有" | "true" | "yes" | "y" | "1" => Ok(json!(true)),
            "否" | "无" | "false" | "no" | "n" | "0" => Ok(json!(false)),
            _ => Err("not_a_boolean"),
        },
        FieldType::Department => {
            let mut all = config.organisation.iter();
            let named = all.find(|one| {
                one.code == text || one.name.zh == text || one.name.en.eq_ignore_ascii_case(text)
            });
            named.map(|one| json!(one.id.0)).ok_or("unknown_department")
        }
        FieldType::Person => {
            let named: Vec<_> = config
                .people
                .iter()
                .filter(|(id, one)| id.0.to_string() == text || one.name.zh == text || one.name.en == text)
                .collect();
            match named.as_slice() {
                [(id, _)] => Ok(json!(id.0)),
                _ => Err("unknown_person"),
            }
        }
        FieldType::Photo | FieldType::Documents => return None,
    };
    match found {
        Ok(value) => Some(value),
        Err(code) => {
            row.bad(&name, code);
            None
        }
    }
}
