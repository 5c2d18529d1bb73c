//! What people do with transfers: list, map, try, run, stop, forget; and the profiles they save.

use super::plan::{Plan, Profile, Target};
use super::work::read_faults;
use super::{Counts, FAULTS_SHOWN, Fault, Held, PROFILES, State, field, may_transfer};
use crate::app::App;
use crate::error::{AppError, FieldProblem};
use crate::line::person_view;
use crate::ports::files::{FileFormat, TextEncoding};
use crate::ports::{PutRecord, StoreError};
use crate::view::PersonView;
use kernel::coordinate::Crs;
use kernel::{Actor, GaussKruger, Point, Timestamp, ZoneWidth};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Profiles of one city.
const PROFILES_MAX: usize = 200;
const NAME_MAX: usize = 60;

/// A transfer as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TransferView {
    pub id: Uuid,
    pub name: String,
    pub bytes: u64,
    pub at: i64,
    pub by: Option<PersonView>,
    pub state: State,
    pub format: FileFormat,
    pub encoding: TextEncoding,
    pub columns: Vec<String>,
    /// Rows of the file.
    pub rows: u64,
    /// The first rows.
    pub sample: Vec<Vec<String>>,
    /// `point`, `line`, `polygon`, `multi`; none in a table.
    pub shapes: Vec<String>,
    /// Positions spread over the file, in its own numbers.
    pub positions: Vec<[f64; 2]>,
    /// The coordinate system the file names or its numbers suggest.
    pub crs: Option<String>,
    /// What the file itself calls its system.
    pub crs_named: Option<String>,
    pub plan: Option<Plan>,
    pub counts: Counts,
    /// Rows gone through of the present pass.
    pub done: u64,
    /// Rows a second of the present or last pass.
    pub rows_per_s: u64,
    pub started_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub stop_asked: bool,
    /// The first faults of the last pass; all are in the table.
    pub faults: Vec<Fault>,
    /// Why it could not go on, when it was not the rows.
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TransferPage {
    /// Newest first, without samples and faults.
    pub items: Vec<TransferView>,
}

/// Where sample positions lie under a coordinate system.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TransferPlaces {
    /// Longitude and latitude in the stored datum.
    pub places: Vec<[f64; 2]>,
    /// Positions that cannot be of this system, by reason.
    pub faults: Vec<PlaceFault>,
    /// How many lie within the bounds of the city.
    pub inside: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TransferPlaceFault)]
pub struct PlaceFault {
    pub code: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = TransferProfilePage)]
pub struct ProfilePage {
    pub items: Vec<Profile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TransferFieldPage)]
pub struct FieldPage {
    pub items: Vec<field::Field>,
}

impl App {
    pub(super) fn transfer_view(&self, held: &Held) -> Result<TransferView, AppError> {
        let config = self.config(held.city)?;
        let t = &held.transfer;
        let reading = t.look.reading.as_ref();
        let end = t.finished_at.unwrap_or_else(|| self.now());
        let seconds = t.started_at.map_or(0, |start| (end - start).0.max(1));
        let rate = u64::try_from(seconds).ok().filter(|ms| *ms > 0).map_or(0, |ms| t.done * 1_000 / ms);
        Ok(TransferView {
            id: held.id,
            name: t.name.clone(),
            bytes: t.bytes,
            at: t.at.millis(),
            by: t.by.map(|id| person_view(&config, id)),
            state: t.state,
            format: reading.map_or(FileFormat::Csv, |r| r.format),
            encoding: reading.map_or(TextEncoding::Utf8, |r| r.encoding),
            columns: reading.map(|r| r.columns.clone()).unwrap_or_default(),
            rows: t.look.rows,
            sample: t.look.sample.clone(),
            shapes: t.look.shapes.clone(),
            positions: t.look.positions.clone(),
            crs: t.look.crs.clone().or_else(|| suggested(&config.settings, &t.look.positions)),
            crs_named: t.look.crs_named.clone(),
            plan: t.plan.clone(),
            counts: t.counts.clone(),
            done: t.done,
            rows_per_s: rate,
            started_at: t.started_at.map(Timestamp::millis),
            finished_at: t.finished_at.map(Timestamp::millis),
            stop_asked: t.stop_asked,
            faults: t.faults.clone(),
            why: t.why.clone(),
        })
    }

    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn transfers(&self, actor: &Actor) -> Result<TransferPage, AppError> {
        may_transfer(actor)?;
        let mut items = Vec::new();
        for held in self.held_transfers(actor.city).await? {
            let mut view = self.transfer_view(&held)?;
            view.sample.clear();
            view.positions.clear();
            view.faults.clear();
            items.push(view);
        }
        Ok(TransferPage { items })
    }

    /// # Errors
    /// [`AppError::Forbidden`] without the right, [`AppError::NotFound`] for an unknown one.
    pub async fn see_transfer(&self, actor: &Actor, id: Uuid) -> Result<TransferView, AppError> {
        may_transfer(actor)?;
        self.transfer_view(&self.held_transfer(actor.city, id).await?)
    }

