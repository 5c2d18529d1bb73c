//! Plausible cases, made from the types alone.

use case::approval::{Approval, ApprovalState};
use case::case::{Appeal, Assignment, Audit, Callback, Case, Child, Level, Rating, Urging, UrgingLevel};
use case::report::{Place, Report};
use case::stage::{ConfirmOutcome, Reply, Stage, VerifyOutcome};
use case::{ApprovalKind, Source, StageName};
use kernel::calendar::Zone;
use kernel::{
    Calendar, CaseId, CaseNumber, CityCode, ClassKey, Clock, ClockKind, DepartmentId, GridCode, LimitUnit,
    PersonId, Point, Role, TimeLimit, Timestamp,
};
use std::collections::BTreeMap;

pub const DAY: i64 = 86_400_000;
/// 2026-03-02T00:00Z
pub const BEGIN: i64 = 1_772_409_600_000;
/// Nothing happens to a case later than this.
pub const LAST_CHANGE: i64 = BEGIN + 40 * DAY;

/// SplitMix64: the same numbers for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    pub fn small(&mut self, n: u64) -> u32 {
        self.below(n) as u32
    }

    pub fn moment(&mut self, from: i64, to: i64) -> Timestamp {
        Timestamp(from + self.below((to - from).max(1) as u64) as i64)
    }
}

pub fn city() -> CityCode {
    CityCode::new(370_700).unwrap()
}

pub fn calendar() -> Calendar {
    Calendar::chinese(Zone::shanghai())
}

pub fn class(dice: &mut Dice) -> ClassKey {
    let codes = [
        "2013-component-0101",
        "2013-component-0203",
        "2013-event-0101",
        "2013-event-0304",
        "2026-component-01001",
        "2026-component-02003",
        "2026-event-01001",
        "2026-event-03015",
    ];
    dice.one(&codes).parse().unwrap()
}

pub fn grid(dice: &mut Dice) -> GridCode {
    let full = format!(
        "{}{:03}{:03}{:03}",
        dice.one(&["370702", "370703", "370704"]),
        dice.below(3) + 1,
        dice.below(3) + 1,
        dice.below(4) + 1
    );
    let digits = if dice.percent(90) { 15 } else { dice.one(&[6, 9, 12]) };
    full[..digits].parse().unwrap()
}

pub fn department(dice: &mut Dice) -> DepartmentId {
    DepartmentId(dice.small(6) + 1)
}

pub fn person(dice: &mut Dice) -> PersonId {
    PersonId(dice.small(8))
}

pub fn maybe<T>(dice: &mut Dice, percent: u64, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
    dice.percent(percent).then(|| make(dice))
}

fn assignment(dice: &mut Dice, at: Timestamp) -> Assignment {
    let assisting = (0..dice.below(4).saturating_sub(2)).map(|_| department(dice)).collect();
    Assignment { department: department(dice), assisting, at, ahead: false }
}

fn stage(dice: &mut Dice, at: Timestamp, others: &[CaseId]) -> Stage {
    let to = assignment(dice, at);
    let handler = maybe(dice, 60, person);
    let reply = Reply { text: String::new(), evidence: Vec::new(), at };
    let collector = person(dice);
    let reason = String::new();
    match dice.one(&StageName::ALL) {
        StageName::Draft | StageName::Reported => Stage::Reported,
        StageName::Confirming => Stage::Confirming { collector },
        StageName::Confirmed => Stage::Confirmed { collector, outcome: ConfirmOutcome::True },
        StageName::SelfHandled => Stage::SelfHandled,
        StageName::Accepted => Stage::Accepted,
        StageName::Filed => Stage::Filed,
        StageName::Dispatched => Stage::Dispatched { to },
        StageName::Handling => Stage::Handling { to, handler },
        StageName::Suspended => Stage::Suspended { to, handler, until: at, reason },
        StageName::Replied => Stage::Replied { to, handler, reply },
        StageName::ReadyToVerify => Stage::ReadyToVerify { to, reply },
        StageName::Verifying => Stage::Verifying { to, reply, collector },
        StageName::Verified => {
            Stage::Verified { to, reply, outcome: dice.one(&[VerifyOutcome::Passed, VerifyOutcome::Failed]) }
        }
        StageName::Closed => Stage::Closed { at },
        StageName::ClosedSelfHandled => Stage::ClosedSelfHandled { at },
        StageName::Declined => Stage::Declined { at, reason },
        StageName::Cancelled => Stage::Cancelled { at, reason },
        StageName::Withdrawn => {
            let merged_into = if others.is_empty() { None } else { maybe(dice, 50, |dice| dice.one(others)) };
            Stage::Withdrawn { at, reason, merged_into, before: Box::new(Stage::Filed) }
        }
        StageName::ForceClosed => Stage::ForceClosed { at, order: reason },
    }
}

