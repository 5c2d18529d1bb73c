//! From a row of the city's file to the steps it must have taken (按种子合成的流转): the ends are the file's,
//! what lies between is made up by a seeded rule, and every such case is marked as synthesised.

use super::chance::Chance;
use super::data::{Data, Origin, Row, TypeRow};
use super::setup::{HISTORY, city_code, department_id};
use super::staff::{Member, Staff};
use app::Config;
use app::history::Scripted;
use case::stage::{ConfirmOutcome, VerifyOutcome};
use case::{ApprovalKind, Command, Level, Place, Report, Source, Standard, UrgingLevel};
use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kernel::{
    Actor, CaseId, CaseNumber, DepartmentId, GridCode, LimitUnit, Millis, Role, TimeLimit, Timestamp,
};
use std::collections::HashMap;
use std::ops::Range;
use uuid::Builder;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Closed so soon after the report was answered at once (T10).
const AT_ONCE: i64 = MINUTE;
/// How far back the original of a duplicate may lie, and how far away.
const DUPLICATE_DAYS: i64 = 60;
const DUPLICATE_METRES: f64 = 150.0;

/// A row with its times in the present.
#[derive(Debug, Clone)]
pub struct Moved {
    pub row: Row,
    pub opened: Timestamp,
    pub target: Option<Timestamp>,
    pub closed: Option<Timestamp>,
    pub id: CaseId,
}

/// How a case ends by `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    AtOnce,
    Declined,
    Cancelled,
    /// Into the case with this index.
    Merged(usize),
    Closed,
    Open,
}

/// All rows that may be played, moved to the present.
pub struct Plan {
    pub seed: u64,
    pub cases: Vec<Moved>,
    /// Rows closed before they were opened, left out.
    pub quarantined: usize,
    originals: HashMap<usize, usize>,
    joined: HashMap<usize, Vec<usize>>,
}

impl Plan {
    /// `weeks` is how far the file's year is moved.
    ///
    /// # Errors
    /// When a time leaves the calendar.
    pub fn new(data: &Data, rows: Vec<Row>, zone: &TimeZone, weeks: i64, seed: u64) -> anyhow::Result<Self> {
        let mut cases = Vec::with_capacity(rows.len());
        let mut quarantined = 0;
        for row in rows {
            if row.is_quarantined() {
                quarantined += 1;
                continue;
            }
            let moved = |at: DateTime| moved(at, weeks, zone);
            let opened = moved(row.opened)?;
            let target = row.target.map(moved).transpose()?;
            // In the hour that comes twice in autumn a case could seem closed before it was opened.
            let closed = row.closed.map(moved).transpose()?.map(|closed| closed.max(opened));
            let mut drawn = Chance::new(seed, row.id);
            let (a, b) = (drawn.draw().to_be_bytes(), drawn.draw().to_be_bytes());
            let tail = [a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], b[0], b[1]];
            let millis = u64::try_from(opened.millis())?;
            let id = CaseId(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid());
            cases.push(Moved { row, opened, target, closed, id });
        }
        cases.sort_by_key(|case| (case.opened, case.row.id));
        let mut plan = Self { seed, cases, quarantined, originals: HashMap::new(), joined: HashMap::new() };
        plan.find_originals(data);
        Ok(plan)
    }

    /// Finds the case each duplicate is a duplicate of: the one named in the reason, else the nearest of its
    /// type that was open then.
    fn find_originals(&mut self, data: &Data) {
        let by_number: HashMap<u64, usize> =
            self.cases.iter().enumerate().map(|(at, case)| (case.row.id, at)).collect();
        let mut by_type: HashMap<u16, Vec<usize>> = HashMap::new();
        for (at, case) in self.cases.iter().enumerate() {
            by_type.entry(case.row.kind).or_default().push(at);
        }
        for (at, case) in self.cases.iter().enumerate() {
            let Some(closed) = case.closed else { continue };
            if !is_duplicate(&case.row) || closed - case.opened < Millis(AT_ONCE) {
                continue;
            }
            let fits = |other: usize| {
                let original = &self.cases[other];
                other != at
                    && original.opened < case.opened
                    && original.closed.is_none_or(|ended| ended - closed > Millis(HOUR))
                    && original.closed.is_none_or(|ended| ended - original.opened > Millis(DAY))
                    && !is_duplicate(&original.row)
                    && !is_invalid(&original.row)
                    && !is_consultation(data, original)
            };
            let named =
                numbers_in(&case.row.reason).filter_map(|n| by_number.get(&n).copied()).find(|o| fits(*o));
            let near = || {
                let point = case.row.point?;
                let same = by_type.get(&case.row.kind)?;
                let before = same.partition_point(|other| *other < at);
                same[..before]
                    .iter()
                    .rev()
                    .take_while(|other| {
                        case.opened - self.cases[**other].opened < Millis(DUPLICATE_DAYS * DAY)
                    })
                    .copied()
                    .find(|other| {
                        let there = self.cases[*other].row.point;
                        there.is_some_and(|there| there.metres_to(&point) < DUPLICATE_METRES) && fits(*other)
                    })
            };
            if let Some(original) = named.or_else(near) {
                self.originals.insert(at, original);
                self.joined.entry(original).or_default().push(at);
            }
        }
    }

    /// How the case at `at` has ended by `now`. Duplicates and their originals are both of `window`.
    #[must_use]
    pub fn ending(&self, data: &Data, at: usize, window: &Range<usize>, now: Timestamp) -> Ending {
        let case = &self.cases[at];
        let Some(closed) = case.closed.filter(|closed| *closed <= now) else { return Ending::Open };
        if closed - case.opened < Millis(AT_ONCE) {
            return Ending::AtOnce;
        }
        if is_duplicate(&case.row) || is_invalid(&case.row) {
            return match self.originals.get(&at) {
                Some(original) if *original >= window.start && at < window.end => Ending::Merged(*original),
                _ if case.target.is_some() => Ending::Cancelled,
                _ => Ending::Declined,
            };
        }
        if is_consultation(data, case) { Ending::AtOnce } else { Ending::Closed }
    }

    /// Drops the words of what is played: they are in the store now.
    pub fn forget(&mut self, played: usize) {
        for case in self.cases.iter_mut().take(played) {
            for words in
                [&mut case.row.reason, &mut case.row.title, &mut case.row.street, &mut case.row.neighborhood]
            {
                *words = Box::default();
            }
        }
        self.originals = HashMap::new();
        self.joined = HashMap::new();
    }

    /// Cases merged into the one at `at` by `now`, with the moment.
    fn joined(
        &self,
        data: &Data,
        at: usize,
        window: &Range<usize>,
        now: Timestamp,
    ) -> Vec<(Timestamp, CaseId)> {
        let list = self.joined.get(&at).map(Vec::as_slice).unwrap_or_default();
        let merged = |other: &&usize| self.ending(data, **other, window, now) == Ending::Merged(at);
        let mut found: Vec<(Timestamp, CaseId)> = list
            .iter()
            .filter(merged)
            .filter_map(|other| self.cases[*other].closed.map(|when| (when, self.cases[*other].id)))
            .collect();
        found.sort_unstable();
        found
    }
}