    /// The mapping its columns suggest.
    ///
    /// # Errors
    /// As [`App::see_transfer`].
    pub async fn guess_plan(&self, actor: &Actor, id: Uuid, target: Target) -> Result<Plan, AppError> {
        may_transfer(actor)?;
        let held = self.held_transfer(actor.city, id).await?;
        let view = self.transfer_view(&held)?;
        let reading = held.transfer.look.reading.ok_or(AppError::NotFound("file"))?;
        let config = self.config(actor.city)?;
        Ok(Plan::guess(target, &config, &reading, view.crs.as_deref().unwrap_or("cgcs2000")))
    }

    /// Where its sample positions lie, so that a wrong system is seen before anything is written.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for an unknown system or column.
    pub async fn transfer_places(
        &self,
        actor: &Actor,
        id: Uuid,
        plan: &Plan,
    ) -> Result<TransferPlaces, AppError> {
        may_transfer(actor)?;
        let held = self.held_transfer(actor.city, id).await?;
        let config = self.config(actor.city)?;
        let crs: Crs = plan.crs.parse().map_err(|_| AppError::invalid("crs", "unknown_system"))?;
        let look = &held.transfer.look;
        let columns = look.reading.as_ref().map(|r| r.columns.clone()).unwrap_or_default();
        let numbers = match &plan.shape {
            super::plan::ShapeFrom::Xy { x, y } => {
                let at = |name: &String| columns.iter().position(|column| column == name);
                let (x, y) = at(x).zip(at(y)).ok_or_else(|| AppError::invalid("shape", "unknown_column"))?;
                let number = |row: &Vec<String>, at: usize| row.get(at)?.parse::<f64>().ok();
                look.sample.iter().filter_map(|row| Some([number(row, x)?, number(row, y)?])).collect()
            }
            super::plan::ShapeFrom::Wkt { column } => {
                let at = columns.iter().position(|name| name == column);
                let at = at.ok_or_else(|| AppError::invalid("shape", "unknown_column"))?;
                let first = |row: &Vec<String>| super::wkt::parse(row.get(at)?).ok()?.first();
                look.sample.iter().filter_map(first).collect()
            }
            _ => look.positions.clone(),
        };
        let mut faults: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        let mut places = Vec::new();
        let mut inside = 0;
        let [west, south, east, north] = config.settings.bounds;
        for [x, y] in numbers {
            match crs.locate(x, y) {
                Ok(p) => {
                    let within = (west..=east).contains(&p.lng()) && (south..=north).contains(&p.lat());
                    inside += u64::from(within);
                    places.push([p.lng(), p.lat()]);
                }
                Err(fault) => *faults.entry(fault.code()).or_default() += 1,
            }
        }
        let faults =
            faults.into_iter().map(|(code, count)| PlaceFault { code: code.to_owned(), count }).collect();
        Ok(TransferPlaces { places, faults, inside })
    }

    /// Tries every row under a mapping (`dry`), or writes them.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming what is wrong with the mapping, [`AppError::Stale`] while it is worked on.
    pub async fn start_transfer(
        &self,
        actor: &Actor,
        id: Uuid,
        plan: Plan,
        dry: bool,
    ) -> Result<TransferView, AppError> {
        may_transfer(actor)?;
        let mut held = self.held_transfer(actor.city, id).await?;
        let reading = held.transfer.look.reading.as_ref().ok_or(AppError::NotFound("file"))?;
        plan.check(&*self.config(actor.city)?, Some(reading))?;
        if held.transfer.state.is_working() {
            return Err(AppError::Stale);
        }
        let t = &mut held.transfer;
        // What was proved was proved of that mapping.
        if t.plan.as_ref().is_none_or(|before| Plan { mode: plan.mode, ..before.clone() } != plan) {
            t.proved_at = None;
        }
        t.plan = Some(plan);
        t.state = if dry { State::Checking } else { State::Running };
        t.by = actor.person_id().or(t.by);
        t.stop_asked = false;
        t.since = None;
        t.done = 0;
        t.counts = Counts::default();
        t.faults.clear();
        t.faults_key = None;
        t.why.clear();
        t.started_at = Some(self.now());
        t.finished_at = None;
        t.lease_until = Timestamp::default();
        self.save_transfer(&mut held).await?;
        self.transfer_view(&held)
    }

    /// Asks to stop: a trying or a best-effort writing ends where it is, an all-or-nothing writing is taken back.
    ///
    /// # Errors
    /// As [`App::see_transfer`]; nothing happens to one that does not work.
    pub async fn stop_transfer(&self, actor: &Actor, id: Uuid) -> Result<TransferView, AppError> {
        may_transfer(actor)?;
        for _ in 0..4 {
            let mut held = self.held_transfer(actor.city, id).await?;
            if !held.transfer.state.is_working() || held.transfer.stop_asked {
                return self.transfer_view(&held);
            }
            held.transfer.stop_asked = true;
            match self.save_transfer(&mut held).await {
                Ok(()) => return self.transfer_view(&held),
                Err(AppError::Stale) => {}
                Err(other) => return Err(other),
            }
        }
        Err(AppError::Stale)
    }

