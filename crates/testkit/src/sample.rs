//! Sample cases, made of facts that fit.

use app::ports::Append;
use case::case::Level;
use case::fact::ClockChange;
use case::{By, Case, Fact, FactRecord, Place, Report, Source};
use city::tokens::bigrams;
use kernel::calendar::Zone;
use kernel::{
    Calendar, CaseId, CaseNumber, CityCode, Clock, ClockKind, LimitUnit, Millis, TimeLimit, Timestamp,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// 2026-03-02 09:00 in Shanghai, a Monday.
pub const MONDAY_NINE: Timestamp = Timestamp(1_772_413_200_000);
/// The day of [`MONDAY_NINE`] as case numbers have it.
pub const MONDAY: u32 = 20_260_302;
/// The urgent limit of the first clock of a [`reported`] case.
pub const FIRST_LIMIT: Millis = Millis::minutes(30);

/// A city of our own; others for the same test are near.
#[must_use]
pub fn city() -> CityCode {
    other_city(0)
}

/// # Panics
/// When `number` is above 9,999.
#[must_use]
pub fn other_city(number: u32) -> CityCode {
    CityCode::new(990_000 + number).expect("six digits")
}

/// A case id that follows from `number`.
#[must_use]
pub fn case_id(number: u64) -> CaseId {
    CaseId(Uuid::from_u128((0x0195_u128 << 112) | (7 << 76) | (2 << 62) | u128::from(number)))
}

/// A command id that follows from `number`.
#[must_use]
pub fn command_id(number: u64) -> Uuid {
    Uuid::from_u128((0x0196_u128 << 112) | (7 << 76) | (2 << 62) | u128::from(number))
}

#[must_use]
pub fn report(text: &str) -> Report {
    Report {
        source: Source::CitizenWeb,
        text: text.to_owned(),
        place: Place { address: "人民路 12 号".to_owned(), ..Place::default() },
        class: None,
        component: None,
        evidence: Vec::new(),
        urgent: false,
        consultation: false,
        wants_answer: true,
        attributes: BTreeMap::new(),
    }
}

/// A case just reported, with its acceptance clock running, and the fact that made it.
///
/// # Panics
/// When the facts do not fit: then the loop has changed.
#[must_use]
pub fn reported(
    city: CityCode,
    id: CaseId,
    sequence: u32,
    text: &str,
    at: Timestamp,
) -> (Case, Vec<FactRecord>) {
    let limit = TimeLimit::new(30, LimitUnit::UrgentMinute);
    let clock = Clock::start(ClockKind::Accept, limit, at, &Calendar::chinese(Zone::shanghai()));
    let record = FactRecord {
        seq: 1,
        at,
        by: By::Citizen,
        fact: Fact::Reported {
            id,
            city,
            number: CaseNumber::new(city, MONDAY, sequence),
            report: report(text),
            self_handled: false,
            procedure: 1,
            parent: None,
            level: Level::City,
            synthesised: false,
            limit,
        },
        clocks: vec![ClockChange { index: 0, clock, warn_at: Some(at + Millis::minutes(24)) }],
    };
    let case = case::replay(std::slice::from_ref(&record)).expect("a report begins a case");
    (case, vec![record])
}

/// The case after a comment: a fact that is possible at any time.
///
/// # Panics
/// When the fact does not fit: then the loop has changed.
#[must_use]
pub fn commented(case: &Case, text: &str, at: Timestamp) -> (Case, Vec<FactRecord>) {
    let fact = Fact::Commented { text: text.to_owned(), evidence: Vec::new() };
    changed(case, By::Citizen, fact, Vec::new(), at)
}

/// The case after its acceptance clock got another time.
///
/// # Panics
/// When the fact does not fit: then the loop has changed.
#[must_use]
pub fn restarted(case: &Case, at: Timestamp) -> (Case, Vec<FactRecord>) {
    let limit = TimeLimit::new(30, LimitUnit::UrgentMinute);
    let clock = Clock::start(ClockKind::Accept, limit, at, &Calendar::chinese(Zone::shanghai()));
    let change = ClockChange { index: 0, clock, warn_at: None };
    let by = By::System { rule: "test".to_owned(), version: 1 };
    changed(case, by, Fact::ClocksRecomputed { calendar: 2 }, vec![change], at)
}

fn changed(
    case: &Case,
    by: By,
    fact: Fact,
    clocks: Vec<ClockChange>,
    at: Timestamp,
) -> (Case, Vec<FactRecord>) {
    let record = FactRecord { seq: case.version + 1, at, by, fact, clocks };
    let mut after = case.clone();
    after.apply(&record).expect("the fact fits");
    (after, vec![record])
}

/// What the application would write for `facts` that led to `state`; fill in the rest by `..`.
#[must_use]
pub fn append(state: Case, facts: Vec<FactRecord>) -> Append {
    let new = facts.first().is_some_and(|fact| fact.seq == 1);
    Append {
        city: state.city,
        expected_version: state.version - u32::try_from(facts.len()).unwrap_or_default(),
        command: None,
        words: new.then(|| bigrams(&state.report.text).collect()),
        reporter: None,
        secret_hash: None,
        notices: Vec::new(),
        photo_hashes: Vec::new(),
        state,
        facts,
    }
}

/// The append of a new case.
#[must_use]
pub fn new_case(city: CityCode, number: u32, text: &str) -> Append {
    let (case, facts) = reported(city, case_id(number.into()), number, text, MONDAY_NINE);
    append(case, facts)
}
