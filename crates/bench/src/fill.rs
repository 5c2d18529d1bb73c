//! A store with a million cases, made once and kept for the next measurement.
//!
//! Twenty thousand cases are played through the loop by [`case::run`], at their own times, by their own
//! people, to every stage; each stored case is one of them with its own identity, number, text and place.
//! What is stored of a case's history is its first fact: no list, count or search reads facts.

use crate::city::{self, Keys, Wall};
use crate::server::Server;
use crate::{Place, texts};
use app::ports::{Append, Store as _, TimeSource};
use case::{
    ApprovalKind, Case, Command, ConfirmOutcome, Context, Departments, FactRecord, Level, Procedure, Report,
    Source, Standard, VerifyOutcome,
};
use kernel::calendar::Zone;
use kernel::{
    Actor, Calendar, CaseId, CaseNumber, ClassKey, DepartmentId, Millis, Point, Post, Role, Scope, Timestamp,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::Store;
use uuid::Uuid;

const TEMPLATES: u32 = 20_000;
/// Cases made and handed to the store at once.
const CHUNK: u32 = 10_000;
/// Three years of a city with a thousand cases a day.
const DAYS: i64 = 1_095;
/// Of a hundred cases so many are not finished.
const OPEN_PERCENT: u32 = 3;
/// How old open cases are at most.
const OPEN_DAYS: i64 = 12;
/// Deadlines pass by: an older store is made anew.
const KEPT_FOR: Millis = Millis::days(1);
/// Changes with what is filled in.
const MADE_BY: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Made {
    by: u32,
    cases: u32,
    at: i64,
    keys: Keys,
}

/// A data folder whose store holds `cases` cases, with columns saved, and keys to it.
pub async fn filled(place: &Place, cases: u32) -> anyhow::Result<(PathBuf, Keys)> {
    let data = place.folder.join(format!("cases-{cases}"));
    let note = data.join("made.json");
    if let Ok(text) = std::fs::read(&note)
        && let Ok(made) = serde_json::from_slice::<Made>(&text)
        && made.by == MADE_BY
        && made.cases == cases
        && Wall.now() - Timestamp(made.at) < KEPT_FOR
    {
        eprintln!("using {}", data.display());
        return Ok((data, made.keys));
    }
    eprintln!("filling {} with {cases} cases", data.display());
    let keys = city::make_in(&data).await?;
    let target = city::database(&data);
    tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(fill(&target, cases))
    })
    .await??;
    settle(place, &data).await?;
    let made = Made { by: MADE_BY, cases, at: Wall.now().millis(), keys };
    std::fs::write(&note, serde_json::to_vec(&made)?)?;
    Ok((data, made.keys))
}

/// Lets the server do what became due meanwhile and save its columns.
async fn settle(place: &Place, data: &std::path::Path) -> anyhow::Result<()> {
    let server = Server::start(place, data, None)?;
    eprintln!("  first start: ready in {:.1} s", server.ready_in.as_secs_f64());
    let since = Instant::now();
    let mut before = server.cpu_seconds()?;
    while since.elapsed() < Duration::from_secs(300) {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let now = server.cpu_seconds()?;
        if now - before < 0.15 {
            break;
        }
        before = now;
    }
    eprintln!("  calm after {:.0} s", since.elapsed().as_secs_f64());
    server.stop()
}

async fn fill(target: &str, cases: u32) -> anyhow::Result<()> {
    let began = Instant::now();
    let world = World::new();
    let now = Wall.now();
    let mut templates: Vec<Template> = (0..TEMPLATES)
        .into_par_iter()
        .map(|number| world.template(u64::from(number), now))
        .collect::<anyhow::Result<_>>()?;
    templates.sort_by_key(|template| template.case.reported_at);
    eprintln!(
        "  {} cases played through the loop in {:.1} s",
        templates.len(),
        began.elapsed().as_secs_f64()
    );
    let store = Store::open(target).await?;
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut next = make(&world, &templates, &mut numbers, 0, cases);
    for chunk in 0..cases.div_ceil(CHUNK) {
        let batch = next;
        let writing = tokio::spawn({
            let store = store.clone();
            async move { store.append_bulk(batch).await.map(drop) }
        });
        next = make(&world, &templates, &mut numbers, (chunk + 1) * CHUNK, cases);
        writing.await??;
        if chunk % 10 == 9 {
            eprintln!("  {} cases, {:.0} s", (chunk + 1) * CHUNK, began.elapsed().as_secs_f64());
        }
    }
    store.close().await?;
    Ok(())
}