fn limit(dice: &mut Dice) -> TimeLimit {
    match dice.below(4) {
        0 => TimeLimit::work_minutes(dice.small(240)),
        1 => TimeLimit::work_hours(dice.small(100)),
        2 => TimeLimit::work_days(dice.small(50)),
        _ => TimeLimit::new(dice.small(60), LimitUnit::NaturalDay),
    }
}

/// A clock that began after `from`; ended if it must, otherwise running or paused.
fn clock(dice: &mut Dice, kind: ClockKind, from: Timestamp, ended: bool, calendar: &Calendar) -> Clock {
    let mut at = dice.moment(from.0, LAST_CHANGE);
    let mut clock = Clock::start(kind, limit(dice), at, calendar);
    for _ in 0..dice.below(3) {
        at = dice.moment(at.0, LAST_CHANGE);
        match dice.below(3) {
            0 => clock.pause(at, calendar),
            1 => clock.resume(at, calendar),
            _ => clock.extend(limit(dice), calendar),
        }
    }
    if ended {
        clock.end(dice.moment(at.0, LAST_CHANGE));
    }
    clock
}

fn approval(dice: &mut Dice, kind: ApprovalKind, at: Timestamp) -> Approval {
    let roles = |dice: &mut Dice| (0..=dice.below(2)).map(|_| dice.one(&Role::ALL)).collect::<Vec<_>>();
    let state = match dice.below(3) {
        0 => ApprovalState::Approved { at },
        1 => ApprovalState::Lapsed { at },
        _ => ApprovalState::Open { passed: dice.small(2) as u8 },
    };
    Approval {
        kind,
        asked_at: at,
        asked_by: None,
        asked_as: None,
        reason: String::new(),
        extra: None,
        until: None,
        chain: vec![roles(dice), roles(dice)],
        answers: Vec::new(),
        state,
    }
}

pub fn case_id(n: u64) -> CaseId {
    CaseId(uuid::Uuid::from_u64_pair(0x0190_0000_0000_7000, n | 1 << 63))
}

