//! Cases on entries: raised by hand or by a pack's rule, always through the ordinary report, and remembered with
//! the entry so that each occurrence is raised once.

use super::entry::{CASES_MAX, Entry, EntryCase};
use super::see::EntryView;
use crate::app::App;
use crate::config::Config;
use crate::error::{AppError, Problems};
use crate::step::{EvidenceIn, PlaceIn, Position, ReportIn, ThenIn};
use case::Case;
use kernel::Actor;
use pack::{CaseRule, Register};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

const TEXT_MAX: usize = 1_000;
/// How often a write that met another one is tried again.
const TRIES: usize = 4;

/// A case raised on an entry by hand.
#[derive(Debug, Clone, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseIn {
    /// UUIDv7 made by the client: the case's id.
    pub id: Uuid,
    /// One of the register's case rules.
    #[schema(max_length = 40)]
    pub rule: String,
    /// Added to what the rule says.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub text: String,
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceIn>,
    pub position: Option<Position>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RaisedView {
    pub case: String,
    pub number: String,
    pub entry: EntryView,
}

/// What a case is raised with.
pub(super) struct Raising<'a> {
    pub rule: &'a CaseRule,
    pub id: Uuid,
    pub occurrence: String,
    pub text: String,
    pub evidence: Vec<EvidenceIn>,
    pub position: Option<Position>,
}

/// Stage a known case is in, and whether it ended.
pub(super) fn case_stage(known: &EntryCase, case: Option<&Case>) -> (String, bool) {
    match case {
        Some(case) => (case.stage.name().as_str().to_owned(), !case.is_open()),
        None => (known.ended.clone().unwrap_or_default(), known.ended.is_some()),
    }
}

/// The id of the case of one occurrence: the same on every process and after every restart, so that it is raised
/// once whoever comes first.
pub(super) fn occurrence_id(city: kernel::CityCode, parts: [&str; 4], at_ms: i64) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(city.to_string());
    for part in parts {
        hash.update([0]);
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut random = [0u8; 10];
    random.copy_from_slice(&digest[..10]);
    let ms = u64::try_from(at_ms).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
}

impl App {
    /// Raises a case on an entry.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for a rule that is not raised by hand, or what the report's own rules say.
    pub async fn raise_case(
        &self,
        actor: &Actor,
        register: &str,
        code: &str,
        sent: RaiseIn,
    ) -> Result<RaisedView, AppError> {
        let (config, register) = self.register_for(actor, register)?;
        let entry = self.entry(actor, &config, &register, code).await?;
        if entry.removed {
            return Err(AppError::NotFound("entry"));
        }
        let mut problems = Problems::default();
        problems.bounded("text", &sent.text, TEXT_MAX);
        let rule = register.case_rule(&sent.rule).filter(|rule| rule.by_hand);
        if rule.is_none() {
            problems.add("rule", "unknown_rule");
        }
        problems.done()?;
        let Some(rule) = rule else { return Err(AppError::NotFound("rule")) };
        let raising = Raising {
            rule,
            id: sent.id,
            occurrence: String::new(),
            text: sent.text,
            evidence: sent.evidence,
            position: sent.position,
        };
        let (case, number) = self.raise(actor, &config, &register, &entry, raising).await?;
        let entry = self.see_entry(actor, &register.id, code).await?;
        Ok(RaisedView { case, number, entry })
    }

    /// Reports the case, then remembers it with the entry. A crash between the two is healed by doing it again:
    /// the report answers the same case.
    pub(super) async fn raise(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
        entry: &Entry,
        raising: Raising<'_>,
    ) -> Result<(String, String), AppError> {
        let chinese = config.settings.default_language != "en";
        let (said, between) =
            if chinese { (&raising.rule.text.zh, "：") } else { (&raising.rule.text.en, ": ") };
        let mut text = format!("{said}{between}{} {}", entry.name, entry.code);
        if !raising.text.trim().is_empty() {
            text.push('\n');
            text.push_str(raising.text.trim());
        }
        let point = entry.body.point();
        let report = ReportIn {
            id: raising.id,
            // A rule found it in the register a department keeps.
            source: actor.is_system().then(|| "department".to_owned()),
            text,
            place: PlaceIn {
                lng: point.map(|(lng, _)| lng),
                lat: point.map(|(_, lat)| lat),
                address: entry.name.clone(),
            },
            class: Some(raising.rule.class.to_string()),
            criterion: None,
            component: None,
            evidence: raising.evidence,
            urgent: false,
            consultation: false,
            reporter: None,
            attributes: BTreeMap::from([
                ("register".to_owned(), register.id.clone()),
                ("entry".to_owned(), entry.code.clone()),
            ]),
            self_handled: false,
            then: ThenIn::Report,
            position: raising.position,
        };
        let reported = self.report_case(actor, report).await?;
        let (case, number) = (reported.view.line.id, reported.view.line.number);
        let known = EntryCase {
            id: case.clone(),
            number: number.clone(),
            rule: raising.rule.id.clone(),
            occurrence: raising.occurrence,
            at: self.now().millis(),
            by: actor.person_id().map(|person| person.0),
            ended: None,
        };
        let change = json!({ "what": "case", "rule": raising.rule.id, "case": case, "number": number });
        self.update_entry(actor, config, register, &entry.code, |entry| {
            if entry.body.cases.iter().any(|one| one.id == known.id) {
                return None;
            }
            entry.body.cases.push(known.clone());
            let surplus = entry.body.cases.len().saturating_sub(CASES_MAX);
            entry.body.cases.drain(..surplus);
            Some(change.clone())
        })
        .await?;
        Ok((case, number))
    }

    /// Changes an entry as it is now, again when somebody else was quicker. `None` leaves it.
    pub(super) async fn update_entry(
        &self,
        actor: &Actor,
        config: &Config,
        register: &Register,
        code: &str,
        change: impl Fn(&mut Entry) -> Option<serde_json::Value>,
    ) -> Result<(), AppError> {
        for _ in 0..TRIES {
            let cell = self.book(actor.city, &register.id).await?;
            let current = cell.book.read().entries.get(code).cloned();
            let Some(current) = current else { return Ok(()) };
            let mut entry = (*current).clone();
            let Some(said) = change(&mut entry) else { return Ok(()) };
            let by = actor.person_id();
            match self.save_entry(actor.city, by, config, register, entry, &said, None).await {
                Err(AppError::Stale) => {}
                other => return other,
            }
        }
        Err(AppError::Stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occurrence_has_one_id_everywhere() {
        let city = kernel::CityCode::new(990_100).expect("six digits");
        let of = |code, occurrence| {
            occurrence_id(city, ["billboard", code, "expired", occurrence], 1_790_000_000_000)
        };
        assert_eq!(of("A", "2026-11-01"), of("A", "2026-11-01"));
        assert_ne!(of("A", "2026-11-01"), of("A", "2026-12-01"));
        assert_ne!(of("A", "2026-11-01"), of("B", "2026-11-01"));
        assert_eq!(of("A", "2026-11-01").get_version_num(), 7);
    }
}
