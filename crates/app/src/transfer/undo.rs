//! Taking back what a transfer wrote: the things themselves say what that was.

use super::Held;
use super::component::{change_text, towards};
use super::plan::Target;
use super::work::SAVE_EVERY;
use crate::app::App;
use crate::error::AppError;
use crate::ports::{COMPONENTS, PutThing, PutThings, StoreError, StoredThing};
use city::component::{Component, Fact, FactRecord, State};
use kernel::PersonId;

/// Things looked at by one read.
const PAGE: u32 = 1_000;
const REASON: &str = "撤销导入";

impl App {
    /// True when everything was looked at. What somebody changed since stays and is counted.
    pub(super) async fn take_back(
        &self,
        held: &mut Held,
        go_on: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<bool, AppError> {
        let Some(since) = held.transfer.since else { return Ok(true) };
        let register = match held.transfer.plan.as_ref().map(|plan| &plan.target) {
            Some(Target::Register { register }) => register.clone(),
            _ => COMPONENTS.to_owned(),
        };
        let mark = held.id.to_string();
        let last = self.store().things_head(held.city).await?.0;
        let mut position = since;
        let mut saved_at = self.now();
        // A process before this one may have taken back some: they are not found again.
        loop {
            let page = self.store().things_since(held.city, position, PAGE).await?;
            let full = page.len() == PAGE as usize;
            let mut puts = Vec::new();
            for thing in page {
                position = thing.position;
                // Changes after `last` are our own taking back, or later than the transfer.
                if position > last {
                    continue;
                }
                if thing.register != register || !thing.change.contains(&mark) {
                    continue;
                }
                let back = match register.as_str() {
                    COMPONENTS => self.back(held, &thing).await?,
                    _ => self.entry_back(held, &thing).await?,
                };
                match back {
                    Some(put) => puts.push(put),
                    None => held.transfer.counts.left += 1,
                }
            }
            let count = puts.len() as u64;
            if count > 0 {
                let put =
                    PutThings { city: held.city, by: held.transfer.by, at: self.now(), command: None, puts };
                self.write_things(put).await?;
                held.transfer.counts.undone += count;
            }
            if !full || position >= last {
                return Ok(true);
            }
            if self.now() - saved_at >= SAVE_EVERY {
                self.went_on(held).await?;
                saved_at = self.now();
                if !go_on() {
                    return Ok(false);
                }
            }
        }
    }

    /// The next version of an entry of a register, which is as it was before.
    async fn entry_back(&self, held: &Held, thing: &StoredThing) -> Result<Option<PutThing>, AppError> {
        let put = |before: &StoredThing, removed: bool, what: &str| PutThing {
            serial: Some(thing.serial),
            register: thing.register.clone(),
            code: thing.code.clone(),
            name: before.name.clone(),
            class: before.class.clone(),
            expected_version: thing.version,
            removed,
            change: serde_json::json!({ "what": what, "reason": REASON }).to_string(),
            body: before.body.clone(),
        };
        if thing.version == 1 {
            return Ok((!thing.removed).then(|| put(thing, true, "removed")));
        }
        let history = self.store().thing_history(held.city, thing.serial, 2).await?;
        Ok(history.get(1).map(|before| put(before, before.removed, "changed")))
    }

    /// The next version of a thing, which is as it was before; `None` when it cannot be.
    async fn back(&self, held: &Held, thing: &StoredThing) -> Result<Option<PutThing>, AppError> {
        let config = self.config(held.city)?;
        let now = self.now();
        let today = config.calendar.local_date(now);
        let read = |thing: &StoredThing| -> Result<Component, AppError> {
            serde_json::from_str(&thing.body).map_err(|why| {
                AppError::Store(StoreError::Corrupt {
                    table: "things",
                    id: format!("{}/{}", thing.register, thing.code),
                    why: why.to_string(),
                })
            })
        };
        let current = read(thing)?;
        let facts = if thing.version == 1 {
            if current.state == State::Removed {
                Vec::new()
            } else {
                vec![Fact::Removed { reason: REASON.to_owned() }]
            }
        } else {
            let history = self.store().thing_history(held.city, thing.serial, 2).await?;
            let Some(before) = history.get(1) else { return Ok(None) };
            match towards(&config, &current, &read(before)?, REASON, today) {
                Ok(facts) => facts,
                Err(_) => return Ok(None),
            }
        };
        if facts.is_empty() {
            return Ok(None);
        }
        let by = held.transfer.by.unwrap_or(PersonId(0));
        let mut component = current;
        let mut records = Vec::new();
        for fact in facts {
            let record = FactRecord { seq: component.version + 1, at: now, on: today, by, fact };
            component = match city::component::apply(Some(component), &record) {
                Ok(next) => next,
                Err(_) => return Ok(None),
            };
            records.push(record);
        }
        // Without the mark, so that nothing is taken back twice.
        let (Ok(change), Ok(body)) = (change_text(&records, None), serde_json::to_string(&component)) else {
            return Ok(None);
        };
        Ok(Some(PutThing {
            serial: Some(thing.serial),
            register: thing.register.clone(),
            code: thing.code.clone(),
            name: component.name.clone(),
            class: thing.class.clone(),
            expected_version: thing.version,
            removed: component.state == State::Removed,
            change,
            body,
        }))
    }
}