/// A case as it might stand after some time. `others` are cases it may belong to.
pub fn case(dice: &mut Dice, n: u64, others: &[CaseId], calendar: &Calendar) -> Case {
    let reported_at = dice.moment(BEGIN, BEGIN + 35 * DAY);
    let updated_at = dice.moment(reported_at.0, LAST_CHANGE);
    let stage = stage(dice, updated_at, others);
    let ended = stage.name().is_end();
    let mut clocks = Vec::new();
    for kind in ClockKind::ALL {
        if dice.percent(45) {
            let over = ended || dice.percent(60);
            clocks.push(clock(dice, kind, reported_at, over, calendar));
        }
    }
    let running = clocks.iter().filter(|clock| clock.is_running());
    let warnings: BTreeMap<ClockKind, Timestamp> =
        running.filter_map(|clock| Some((clock.kind, clock.warn_at(calendar)?))).collect();
    let urging = |dice: &mut Dice| Urging {
        level: maybe(dice, 70, |dice| {
            dice.one(&[UrgingLevel::Remind, UrgingLevel::Urge, UrgingLevel::UrgeListed])
        }),
        requirement: String::new(),
        reply_needed: dice.percent(50),
        at: updated_at,
        by: None,
        answered_at: maybe(dice, 50, |_| updated_at),
    };
    let child = |dice: &mut Dice| Child {
        id: case_id(1_000_000 + dice.below(1_000)),
        department: department(dice),
        level: Level::City,
        ended: maybe(dice, 50, |_| StageName::Closed),
        result: String::new(),
    };
    Case {
        id: case_id(n),
        city: city(),
        number: CaseNumber::new(city(), 20_260_301 + dice.small(20), dice.small(120_000)),
        version: 1,
        level: dice.one(&[Level::City, Level::District, Level::Street]),
        report: Report {
            source: dice.one(&Source::ALL),
            text: String::new(),
            place: Place {
                point: maybe(dice, 90, |dice| {
                    // Thousandths of a degree, so that edges of areas are hit.
                    let (x, y) = (dice.below(100) as f64, dice.below(100) as f64);
                    Point::new((119_000.0 + x) / 1e3, (36_700.0 + y) / 1e3).unwrap()
                }),
                grid: maybe(dice, 90, grid),
                address: String::new(),
            },
            class: None,
            component: None,
            evidence: Vec::new(),
            urgent: false,
            consultation: false,
            wants_answer: false,
            attributes: BTreeMap::new(),
        },
        reported_at,
        reported_by: maybe(dice, 60, person),
        self_handled: false,
        intake: maybe(dice, 60, person),
        claimed_by: maybe(dice, 30, person),
        class: maybe(dice, 90, class),
        filing: None,
        procedure: 1,
        clocks,
        warnings,
        approvals: ApprovalKind::ALL
            .into_iter()
            .filter_map(|kind| maybe(dice, 15, |dice| approval(dice, kind, updated_at)))
            .collect(),
        guard: None,
        parent: if others.is_empty() { None } else { maybe(dice, 20, |dice| dice.one(others)) },
        children: (0..dice.below(4).saturating_sub(2)).map(|_| child(dice)).collect(),
        duplicates: (0..dice.below(4).saturating_sub(2)).map(|_| case_id(7)).collect(),
        urgings: (0..dice.below(5).saturating_sub(2)).map(|_| urging(dice)).collect(),
        urgent: dice.percent(20),
        major: dice.percent(10),
        reworks: dice.small(4) as u16,
        returns: dice.small(3) as u16,
        wrong_dispatches: 0,
        extensions: dice.small(3) as u16,
        suspensions: dice.small(3) as u16,
        reopened: dice.small(2) as u16,
        departments: (0..dice.below(4)).map(|_| department(dice)).collect(),
        handled_by: (0..dice.below(4).saturating_sub(1)).map(|_| person(dice)).collect(),
        collected_by: (0..dice.below(3).saturating_sub(1)).map(|_| person(dice)).collect(),
        result: None,
        handed_over_at: None,
        callback: maybe(dice, 30, |dice| Callback {
            at: updated_at,
            reached: true,
            satisfied: maybe(dice, 70, |dice| dice.percent(50)),
            remark: String::new(),
        }),
        rating: maybe(dice, 30, |dice| Rating {
            at: updated_at,
            stars: dice.small(5) as u8 + 1,
            remark: String::new(),
        }),
        appeal: maybe(dice, 20, |dice| Appeal {
            asked_at: updated_at,
            asked_by: None,
            reason: String::new(),
            dispatcher: maybe(dice, 50, |dice| dice.percent(60)),
            intake: maybe(dice, 30, |_| true),
        }),
        exempted: dice.percent(5),
        audit: dice.one(&[Audit::NotDue, Audit::Due, Audit::Passed, Audit::Refused]),
        fast_channel: None,
        filed_at: maybe(dice, 70, |dice| dice.moment(reported_at.0, updated_at.0)),
        ended_at: ended.then_some(updated_at),
        updated_at,
        synthesised: dice.percent(30),
        stage,
    }
}
