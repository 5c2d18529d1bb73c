//! Entries of a register as a list: filters on everything, any order, paging.

use super::entry::{Body, Entry};
use super::{sees_entry, sees_personal};
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use kernel::{Actor, GridCode, Timestamp};
use pack::entry;
use pack::{Field, FieldType, Register};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: u32 = 200;
/// Filters on fields in one question.
const FILTERS_MAX: usize = 20;

/// Words for the bits of an entry's flags.
pub(super) const FLAGS: [(&str, u8); 5] = [
    ("expired", entry::EXPIRED),
    ("expiring", entry::EXPIRING),
    ("document_missing", entry::DOCUMENT_MISSING),
    ("inspection_due", entry::INSPECTION_DUE),
    ("case_open", entry::CASE_OPEN),
];

pub(super) fn flag_words(flags: u8) -> Vec<String> {
    FLAGS.iter().filter(|(_, bit)| flags & bit != 0).map(|(word, _)| (*word).to_owned()).collect()
}

/// Any combination of filters; a key given several times means any of the values.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Words of the name, the code or a text of the entry.
    #[param(max_length = 100)]
    pub text: Option<String>,
    pub kind: Vec<String>,
    pub state: Vec<String>,
    /// `green`, `yellow`, `red` or `grey`.
    pub band: Vec<String>,
    /// `expired`, `expiring`, `document_missing`, `inspection_due` or `case_open`.
    pub flag: Vec<String>,
    /// Division or grid code; everything inside counts.
    #[param(max_length = 15)]
    pub area: Option<String>,
    /// A field compared with a value, each further one narrows: `frontage>=6`, `signed_on<=2026-01-31`,
    /// `open_fire=true`, `remark~words`.
    pub field: Vec<String>,
    /// West, south, east, north in degrees, joined by commas.
    #[param(max_length = 100)]
    pub bbox: Option<String>,
    /// Also those in a closed state; they are left out unless a state is asked for.
    pub closed: Option<bool>,
    /// A column; with `-` before it downwards.
    #[param(max_length = 60)]
    pub sort: Option<String>,
    /// Code of the last entry seen.
    #[param(max_length = 40)]
    pub after: Option<String>,
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An entry as one line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryLine {
    pub serial: u64,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub state: String,
    pub band: String,
    pub score: Option<f64>,
    pub flags: Vec<String>,
    pub grid: Option<String>,
    pub lng: Option<f64>,
    pub lat: Option<f64>,
    /// Values of the register's columns; personal ones only for those who may see them.
    #[schema(value_type = Object)]
    pub values: Map<String, Value>,
    /// The worst document.
    pub documents: Option<entry_standing::Standing>,
    /// First of its documents to expire, as a date.
    #[schema(value_type = Option<String>, format = Date)]
    pub expires_on: Option<jiff::civil::Date>,
    pub changed_at: i64,
    pub made_up: bool,
}

pub mod entry_standing {
    //! How documents stand, as the wire says it.

    use serde::Serialize;
    use utoipa::ToSchema;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum Standing {
        Valid,
        Expiring,
        Missing,
        Expired,
    }

    impl From<pack::entry::Standing> for Standing {
        fn from(found: pack::entry::Standing) -> Self {
            match found {
                pack::entry::Standing::Valid => Self::Valid,
                pack::entry::Standing::Expiring => Self::Expiring,
                pack::entry::Standing::Expired => Self::Expired,
                pack::entry::Standing::Missing => Self::Missing,
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EntryPage {
    pub items: Vec<EntryLine>,
    /// Send as `after` for the next page.
    pub next: Option<String>,
    pub total: u64,
}

/// A code of a division or grid, or nothing.
pub(super) fn area_of(text: Option<&str>) -> Result<Option<GridCode>, AppError> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| AppError::invalid("area", "not_an_area")))
        .transpose()
}

pub(super) fn in_area(config: &Config, body: &Body, area: Option<&GridCode>) -> bool {
    let Some(area) = area else { return true };
    area.as_str() == config.city.to_string()
        || body.grid().is_some_and(|grid| config.divisions.within(&grid, area))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Equal,
    AtLeast,
    AtMost,
    Holds,
}

struct Wanted<'a> {
    field: &'a Field,
    how: Compared,
    value: String,
}

