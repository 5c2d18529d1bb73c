//! Packs of a city: offered by this server (inside the binary and in the data directory), taken over as a record
//! after they were checked against what the city has. What is in force is always what the record says; a broken
//! folder changes nothing but the list of problems.

use crate::app::App;
use crate::config::{Config, words};
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{PutRecord, StoredRecord};
use crate::rights;
use crate::view::Words;
use city::Catalogue;
use kernel::{Actor, CityCode, Role};
use pack::{Change, FILE_BYTES_MAX, FILES_MAX, Field, File, Folder, Others, Pack, Problem, Register};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// Kind of the records of packs.
const KIND: &str = "packs";

/// A pack a city took over, as its record holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackRecord {
    pub enabled: bool,
    /// From the city's own folder, not from the binary.
    #[serde(default)]
    pub own: bool,
    pub files: BTreeMap<String, String>,
    /// Fields that earlier versions had, by register: their values are kept and shown.
    #[serde(default)]
    pub retired: BTreeMap<String, Vec<Field>>,
}

/// A pack in force.
#[derive(Debug, Clone)]
pub struct ActivePack {
    pub pack: Pack,
    pub record: PackRecord,
}

/// The packs of a city's configuration.
#[derive(Debug, Clone, Default)]
pub struct Packs {
    packs: BTreeMap<String, ActivePack>,
    /// Stored packs this program cannot read any more.
    broken: BTreeMap<String, Vec<Problem>>,
}

impl Packs {
    /// Reads the stored packs. One that is not right any more is left out and named, never a reason to refuse
    /// the city's whole configuration.
    pub(crate) fn build(records: &BTreeMap<String, PackRecord>, catalogue: &Catalogue) -> Self {
        let folders: Vec<Folder> =
            records.iter().map(|(id, record)| Folder { id: id.clone(), files: files_of(record) }).collect();
        let mut found = Self::default();
        let own = pack::check_all(&folders, catalogue);
        // A class the city switched off since must not take a register away; raising the case says so.
        let national = pack::check_all(&folders, Catalogue::national_ref());
        for (((id, record), checked), fallback) in records.iter().zip(own).zip(national) {
            match checked.or_else(|problems| fallback.map_err(|_| problems)) {
                Ok(mut pack) => {
                    for register in &mut pack.registers {
                        let retired = record.retired.get(&register.id).into_iter().flatten();
                        let gone: Vec<Field> =
                            retired.filter(|field| register.field(&field.id).is_none()).cloned().collect();
                        register.fields.extend(gone);
                    }
                    found.packs.insert(id.clone(), ActivePack { pack, record: record.clone() });
                }
                Err(problems) => {
                    found.broken.insert(id.clone(), problems);
                }
            }
        }
        found
    }

    /// A register in force.
    #[must_use]
    pub fn register(&self, id: &str) -> Option<&Register> {
        self.registers().find(|register| register.id == id)
    }

    /// Registers in force, by pack.
    pub fn registers(&self) -> impl Iterator<Item = &Register> {
        self.packs.values().filter(|active| active.record.enabled).flat_map(|active| &active.pack.registers)
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<&ActivePack> {
        self.packs.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &ActivePack)> {
        self.packs.iter().map(|(id, active)| (id.as_str(), active))
    }
}

fn files_of(record: &PackRecord) -> Vec<File> {
    record.files.iter().map(|(name, text)| File { name: name.clone(), text: text.clone() }).collect()
}

/// A pack's folder as this server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub folder: Folder,
    pub own: bool,
}