/// The weeks by which the file's last day comes to lie on today or up to six days later: no day before now is
/// without reports, and the last rows arrive when their hour comes.
#[must_use]
pub fn weeks_to(last: jiff::civil::Date, today: jiff::civil::Date) -> i64 {
    let days = last.until(today).map_or(0, |span| i64::from(span.get_days()));
    days.div_euclid(7) + i64::from(days.rem_euclid(7) > 0)
}

/// A local time of 2015 in the present: weekday and time of day stay. Where the clocks jump, as the zone says.
fn moved(at: DateTime, weeks: i64, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let there = at.checked_add(weeks.weeks())?.to_zoned(zone.clone())?;
    Ok(Timestamp(there.timestamp().as_millisecond()))
}

fn is_duplicate(row: &Row) -> bool {
    row.reason.contains("uplicate")
}

fn is_invalid(row: &Row) -> bool {
    row.reason.starts_with("Case Invalid")
}

/// A question without a target is answered without going round.
fn is_consultation(data: &Data, case: &Moved) -> bool {
    case.target.is_none() && data.types[usize::from(case.row.kind)].consultation
}

/// Case numbers of the file in a text.
fn numbers_in(text: &str) -> impl Iterator<Item = u64> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() == 12)
        .filter_map(|part| part.parse().ok())
}

/// What stories are made with.
pub struct Teller<'a> {
    pub data: &'a Data,
    pub staff: &'a Staff,
    pub config: &'a Config,
    pub plan: &'a Plan,
    /// The cases that are played together, seen from one moment: duplicates are merged among them.
    pub window: Range<usize>,
    pub now: Timestamp,
}

/// Why a row has no story: only a broken table can be the reason.
#[derive(Debug, thiserror::Error)]
#[error("nobody is there to {0}")]
pub struct NobodyThere(&'static str);

struct Tale<'a> {
    steps: Vec<Scripted>,
    at: i64,
    joined: std::iter::Peekable<std::vec::IntoIter<(Timestamp, CaseId)>>,
    teller: &'a Teller<'a>,
}

impl Tale<'_> {
    /// The next step, not before the last one and not after now. What others did to the case meanwhile comes first.
    fn step(&mut self, at: i64, actor: &Actor, command: Command) {
        self.at = self.at.max(at.min(self.teller.now.millis()));
        while let Some((when, duplicate)) = self.joined.next_if(|(when, _)| when.millis() <= self.at) {
            self.join(when, duplicate);
        }
        self.steps.push(Scripted { at: Timestamp(self.at), actor: actor.clone(), command });
    }

    fn join(&mut self, when: Timestamp, duplicate: CaseId) {
        let system = Actor::system(city_code(), "duplicate", 1);
        self.steps.push(Scripted {
            at: when,
            actor: system,
            command: Command::DuplicateJoined { case: duplicate },
        });
    }

    fn end(mut self) -> Vec<Scripted> {
        while let Some((when, duplicate)) = self.joined.next() {
            if when <= self.teller.now {
                self.join(when, duplicate);
            }
        }
        self.steps
    }
}