fn make(
    world: &World,
    templates: &[Template],
    numbers: &mut HashMap<u32, u32>,
    from: u32,
    cases: u32,
) -> Vec<Append> {
    let to = (from + CHUNK).min(cases);
    let mut chosen = Vec::new();
    for serial in from..to {
        let mut dice = SmallRng::seed_from_u64(u64::from(serial));
        // Neighbours in time are mixed, so that not fifty of a kind stand side by side.
        let count = templates.len();
        let middle = serial as usize * count / cases as usize;
        let template = &templates[(middle + dice.random_range(0..200)).saturating_sub(100).min(count - 1)];
        let date = world.calendar.yyyymmdd(template.case.reported_at);
        let sequence = numbers.entry(date).or_insert(0);
        *sequence += 1;
        chosen.push((template, CaseNumber::new(city::code(), date, *sequence), dice));
    }
    chosen.into_par_iter().map(|(template, number, dice)| template.vary(number, dice)).collect()
}

/// A case that went its way, and the fact that began it.
struct Template {
    case: Case,
    first: FactRecord,
}

impl Template {
    fn vary(&self, number: CaseNumber, mut dice: SmallRng) -> Append {
        let Self { mut case, first } = Self { case: self.case.clone(), first: self.first.clone() };
        let ms = u64::try_from(case.reported_at.millis()).unwrap_or_default();
        let random: [u8; 10] = dice.random();
        case.id = CaseId(uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid());
        case.number = number;
        case.report.text = texts::report(&mut dice);
        // One in fifty of those called in cannot be found on the map.
        case.report.place = if case.is_public() && dice.random_ratio(1, 50) {
            case::Place { point: None, grid: None, address: texts::address(&mut dice) }
        } else {
            place(&mut dice)
        };
        // The whole history would make the store eight times as large without any list reading it.
        case.version = 1;
        let mut first = first;
        if let case::Fact::Reported { id, number, report, .. } = &mut first.fact {
            *id = case.id;
            *number = case.number.clone();
            report.clone_from(&case.report);
        }
        Append {
            city: case.city,
            expected_version: 0,
            facts: vec![first],
            command: None,
            words: Some(words(&case)),
            reporter: None,
            secret_hash: None,
            notices: Vec::new(),
            photo_hashes: Vec::new(),
            state: case,
        }
    }
}