/// What this server offers, and what is wrong with it for each city.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    offered: RwLock<Vec<Offered>>,
    problems: RwLock<BTreeMap<(CityCode, String), Vec<Problem>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemView {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub code: String,
    pub message: Words,
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self {
            file: problem.file.clone(),
            line: problem.line,
            column: problem.column,
            code: problem.code.to_owned(),
            message: Words { zh: problem.zh.clone(), en: problem.en.clone() },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackFileView {
    pub name: String,
    pub text: String,
}

/// A pack as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackView {
    pub id: String,
    pub version: Option<u32>,
    pub name: Words,
    pub about: Words,
    /// In force in this city.
    pub enabled: bool,
    /// From the data directory of this server, not from the program.
    pub own: bool,
    /// The folder is still there; without it the city works on with what it took over.
    pub offered: bool,
    /// Version of the record, for switching.
    pub record_version: u32,
    pub registers: Vec<PackRegisterView>,
    /// What is wrong with the folder now; the version taken over before stays in force.
    pub problems: Vec<ProblemView>,
    pub files: Vec<PackFileView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackRegisterView {
    pub id: String,
    pub name: Words,
    pub entries: u64,
    pub retired_fields: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchPackIn {
    pub enabled: bool,
    /// Record version the caller saw.
    pub expected_version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileIn {
    #[schema(max_length = 80)]
    pub name: String,
    #[schema(max_length = 262144)]
    pub text: String,
}

/// A pack to be looked over while it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPackIn {
    #[schema(max_length = 40)]
    pub id: String,
    #[schema(max_items = 21)]
    pub files: Vec<FileIn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckedPackView {
    pub problems: Vec<ProblemView>,
    /// What the change means for entries that exist.
    pub changes: Vec<ChangeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeView {
    pub register: String,
    /// `field_removed`, `choices_narrowed`, `type_changed`, `kind_removed`, `state_removed`, `document_removed`,
    /// `relation_removed`, `register_removed`, `code_changed` or `geometry_changed`.
    pub what: String,
    pub of: String,
    pub words: Vec<String>,
    pub refused: bool,
    /// Entries that have what is gone.
    pub entries: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

/// Entries named with a change.
const EXAMPLES_MAX: usize = 20;

impl App {
    /// Tells the application what packs this server has; cities take over what is right and new. Answers the
    /// problems found, for the log.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn offer_packs(&self, offered: Vec<Offered>) -> Result<Vec<Problem>, AppError> {
        *self.0.shelf.offered.write() = offered;
        let mut all = BTreeSet::new();
        for city in self.cities() {
            all.extend(self.take_packs(city).await?);
        }
        Ok(all.into_iter().collect())
    }

    /// Takes over what is offered to one city.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn take_packs(&self, city: CityCode) -> Result<Vec<Problem>, AppError> {
        let config = self.config(city)?;
        let offered = self.0.shelf.offered.read().clone();
        let folders: Vec<Folder> = offered.iter().map(|one| one.folder.clone()).collect();
        let checked = pack::check_all(&folders, &config.catalogue);
        let stored = self.store().records(city, KIND).await?;
        let mut puts = Vec::new();
        let mut problems: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
        for (one, checked) in offered.iter().zip(checked) {
            let id = &one.folder.id;
            let new = match checked {
                Ok(new) => new,
                Err(found) => {
                    problems.insert(id.clone(), found);
                    continue;
                }
            };
            let record = stored.iter().find(|record| record.key == *id);
            let before: Option<PackRecord> = record
                .and_then(|record| record.value.clone())
                .and_then(|value| serde_json::from_value(value).ok());
            let files: BTreeMap<String, String> =
                one.folder.files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
            if before.as_ref().is_some_and(|before| before.files == files && before.own == one.own) {
                continue;
            }
            let mut retired = before.as_ref().map(|before| before.retired.clone()).unwrap_or_default();
            if let Some(old) = config.packs.get(id) {
                let refused = pack::refusals(&pack::compare(&old.pack, &new), &new);
                if !refused.is_empty() {
                    problems.insert(id.clone(), refused);
                    continue;
                }
                let kept = pack::with_retired(new, &old.pack);
                for register in &kept.registers {
                    let fields: Vec<Field> = register.fields.iter().filter(|f| f.retired).cloned().collect();
                    retired.insert(register.id.clone(), fields);
                }
            }
            let taken = PackRecord {
                enabled: before.is_none_or(|before| before.enabled),
                own: one.own,
                files,
                retired,
            };
            puts.push(PutRecord {
                kind: KIND.to_owned(),
                key: id.clone(),
                expected_version: record.map_or(0, |record| record.version),
                value: serde_json::to_value(&taken).ok(),
            });
        }
        {
            let mut known = self.0.shelf.problems.write();
            known.retain(|(of, _), _| *of != city);
            known.extend(problems.iter().map(|(id, found)| ((city, id.clone()), found.clone())));
        }
        for put in puts {
            let key = put.key.clone();
            match self.store().put_records(city, None, self.now(), vec![put]).await {
                Ok(_) => {
                    tracing::info!(%city, pack = key, "a pack is in force");
                    self.note(city, None, "pack_taken", &format!("packs/{key}"), "", "").await?;
                }
                // Another process was quicker with the same.
                Err(crate::ports::StoreError::StaleRecord { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        self.refresh_config(city).await?;
        Ok(problems.into_values().flatten().collect())
    }

    /// Every pack of the city with what is wrong with it.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for anyone but the system administrator.
    pub async fn see_packs(&self, actor: &Actor) -> Result<Vec<PackView>, AppError> {
        rights::only(actor, Role::SystemAdmin, "read the packs")?;
        let config = self.config(actor.city)?;
        let stored = self.store().records(actor.city, KIND).await?;
        let counts = self.store().count_things(actor.city).await?;
        let offered = self.0.shelf.offered.read().clone();
        let problems = self.0.shelf.problems.read().clone();
        let mut ids: BTreeSet<&str> = offered.iter().map(|one| one.folder.id.as_str()).collect();
        ids.extend(stored.iter().map(|record| record.key.as_str()));
        let views = ids.into_iter().map(|id| {
            let active = config.packs.get(id);
            let on_shelf = offered.iter().find(|one| one.folder.id == id);
            let wrong = problems
                .get(&(actor.city, id.to_owned()))
                .or_else(|| config.packs.broken.get(id))
                .map(|found| found.iter().map(ProblemView::from).collect())
                .unwrap_or_default();
            pack_view(id, active, on_shelf, wrong, &stored, &counts)
        });
        Ok(views.collect())
    }

    /// Switches a pack on or off for the city. Its entries stay.
    ///
    /// # Errors
    /// [`AppError::Stale`] when the record was changed meanwhile.
    pub async fn switch_pack(
        &self,
        actor: &Actor,
        id: &str,
        sent: &SwitchPackIn,
    ) -> Result<Vec<PackView>, AppError> {
        rights::only(actor, Role::SystemAdmin, "switch packs")?;
        let config = self.config(actor.city)?;
        let active = config.packs.get(id).ok_or(AppError::NotFound("pack"))?;
        let record = PackRecord { enabled: sent.enabled, ..active.record.clone() };
        let put = PutRecord {
            kind: KIND.to_owned(),
            key: id.to_owned(),
            expected_version: sent.expected_version,
            value: serde_json::to_value(&record).ok(),
        };
        self.put_checked(actor.city, actor.person_id(), vec![put]).await?;
        let word = if sent.enabled { "pack_on" } else { "pack_off" };
        self.note(actor.city, actor.person_id(), word, &format!("packs/{id}"), "", "").await?;
        self.see_packs(actor).await
    }

    /// Looks a pack over as it is being written, against the city's catalogue, packs and entries. Writes nothing.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for too many or too large files.
    pub async fn check_pack(&self, actor: &Actor, sent: CheckPackIn) -> Result<CheckedPackView, AppError> {
        rights::only(actor, Role::SystemAdmin, "check packs")?;
        let mut problems = Problems::default();
        if sent.files.len() > FILES_MAX {
            problems.push(FieldProblem::new("files", "too_many").with("max", FILES_MAX as u64));
        }
        for (i, file) in sent.files.iter().enumerate() {
            problems.bounded(&format!("files[{i}].name"), &file.name, 80);
            if file.text.len() > FILE_BYTES_MAX {
                let max = FILE_BYTES_MAX as u64;
                problems.push(FieldProblem::new(format!("files[{i}].text"), "too_long").with("max", max));
            }
        }
        problems.bounded("id", &sent.id, 40);
        problems.done()?;
        let config = self.config(actor.city)?;
        let files: Vec<File> =
            sent.files.into_iter().map(|file| File { name: file.name, text: file.text }).collect();
        let taken: BTreeSet<String> = config
            .packs
            .iter()
            .filter(|(id, _)| *id != sent.id)
            .flat_map(|(_, active)| active.pack.registers.iter().map(|register| register.id.clone()))
            .collect();
        let others = Others { known: taken.clone(), taken };
        let new = match pack::check(&sent.id, &files, &config.catalogue, &others) {
            Ok(new) => new,
            Err(found) => {
                let problems = found.iter().map(ProblemView::from).collect();
                return Ok(CheckedPackView { problems, changes: Vec::new() });
            }
        };
        let Some(old) = config.packs.get(&sent.id) else {
            return Ok(CheckedPackView { problems: Vec::new(), changes: Vec::new() });
        };
        let changes = pack::compare(&old.pack, &new);
        let problems = pack::refusals(&changes, &new).iter().map(ProblemView::from).collect();
        let mut views = Vec::new();
        for change in changes {
            views.push(self.change_view(actor.city, change).await?);
        }
        Ok(CheckedPackView { problems, changes: views })
    }

    /// A change with the entries it concerns.
    async fn change_view(&self, city: CityCode, change: Change) -> Result<ChangeView, AppError> {
        let cell = self.book(city, &change.register).await?;
        let book = cell.book.read();
        let concerned = |entry: &super::entry::Entry| match change.what {
            "field_removed" | "type_changed" => entry.body.fields.contains_key(&change.of),
            "choices_narrowed" => entry
                .body
                .fields
                .get(&change.of)
                .and_then(serde_json::Value::as_str)
                .is_some_and(|value| change.words.iter().any(|word| word == value)),
            "kind_removed" => entry.kind == change.of,
            "state_removed" => entry.body.state == change.of,
            "document_removed" => entry.body.documents.iter().any(|held| held.document == change.of),
            "relation_removed" => entry.body.relations.contains_key(&change.of),
            _ => true,
        };
        let mut found = book.entries.values().filter(|entry| !entry.removed && concerned(entry));
        let examples: Vec<String> =
            found.by_ref().take(EXAMPLES_MAX).map(|entry| entry.code.clone()).collect();
        let entries = examples.len() as u64 + found.count() as u64;
        Ok(ChangeView {
            register: change.register,
            what: change.what.to_owned(),
            of: change.of,
            words: change.words,
            refused: change.refused,
            entries,
            examples,
        })
    }
}

fn pack_view(
    id: &str,
    active: Option<&ActivePack>,
    offered: Option<&Offered>,
    problems: Vec<ProblemView>,
    stored: &[StoredRecord],
    counts: &[crate::ports::ThingCount],
) -> PackView {
    let plain = || Words { zh: id.to_owned(), en: id.to_owned() };
    let registers = active.map(|active| {
        let view = |register: &Register| PackRegisterView {
            id: register.id.clone(),
            name: words(&register.name),
            entries: counts
                .iter()
                .filter(|count| count.register == register.id)
                .map(|count| count.count)
                .sum(),
            retired_fields: register.fields.iter().filter(|f| f.retired).map(|f| f.id.clone()).collect(),
        };
        active.pack.registers.iter().map(view).collect()
    });
    let files = match (offered, active) {
        (Some(offered), _) => offered
            .folder
            .files
            .iter()
            .map(|file| PackFileView { name: file.name.clone(), text: file.text.clone() })
            .collect(),
        (None, Some(active)) => active
            .record
            .files
            .iter()
            .map(|(name, text)| PackFileView { name: name.clone(), text: text.clone() })
            .collect(),
        (None, None) => Vec::new(),
    };
    PackView {
        id: id.to_owned(),
        version: active.map(|active| active.pack.version),
        name: active.map_or_else(plain, |active| words(&active.pack.name)),
        about: active.map_or_else(
            || Words { zh: String::new(), en: String::new() },
            |active| words(&active.pack.about),
        ),
        enabled: active.is_some_and(|active| active.record.enabled),
        own: offered.map_or_else(|| active.is_some_and(|active| active.record.own), |one| one.own),
        offered: offered.is_some(),
        record_version: stored.iter().find(|record| record.key == id).map_or(0, |record| record.version),
        registers: registers.unwrap_or_default(),
        problems,
        files,
    }
}

impl Config {
    /// Name of a register in force.
    #[must_use]
    pub fn register_name(&self, id: &str) -> Option<Words> {
        self.packs.register(id).map(|register| words(&register.name))
    }
}