/// The moments at the centre and in the department before the work begins.
struct Early {
    accept: i64,
    file: i64,
    dispatch: i64,
    assign: i64,
}

impl Teller<'_> {
    /// The steps of the case at `at`. `plain` leaves out every detour.
    ///
    /// # Errors
    /// When nobody of the staff fits, which only a broken table makes.
    pub fn story(&self, at: usize, number: CaseNumber, plain: bool) -> Result<Vec<Scripted>, NobodyThere> {
        let case = &self.plan.cases[at];
        let mut chance = Chance::new(self.plan.seed ^ 0x5707, case.row.id);
        let ending = self.plan.ending(self.data, at, &self.window, self.now);
        let joined = self.plan.joined(self.data, at, &self.window, self.now).into_iter().peekable();
        let mut tale = Tale { steps: Vec::with_capacity(16), at: case.opened.millis(), joined, teller: self };
        let place = self.place(&case.row);
        let kind = &self.data.types[usize::from(case.row.kind)];
        let right = department_id(usize::from(case.row.department));
        let source = source_of(case, &place);
        let consultation = ending == Ending::AtOnce || kind.consultation;
        let report = Report {
            source,
            text: words_of(case, kind),
            class: Some(kind.class.clone()),
            component: None,
            evidence: Vec::new(),
            urgent: kind.urgent,
            consultation,
            wants_answer: source.is_public() && ending != Ending::AtOnce && chance.one_in(400),
            attributes: std::collections::BTreeMap::new(),
            place,
        };
        let wants_answer = report.wants_answer;
        let grid = report.place.grid.clone();
        let opened = case.opened.millis();
        let reporter = self.reporter(source, grid.as_ref(), right, &mut chance)?;
        let self_handled = !plain
            && source == Source::Collector
            && case.target.is_none()
            && matches!(ending, Ending::Closed | Ending::Open)
            && self.now - case.opened < Millis(40 * DAY)
            && chance.one_in(if ending == Ending::Open { 500 } else { 150 })
            && (ending == Ending::Closed || self.now - case.opened < Millis(3 * DAY));
        if self_handled {
            let command = Command::ReportSelfHandled { id: case.id, number, report, procedure: HISTORY };
            tale.step(opened, &reporter, command);
            if let (Ending::Closed, Some(closed)) = (ending, case.closed) {
                let leader = self.anyone(Role::ShiftLeader, &mut chance)?;
                let opinion = "照片清晰，处置到位。".to_owned();
                tale.step(closed.millis(), &leader.actor, Command::PassSelfHandled { opinion });
            }
            return Ok(tale.end());
        }
        let command = Command::Report {
            id: case.id,
            number,
            report,
            procedure: HISTORY,
            parent: None,
            level: Level::City,
        };
        tale.step(opened, &reporter, command);
        let told = Told { case, kind, right, grid, wants_answer, public: source.is_public(), plain };
        match ending {
            Ending::AtOnce => self.answered(&mut tale, &told, &mut chance)?,
            Ending::Declined => self.declined(&mut tale, &told, &mut chance)?,
            Ending::Cancelled => self.cancelled(&mut tale, &told, &mut chance)?,
            Ending::Merged(original) => self.merged(&mut tale, &told, original, &mut chance)?,
            Ending::Closed => self.closed(&mut tale, &told, &mut chance)?,
            Ending::Open => self.open(&mut tale, &told, &mut chance)?,
        }
        Ok(tale.end())
    }

    fn anyone(&self, role: Role, chance: &mut Chance) -> Result<&Member, NobodyThere> {
        self.staff.anyone(role, chance.draw()).ok_or(NobodyThere("work at the centre"))
    }

    fn reporter(
        &self,
        source: Source,
        grid: Option<&GridCode>,
        department: DepartmentId,
        chance: &mut Chance,
    ) -> Result<Actor, NobodyThere> {
        let member = match source {
            Source::CitizenApp | Source::CitizenWeb => return Ok(Actor::citizen(city_code(), None)),
            Source::LowerPlatform => return Ok(Actor::system(city_code(), "maximo", 1)),
            Source::Collector => self.staff.collector(grid, chance.draw()),
            Source::Department => self.staff.officer(department),
            _ => self.staff.anyone(Role::IntakeOperator, chance.draw()),
        };
        member.map(|member| member.actor.clone()).ok_or(NobodyThere("report"))
    }

    fn place(&self, row: &Row) -> Place {
        let grid = row.point.and_then(|point| self.config.grids.at(point)).cloned();
        let street = || self.data.neighborhoods.get(row.neighborhood.as_ref()).cloned();
        let mut address = row.street.to_string();
        if !row.neighborhood.is_empty() {
            if !address.is_empty() {
                address.push_str(", ");
            }
            address.push_str(&row.neighborhood);
        }
        if address.is_empty() && row.point.is_none() {
            address.push_str("地点未记录");
        }
        Place { point: row.point, grid: grid.or_else(street), address: address.chars().take(200).collect() }
    }

    /// When the first steps were taken: within minutes, and never more than a part of all the time there was.
    fn early(&self, told: &Told, end: i64, chance: &mut Chance) -> Early {
        let opened = told.case.opened.millis();
        let mut span = (end - opened).max(1);
        if let Some(target) = told.case.target {
            // A case is filed before it is due.
            span = span.min((target.millis() - opened).max(1));
        }
        let within = |from: i64, minutes: (i64, i64), parts: i64, chance: &mut Chance| {
            from + (chance.between(minutes.0 * MINUTE, minutes.1 * MINUTE)).min(span / parts)
        };
        let accept = within(opened, (1, 8), 24, chance);
        let file = within(accept, (1, 8), 24, chance);
        let dispatch = within(file, (2, 12), 24, chance);
        let assign = within(dispatch, (6, 55), 12, chance);
        Early { accept, file, dispatch, assign }
    }

    fn standard(&self, told: &Told, filed: i64) -> Standard {
        let found = self.config.catalogue.standard(&told.kind.class, told.kind.criterion, None);
        let (criterion_text, closing_text, limit) = found.map_or_else(
            || (told.kind.name_zh.clone(), String::new(), TimeLimit::work_days(5)),
            |s| (s.criterion.filing.zh.clone(), s.criterion.closing.zh.clone(), s.limit),
        );
        let promised = told.case.target.map(|target| promised(target.millis() - filed));
        Standard {
            class: told.kind.class.clone(),
            criterion: told.kind.criterion,
            criterion_text,
            closing_text,
            limit: promised.unwrap_or(limit),
            due: told.case.target,
        }
    }

    fn accepted(
        &self,
        tale: &mut Tale,
        told: &Told,
        early: &Early,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
        if told.public && !told.plain && chance.one_in(60) {
            let collector = self.collector(told, chance)?.clone();
            let half = (early.accept - tale.at) / 3;
            let command = Command::RequestConfirmation { collector: collector.id, note: String::new() };
            tale.step(tale.at + half, &intake, command);
            let opinion = self.data.phrases.confirmation.exists.pick(chance.draw(), false).to_owned();
            let answer = Command::AnswerConfirmation {
                outcome: ConfirmOutcome::True,
                opinion,
                evidence: Vec::new(),
                at: None,
            };
            tale.step(tale.at + half, &collector.actor, answer);
        }
        tale.step(early.accept, &intake, Command::Accept { opinion: String::new() });
        Ok(())
    }

    fn filed(
        &self,
        tale: &mut Tale,
        told: &Told,
        early: &Early,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let leader = self.anyone(Role::ShiftLeader, chance)?.actor.clone();
        let standard = self.standard(told, early.file.max(tale.at));
        tale.step(
            early.file,
            &leader,
            Command::File { standard, opinion: String::new(), procedure: HISTORY },
        );
        Ok(())
    }

    /// Dispatched and assigned; now and then to the wrong department first.
    fn assigned(
        &self,
        tale: &mut Tale,
        told: &Told,
        early: &Early,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        self.dispatched(tale, told, early, chance)?;
        self.given_to_handler(tale, told, early.assign, chance)
    }

    fn dispatched(
        &self,
        tale: &mut Tale,
        told: &Told,
        early: &Early,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
        let wrong = self.staff.mistaken(told.right, chance.draw());
        let room = early.assign - early.dispatch;
        let is_wrong = !told.plain && chance.one_in(28) && room > 2 * MINUTE;
        match wrong.filter(|_| is_wrong).and_then(|id| self.staff.officer(id).map(|officer| (id, officer))) {
            Some((id, officer)) => {
                tale.step(early.dispatch, &dispatcher, dispatch(id));
                let reason = self.data.phrases.return_reasons.pick(chance.draw(), false).to_owned();
                let request = Command::RequestApproval {
                    approval: ApprovalKind::Return,
                    reason,
                    extra: None,
                    until: None,
                    evidence: Vec::new(),
                };
                tale.step(early.dispatch + room / 3, &officer.actor, request);
                let opinion = "情况属实，同意退回，重新派遣。".to_owned();
                let approve = Command::Approve { approval: ApprovalKind::Return, opinion };
                tale.step(early.dispatch + room / 2, &dispatcher, approve);
                let again = Command::Reassign {
                    department: told.right,
                    assisting: Vec::new(),
                    opinion: String::new(),
                };
                tale.step(early.dispatch + room * 2 / 3, &dispatcher, again);
            }
            None => tale.step(early.dispatch, &dispatcher, dispatch(told.right)),
        }
        Ok(())
    }

    fn given_to_handler(
        &self,
        tale: &mut Tale,
        told: &Told,
        at: i64,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let officer = self.staff.officer(told.right).ok_or(NobodyThere("sign"))?;
        let handler = self.staff.handler(told.right, chance.draw()).ok_or(NobodyThere("handle"))?;
        tale.step(at, &officer.actor, Command::Assign { handler: handler.id, note: String::new() });
        Ok(())
    }

    fn collector(&self, told: &Told, chance: &mut Chance) -> Result<&Member, NobodyThere> {
        self.staff.collector(told.grid.as_ref(), chance.draw()).ok_or(NobodyThere("verify"))
    }

    /// The handler who has the order now, as the last step that named one says.
    fn current_handler(&self, tale: &Tale) -> Result<&Member, NobodyThere> {
        let named = tale.steps.iter().rev().find_map(|step| match &step.command {
            Command::Assign { handler, .. } => Some(*handler),
            _ => None,
        });
        named.and_then(|id| self.staff.member(id)).ok_or(NobodyThere("reply"))
    }

    fn reply_text(&self, told: &Told, chance: &mut Chance) -> String {
        if !told.case.row.reason.is_empty() && told.case.closed.is_some_and(|closed| closed <= self.now) {
            return told.case.row.reason.to_string();
        }
        let replies = &self.data.phrases.replies;
        replies.by_type.get(&told.kind.name).unwrap_or(&replies.generic).pick(chance.draw(), false).to_owned()
    }

    fn answered(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let closed = told.closed();
        let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
        let answer = match told.case.row.reason.as_ref() {
            "" => self.data.phrases.answers.pick(chance.draw(), false).to_owned(),
            reason => reason.to_owned(),
        };
        tale.step(closed, &intake, Command::AnswerAtOnce { answer });
        Ok(())
    }

    fn declined(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
        tale.step(told.closed(), &intake, Command::Decline { reason: told.reason() });
        Ok(())
    }

    fn cancelled(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let closed = told.closed();
        let early = self.early(told, closed, chance);
        self.accepted(tale, told, &early, chance)?;
        self.filed(tale, told, &early, chance)?;
        self.assigned(tale, told, &early, chance)?;
        let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
        let asked = closed - ((closed - tale.at) / 4).min(3 * HOUR);
        tale.step(asked, &dispatcher, request(ApprovalKind::Cancellation, told.reason()));
        let leader = self.anyone(Role::ShiftLeader, chance)?.actor.clone();
        let opinion = "同意作废。".to_owned();
        tale.step(closed, &leader, Command::Approve { approval: ApprovalKind::Cancellation, opinion });
        Ok(())
    }

    fn merged(
        &self,
        tale: &mut Tale,
        told: &Told,
        original: usize,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let closed = told.closed();
        let early = self.early(told, closed, chance);
        self.accepted(tale, told, &early, chance)?;
        self.filed(tale, told, &early, chance)?;
        let into = self.plan.cases[original].id;
        let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
        tale.step(closed, &intake, Command::Merge { into, reason: told.reason() });
        Ok(())
    }

    fn closed(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let closed = told.closed();
        let early = self.early(told, closed, chance);
        self.accepted(tale, told, &early, chance)?;
        self.filed(tale, told, &early, chance)?;
        self.assigned(tale, told, &early, chance)?;
        let work = (closed - tale.at).max(0);
        let tail = chance.between(25 * MINUTE, 5 * HOUR).min(work * 2 / 5);
        let replied = closed - tail;
        if !told.plain && told.case.target.is_none() && work > 2 * DAY && chance.one_in(70) {
            self.extended(tale, told, chance)?;
        } else if !told.plain && told.case.target.is_none() && work > 8 * DAY && chance.one_in(80) {
            self.suspended_and_resumed(tale, told, replied, chance)?;
        }
        if !told.plain && work > DAY && chance.one_in(32) {
            let first = tale.at + (replied - tale.at) / 2;
            self.worked(tale, told, first, chance)?;
            let step = ((replied - first) / 8).min(2 * HOUR);
            let judged = [first + step, first + 2 * step, first + 3 * step];
            self.verified(tale, told, judged, VerifyOutcome::Failed, chance)?;
            let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
            let order = Command::OrderRework {
                opinion: "现场核查未通过，请返工。".to_owned(),
                department: None,
            };
            tale.step(first + 4 * step, &intake, order);
            self.given_to_handler(tale, told, first + 5 * step, chance)?;
        }
        self.worked(tale, told, replied, chance)?;
        let part = tail / 10;
        let judged = [replied + 2 * part, replied + 4 * part, replied + 8 * part];
        self.verified(tale, told, judged, VerifyOutcome::Passed, chance)?;
        let satisfied = chance.one_in(900);
        if told.wants_answer {
            let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
            let reached = chance.one_in(850);
            let call =
                Command::CallBack { reached, satisfied: reached.then_some(satisfied), remark: String::new() };
            tale.step(replied + 9 * part, &intake, call);
        }
        let leader = self.anyone(Role::ShiftLeader, chance)?.actor.clone();
        tale.step(closed, &leader, Command::Close { opinion: String::new() });
        self.afterwards(tale, told, satisfied, chance)
    }

    /// A rating, or an appeal of the department, after the end.
    fn afterwards(
        &self,
        tale: &mut Tale,
        told: &Told,
        satisfied: bool,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let closed = told.closed();
        let rated = closed + chance.between(HOUR, 40 * HOUR);
        if told.wants_answer && chance.one_in(300) && rated <= self.now.millis() {
            let comments = &self.data.phrases.rating_comments;
            let (stars, list) = if satisfied {
                (chance.between(4, 5), &comments.good)
            } else {
                (chance.between(1, 2), &comments.poor)
            };
            let remark = list.pick(chance.draw(), chance.one_in(300)).to_owned();
            let rate = Command::Rate { stars: u8::try_from(stars).unwrap_or(5), remark };
            tale.step(rated, &Actor::citizen(city_code(), Some(told.case.id)), rate);
        }
        let late = told.case.target.is_some_and(|target| closed > target.millis());
        let appealed = closed + chance.between(HOUR, 30 * HOUR);
        let recent = self.now.millis() - closed < 14 * DAY && appealed <= self.now.millis();
        if !told.plain && late && recent && chance.one_in(60) {
            let officer = self.staff.officer(told.right).ok_or(NobodyThere("appeal"))?;
            let reason = "现场被占用多日，非本单位原因造成超期，申请免责。".to_owned();
            tale.step(appealed, &officer.actor, Command::Appeal { reason });
            if chance.one_in(400) {
                let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
                let opinion = "情况属实，同意。".to_owned();
                tale.step(tale.at + MINUTE, &dispatcher, Command::AnswerAppeal { granted: true, opinion });
            }
        }
        Ok(())
    }

    fn extended(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
        let reason = self.data.phrases.extension_reasons.pick(chance.draw(), false).to_owned();
        let ask = Command::RequestApproval {
            approval: ApprovalKind::Extension,
            reason,
            extra: Some(TimeLimit::work_days(2)),
            until: None,
            evidence: Vec::new(),
        };
        tale.step(tale.at + chance.between(10, 50) * MINUTE, &officer, ask);
        let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
        let opinion = "理由充分，同意延期。".to_owned();
        let answer = Command::Approve { approval: ApprovalKind::Extension, opinion };
        tale.step(tale.at + chance.between(10, 90) * MINUTE, &dispatcher, answer);
        Ok(())
    }

    /// An extension so long that the centre's director has the last word, which is still to come.
    fn asked_for_months(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
        let ask = Command::RequestApproval {
            approval: ApprovalKind::Extension,
            reason: self.data.phrases.extension_reasons.pick(chance.draw(), false).to_owned(),
            extra: Some(TimeLimit::work_days(40)),
            until: None,
            evidence: Vec::new(),
        };
        tale.step(self.now.millis() - chance.between(3 * HOUR, 20 * HOUR), &officer, ask);
        for role in [Role::Dispatcher, Role::ShiftLeader] {
            let member = self.anyone(role, chance)?.actor.clone();
            let opinion = "工程量大，同意上报。".to_owned();
            let approve = Command::Approve { approval: ApprovalKind::Extension, opinion };
            tale.step(tale.at + chance.between(10, 60) * MINUTE, &member, approve);
        }
        Ok(())
    }

    fn suspended_and_resumed(
        &self,
        tale: &mut Tale,
        told: &Told,
        before: i64,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let asked = tale.at + chance.between(2 * HOUR, 20 * HOUR);
        let until = (asked + chance.between(3 * DAY, 25 * DAY)).min(asked + (before - asked) * 3 / 4);
        self.suspended(tale, told, asked, until, chance)?;
        let system = Actor::system(city_code(), "resume", 1);
        tale.step(until, &system, Command::Resume { reason: String::new() });
        Ok(())
    }

    fn suspended(
        &self,
        tale: &mut Tale,
        told: &Told,
        asked: i64,
        until: i64,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
        tale.step(asked, &officer, self.suspension(until, chance));
        let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
        let opinion = "同意挂账，条件具备后立即恢复。".to_owned();
        let answer = Command::Approve { approval: ApprovalKind::Suspension, opinion };
        tale.step(asked + chance.between(10, 80) * MINUTE, &dispatcher, answer);
        Ok(())
    }

    fn suspension(&self, until: i64, chance: &mut Chance) -> Command {
        Command::RequestApproval {
            approval: ApprovalKind::Suspension,
            reason: self.data.phrases.suspension_reasons.pick(chance.draw(), false).to_owned(),
            extra: None,
            until: Some(Timestamp(until)),
            evidence: Vec::new(),
        }
    }

    fn worked(&self, tale: &mut Tale, told: &Told, at: i64, chance: &mut Chance) -> Result<(), NobodyThere> {
        let text = self.reply_text(told, chance);
        let handler = self.current_handler(tale)?.actor.clone();
        tale.step(at, &handler, Command::Reply { text, evidence: Vec::new() });
        Ok(())
    }

    /// Passed on, sent to a collector, answered: at these moments.
    fn verified(
        &self,
        tale: &mut Tale,
        told: &Told,
        at: [i64; 3],
        outcome: VerifyOutcome,
        chance: &mut Chance,
    ) -> Result<(), NobodyThere> {
        self.passed_on(tale, at[0], chance)?;
        let collector = self.sent_to_collector(tale, told, at[1], chance)?;
        let phrases = &self.data.phrases.verification;
        let list = if outcome == VerifyOutcome::Failed { &phrases.failed } else { &phrases.passed };
        let opinion = list.pick(chance.draw(), false).to_owned();
        let answer = Command::AnswerVerification { outcome, opinion, evidence: Vec::new(), at: None };
        tale.step(at[2], &collector.actor, answer);
        Ok(())
    }

    fn passed_on(&self, tale: &mut Tale, at: i64, chance: &mut Chance) -> Result<(), NobodyThere> {
        let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
        tale.step(at, &dispatcher, Command::PassOn { opinion: String::new() });
        Ok(())
    }

    fn sent_to_collector(
        &self,
        tale: &mut Tale,
        told: &Told,
        at: i64,
        chance: &mut Chance,
    ) -> Result<Member, NobodyThere> {
        let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
        let collector = self.collector(told, chance)?.clone();
        tale.step(at, &intake, Command::RequestVerification { collector: collector.id, note: String::new() });
        Ok(collector)
    }

    /// How far an open case has come follows from its age: the centre's desks hold what is fresh, the
    /// departments what is old.
    fn open(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let now = self.now.millis();
        let age = now - told.case.opened.millis();
        let reach = far(age, chance);
        let early = self.early(told, now, chance);
        if reach == Reach::Reported {
            return Ok(());
        }
        if reach == Reach::Confirming {
            let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
            let collector = self.collector(told, chance)?;
            let note = "请到现场核实问题是否存在，补拍近景、全景各一张。".to_owned();
            tale.step(early.accept, &intake, Command::RequestConfirmation { collector: collector.id, note });
            return Ok(());
        }
        self.accepted(tale, told, &early, chance)?;
        if reach == Reach::Accepted {
            if !told.plain && chance.one_in(120) {
                let intake = self.anyone(Role::IntakeOperator, chance)?.actor.clone();
                let ask = request(ApprovalKind::Withdrawal, "反映人来电，问题已自行解决。".to_owned());
                tale.step(tale.at + MINUTE, &intake, ask);
            }
            return Ok(());
        }
        self.filed(tale, told, &early, chance)?;
        if reach == Reach::Filed {
            if !told.plain && chance.one_in(80) {
                let dispatcher = self.anyone(Role::Dispatcher, chance)?.actor.clone();
                let ask = request(ApprovalKind::Cancellation, "不属于城市管理范围，申请作废。".to_owned());
                tale.step(tale.at + MINUTE, &dispatcher, ask);
            }
            return Ok(());
        }
        if reach == Reach::Dispatched {
            self.dispatched(tale, told, &early, chance)?;
            if !told.plain && chance.one_in(120) {
                let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
                let reason = self.data.phrases.return_reasons.pick(chance.draw(), false).to_owned();
                tale.step(tale.at + 5 * MINUTE, &officer, request(ApprovalKind::Return, reason));
            }
            return Ok(());
        }
        self.assigned(tale, told, &early, chance)?;
        match reach {
            Reach::Handling => return self.under_way(tale, told, chance),
            Reach::Suspended => {
                let asked = (now - chance.between(2 * HOUR, 60 * HOUR)).max(tale.at);
                return self.suspended(tale, told, asked, now + chance.between(4 * DAY, 24 * DAY), chance);
            }
            _ => {}
        }
        let left = (now - tale.at).max(0);
        let replied = now - chance.between(20 * MINUTE, 150 * MINUTE).min(left / 2);
        self.worked(tale, told, replied, chance)?;
        let part = (now - replied) / 5;
        if reach == Reach::Replied {
            return Ok(());
        }
        self.passed_on(tale, replied + part, chance)?;
        if reach == Reach::ReadyToVerify {
            return Ok(());
        }
        let collector = self.sent_to_collector(tale, told, replied + 2 * part, chance)?;
        if reach == Reach::Verifying {
            return Ok(());
        }
        let failed = chance.one_in(200);
        let phrases = &self.data.phrases.verification;
        let (outcome, list) = if failed {
            (VerifyOutcome::Failed, &phrases.failed)
        } else {
            (VerifyOutcome::Passed, &phrases.passed)
        };
        let opinion = list.pick(chance.draw(), false).to_owned();
        let answer = Command::AnswerVerification { outcome, opinion, evidence: Vec::new(), at: None };
        tale.step(replied + 3 * part, &collector.actor, answer);
        Ok(())
    }

    /// What goes on around a case in handling: pressure on late ones, requests that wait for an answer.
    fn under_way(&self, tale: &mut Tale, told: &Told, chance: &mut Chance) -> Result<(), NobodyThere> {
        let now = self.now.millis();
        let late = told.case.target.is_some_and(|target| target < self.now);
        let young = now - told.case.opened.millis() < 30 * DAY;
        if told.plain {
            return Ok(());
        }
        let soon = |hours: i64, chance: &mut Chance| (now - chance.between(30 * MINUTE, hours * HOUR)).max(0);
        if late && chance.one_in(14) {
            let leader =
                self.anyone(if chance.one_in(700) { Role::ShiftLeader } else { Role::Supervisor }, chance)?;
            let level = match chance.between(0, 9) {
                0 => UrgingLevel::UrgeListed,
                1..=3 => UrgingLevel::Urge,
                _ => UrgingLevel::Remind,
            };
            let requirement = "已超过处置时限，请尽快处置并说明原因。".to_owned();
            tale.step(
                soon(60, chance),
                &leader.actor.clone(),
                Command::Urge { level, requirement, reply_needed: true },
            );
        } else if late && chance.one_in(2) {
            let leader = self.anyone(Role::Leader, chance)?.actor.clone();
            let text = "请责任单位高度重视，限期解决，并报结果。".to_owned();
            tale.step(soon(60, chance), &leader, Command::Instruct { text, reply_needed: true });
        } else if !late && young && chance.one_in(40) {
            let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
            let reason = self.data.phrases.extension_reasons.pick(chance.draw(), false).to_owned();
            tale.step(soon(5, chance), &officer, request(ApprovalKind::Extension, reason));
        } else if !late && young && chance.one_in(10) {
            self.asked_for_months(tale, told, chance)?;
        } else if young && chance.one_in(15) {
            let officer = self.staff.officer(told.right).ok_or(NobodyThere("ask"))?.actor.clone();
            let until = now + chance.between(6 * DAY, 40 * DAY);
            tale.step(soon(5, chance), &officer, self.suspension(until, chance));
        }
        if chance.one_in(3) {
            let leader = self.anyone(Role::ShiftLeader, chance)?.actor.clone();
            let reason = "影响面大，按重大案件督办。".to_owned();
            tale.step(tale.at + MINUTE, &leader, Command::MarkMajor { reason });
        }
        Ok(())
    }
}

