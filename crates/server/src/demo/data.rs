//! The tables of the demo city, from inside the binary: `demo/boston` of the repository.

use super::registers::Poi;
use anyhow::{Context, anyhow};
use flate2::read::GzDecoder;
use jiff::civil::{Date, DateTime};
use kernel::calendar::CalendarSpec;
use kernel::{Cgcs2000, ClassKey, GridCode, LimitUnit, Point, Role};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/boston/", $name)).as_slice()
    };
}

/// Shops, restaurants, toilets … of the city (OpenStreetMap).
///
/// # Errors
/// When the table in the binary cannot be read.
pub fn pois() -> anyhow::Result<Vec<Poi>> {
    #[derive(Deserialize)]
    struct Line {
        class: String,
        lon: f64,
        lat: f64,
        name: String,
    }
    let mut reader = csv::Reader::from_reader(GzDecoder::new(file!("osm_poi.csv.gz")));
    let mut found = Vec::new();
    for line in reader.deserialize() {
        let Line { class, lon, lat, name } = line?;
        found.push(Poi { class, lng: lon, lat, name });
    }
    Ok(found)
}

/// Where 13,002 cases lie because nobody knew better: they have no place.
pub const NOWHERE: (f64, f64) = (-71.0587, 42.3594);

/// One case of the city's file, times in New York's local time of 2015.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: u64,
    pub opened: DateTime,
    pub target: Option<DateTime>,
    pub closed: Option<DateTime>,
    /// What the file says; some rows say nothing.
    pub on_time: Option<bool>,
    pub reason: Box<str>,
    pub title: Box<str>,
    pub street: Box<str>,
    pub neighborhood: Box<str>,
    /// Index into [`Data::types`].
    pub kind: u16,
    /// Index into [`Data::departments`].
    pub department: u16,
    pub origin: Origin,
    pub point: Option<Point<Cgcs2000>>,
}

impl Row {
    /// Closed before it was opened: not to be believed, and left out.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.closed.is_some_and(|closed| closed < self.opened)
    }
}

/// How a case came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Call,
    App,
    Web,
    Employee,
    Worker,
    Machine,
    Media,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DepartmentRow {
    pub code: String,
    pub parent_code: String,
    pub name_zh: String,
    pub name_en: String,
    pub level: String,
    pub kind: String,
    pub phone: String,
    pub area_code: String,
}

#[derive(Debug, Clone, Deserialize)]
struct QueueRow {
    queue: String,
    department_code: String,
}

#[derive(Debug, Clone, Deserialize)]
struct TypeLine {
    r#type: String,
    edition: String,
    kind: String,
    class_code: String,
    criterion_seq: u16,
    name_zh: String,
    name_en: String,
    default_department_code: String,
    consultation: bool,
    priority: String,
    cases_2015: u32,
}

