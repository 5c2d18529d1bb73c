//! Rows that become components: found again by their code or by their number in the old system, then registered
//! or changed by the same rules as on the screen.

use super::row::{Mapping, Row};
use super::{Counts, Fault};
use crate::app::App;
use crate::components::sequence_of;
use crate::config::Config;
use crate::error::{AppError, FieldProblem};
use crate::ports::files::FileRow;
use crate::ports::{COMPONENTS, PutAddress, PutThing, StoreError, StoredThing, ThingQuery};
use city::codes::{self, ComponentCode};
use city::component::{
    self, Accuracy, Body, Change, Command, Component, Context, Fact, FactRecord, Place, State,
};
use jiff::civil::Date;
use kernel::{ClassKey, GridCode, PersonId, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The largest sequence of six digits.
const SEQUENCE_MAX: u64 = 999_999;

/// Components of the register by their number in the old system, as a hash: 24 bytes each, so that a million
/// need no more than some ten megabytes.
pub type Known = HashMap<u64, u64>;

/// What is kept between the batches of one pass.
pub struct Pass {
    pub mapping: Mapping,
    pub known: Known,
    /// Codes and old numbers seen in this file, as hashes.
    pub(super) seen: HashSet<u64>,
    /// How often a row without any number came up before.
    pub(super) nth: HashMap<u64, u32>,
    /// Whether codes are issued; a pass that only tries takes none.
    pub writes: bool,
    pub transfer: uuid::Uuid,
    pub by: PersonId,
    pub at: Timestamp,
    pub today: Date,
}

/// Rows understood, before they are compared with the register.
#[derive(Default)]
pub struct Understood {
    wanted: Vec<Wanted>,
    counts: Counts,
    faults: Vec<Fault>,
}

/// A batch worked out.
#[derive(Default)]
pub struct Batch {
    pub puts: Vec<PutThing>,
    pub addresses: Vec<PutAddress>,
    pub counts: Counts,
    pub faults: Vec<Fault>,
}

pub(super) fn hash(kind: &str, text: &str) -> u64 {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("{kind}/{text}").as_bytes());
    u64::from_be_bytes(digest[..8].try_into().unwrap_or_default())
}

impl Pass {
    pub fn new(mapping: Mapping, transfer: uuid::Uuid, by: PersonId, at: Timestamp, today: Date) -> Self {
        Self {
            mapping,
            known: Known::new(),
            seen: HashSet::new(),
            nth: HashMap::new(),
            writes: false,
            transfer,
            by,
            at,
            today,
        }
    }