/// What a story is told of.
struct Told<'a> {
    case: &'a Moved,
    kind: &'a TypeRow,
    right: DepartmentId,
    grid: Option<GridCode>,
    wants_answer: bool,
    public: bool,
    plain: bool,
}

impl Told<'_> {
    fn closed(&self) -> i64 {
        self.case.closed.unwrap_or(self.case.opened).millis()
    }

    fn reason(&self) -> String {
        if self.case.row.reason.is_empty() {
            "重复或无效案件".to_owned()
        } else {
            self.case.row.reason.to_string()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Reported,
    Confirming,
    Accepted,
    Filed,
    Dispatched,
    Handling,
    Suspended,
    Replied,
    ReadyToVerify,
    Verifying,
    Verified,
}

fn far(age: i64, chance: &mut Chance) -> Reach {
    use Reach::{
        Accepted, Confirming, Dispatched, Filed, Handling, ReadyToVerify, Replied, Reported, Suspended,
        Verified, Verifying,
    };
    let table: &[(u64, Reach)] = if age < 2 * HOUR {
        &[(450, Reported), (100, Confirming), (200, Accepted), (150, Filed), (100, Dispatched)]
    } else if age < 30 * HOUR {
        &[
            (70, Reported),
            (60, Confirming),
            (70, Accepted),
            (80, Filed),
            (250, Dispatched),
            (350, Handling),
            (30, Replied),
            (30, ReadyToVerify),
            (30, Verifying),
            (30, Verified),
        ]
    } else if age < 7 * DAY {
        &[
            (50, Dispatched),
            (790, Handling),
            (20, Suspended),
            (35, Replied),
            (30, ReadyToVerify),
            (40, Verifying),
            (35, Verified),
        ]
    } else {
        &[(940, Handling), (60, Suspended)]
    };
    let mut drawn = chance.draw() % 1_000;
    for (share, reach) in table {
        if drawn < *share {
            return *reach;
        }
        drawn -= share;
    }
    Handling
}

fn source_of(case: &Moved, place: &Place) -> Source {
    match case.row.origin {
        Origin::Call => Source::CityHotline,
        Origin::App => Source::CitizenApp,
        Origin::Web => Source::CitizenWeb,
        Origin::Employee => Source::Department,
        // A collector's report has a point.
        Origin::Worker if place.point.is_some() => Source::Collector,
        Origin::Worker => Source::Department,
        Origin::Machine => Source::LowerPlatform,
        Origin::Media => Source::Media,
    }
}

/// The type in both languages and the title where it says more.
fn words_of(case: &Moved, kind: &TypeRow) -> String {
    let title = case.row.title.trim();
    let more = !title.is_empty()
        && !title.eq_ignore_ascii_case(&kind.name)
        && !title.to_lowercase().contains("printed");
    if more {
        format!("{}（{}）：{title}", kind.name_zh, kind.name_en)
    } else {
        format!("{}（{}）", kind.name_zh, kind.name_en)
    }
}

/// The time from filing to the promised date as a limit, rounded down to what a limit can say.
fn promised(millis: i64) -> TimeLimit {
    let hundredths = u32::try_from(millis / (DAY / 100)).unwrap_or(1);
    TimeLimit { hundredths: hundredths.max(1), unit: LimitUnit::NaturalDay }
}

fn dispatch(department: DepartmentId) -> Command {
    Command::Dispatch { department, assisting: Vec::new(), opinion: String::new() }
}

fn request(approval: ApprovalKind, reason: String) -> Command {
    Command::RequestApproval { approval, reason, extra: None, until: None, evidence: Vec::new() }
}