/// The words the application would index.
fn words(case: &Case) -> Vec<String> {
    let criterion = case.filing.as_ref().map_or("", |filing| filing.criterion_text.as_str());
    let text = [&case.report.text, &case.report.place.address, case.number.as_str(), criterion].join("\n");
    let mut words: Vec<String> = ::city::tokens::bigrams(&text).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn place(dice: &mut SmallRng) -> case::Place {
    // Half of all happens in a quarter of the city.
    let grid = dice.random_range(0..city::GRIDS);
    let grid = if dice.random_ratio(1, 3) { grid / 4 } else { grid };
    let (code, _, west, south) = city::grid(grid);
    case::Place {
        point: Point::new(west + dice.random_range(0.0..0.01), south + dice.random_range(0.0..0.01)),
        grid: code.parse().ok(),
        address: texts::address(dice),
    }
}

struct Tree;

impl Departments for Tree {
    fn exists(&self, _: DepartmentId) -> bool {
        true
    }

    fn is_within(&self, department: DepartmentId, ancestor: DepartmentId) -> bool {
        department == ancestor
    }
}

struct World {
    procedure: Procedure,
    calendar: Calendar,
    classes: Vec<(ClassKey, Standard)>,
}

/// How far a case goes.
const STOPS: [&str; 10] = [
    "reported",
    "confirming",
    "accepted",
    "filed",
    "dispatched",
    "handling",
    "suspended",
    "replied",
    "verifying",
    "verified",
];

impl World {
    fn new() -> Self {
        let mut procedure = Procedure::standard(1);
        procedure.evidence.waived = true;
        procedure.verification.metres_max = None;
        let catalogue = ::city::Catalogue::national();
        let standard = |class: &::city::ClassEntry| {
            let criterion = catalogue.criteria(&class.key).first()?;
            let limit = catalogue.standard(&class.key, criterion.seq, None)?.limit;
            let standard = Standard {
                class: class.key.clone(),
                criterion: criterion.seq,
                criterion_text: criterion.filing.zh.clone(),
                closing_text: criterion.closing.zh.clone(),
                limit,
                due: None,
            };
            Some((class.key.clone(), standard))
        };
        let classes = catalogue.iter().filter_map(|class| standard(&class.entry)).collect();
        Self { procedure, calendar: Calendar::chinese(Zone::shanghai()), classes }
    }

    /// The `number`-th case; the same for the same number and time. One that a rule stops stays where it is.
    fn template(&self, number: u64, now: Timestamp) -> anyhow::Result<Template> {
        let mut dice = SmallRng::seed_from_u64(number ^ 0x5eed);
        let open = dice.random_ratio(OPEN_PERCENT, 100);
        let age = if open {
            Millis(dice.random_range(60_000..Millis::days(OPEN_DAYS).0))
        } else {
            Millis(dice.random_range(Millis::days(OPEN_DAYS).0..Millis::days(DAYS).0))
        };
        let mut play = Play { world: self, at: now - age, case: None, first: None, refusal: None };
        let kind = dice.random_range(0..100);
        let stop = if open { Some(STOPS[dice.random_range(0..STOPS.len())]) } else { None };
        play.through(&mut dice, stop, kind);
        match (play.case, play.first) {
            (Some(case), Some(first)) => Ok(Template { case, first }),
            _ => anyhow::bail!("report {number} was refused: {:?}", play.refusal),
        }
    }
}

struct Play<'a> {
    world: &'a World,
    at: Timestamp,
    case: Option<Case>,
    first: Option<FactRecord>,
    /// The last one.
    refusal: Option<case::Refusal>,
}

