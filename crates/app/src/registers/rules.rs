//! What registers do by themselves: a rule of a pack that holds becomes a case, a case that ended moves its entry
//! on, and colours follow the calendar. Everything may be done twice: an occurrence has one case, whoever raises it.

use super::cases::{Raising, case_stage, occurrence_id};
use super::entry::Entry;
use crate::app::App;
use crate::config::Config;
use crate::error::AppError;
use crate::live::Change;
use kernel::{Actor, CityCode, Timestamp};
use pack::{CaseRule, Register};
use serde_json::json;
use std::sync::Arc;

/// Entries looked at in one round, so that a large register does not hold up the others.
const ENTRIES_PER_ROUND: usize = 2_000;
/// The rule actor `system` acts by.
const RULE: &str = "register_rule";

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterTick {
    pub looked_at: u32,
    pub raised: u32,
    pub ended: u32,
    pub recoloured: u32,
    pub failed: u32,
}

impl App {
    /// Takes note that a case changed: the entry it was raised on is looked at in the next round.
    pub fn register_case_changed(&self, change: &Change) {
        let Ok(config) = self.config(change.city) else { return };
        let id = change.id.to_string();
        for register in config.packs.registers() {
            self.0.books.case_changed(change.city, &register.id, &id);
        }
    }

    /// Looks at the entries that changed, or at all of them on a new day or when `all_cases` asks again after
    /// every open case.
    ///
    /// # Errors
    /// When the store fails; what was not done is done in the next round.
    pub async fn tick_registers(&self, city: CityCode, all_cases: bool) -> Result<RegisterTick, AppError> {
        let config = self.config(city)?;
        let today = self.today(&config);
        let mut report = RegisterTick::default();
        let registers: Vec<Register> = config.packs.registers().cloned().collect();
        for register in &registers {
            let cell = self.book(city, &register.id).await?;
            let codes: Vec<String> = {
                let mut book = cell.book.write();
                if book.day != Some(today) {
                    book.day = Some(today);
                    let all: Vec<String> = book.entries.keys().cloned().collect();
                    book.dirty.extend(all);
                }
                if all_cases {
                    let waiting: Vec<String> = book.open_cases.values().cloned().collect();
                    book.dirty.extend(waiting);
                }
                let now: Vec<String> = book.dirty.iter().take(ENTRIES_PER_ROUND).cloned().collect();
                for code in &now {
                    book.dirty.remove(code);
                }
                now
            };
            for code in codes {
                report.looked_at += 1;
                if let Err(error) = self.look_at(city, &config, register, &code, &mut report).await {
                    // Again in the next round; one damaged entry must not keep the others waiting.
                    report.failed += 1;
                    tracing::warn!(%city, register = register.id, code, %error, "the rules of an entry failed");
                    cell.book.write().dirty.insert(code);
                    if report.failed > 20 {
                        return Err(error);
                    }
                }
            }
        }
        Ok(report)
    }

    async fn look_at(
        &self,
        city: CityCode,
        config: &Arc<Config>,
        register: &Register,
        code: &str,
        report: &mut RegisterTick,
    ) -> Result<(), AppError> {
        let system = Actor::system(city, RULE, 1);
        self.follow_cases(&system, config, register, code, report).await?;
        let cell = self.book(city, &register.id).await?;
        let current = cell.book.read().entries.get(code).cloned();
        let Some(entry) = current.filter(|entry| !entry.removed) else { return Ok(()) };
        let today = self.today(config);
        if !register.is_closed(&entry.body.state) {
            for rule in &register.cases {
                let Some(when) = &rule.when else { continue };
                if !when.holds(&entry.facts(today), register) {
                    continue;
                }
                let (occurrence, at) = occurrence_of(rule, &entry);
                let known = |case: &super::EntryCase| case.rule == rule.id && case.occurrence == occurrence;
                if entry.body.cases.iter().any(known) {
                    continue;
                }
                let raising = Raising {
                    rule,
                    id: occurrence_id(city, [&register.id, code, &rule.id, &occurrence], at),
                    occurrence,
                    text: String::new(),
                    evidence: Vec::new(),
                    position: None,
                };
                match self.raise(&system, config, register, &entry, raising).await {
                    Ok(_) => report.raised += 1,
                    // The class is switched off, or reports are not taken here: a person must look.
                    Err(AppError::Invalid(problems)) => {
                        tracing::warn!(%city, register = register.id, code, rule = rule.id, ?problems,
                            "a rule of a pack could not raise its case");
                    }
                    Err(AppError::Refused(refusal)) => {
                        tracing::warn!(%city, register = register.id, code, rule = rule.id, %refusal,
                            "a rule of a pack could not raise its case");
                    }
                    Err(other) => return Err(other),
                }
            }
        }
        self.recolour(&system, config, register, code, report).await
    }