    /// Forgets a transfer and its file; what it wrote stays.
    ///
    /// # Errors
    /// [`AppError::Stale`] while it is worked on.
    pub async fn remove_transfer(&self, actor: &Actor, id: Uuid) -> Result<(), AppError> {
        may_transfer(actor)?;
        let held = self.held_transfer(actor.city, id).await?;
        if held.transfer.state.is_working() {
            return Err(AppError::Stale);
        }
        self.forget_transfer(&held).await
    }

    /// Every fault kept of the last pass.
    ///
    /// # Errors
    /// As [`App::see_transfer`].
    pub async fn transfer_faults(&self, actor: &Actor, id: Uuid) -> Result<Vec<Fault>, AppError> {
        may_transfer(actor)?;
        let held = self.held_transfer(actor.city, id).await?;
        match &held.transfer.faults_key {
            Some(key) => Ok(read_faults(&self.0.blobs.get(key).await?.unwrap_or_default()).collect()),
            None => Ok(held.transfer.faults.into_iter().take(FAULTS_SHOWN).collect()),
        }
    }

    /// What the columns of a file can be mapped to.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub fn transfer_fields(&self, actor: &Actor, target: &Target) -> Result<FieldPage, AppError> {
        may_transfer(actor)?;
        let config = self.config(actor.city)?;
        if let Target::Register { register } = target
            && config.packs.register(register).is_none()
        {
            return Err(AppError::NotFound("register"));
        }
        let mut items = field::fields(target, &config);
        if *target != Target::Components {
            return Ok(FieldPage { items });
        }
        let mut seen = std::collections::BTreeSet::new();
        for question in config.component_fields.values().flatten().filter(|question| question.variable) {
            if seen.insert(question.code.clone()) {
                items.push(field::Field {
                    field: format!("extra.{}", question.code),
                    required: false,
                    choices: question.values.iter().map(|choice| choice.key.clone()).collect(),
                    zh: question.description.zh.clone(),
                    en: question.description.en.clone(),
                });
            }
        }
        Ok(FieldPage { items })
    }

    /// # Errors
    /// [`AppError::Forbidden`] without the right.
    pub async fn transfer_profiles(&self, actor: &Actor) -> Result<ProfilePage, AppError> {
        may_transfer(actor)?;
        let mut items = Vec::new();
        for record in self.store().records(actor.city, PROFILES).await? {
            let Some(value) = record.value else { continue };
            let plan = serde_json::from_value(value).map_err(|why| {
                AppError::Store(StoreError::Corrupt {
                    table: "records",
                    id: format!("{}/{PROFILES}/{}", actor.city, record.key),
                    why: why.to_string(),
                })
            })?;
            items.push(Profile { name: record.key, version: record.version, plan });
        }
        Ok(ProfilePage { items })
    }

    /// Saves a mapping under a name, over the version given (0: none yet); `None` removes it.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a bad name or mapping, [`AppError::Stale`] when somebody else saved it meanwhile.
    pub async fn put_profile(
        &self,
        actor: &Actor,
        name: &str,
        expected_version: u32,
        plan: Option<Plan>,
    ) -> Result<(), AppError> {
        may_transfer(actor)?;
        let letters = name.chars().count();
        if letters == 0 || letters > NAME_MAX || name.trim() != name || name.chars().any(char::is_control) {
            return Err(AppError::Invalid(vec![FieldProblem::new("name", "bad_name").with("max", NAME_MAX)]));
        }
        if let Some(plan) = &plan {
            plan.check(&*self.config(actor.city)?, None)?;
            if expected_version == 0 && self.transfer_profiles(actor).await?.items.len() >= PROFILES_MAX {
                return Err(AppError::Invalid(vec![
                    FieldProblem::new("name", "too_many").with("max", PROFILES_MAX),
                ]));
            }
        }
        let put = PutRecord {
            kind: PROFILES.to_owned(),
            key: name.to_owned(),
            expected_version,
            value: plan.and_then(|plan| serde_json::to_value(plan).ok()),
        };
        self.store().put_records(actor.city, actor.person_id(), self.now(), vec![put]).await?;
        Ok(())
    }
}

/// The system numbers look like: degrees, or metres with or without a zone number.
fn suggested(settings: &crate::settings::CitySettings, positions: &[[f64; 2]]) -> Option<String> {
    let [x, y] = *positions.first()?;
    if Point::<kernel::Cgcs2000>::new(x, y).is_some() {
        return Some("cgcs2000".to_owned());
    }
    let home = Point::new(settings.lng, settings.lat)?;
    [ZoneWidth::Three, ZoneWidth::Six]
        .into_iter()
        .filter_map(|width| GaussKruger::of(width, home))
        .flat_map(|zone| [zone, zone.without_prefix()])
        .map(Crs::GaussKruger)
        .find(|crs| crs.locate(x, y).is_ok())
        .map(|crs| crs.to_string())
}