/// A type of the city with its national class.
#[derive(Debug, Clone)]
pub struct TypeRow {
    pub name: String,
    pub class: ClassKey,
    pub criterion: u16,
    pub name_zh: String,
    pub name_en: String,
    pub department: u16,
    pub consultation: bool,
    pub urgent: bool,
    pub cases: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct StaffRow {
    pub account: String,
    pub name_zh: String,
    pub name_en: String,
    pub department_code: String,
    pub roles: String,
    pub areas: String,
    pub phone: String,
    pub duty_grid: String,
    pub featured: bool,
}

impl StaffRow {
    /// # Errors
    /// When the word is no role.
    pub fn role(&self) -> anyhow::Result<Role> {
        Role::parse(&self.roles).with_context(|| format!("{} is no role", self.roles))
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct AreaRow {
    pub code: String,
    pub parent_code: String,
    pub level: String,
    pub name_zh: String,
    pub name_en: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DutyRow {
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    pub community_codes: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ExtensionRow {
    pub edition: String,
    pub kind: String,
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    pub filing_zh: String,
    pub filing_en: String,
    pub closing_zh: String,
    pub closing_en: String,
    pub limit_value: u32,
    pub limit_kind: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ResponsibilityRow {
    pub edition: String,
    pub kind: String,
    pub class_code: String,
    pub street_code: String,
    pub owner: String,
    pub department_code: String,
    pub weight: f64,
    pub share_pct: u32,
    pub cases: u32,
}

#[derive(Debug, Clone, Deserialize)]
pub struct StreetRow {
    pub name: String,
    pub lng: f64,
    pub lat: f64,
    pub street_code: String,
}

#[derive(Debug, Clone, Deserialize)]
struct NeighborhoodRow {
    neighborhood: String,
    street_code: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct CalendarFile {
    pub calendar: CalendarSpec,
    pub declared_stops: Vec<Stop>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Stop {
    pub date: Date,
}

/// A sentence in both languages.
#[derive(Debug, Clone, Deserialize)]
pub struct Both {
    pub zh: String,
    pub en: String,
}

/// Sentences to choose from.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Choice {
    pub zh: Vec<String>,
    pub en: Vec<String>,
}

impl Choice {
    /// The sentence at `n`, in Chinese or English.
    #[must_use]
    pub fn pick(&self, n: u64, english: bool) -> &str {
        let list = if english { &self.en } else { &self.zh };
        let at = usize::try_from(n % (list.len().max(1) as u64)).unwrap_or(0);
        list.get(at).map_or("—", String::as_str)
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Confirmation {
    pub exists: Choice,
    pub not_found: Choice,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Replies {
    pub generic: Choice,
    pub by_type: BTreeMap<String, Choice>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Verification {
    pub passed: Choice,
    pub failed: Choice,
    pub impossible: Choice,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Ratings {
    pub good: Choice,
    pub poor: Choice,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Phrases {
    pub reports: BTreeMap<String, Choice>,
    pub generic_reports: Choice,
    pub patrol_reports: Choice,
    pub confirmation: Confirmation,
    pub replies: Replies,
    pub verification: Verification,
    pub answers: Choice,
    pub return_reasons: Choice,
    pub extension_reasons: Choice,
    pub suspension_reasons: Choice,
    pub rating_comments: Ratings,
    pub opinion_templates: BTreeMap<String, Vec<Both>>,
}

/// Everything but the cases.
pub struct Data {
    pub departments: Vec<DepartmentRow>,
    pub types: Vec<TypeRow>,
    pub staff: Vec<StaffRow>,
    pub areas: Vec<AreaRow>,
    pub duty_grids: Vec<DutyRow>,
    pub extensions: Vec<ExtensionRow>,
    pub responsibility: Vec<ResponsibilityRow>,
    pub streets: Vec<StreetRow>,
    pub calendar: CalendarFile,
    pub phrases: Phrases,
    /// Street of the neighbourhoods of the case file, for cases without a point.
    pub neighborhoods: HashMap<String, GridCode>,
    department_of_queue: HashMap<String, u16>,
}

impl Data {
    /// Reads the tables.
    ///
    /// # Errors
    /// When they do not fit together; a test of this program reads them all.
    pub fn load() -> anyhow::Result<Self> {
        let departments: Vec<DepartmentRow> = table(file!("departments.csv"), "departments.csv")?;
        let mut numbers: HashMap<&str, u16> = HashMap::new();
        for (at, row) in departments.iter().enumerate() {
            numbers.insert(&row.code, u16::try_from(at)?);
        }
        let number = |code: &str| numbers.get(code).copied().with_context(|| format!("no department {code}"));
        let queues: Vec<QueueRow> = table(file!("queues.csv"), "queues.csv")?;
        let mut department_of_queue = HashMap::new();
        for row in queues {
            let department = number(&row.department_code)?;
            department_of_queue.insert(row.queue, department);
        }
        let lines: Vec<TypeLine> = table(file!("types.csv"), "types.csv")?;
        let mut types = Vec::with_capacity(lines.len());
        for line in lines {
            types.push(TypeRow {
                class: class(&line.edition, &line.kind, &line.class_code)?,
                criterion: line.criterion_seq,
                department: number(&line.default_department_code)?,
                consultation: line.consultation,
                urgent: line.priority == "urgent",
                cases: line.cases_2015,
                name: line.r#type,
                name_zh: line.name_zh,
                name_en: line.name_en,
            });
        }
        let mut neighborhoods = HashMap::new();
        for row in table::<NeighborhoodRow>(file!("neighborhoods.csv"), "neighborhoods.csv")? {
            neighborhoods.insert(row.neighborhood, row.street_code.parse()?);
        }
        Ok(Self {
            types,
            staff: table(file!("staff.csv"), "staff.csv")?,
            areas: table(file!("areas.csv"), "areas.csv")?,
            duty_grids: table(file!("duty_grids.csv"), "duty_grids.csv")?,
            extensions: table(file!("extension_classes.csv"), "extension_classes.csv")?,
            responsibility: table(file!("responsibility.csv"), "responsibility.csv")?,
            streets: table(file!("streets.csv"), "streets.csv")?,
            calendar: serde_json::from_slice(file!("calendar.json")).context("calendar.json")?,
            phrases: serde_json::from_slice(file!("phrases.json")).context("phrases.json")?,
            neighborhoods,
            department_of_queue,
            departments,
        })
    }

    /// The unit grids as the table the city's configuration wants.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn unit_grids() -> anyhow::Result<String> {
        let mut text = String::new();
        GzDecoder::new(file!("unit_grids.csv.gz")).read_to_string(&mut text).context("unit_grids.csv.gz")?;
        Ok(text)
    }

    /// The cases, oldest first.
    ///
    /// # Errors
    /// When a row cannot be understood.
    pub fn cases(&self) -> anyhow::Result<Vec<Row>> {
        let kinds: HashMap<&str, u16> =
            (0u16..).zip(&self.types).map(|(at, row)| (row.name.as_str(), at)).collect();
        let mut reader = csv::Reader::from_reader(GzDecoder::new(file!("boston311_2015.csv.gz")));
        let header = reader.headers().context("boston311_2015.csv.gz")?.clone();
        let column = |name: &str| {
            header
                .iter()
                .position(|h| h == name)
                .with_context(|| format!("the case file has no column {name}"))
        };
        let columns = Columns {
            id: column("case_id")?,
            opened: column("opened_at")?,
            target: column("target_at")?,
            closed: column("closed_at")?,
            on_time: column("on_time")?,
            reason: column("closure_reason")?,
            title: column("title")?,
            kind: column("type")?,
            queue: column("queue")?,
            source: column("source")?,
            neighborhood: column("neighborhood")?,
            street: column("street")?,
            lat: column("lat")?,
            lng: column("lon")?,
        };
        let mut rows = Vec::with_capacity(91_000);
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).context("boston311_2015.csv.gz")? {
            rows.push(
                self.row(&record, &columns, &kinds)
                    .with_context(|| format!("case file, row {}", rows.len() + 1))?,
            );
        }
        rows.sort_by_key(|row| (row.opened, row.id));
        Ok(rows)
    }

    fn row(
        &self,
        record: &csv::StringRecord,
        at: &Columns,
        kinds: &HashMap<&str, u16>,
    ) -> anyhow::Result<Row> {
        let text = |column: usize| record.get(column).unwrap_or_default();
        let kind =
            kinds.get(text(at.kind)).copied().with_context(|| format!("unknown type {}", text(at.kind)))?;
        let by_type = || self.types.get(usize::from(kind)).map(|row| row.department);
        let department = self.department_of_queue.get(text(at.queue)).copied().or_else(by_type);
        let (lng, lat): (f64, f64) = (text(at.lng).parse()?, text(at.lat).parse()?);
        let nowhere = (lng - NOWHERE.0).abs() < 1e-6 && (lat - NOWHERE.1).abs() < 1e-6;
        Ok(Row {
            id: text(at.id).parse()?,
            opened: text(at.opened).parse()?,
            target: moment(text(at.target))?,
            closed: moment(text(at.closed))?,
            on_time: match text(at.on_time) {
                "ONTIME" => Some(true),
                "OVERDUE" => Some(false),
                _ => None,
            },
            reason: plain_reason(text(at.reason)).into(),
            title: text(at.title).into(),
            street: text(at.street).into(),
            neighborhood: text(at.neighborhood).into(),
            kind,
            department: department.context("no department")?,
            origin: match text(at.source) {
                "Constituent Call" => Origin::Call,
                "Citizens Connect App" => Origin::App,
                "Self Service" => Origin::Web,
                "Employee Generated" => Origin::Employee,
                "City Worker App" => Origin::Worker,
                "Maximo Integration" => Origin::Machine,
                "Twitter" => Origin::Media,
                other => return Err(anyhow!("unknown source {other}")),
            },
            point: if nowhere { None } else { Point::new(lng, lat) },
        })
    }
}

struct Columns {
    id: usize,
    opened: usize,
    target: usize,
    closed: usize,
    on_time: usize,
    reason: usize,
    title: usize,
    kind: usize,
    queue: usize,
    source: usize,
    neighborhood: usize,
    street: usize,
    lat: usize,
    lng: usize,
}

fn moment(text: &str) -> anyhow::Result<Option<DateTime>> {
    if text.is_empty() { Ok(None) } else { Ok(Some(text.parse()?)) }
}

/// The reason of closing without the dates of 2015 in it.
fn plain_reason(text: &str) -> String {
    let text = text.trim().strip_prefix("Case Closed").unwrap_or(text).trim_start_matches('.').trim();
    let text = match text.strip_prefix("Closed date :") {
        // "2015-05-08 14:30:55.263 Case Resolved"
        Some(rest) => rest.trim_start().splitn(3, ' ').nth(2).unwrap_or_default(),
        None => text,
    };
    text.trim().chars().take(1_000).collect()
}

/// A class key of its three columns.
///
/// # Errors
/// When they name no class.
pub fn class(edition: &str, kind: &str, code: &str) -> anyhow::Result<ClassKey> {
    format!("{edition}-{kind}-{code}")
        .parse()
        .map_err(|problem| anyhow!("class {edition}-{kind}-{code}: {problem}"))
}

/// A unit of a limit by its word.
///
/// # Errors
/// For an unknown word.
pub fn unit(word: &str) -> anyhow::Result<LimitUnit> {
    serde_json::from_value(serde_json::Value::from(word))
        .with_context(|| format!("{word} is no unit of time"))
}

/// Rows of a packed table of the map.
///
/// # Errors
/// When there is no such table or it is damaged.
pub fn packed<T: serde::de::DeserializeOwned>(name: &str) -> anyhow::Result<Vec<T>> {
    let bytes = match name {
        "osm_named_roads.csv.gz" => file!("osm_named_roads.csv.gz"),
        "osm_poi.csv.gz" => file!("osm_poi.csv.gz"),
        _ => return Err(anyhow!("there is no table {name}")),
    };
    let mut reader = csv::Reader::from_reader(GzDecoder::new(bytes));
    reader.deserialize().collect::<Result<_, _>>().with_context(|| name.to_owned())
}

fn table<T: serde::de::DeserializeOwned>(bytes: &[u8], name: &str) -> anyhow::Result<Vec<T>> {
    csv::Reader::from_reader(bytes).deserialize().collect::<Result<_, _>>().with_context(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        let data = Data::load().unwrap();
        let cases = data.cases().unwrap();
        assert_eq!(cases.len(), 90_825);
        assert_eq!(cases.iter().filter(|row| row.is_quarantined()).count(), 176);
        assert_eq!(cases.iter().filter(|row| row.point.is_none()).count(), 13_002);
        let judged: Vec<&Row> = cases
            .iter()
            .filter(|row| row.target.is_some() && row.closed.is_some() && row.on_time.is_some())
            .collect();
        assert_eq!(judged.len(), 59_796);
        assert!(judged.iter().all(|row| row.on_time == Some(row.closed <= row.target)));
        assert_eq!(data.responsibility.len(), 432);
        assert_eq!(data.staff.len(), 621);
    }

    #[test]
    fn dates_of_the_old_year_are_cut_from_reasons() {
        let table = [
            ("Case Closed. Closed date : 2015-05-08 14:30:55.263 Case Resolved", "Case Resolved"),
            ("Case Closed Case Noted", "Case Noted"),
            ("Case Closed. Closed date : 2015-05-08 14:30:55.263", ""),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(plain_reason(text), expected, "{text}");
        }
    }
}