impl App {
    /// Entries of a register, filtered, sorted, a page at a time.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a register the caller may not see, [`AppError::Invalid`] for an unknown filter.
    pub async fn list_entries(
        &self,
        actor: &Actor,
        register: &str,
        q: &EntryQuery,
    ) -> Result<EntryPage, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let personal = sees_personal(actor, &register);
        let wanted = wanted_fields(&register, &q.field, personal)?;
        let area = area_of(q.area.as_deref())?;
        let bounds = bounds_of(q.bbox.as_deref())?;
        let flags = flags_of(&q.flag)?;
        let text = q.text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
        let sort = q.sort.as_deref().unwrap_or("code");
        let (column, down) = sort.strip_prefix('-').map_or((sort, false), |column| (column, true));
        let may_sort = ["code", "name", "kind", "state", "grid", "score", "documents", "changed_at"]
            .contains(&column)
            || register.field(column).is_some_and(|field| personal || !field.personal);
        if !may_sort {
            return Err(AppError::invalid("sort", "unknown_field"));
        }
        let cell = self.book(actor.city, &register.id).await?;
        let entries: Vec<Arc<Entry>> = cell.book.read().entries.values().cloned().collect();
        let today = self.today(&config);
        let day_of = |ms: i64| config.calendar.local_date(Timestamp(ms));
        let with_closed = q.closed.unwrap_or(false) || !q.state.is_empty();
        let mut found: Vec<&Arc<Entry>> = entries
            .iter()
            .filter(|entry| {
                let body = &entry.body;
                !entry.removed
                    && (with_closed || !register.is_closed(&body.state))
                    && any(&q.kind, &entry.kind)
                    && any(&q.state, &body.state)
                    && any(&q.band, body.band.as_deref().unwrap_or("grey"))
                    && in_area(&config, body, area.as_ref())
                    && sees_entry(actor, &config, &register, body)
                    && bounds.is_none_or(|bounds| inside(body, bounds))
                    && wanted.iter().all(|wanted| fits(wanted, body.fields.get(&wanted.field.id)))
                    && text.as_ref().is_none_or(|text| mentions(entry, &register, personal, text))
                    && (flags == 0 || entry.flags(&register, today, day_of) & flags != 0)
            })
            .collect();
        let order = |a: &Entry, b: &Entry| {
            let ordering = compare(a, b, column);
            let ordering = if down { ordering.reverse() } else { ordering };
            ordering.then_with(|| a.code.cmp(&b.code))
        };
        found.sort_by(|a, b| order(a, b));
        let total = found.len() as u64;
        let limit = q.limit.unwrap_or(50).clamp(1, LIMIT_MAX) as usize;
        let start = match &q.after {
            None => 0,
            // Also when it was changed or closed meanwhile: what comes after its place in the order.
            Some(after) => match entries.iter().find(|entry| entry.code == *after) {
                Some(last) => found.partition_point(|entry| order(entry, last) != Ordering::Greater),
                None => return Err(AppError::invalid("after", "unknown_entry")),
            },
        };
        let page = found.get(start..).unwrap_or_default();
        let next = page.get(limit - 1).filter(|_| page.len() > limit).map(|entry| entry.code.clone());
        let items = page
            .iter()
            .take(limit)
            .map(|entry| self.entry_line(&config, &register, entry, personal))
            .collect();
        Ok(EntryPage { items, next, total })
    }

    pub(super) fn entry_line(
        &self,
        config: &Config,
        register: &Register,
        entry: &Entry,
        personal: bool,
    ) -> EntryLine {
        let today = self.today(config);
        let body = &entry.body;
        let point = body.point();
        let shown = register.columns.iter().filter_map(|column| register.field(column));
        let values = shown
            .filter(|field| personal || !field.personal)
            .filter_map(|field| Some((field.id.clone(), body.fields.get(&field.id)?.clone())))
            .collect();
        let standing = register
            .documents
            .iter()
            .filter_map(|document| entry::standing(document, &body.documents, today))
            .map(|(standing, _)| entry_standing::Standing::from(standing))
            .max();
        EntryLine {
            serial: entry.serial,
            code: entry.code.clone(),
            name: entry.name.clone(),
            kind: entry.kind.clone(),
            state: body.state.clone(),
            band: body.band.clone().unwrap_or_else(|| "grey".to_owned()),
            score: body.score,
            flags: flag_words(entry.flags(register, today, |ms| config.calendar.local_date(Timestamp(ms)))),
            grid: body.grid.clone(),
            lng: point.map(|(lng, _)| lng),
            lat: point.map(|(_, lat)| lat),
            values,
            documents: standing,
            expires_on: body.documents.iter().filter_map(|held| held.expires_on).min(),
            changed_at: entry.changed_at.millis(),
            made_up: body.made_up,
        }
    }
}

