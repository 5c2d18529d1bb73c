//! Entries as a file brings them: made and changed under the same checks as on the screen.

use super::entry::{Body, Entry};
use super::write::{self, Draft};
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, FieldProblem, Problems};
use crate::ports::{PutThing, StoredThing};
use kernel::{Actor, Cgcs2000, PersonId, Point};
use pack::Register;
use pack::entry::Held;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// An entry as a row has it. What is absent stays as it is, or as a new entry has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    pub code: Option<String>,
    pub source_id: String,
    pub name: Option<String>,
    pub kind: Option<String>,
    pub state: Option<String>,
    /// WKT in the stored datum.
    pub place: String,
    pub fields: Map<String, Value>,
    /// Documents of which the row says something.
    pub documents: Vec<Held>,
}

/// Who brings it, with which transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bringing<'a> {
    pub by: PersonId,
    pub transfer: &'a str,
}

/// What a row does: nothing when it is in the city just so, or what is wrong with it.
pub(crate) type Outcome = Result<Option<PutThing>, Vec<FieldProblem>>;

impl App {
    /// What `brought` does to `current`, or to a new entry under `code`. Writes nothing.
    pub(crate) async fn bring_entry(
        &self,
        config: &Config,
        register: &Register,
        brought: &Brought,
        current: Option<&StoredThing>,
        code: &str,
        bringing: Bringing<'_>,
    ) -> Result<Outcome, AppError> {
        let now = self.now();
        let before = current.map(Entry::read).transpose()?;
        if before.as_ref().is_some_and(|before| before.removed) {
            return Ok(Err(vec![FieldProblem::new("code", "taken_off")]));
        }
        let mut problems = Problems::default();
        let (place, grid) = self.entry_place(config, register, &brought.place, &mut problems);
        let mut entry = before.clone().unwrap_or_else(|| Entry {
            serial: 0,
            code: code.to_owned(),
            name: String::new(),
            kind: String::new(),
            version: 0,
            removed: false,
            changed_at: now,
            changed_by: Some(bringing.by),
            body: Body {
                state: write::first_state(register),
                created_at: now.millis(),
                state_since: now.millis(),
                ..Body::default()
            },
        });
        take(&mut entry, brought, now.millis());
        entry.body.place = place;
        entry.body.grid = grid;
        let draft = Draft { name: entry.name.clone(), kind: entry.kind.clone(), body: entry.body.clone() };
        self.check_draft(config.city, config, register, &draft, before.as_ref(), &mut problems).await?;
        if let Err(AppError::Invalid(found)) = problems.done() {
            return Ok(Err(found));
        }
        let mut change = match &before {
            None => json!({ "what": "created" }),
            Some(before) if same(before, &entry) => return Ok(Ok(None)),
            Some(before) => differences(before, &entry),
        };
        change["transfer"] = json!(bringing.transfer);
        let cell = self.book(config.city, &register.id).await?;
        self.derive(config, register, &mut entry, &cell.book.read());
        Ok(Ok(Some(write::put_of(register, &entry, before.is_none(), &change))))
    }

    /// Every entry of a register that the actor sees, in order of code.
    pub(crate) async fn entries_seen(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
    ) -> Result<Vec<Arc<Entry>>, AppError> {
        let cell = self.book(actor.city, &register.id).await?;
        let book = cell.book.read();
        let seen = book
            .entries
            .values()
            .filter(|entry| !entry.removed && super::sees_entry(actor, config, register, &entry.body));
        Ok(seen.cloned().collect())
    }

    /// The code of each new entry, by the grid it lies in. A dry run takes none.
    pub(crate) async fn codes_for_entries(
        &self,
        config: &Config,
        register: &Register,
        grids: &[Option<String>],
        writes: bool,
    ) -> Result<Vec<Option<String>>, AppError> {
        let divisions: Vec<Option<&str>> =
            grids.iter().map(|grid| write::division_of(register, grid.as_deref())).collect();
        let mut next: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for division in divisions.iter().flatten() {
            *next.entry(division).or_default() += 1;
        }
        for (division, number) in &mut next {
            let count = u32::try_from(*number).unwrap_or(u32::MAX);
            let sequence = write::sequence_of(register, division);
            *number =
                if writes { self.store().take_sequence(config.city, &sequence, count).await? } else { 1 };
        }
        let mut code = |division: &Option<&str>| {
            let division = (*division)?;
            let number = next.get_mut(division)?;
            let code = write::code_of(register, division, *number);
            *number += 1;
            Some(code)
        };
        Ok(divisions.iter().map(&mut code).collect())
    }
}

/// The next version of an entry that lies in another grid now; `None` when it lies where it is registered.
pub(crate) fn regridded(
    config: &Config,
    register: &Register,
    thing: &StoredThing,
) -> Result<Option<PutThing>, AppError> {
    let mut entry = Entry::read(thing)?;
    let at = entry.body.point().and_then(|(lng, lat)| Point::<Cgcs2000>::new(lng, lat));
    let grid = at.and_then(|at| config.grids.at(at)).map(ToString::to_string);
    if grid.is_none() || grid == entry.body.grid {
        return Ok(None);
    }
    let change = json!({ "what": "regridded", "from": entry.body.grid, "to": grid });
    entry.body.grid = grid;
    Ok(Some(write::put_of(register, &entry, false, &change)))
}

fn take(entry: &mut Entry, brought: &Brought, now: i64) {
    if let Some(name) = &brought.name {
        entry.name.clone_from(name);
    }
    if let Some(kind) = &brought.kind {
        entry.kind.clone_from(kind);
    }
    if let Some(state) = &brought.state
        && entry.body.state != *state
    {
        entry.body.state.clone_from(state);
        entry.body.state_since = now;
    }
    if !brought.source_id.is_empty() {
        entry.body.source_id.clone_from(&brought.source_id);
    }
    for (id, value) in &brought.fields {
        entry.body.fields.insert(id.clone(), value.clone());
    }
    for document in &brought.documents {
        match entry.body.documents.iter_mut().find(|held| held.document == document.document) {
            Some(held) => {
                if !document.number.is_empty() {
                    held.number.clone_from(&document.number);
                }
                held.issued_on = document.issued_on.or(held.issued_on);
                held.expires_on = document.expires_on.or(held.expires_on);
            }
            None => entry.body.documents.push(document.clone()),
        }
    }
}

fn same(before: &Entry, after: &Entry) -> bool {
    let (a, b) = (&before.body, &after.body);
    before.name == after.name
        && before.kind == after.kind
        && (&a.place, &a.grid, &a.state, &a.source_id) == (&b.place, &b.grid, &b.state, &b.source_id)
        && a.fields == b.fields
        && a.documents == b.documents
}

fn differences(before: &Entry, after: &Entry) -> Value {
    let mut change = write::changed(before, after);
    for (word, from, to) in
        [("place", &before.body.place, &after.body.place), ("state", &before.body.state, &after.body.state)]
    {
        if from != to {
            change[word] = json!({ "from": from, "to": to });
        }
    }
    change
}