    /// Moves the entry on when a case raised on it has ended.
    async fn follow_cases(
        &self,
        system: &Actor,
        config: &Config,
        register: &Register,
        code: &str,
        report: &mut RegisterTick,
    ) -> Result<(), AppError> {
        let cell = self.book(system.city, &register.id).await?;
        let open: Vec<super::EntryCase> = {
            let book = cell.book.read();
            let Some(entry) = book.entries.get(code) else { return Ok(()) };
            entry.body.cases.iter().filter(|case| case.ended.is_none()).cloned().collect()
        };
        for known in open {
            let Ok(id) = known.id.parse() else { continue };
            let Some(stored) = self.store().case(system.city, id).await? else { continue };
            let (stage, ended) = case_stage(&known, Some(&stored.case));
            if !ended {
                continue;
            }
            // Closed as handled: the sign is gone. Declined or cancelled says nothing about the sign.
            let handled = matches!(stage.as_str(), "closed" | "closed_self_handled");
            let target = register
                .case_rule(&known.rule)
                .and_then(|rule| rule.closed_state.clone())
                .filter(|_| handled);
            let at = self.now().millis();
            self.update_entry(system, config, register, code, |entry| {
                let case = entry.body.cases.iter_mut().find(|case| case.id == known.id)?;
                if case.ended.is_some() {
                    return None;
                }
                case.ended = Some(stage.clone());
                let mut change = json!({ "what": "case_ended", "case": known.id, "number": known.number,
                    "rule": known.rule, "stage": stage });
                // Somebody who moved it meanwhile knows better.
                if let Some(state) = target.as_ref().filter(|state| **state != entry.body.state)
                    && entry.body.state_since <= known.at
                {
                    change["from"] = json!(entry.body.state);
                    change["to"] = json!(state);
                    entry.body.state.clone_from(state);
                    entry.body.state_since = at;
                }
                Some(change)
            })
            .await?;
            report.ended += 1;
        }
        Ok(())
    }

    /// Writes the colour anew when the calendar changed it; the map draws what is written.
    async fn recolour(
        &self,
        system: &Actor,
        config: &Config,
        register: &Register,
        code: &str,
        report: &mut RegisterTick,
    ) -> Result<(), AppError> {
        let cell = self.book(system.city, &register.id).await?;
        let differs = {
            let book = cell.book.read();
            let Some(entry) = book.entries.get(code).filter(|entry| !entry.removed) else { return Ok(()) };
            let mut fresh = (**entry).clone();
            self.derive(config, register, &mut fresh, &book);
            fresh.body.flags != entry.body.flags
                || fresh.body.band != entry.body.band
                || fresh.body.score != entry.body.score
        };
        if differs {
            self.update_entry(system, config, register, code, |_| Some(json!({ "what": "recoloured" })))
                .await?;
            report.recoloured += 1;
        }
        Ok(())
    }
}

/// What a rule that holds is about, and a moment that stands for it.
fn occurrence_of(rule: &CaseRule, entry: &Entry) -> (String, i64) {
    let expires = rule.document.as_ref().and_then(|document| {
        entry
            .body
            .documents
            .iter()
            .filter(|held| held.document == *document)
            .filter_map(|h| h.expires_on)
            .max()
    });
    match expires {
        Some(last) => {
            let at = last.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |day| day.timestamp().as_millisecond());
            (last.to_string(), at)
        }
        None => (Timestamp(entry.body.state_since).millis().to_string(), entry.body.state_since),
    }
}