impl Play<'_> {
    /// One step by the `place`-th person of a role, some time later. False when it was refused.
    fn go(&mut self, dice: &mut SmallRng, role: Role, place: u32, minutes: i64, command: Command) -> bool {
        if self.case.is_some() {
            self.at = self.at + Millis::minutes(dice.random_range(1..=minutes.max(1)));
        }
        let department = if role.handles() { city::department_of(place) } else { city::CENTRE };
        let post = Post { role, department, scope: Scope::default() };
        let actor = Actor::person(city::code(), city::person(role, place), vec![post]);
        self.take(&actor, command)
    }

    fn take(&mut self, actor: &Actor, command: Command) -> bool {
        let context = Context {
            now: self.at,
            procedure: &self.world.procedure,
            calendar: &self.world.calendar,
            departments: &Tree,
        };
        match case::run(self.case.as_ref(), command, actor, &context) {
            Ok(done) => {
                if self.first.is_none() {
                    self.first = done.records.into_iter().next();
                }
                self.case = Some(done.case);
                true
            }
            Err(refusal) => {
                self.refusal = Some(refusal);
                false
            }
        }
    }

    /// From the report to `stop`, or to one of the ends.
    fn through(&mut self, dice: &mut SmallRng, stop: Option<&str>, kind: u32) {
        let some = |dice: &mut SmallRng, role| dice.random_range(0..city::people_of(role));
        let (intake, leader, dispatcher, collector) = (
            some(dice, Role::IntakeOperator),
            some(dice, Role::ShiftLeader),
            some(dice, Role::Dispatcher),
            some(dice, Role::Collector),
        );
        let unit = dice.random_range(0..city::DEPARTMENTS);
        let handler = unit + city::DEPARTMENTS * dice.random_range(0..2);
        let collector_id = city::person(Role::Collector, collector);
        let none = String::new;
        let because = || "现场情况需要".to_owned();
        let standard = self.world.classes[dice.random_range(0..self.world.classes.len())].1.clone();
        let report = self.report(dice, &standard.class);
        let source = report.source;
        let public = source.is_public();
        let command = Command::Report {
            id: CaseId(Uuid::nil()),
            number: CaseNumber::new(city::code(), 20_260_101, 1),
            report,
            procedure: 1,
            parent: None,
            level: Level::City,
        };
        let reported = match source {
            Source::CitizenWeb => self.take(&Actor::citizen(city::code(), None), command),
            Source::Collector => self.go(dice, Role::Collector, collector, 1, command),
            _ => self.go(dice, Role::IntakeOperator, intake, 1, command),
        };
        if !reported || stop == Some("reported") {
            return;
        }
        use Role as R;
        if stop.is_none() && kind < 4 {
            self.go(dice, R::IntakeOperator, intake, 30, Command::Decline { reason: because() });
            return;
        }
        if stop.is_none() && kind < 6 {
            let into = CaseId(Uuid::from_u128(9));
            self.go(dice, R::IntakeOperator, intake, 30, Command::Merge { into, reason: because() });
            return;
        }
        if public || stop == Some("confirming") {
            let ask = Command::RequestConfirmation { collector: collector_id, note: none() };
            self.go(dice, R::IntakeOperator, intake, 10, ask);
            if stop == Some("confirming") {
                return;
            }
            let answer = Command::AnswerConfirmation {
                outcome: ConfirmOutcome::True,
                opinion: none(),
                evidence: Vec::new(),
                at: None,
            };
            self.go(dice, R::Collector, collector, 90, answer);
        }
        self.go(dice, R::IntakeOperator, intake, 15, Command::Accept { opinion: none() });
        if stop == Some("accepted") {
            return;
        }
        let days = i64::from(standard.limit.hundredths / 100).clamp(1, 20);
        self.go(dice, R::ShiftLeader, leader, 20, Command::File { standard, opinion: none(), procedure: 1 });
        if stop == Some("filed") {
            return;
        }
        let to =
            Command::Dispatch { department: city::department(unit), assisting: Vec::new(), opinion: none() };
        self.go(dice, R::Dispatcher, dispatcher, 30, to);
        if stop == Some("dispatched") {
            return;
        }
        let assign = Command::Assign { handler: city::person(R::Handler, handler), note: none() };
        self.go(dice, R::DepartmentOfficer, unit, 120, assign);
        self.extras(dice, unit, dispatcher, leader, stop);
        if matches!(stop, Some("handling" | "suspended")) {
            return;
        }
        let reply = Command::Reply {
            text: "已派人处理完毕，现场恢复正常".to_owned(), evidence: Vec::new()
        };
        // Three in four are done within what the limit gives.
        let minutes = if dice.random_ratio(3, 4) { days * 400 } else { days * 2_400 };
        self.go(dice, R::Handler, handler, if stop.is_some() { 240 } else { minutes }, reply);
        if stop == Some("replied") {
            return;
        }
        self.go(dice, R::Dispatcher, dispatcher, 30, Command::PassOn { opinion: none() });
        let mut failed = stop.is_none() && dice.random_ratio(1, 12);
        loop {
            let ask = Command::RequestVerification { collector: collector_id, note: none() };
            self.go(dice, R::IntakeOperator, intake, 30, ask);
            if stop == Some("verifying") {
                return;
            }
            let outcome = if failed { VerifyOutcome::Failed } else { VerifyOutcome::Passed };
            let answer =
                Command::AnswerVerification { outcome, opinion: none(), evidence: Vec::new(), at: None };
            self.go(dice, R::Collector, collector, 120, answer);
            if !failed {
                break;
            }
            failed = false;
            self.go(
                dice,
                R::IntakeOperator,
                intake,
                30,
                Command::OrderRework { opinion: none(), department: None },
            );
            self.go(dice, R::DepartmentOfficer, unit, 120, Command::SignFor);
            let reply = Command::Reply { text: "已返工处理".to_owned(), evidence: Vec::new() };
            self.go(dice, R::DepartmentOfficer, unit, 600, reply);
            self.go(dice, R::Dispatcher, dispatcher, 30, Command::PassOn { opinion: none() });
        }
        if stop == Some("verified") {
            return;
        }
        if public {
            let satisfied = Some(!dice.random_ratio(1, 10));
            let call = Command::CallBack { reached: true, satisfied, remark: none() };
            self.go(dice, R::IntakeOperator, intake, 60, call);
        }
        self.go(dice, R::ShiftLeader, leader, 30, Command::Close { opinion: none() });
    }

    /// What happens beside the way: urging, extension, suspension.
    fn extras(&mut self, dice: &mut SmallRng, unit: u32, dispatcher: u32, leader: u32, stop: Option<&str>) {
        use Role as R;
        let ask = |approval, until| Command::RequestApproval {
            approval,
            reason: "天气原因".to_owned(),
            extra: None,
            until,
            evidence: Vec::new(),
        };
        let yes = |approval| Command::Approve { approval, opinion: "同意".to_owned() };
        if dice.random_ratio(1, 20) {
            let requirement = "请尽快处理".to_owned();
            let level = case::UrgingLevel::Urge;
            self.go(
                dice,
                R::ShiftLeader,
                leader,
                240,
                Command::Urge { level, requirement, reply_needed: true },
            );
        }
        if dice.random_ratio(1, 16)
            && self.go(dice, R::DepartmentOfficer, unit, 240, ask(ApprovalKind::Extension, None))
        {
            self.go(dice, R::Dispatcher, dispatcher, 60, yes(ApprovalKind::Extension));
        }
        if stop == Some("suspended") {
            let until = self.at + Millis::days(dice.random_range(12..25));
            if self.go(dice, R::DepartmentOfficer, unit, 240, ask(ApprovalKind::Suspension, Some(until))) {
                self.go(dice, R::Dispatcher, dispatcher, 60, yes(ApprovalKind::Suspension));
            }
        }
    }

    fn report(&self, dice: &mut SmallRng, class: &ClassKey) -> Report {
        let sources = [
            Source::Collector,
            Source::Collector,
            Source::Collector,
            Source::Hotline,
            Source::CityHotline,
            Source::CityHotline,
            Source::CitizenWeb,
        ];
        let source = sources[dice.random_range(0..sources.len())];
        Report {
            source,
            text: texts::report(dice),
            place: place(dice),
            class: Some(class.clone()),
            component: None,
            evidence: Vec::new(),
            urgent: dice.random_ratio(1, 50),
            consultation: false,
            wants_answer: source.is_public(),
            attributes: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use case::StageName;
    use std::collections::BTreeSet;

    #[test]
    fn the_cases_reach_every_stage_they_should() {
        let world = World::new();
        let now = Timestamp(1_790_000_000_000);
        let templates: Vec<Template> =
            (0..4_000).map(|number| world.template(number, now).unwrap()).collect();
        let stages: BTreeSet<&str> = templates.iter().map(|t| t.case.stage.name().as_str()).collect();
        let wanted = [
            StageName::Reported,
            StageName::Confirming,
            StageName::Accepted,
            StageName::Filed,
            StageName::Dispatched,
            StageName::Handling,
            StageName::Suspended,
            StageName::Replied,
            StageName::Verifying,
            StageName::Verified,
            StageName::Closed,
            StageName::Declined,
            StageName::Withdrawn,
        ];
        for stage in wanted {
            assert!(stages.contains(stage.as_str()), "no case is {}", stage.as_str());
        }
        let closed = templates.iter().filter(|t| t.case.stage.name() == StageName::Closed).count();
        assert!(closed > 3_200, "{closed} of 4,000 closed");
    }
}