    /// Reads rows under the mapping; remembers which codes and numbers the file has had.
    pub fn understand_components(&mut self, config: &Config, rows: &[FileRow]) -> Understood {
        let mut all = Understood::default();
        let Self { mapping, seen, nth, .. } = self;
        for file_row in rows {
            let mut row = Row::new(file_row, mapping);
            let mut read = read(&mut row, config);
            if let Some(wanted) = &mut read {
                name_by_place(wanted, nth);
                let code = wanted.code.as_ref().map(|code| ("code", hash("code", &code.to_string())));
                let old =
                    (!wanted.source_id.is_empty()).then(|| ("source_id", hash("source", &wanted.source_id)));
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

#[derive(Clone)]
struct Wanted {
    number: u64,
    code: Option<ComponentCode>,
    source_id: String,
    class: Option<ClassKey>,
    grid: GridCode,
    place: Place,
    accuracy: Option<Accuracy>,
    state: Option<State>,
    name: String,
    supervisor: Option<Body>,
    owner: Option<Body>,
    maintainer: Option<Body>,
    first_on: Option<Date>,
    changed_on: Option<Date>,
    source: String,
    note: String,
    height_m: Option<f64>,
    extra: BTreeMap<String, String>,
}

impl App {
    /// Reads which old numbers a register knows.
    pub(super) async fn known_things(
        &self,
        city: kernel::CityCode,
        register: &str,
    ) -> Result<Known, AppError> {
        let mut known = Known::new();
        let mut query = ThingQuery {
            register: register.to_owned(),
            with_removed: true,
            limit: crate::ports::things::THINGS_PER_READ_MAX,
            ..ThingQuery::default()
        };
        loop {
            let page = self.store().list_things(city, &query).await?;
            query.after = page.last().map(|thing| thing.code.clone());
            let full = page.len() == query.limit as usize;
            for thing in page {
                #[derive(serde::Deserialize)]
                struct Old {
                    #[serde(default)]
                    source_id: String,
                }
                let old: Old = serde_json::from_str(&thing.body).map_err(|why| corrupt(&thing, &why))?;
                if !old.source_id.is_empty() {
                    known.insert(hash("source", &old.source_id), thing.serial);
                }
            }
            if !full {
                return Ok(known);
            }
        }
    }

    /// Works out what rows do, as the register is now. Issues codes only in a pass that writes.
    pub(super) async fn plan_components(
        &self,
        config: &Config,
        pass: &Pass,
        understood: &Understood,
    ) -> Result<Batch, AppError> {
        let mut batch = Batch {
            counts: understood.counts.clone(),
            faults: understood.faults.clone(),
            ..Batch::default()
        };
        let wanted = &understood.wanted;
        let existing = self.existing(config, pass, wanted).await?;
        let codes = self.codes_for(config, pass, wanted, &existing).await?;
        let mark = pass.transfer.to_string();
        for (wanted, (current, code)) in wanted.iter().zip(existing.into_iter().zip(codes)) {
            // Written by this transfer before the process died.
            let ours = current.as_ref().filter(|t| t.change.contains(&mark)).map(|thing| thing.version);
            let done = match (current, code) {
                (Some(current), _) => changed(config, pass, wanted.clone(), &current),
                (None, Ok(Some(code))) => registered(config, pass, wanted.clone(), code),
                (None, Ok(None)) => Ok(None),
                (None, Err(fault)) => Err(vec![*fault]),
            };
            match done {
                Ok(Some(put)) if put.serial.is_none() => {
                    batch.counts.new += 1;
                    batch.puts.push(put);
                }
                Ok(Some(put)) => {
                    batch.counts.changed += 1;
                    batch.puts.push(put);
                }
                Ok(None) if ours == Some(1) => batch.counts.new += 1,
                Ok(None) if ours.is_some() => batch.counts.changed += 1,
                Ok(None) => batch.counts.unchanged += 1,
                Err(faults) => {
                    batch.counts.wrong += 1;
                    batch.faults.extend(faults);
                }
            }
        }
        batch.faults.sort_by_key(|fault| fault.row);
        batch.counts.faults = batch.faults.len() as u64;
        Ok(batch)
    }

    /// The component each row is about, when the register has it.
    async fn existing(
        &self,
        config: &Config,
        pass: &Pass,
        wanted: &[Wanted],
    ) -> Result<Vec<Option<StoredThing>>, AppError> {
        let codes: Vec<String> =
            wanted.iter().filter_map(|w| w.code.as_ref().map(ToString::to_string)).collect();
        let mut by_code: HashMap<String, StoredThing> = HashMap::new();
        if !codes.is_empty() {
            let found = self.store().things_by_code(config.city, COMPONENTS, &codes).await?;
            by_code.extend(found.into_iter().map(|thing| (thing.code.clone(), thing)));
        }
        let serial_of = |w: &Wanted| match (&w.code, w.source_id.as_str()) {
            (None, old) if !old.is_empty() => pass.known.get(&hash("source", old)).copied(),
            _ => None,
        };
        let serials: Vec<u64> = wanted.iter().filter_map(serial_of).collect();
        let mut by_serial: HashMap<u64, StoredThing> = HashMap::new();
        if !serials.is_empty() {
            let found = self.store().things_by_serial(config.city, &serials).await?;
            by_serial.extend(found.into_iter().map(|thing| (thing.serial, thing)));
        }
        let one = |w: &Wanted| match &w.code {
            Some(code) => by_code.get(&code.to_string()).cloned(),
            None => serial_of(w).and_then(|serial| by_serial.get(&serial).cloned()),
        };
        Ok(wanted.iter().map(one).collect())
    }

    /// A code for each new row: its own, or one issued for its division and class. A pass that only tries counts
    /// with a number that is in no way taken.
    async fn codes_for(
        &self,
        config: &Config,
        pass: &Pass,
        wanted: &[Wanted],
        existing: &[Option<StoredThing>],
    ) -> Result<Vec<Result<Option<ComponentCode>, Box<Fault>>>, AppError> {
        let mut needed: BTreeMap<(String, ClassKey), u32> = BTreeMap::new();
        let mut used: BTreeMap<(String, ClassKey), u64> = BTreeMap::new();
        let division = |w: &Wanted| w.grid.as_str()[..6].to_owned();
        for (w, _) in wanted.iter().zip(existing).filter(|(_, current)| current.is_none()) {
            match (&w.code, &w.class) {
                (Some(code), _) => {
                    let most = used.entry((code.division.to_string(), code.class.clone())).or_default();
                    *most = (*most).max(u64::from(code.sequence()));
                }
                (None, Some(class)) => *needed.entry((division(w), class.clone())).or_default() += 1,
                (None, None) => {}
            }
        }
        let mut next: BTreeMap<(String, ClassKey), u64> = BTreeMap::new();
        for (key, count) in needed {
            let first = if pass.writes {
                self.store().take_sequence(config.city, &sequence_of(&key.0, &key.1), count).await?
            } else {
                1
            };
            next.insert(key, first);
        }
        if pass.writes {
            for (key, most) in used {
                self.store().raise_sequence(config.city, &sequence_of(&key.0, &key.1), most).await?;
            }
        }
        let mut codes = Vec::with_capacity(wanted.len());
        for (w, current) in wanted.iter().zip(existing) {
            let fault = |field: &str, code: &str| {
                let (lng, lat) = w.place.anchor().map_or((None, None), |p| (Some(p.lng()), Some(p.lat())));
                Box::new(Fault {
                    row: w.number,
                    field: field.to_owned(),
                    code: code.to_owned(),
                    zh: String::new(),
                    en: String::new(),
                    params: serde_json::Map::new(),
                    lng,
                    lat,
                })
            };
            codes.push(match (&w.code, current, &w.class) {
                (_, Some(_), _) => Ok(None),
                (Some(code), ..) => Ok(Some(code.clone())),
                (None, None, None) => Err(fault("class", "required")),
                (None, None, Some(class)) => {
                    let sequence = next.entry((division(w), class.clone())).or_insert(1);
                    let own = *sequence;
                    *sequence += 1;
                    let division: Result<GridCode, _> = division(w).parse();
                    match (division, u32::try_from(own)) {
                        (Ok(division), Ok(own)) if u64::from(own) <= SEQUENCE_MAX => {
                            match ComponentCode::new(division, class.clone(), own) {
                                Ok(code) => Ok(Some(code)),
                                Err(_) => Err(fault("code", "bad_code")),
                            }
                        }
                        _ => Err(fault("code", "sequence_used_up")),
                    }
                }
            });
        }
        Ok(codes)
    }
}

fn corrupt(thing: &StoredThing, why: &dyn std::fmt::Display) -> AppError {
    AppError::Store(StoreError::Corrupt {
        table: "things",
        id: format!("{}/{}", thing.register, thing.code),
        why: why.to_string(),
    })
}

/// Reads `20260302`, `2026-03-02`, `2026/3/2`, with or without a time after it.
pub fn date(text: &str) -> Option<Date> {
    let day = text.split([' ', 'T']).next()?;
    if day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()) {
        return Date::new(day[..4].parse().ok()?, day[4..6].parse().ok()?, day[6..].parse().ok()?).ok();
    }
    let mut parts = day.split(['-', '/', '.']);
    let (year, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, rest.parse().ok()?).ok()
}

fn read(row: &mut Row<'_>, config: &Config) -> Option<Wanted> {
    let place = row.place();
    let code = match row.get("code") {
        "" => None,
        text => match text.parse::<ComponentCode>() {
            Ok(code) => Some(code),
            Err(_) => {
                row.bad("code", "not_a_component_code");
                None
            }
        },
    };
    let class = match row.get("class") {
        "" => code.as_ref().map(|code| code.class.clone()),
        text => match class_of(text, config) {
            Some(class) => Some(class),
            None => {
                row.bad("class", "not_a_class");
                None
            }
        },
    };
    if let (Some(code), Some(class)) = (&code, &class)
        && code.class != *class
    {
        row.bad("class", "not_of_code");
    }
    if code.is_none()
        && class.is_none()
        && row.faults.iter().all(|f| !matches!(f.field.as_str(), "class" | "code"))
    {
        row.bad("class", "required");
    }
    let found = place.as_ref().and_then(Place::anchor).and_then(|at| config.grids.at(at)).cloned();
    // A city without grids takes the code as it is given.
    let bare = config.grids.is_empty();
    if place.is_some() && found.is_none() && !bare {
        row.bad("grid", "outside_grids");
    }
    let mut named_grid = None;
    match row.get("grid") {
        "" if bare => row.bad("grid", "required"),
        "" => {}
        text => match (codes::unit_grid(text), &found) {
            (Ok(named), Some(found)) if named != *found => row.say(
                "grid",
                "not_in_grid",
                &format!("位置在网格 {found} 内，不在 {named}"),
                &format!("the place lies in grid {found}, not in {named}"),
            ),
            (Ok(named), _) => named_grid = Some(named),
            (Err(_), _) => row.bad("grid", "not_a_unit_grid"),
        },
    }
    let state = match row.get("state") {
        "" => None,
        text => {
            let state = State::from_zh(text)
                .or_else(|| serde_json::from_value(serde_json::Value::from(text.to_lowercase())).ok());
            if state.is_none() {
                row.bad("state", "unknown_value");
            }
            state
        }
    };
    let accuracy = match row.get("accuracy") {
        "" => None,
        "A" | "a" => Some(Accuracy::A),
        "B" | "b" => Some(Accuracy::B),
        "C" | "c" => Some(Accuracy::C),
        _ => {
            row.bad("accuracy", "unknown_value");
            None
        }
    };
    let mut day = |field: &str| match row.get(field) {
        "" => None,
        text => {
            let day = date(text);
            if day.is_none() {
                row.bad(field, "not_a_date");
            }
            day
        }
    };
    let (first_on, changed_on) = (day("first_on"), day("changed_on"));
    let height_m = match row.get("height_m") {
        "" => None,
        text => match text.parse::<f64>() {
            Ok(height) if height.is_finite() => Some(height),
            _ => {
                row.bad("height_m", "not_numbers");
                None
            }
        },
    };
    let mut body = |code: &str, name: &str| {
        let (code, name) = (row.get(code), row.get(name));
        (!code.is_empty() || !name.is_empty()).then(|| Body { code: code.to_owned(), name: name.to_owned() })
    };
    let supervisor = body("supervisor_code", "supervisor_name");
    let owner = body("owner_code", "owner_name");
    let maintainer = body("maintainer_code", "maintainer_name");
    let source_id: String = row.get("source_id").to_owned();
    if source_id.chars().count() > 80 {
        row.problem(FieldProblem::new("source_id", "too_long").with("max", 80));
    }
    let extra = row.extra();
    Some(Wanted {
        number: row.number,
        code,
        source_id,
        class,
        grid: if bare { named_grid? } else { found? },
        place: place?,
        accuracy,
        state,
        name: row.get("name").to_owned(),
        supervisor,
        owner,
        maintainer,
        first_on,
        changed_on,
        source: row.get("source").to_owned(),
        note: row.get("note").to_owned(),
        height_m,
        extra,
    })
}

/// A row with neither code nor number is known again by its class, place and name, and by which of its like it is:
/// the same file brought in again finds what it made.
fn name_by_place(wanted: &mut Wanted, nth: &mut HashMap<u64, u32>) {
    if wanted.code.is_some() || !wanted.source_id.is_empty() {
        return;
    }
    let class = wanted.class.as_ref().map(ToString::to_string).unwrap_or_default();
    let own = hash("place", &format!("{class}/{}/{}", wanted.place, wanted.name));
    let count = nth.entry(own).or_default();
    *count += 1;
    wanted.source_id = format!("@{own:016x}-{count}");
}

/// A class by its key, or by the code of the city's own edition.
fn class_of(text: &str, config: &Config) -> Option<ClassKey> {
    if let Ok(key) = text.parse::<ClassKey>() {
        return Some(key);
    }
    let edition = match text.len() {
        4 => kernel::Edition::E2013,
        5 => kernel::Edition::E2026,
        _ => return None,
    };
    let key = ClassKey::new(edition, kernel::Kind::Component, text).ok()?;
    config.catalogue.get(&key).map(|entry| entry.key.clone())
}

fn faults(number: u64, problems: Vec<city::FieldProblem>, place: &Place) -> Vec<Fault> {
    let at = place.anchor();
    let one = |problem: city::FieldProblem| Fault {
        row: number,
        field: problem.field,
        code: problem.code.to_owned(),
        zh: problem.message.zh,
        en: problem.message.en,
        params: serde_json::Map::new(),
        lng: at.map(|p| p.lng()),
        lat: at.map(|p| p.lat()),
    };
    problems.into_iter().map(one).collect()
}

fn context<'a>(config: &'a Config, class: &ClassKey, today: Date) -> Context<'a> {
    let fields = config.component_fields_of(class);
    Context { divisions: &config.divisions, catalogue: &config.catalogue, fields, today }
}

fn registered(
    config: &Config,
    pass: &Pass,
    w: Wanted,
    code: ComponentCode,
) -> Result<Option<PutThing>, Vec<Fault>> {
    let context = context(config, &code.class, pass.today);
    let name = if w.name.is_empty() {
        config.catalogue.get(&code.class).map(|entry| entry.name.zh.clone()).unwrap_or_default()
    } else {
        w.name
    };
    let class = code.class.clone();
    let number = w.number;
    let place = w.place.clone();
    let component = Component {
        code,
        name,
        supervisor: w.supervisor.unwrap_or(Body { code: String::new(), name: String::new() }),
        owner: w.owner,
        maintainer: w.maintainer,
        grid: w.grid,
        street_name: String::new(),
        community_name: String::new(),
        state: w.state.unwrap_or_default(),
        first_on: w.first_on.unwrap_or(pass.today),
        changed_on: w.changed_on,
        source: w.source,
        note: w.note,
        source_id: w.source_id,
        place: w.place,
        accuracy: w.accuracy.unwrap_or(Accuracy::C),
        height_m: w.height_m,
        relations: Vec::new(),
        documents: Vec::new(),
        photos: Vec::new(),
        extra: w.extra,
        confirmed: None,
        surveyed: None,
        version: 0,
    };
    let decided = component::decide(None, Command::Register(Box::new(component)), &context)
        .map_err(|problems| faults(number, problems, &place))?;
    put(pass, None, decided, &class).map(Some).map_err(|why| vec![broken(number, &why)])
}

fn broken(row: u64, why: &str) -> Fault {
    Fault {
        row,
        field: String::new(),
        code: "failed".to_owned(),
        zh: String::new(),
        en: why.to_owned(),
        params: serde_json::Map::new(),
        lng: None,
        lat: None,
    }
}

/// What brings a component to what the row says; a field that is not mapped, or empty, stays.
fn changed(
    config: &Config,
    pass: &Pass,
    w: Wanted,
    thing: &StoredThing,
) -> Result<Option<PutThing>, Vec<Fault>> {
    let current: Component = match serde_json::from_str(&thing.body) {
        Ok(current) => current,
        Err(why) => return Err(vec![broken(w.number, &why.to_string())]),
    };
    let number = w.number;
    let place = w.place.clone();
    let say = |field: &str, code: &str| {
        let at = place.anchor();
        vec![Fault {
            row: number,
            field: field.to_owned(),
            code: code.to_owned(),
            zh: String::new(),
            en: String::new(),
            params: serde_json::Map::new(),
            lng: at.map(|p| p.lng()),
            lat: at.map(|p| p.lat()),
        }]
    };
    if thing.removed && w.state != Some(State::Removed) {
        return Err(say("code", "removed"));
    }
    if thing.removed {
        return Ok(None);
    }
    if w.class.as_ref().is_some_and(|class| *class != current.code.class) {
        return Err(say("class", "other_class"));
    }
    if w.code.as_ref().is_some_and(|code| *code != current.code) {
        return Err(say("source_id", "other_code"));
    }
    let target = Component {
        name: if w.name.is_empty() { current.name.clone() } else { w.name },
        supervisor: w.supervisor.unwrap_or_else(|| current.supervisor.clone()),
        owner: w.owner.or_else(|| current.owner.clone()),
        maintainer: w.maintainer.or_else(|| current.maintainer.clone()),
        grid: w.grid,
        state: w.state.unwrap_or(current.state),
        source: if w.source.is_empty() { current.source.clone() } else { w.source },
        note: if w.note.is_empty() { current.note.clone() } else { w.note },
        place: w.place,
        accuracy: w.accuracy.unwrap_or(current.accuracy),
        height_m: w.height_m.or(current.height_m),
        extra: current.extra.clone().into_iter().chain(w.extra).collect(),
        ..current.clone()
    };
    let facts = towards(config, &current, &target, "导入", pass.today)
        .map_err(|problems| faults(number, problems, &place))?;
    if facts.is_empty() {
        return Ok(None);
    }
    let class = current.code.class.clone();
    put(pass, Some((thing, current)), facts, &class).map(Some).map_err(|why| vec![broken(number, &why)])
}

/// The facts that turn `current` into `target`; none when it is so already.
pub(super) fn towards(
    config: &Config,
    current: &Component,
    target: &Component,
    reason: &str,
    today: Date,
) -> Result<Vec<Fact>, Vec<city::FieldProblem>> {
    let context = context(config, &current.code.class, today);
    let mut commands = Vec::new();
    let differs = |is: &str, wanted: &str| (is != wanted).then(|| wanted.to_owned());
    let change = Change {
        name: differs(&current.name, &target.name),
        supervisor: (current.supervisor != target.supervisor).then(|| target.supervisor.clone()),
        owner: target.owner.clone().filter(|owner| current.owner.as_ref() != Some(owner)),
        maintainer: target.maintainer.clone().filter(|m| current.maintainer.as_ref() != Some(m)),
        source: differs(&current.source, &target.source),
        note: differs(&current.note, &target.note),
        height_m: target.height_m.filter(|height| current.height_m != Some(*height)),
        extra: (current.extra != target.extra).then(|| target.extra.clone()),
        ..Change::default()
    };
    if change != Change::default() {
        commands.push(Command::Change(Box::new(change)));
    }
    if current.place != target.place || current.grid != target.grid || current.accuracy != target.accuracy {
        commands.push(Command::Move {
            place: target.place.clone(),
            grid: target.grid.clone(),
            accuracy: target.accuracy,
        });
    }
    match target.state {
        same if same == current.state => {}
        State::Removed => commands.push(Command::Remove { reason: reason.to_owned() }),
        state => commands.push(Command::SetState { state, reason: reason.to_owned() }),
    }
    let mut facts = Vec::new();
    for command in commands {
        // Each concerns other fields, so all can be decided on what there was.
        facts.extend(component::decide(Some(current), command, &context)?);
    }
    Ok(facts)
}

/// The thing with facts applied, marked with the transfer they came with.
fn put(
    pass: &Pass,
    current: Option<(&StoredThing, Component)>,
    facts: Vec<Fact>,
    class: &ClassKey,
) -> Result<PutThing, String> {
    let serial = current.as_ref().map(|(thing, _)| thing.serial);
    let expected_version = current.as_ref().map_or(0, |(thing, _)| thing.version);
    let mut component = current.map(|(_, component)| component);
    let before = component.as_ref().map_or(0, |c| c.version);
    let mut records = Vec::with_capacity(facts.len());
    for (seq, fact) in (before + 1..).zip(facts) {
        let record = FactRecord { seq, at: pass.at, on: pass.today, by: pass.by, fact };
        component = Some(component::apply(component, &record).map_err(|why| why.to_string())?);
        records.push(record);
    }
    let component = component.ok_or_else(|| "nothing was registered".to_owned())?;
    Ok(PutThing {
        serial,
        register: COMPONENTS.to_owned(),
        code: component.code.to_string(),
        name: component.name.clone(),
        class: class.to_string(),
        expected_version,
        removed: component.state == State::Removed,
        change: change_text(&records, Some(pass.transfer))?,
        body: serde_json::to_string(&component).map_err(|why| why.to_string())?,
    })
}

/// The records as the store keeps them: a registered component is the body already, and is left out. Each says
/// which transfer it came with.
pub(super) fn change_text(records: &[FactRecord], transfer: Option<uuid::Uuid>) -> Result<String, String> {
    let mut list = Vec::with_capacity(records.len());
    for record in records {
        let mut value = match &record.fact {
            Fact::Registered { .. } => serde_json::json!({
                "seq": record.seq, "at": record.at, "on": record.on, "by": record.by,
                "fact": { "fact": "registered" },
            }),
            _ => serde_json::to_value(record).map_err(|why| why.to_string())?,
        };
        if let Some(transfer) = transfer {
            value["transfer"] = serde_json::Value::from(transfer.to_string());
        }
        list.push(value);
    }
    serde_json::to_string(&list).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_offices_write_them() {
        let day = Date::new(2026, 3, 2).ok();
        for text in
            ["20260302", "2026-03-02", "2026/3/2", "2026.03.02", "2026-03-02 10:00:00", "2026-03-02T10:00"]
        {
            assert_eq!(date(text), day, "{text}");
        }
        for text in ["", "2026", "2026-13-01", "02/03/2026", "20260230", "2026-03-02-01"] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