fn any(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|one| one == value)
}

fn flags_of(words: &[String]) -> Result<u8, AppError> {
    let mut flags = 0;
    for word in words {
        let known = FLAGS.iter().find(|(known, _)| known == word);
        flags |= known.ok_or_else(|| AppError::invalid("flag", "unknown_flag"))?.1;
    }
    Ok(flags)
}

fn bounds_of(text: Option<&str>) -> Result<Option<[f64; 4]>, AppError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [west, south, east, north] if west <= east && south <= north => {
            Ok(Some([*west, *south, *east, *north]))
        }
        _ => Err(AppError::invalid("bbox", "not_a_box")),
    }
}

fn inside(body: &Body, [west, south, east, north]: [f64; 4]) -> bool {
    body.point().is_some_and(|(lng, lat)| lng >= west && lng <= east && lat >= south && lat <= north)
}

fn wanted_fields<'a>(
    register: &'a Register,
    sent: &[String],
    personal: bool,
) -> Result<Vec<Wanted<'a>>, AppError> {
    let mut problems = Problems::default();
    if sent.len() > FILTERS_MAX {
        problems.push(FieldProblem::new("field", "too_many").with("max", FILTERS_MAX as u64));
    }
    let mut wanted = Vec::new();
    for text in sent.iter().take(FILTERS_MAX) {
        let split = [
            (">=", Compared::AtLeast),
            ("<=", Compared::AtMost),
            ("~", Compared::Holds),
            ("=", Compared::Equal),
        ]
        .into_iter()
        .find_map(|(sign, how)| text.split_once(sign).map(|(id, value)| (id, how, value)));
        let Some((id, how, value)) = split else {
            problems.add("field", "not_a_comparison");
            continue;
        };
        match register.field(id).filter(|field| personal || !field.personal) {
            Some(field) => wanted.push(Wanted { field, how, value: value.to_lowercase() }),
            None => problems.add("field", "unknown_field"),
        }
    }
    problems.done()?;
    Ok(wanted)
}

fn fits(wanted: &Wanted<'_>, stored: Option<&Value>) -> bool {
    let Some(stored) = stored else { return wanted.value.is_empty() && wanted.how == Compared::Equal };
    let text = plain(stored).to_lowercase();
    let number = |text: &str| text.parse::<f64>().ok();
    let ordering = match wanted.field.kind {
        FieldType::Number => number(&text).zip(number(&wanted.value)).and_then(|(a, b)| a.partial_cmp(&b)),
        _ => Some(text.cmp(&wanted.value)),
    };
    match wanted.how {
        Compared::Equal => ordering == Some(Ordering::Equal),
        Compared::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        Compared::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        Compared::Holds => text.contains(&wanted.value),
    }
}

/// A value as one text.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn mentions(entry: &Entry, register: &Register, personal: bool, text: &str) -> bool {
    let holds = |value: &str| value.to_lowercase().contains(text);
    holds(&entry.code)
        || holds(&entry.name)
        || register
            .fields
            .iter()
            .filter(|field| {
                (personal || !field.personal) && matches!(field.kind, FieldType::Text | FieldType::Phone)
            })
            .filter_map(|field| entry.body.fields.get(&field.id)?.as_str())
            .any(holds)
        || entry.body.documents.iter().any(|held| holds(&held.number))
}

fn compare(a: &Entry, b: &Entry, column: &str) -> Ordering {
    match column {
        "code" => a.code.cmp(&b.code),
        "name" => a.name.cmp(&b.name),
        "kind" => a.kind.cmp(&b.kind),
        "state" => a.body.state.cmp(&b.body.state),
        "grid" => a.body.grid.cmp(&b.body.grid),
        "score" => {
            let score = |entry: &Entry| entry.body.score.unwrap_or(f64::MAX);
            score(a).total_cmp(&score(b))
        }
        "documents" => {
            let first = |entry: &Entry| entry.body.documents.iter().filter_map(|held| held.expires_on).min();
            first(a).cmp(&first(b))
        }
        "changed_at" => a.changed_at.cmp(&b.changed_at),
        field => match (a.body.fields.get(field), b.body.fields.get(field)) {
            (Some(Value::Number(a)), Some(Value::Number(b))) => {
                a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
            }
            (Some(a), Some(b)) => plain(a).cmp(&plain(b)),
            // Empty ones last.
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (None, None) => Ordering::Equal,
        },
    }
}
