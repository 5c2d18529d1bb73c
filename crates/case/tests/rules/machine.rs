//! What must hold after any commands by anyone.

use crate::world::*;
use case::case::UrgingLevel;
use case::procedure::FastChannel;
use case::{
    ApprovalKind, Case, Command, ConfirmOutcome, Fact, FactRecord, Level, Refusal, Report, Source, Stage,
    StageName, Step, VerifyOutcome, actions, main_step, replay,
};
use kernel::calendar::{CalendarSpec, DayKind, SpecialDay, Zone};
use kernel::{
    Actor, Calendar, ClockKind, DepartmentId, LimitUnit, Millis, Pause, PersonId, Role, TimeLimit, Timestamp,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Sequences of a normal run; `PROPTEST_CASES` asks for more.
const SEQUENCES: u32 = 2_000;
const COMMANDS: usize = 45;

const PEOPLE: [PersonId; 14] = [
    COLLECTOR,
    OTHER_COLLECTOR,
    INTAKE,
    SHIFT_LEADER,
    DISPATCHER,
    OFFICER,
    BUREAU_OFFICER,
    ROADS_OFFICER,
    HANDLER,
    OTHER_HANDLER,
    LEADER,
    SUPERVISOR,
    ADMIN,
    TWO_HATS,
];

/// One throw of the dice: who, what, with which values, how much later.
#[derive(Debug, Clone)]
struct Throw {
    wild: bool,
    who: u8,
    what: u16,
    values: u32,
    minutes: u16,
}

fn throws() -> impl Strategy<Value = Vec<Throw>> {
    let one = (prop::bool::weighted(0.15), any::<u8>(), any::<u16>(), any::<u32>(), 0_u16..600)
        .prop_map(|(wild, who, what, values, minutes)| Throw { wild, who, what, values, minutes });
    prop::collection::vec(one, COMMANDS)
}

/// Takes small choices out of one number.
struct Dice(u32);

impl Dice {
    fn pick(&mut self, of: u32) -> u32 {
        let picked = self.0 % of;
        self.0 = (self.0 / of).wrapping_mul(2_654_435_761).wrapping_add(of);
        picked
    }

    fn of<T: Clone>(&mut self, list: &[T]) -> T {
        let index = self.pick(u32::try_from(list.len()).expect("short lists"));
        list[index as usize].clone()
    }

    /// A reason, and now and then none.
    fn text(&mut self) -> String {
        if self.pick(12) == 0 { nothing() } else { because() }
    }
}

fn worlds() -> [World; 3] {
    let plain = World::new();
    let mut fast = World::new();
    fast.procedure.fast_channels.push(FastChannel {
        name: "采集即派".to_owned(),
        sources: vec![Source::Collector],
        classes: Vec::new(),
        areas: Vec::new(),
        file: true,
        dispatch: true,
        audit_percent: 100,
    });
    let may_close = vec![Role::ShiftLeader, Role::DepartmentOfficer, Role::Handler];
    fast.procedure.may.insert(Step::Close, may_close);
    fast.procedure.rework.fresh_percent = 30;
    // The same city after somebody has entered a holiday.
    let mut holiday = World::new();
    let mut spec = CalendarSpec::chinese(Zone::shanghai());
    spec.version = 2;
    let day = SpecialDay { kind: DayKind::Off, name_zh: "假".to_owned(), name_en: "off".to_owned() };
    for n in 1..4 {
        spec.days.insert(plain.calendar.local_date(MONDAY_NINE + Millis::days(n)), day.clone());
    }
    holiday.calendar = Calendar::new(spec).expect("three days off");
    [plain, fast, holiday]
}

fn begin(dice: &mut Dice) -> (Actor, Command) {
    match dice.pick(8) {
        0 => (who(COLLECTOR), self_handled()),
        1 => (citizen(), report(seen(Source::CitizenWeb))),
        2 => (who(INTAKE), report(Report { consultation: true, ..seen(Source::Hotline) })),
        3 => (who(INTAKE), report(Report { evidence: Vec::new(), ..seen(Source::CityHotline) })),
        4 => (who(COLLECTOR), report(Report { urgent: true, ..seen(Source::Collector) })),
        5 => (system(), report(seen(Source::Video))),
        _ => (who(COLLECTOR), report(seen(Source::Collector))),
    }
}

fn build(step: Step, case: &Case, ctx: &case::Context, dice: &mut Dice) -> Command {
    const DEPARTMENTS: [DepartmentId; 4] = [CLEANING, ROADS, BUREAU, DepartmentId(99)];
    const COLLECTORS: [PersonId; 4] = [COLLECTOR, COLLECTOR, OTHER_COLLECTOR, TWO_HATS];
    let (opinion, note) = (because(), nothing());
    if let Some(approval) = step.approval() {
        if step == Step::approve(approval) {
            return Command::Approve { approval, opinion };
        }
        if step == Step::reject(approval) {
            return Command::Reject { approval, opinion: dice.text() };
        }
        return Command::RequestApproval {
            approval,
            reason: dice.text(),
            extra: dice.of(&[
                None,
                Some(TimeLimit::work_days(20)),
                Some(TimeLimit::new(1, LimitUnit::NaturalDay)),
            ]),
            until: Some(ctx.now + Millis::hours(i64::from(dice.pick(200)) - 3)),
            evidence: Vec::new(),
        };
    }
    match step {
        Step::Report => report(seen(Source::Collector)),
        Step::ReportSelfHandled => self_handled(),
        Step::Correct => {
            let class = Some(class(dice.of(&["0101", "0102"])));
            Command::Correct { class, place: None, text: None, urgent: None, evidence: Vec::new() }
        }
        Step::Claim => Command::Claim,
        Step::HandOver => Command::HandOver { to: dice.of(&[OTHER_COLLECTOR, COLLECTOR, INTAKE, HANDLER]) },
        Step::PassSelfHandled => Command::PassSelfHandled { opinion },
        Step::RefuseSelfHandled => {
            Command::RefuseSelfHandled { ordinary: dice.pick(2) == 0, opinion: dice.text() }
        }
        Step::RequestConfirmation => Command::RequestConfirmation { collector: dice.of(&COLLECTORS), note },
        Step::AnswerConfirmation => {
            use ConfirmOutcome::{False, Impossible, True};
            confirmed(dice.of(&[True, True, True, False, Impossible]))
        }
        Step::ChangeCollector => {
            Command::ChangeCollector { collector: dice.of(&COLLECTORS), reason: dice.text() }
        }
        Step::Decline => Command::Decline { reason: dice.text() },
        Step::AnswerAtOnce => Command::AnswerAtOnce { answer: dice.text() },
        Step::Accept => Command::Accept { opinion },
        Step::File => file(dice.of(&[
            TimeLimit::work_hours(4),
            TimeLimit::work_days(2),
            TimeLimit::new(4, LimitUnit::UrgentWorkHour),
            TimeLimit::work_hours(0),
        ])),
        Step::SendBack => Command::SendBack { reason: dice.text() },
        Step::Dispatch => dispatch(dice.of(&DEPARTMENTS)),
        Step::Reassign => {
            Command::Reassign { department: dice.of(&DEPARTMENTS), assisting: vec![DISTRICT], opinion }
        }
        Step::DispatchAhead => {
            Command::DispatchAhead { department: dice.of(&DEPARTMENTS), reason: dice.text() }
        }
        Step::Split => {
            let n = u128::from(dice.pick(1_000)) * 10 + 100;
            let shares = vec![share(n, CLEANING, Level::City), share(n + 1, ROADS, Level::District)];
            Command::Split { shares, opinion }
        }
        Step::DispatchDown => {
            let n = u128::from(dice.pick(1_000)) * 10 + 105;
            Command::DispatchDown { share: share(n, DISTRICT, Level::District), opinion }
        }
        Step::SignFor => Command::SignFor,
        Step::Assign => Command::Assign { handler: dice.of(&[HANDLER, OTHER_HANDLER, TWO_HATS]), note },
        Step::TakeBack => Command::TakeBack { approval: dice.of(&ApprovalKind::ALL) },
        Step::Resume => Command::Resume { reason: dice.text() },
        Step::Reply => Command::Reply { text: dice.text(), evidence: vec![photo(case::EvidenceKind::After)] },
        Step::RejectReply => Command::RejectReply { reason: dice.text() },
        Step::PassOn => Command::PassOn { opinion },
        Step::RequestVerification => Command::RequestVerification { collector: dice.of(&COLLECTORS), note },
        Step::AnswerVerification => {
            use VerifyOutcome::{Failed, Impossible, Passed};
            verified(dice.of(&[Passed, Passed, Failed, Impossible]))
        }
        Step::OrderRework => {
            Command::OrderRework { opinion, department: dice.of(&[None, Some(ROADS), Some(CLEANING)]) }
        }
        Step::CallBack => call_back(dice.of(&[None, Some(true), Some(false)])),
        Step::Close => Command::Close { opinion: dice.text() },
        Step::RefuseClosing => Command::RefuseClosing { reason: dice.text() },
        Step::Reopen => Command::Reopen { reason: dice.text() },
        Step::Merge => Command::Merge { into: case_id(u128::from(dice.pick(3)) + 1), reason: dice.text() },
        Step::Unmerge => Command::Unmerge { reason: dice.text() },
        Step::ForceClose => Command::ForceClose { order: dice.text() },
        Step::Urge => {
            Command::Urge { level: UrgingLevel::Remind, requirement: dice.text(), reply_needed: true }
        }
        Step::Instruct => Command::Instruct { text: dice.text(), reply_needed: false },
        Step::AnswerUrging => {
            Command::AnswerUrging { urging: u16::try_from(dice.pick(3)).expect("small"), text: dice.text() }
        }
        Step::MarkMajor => Command::MarkMajor { reason: dice.text() },
        Step::Appeal => Command::Appeal { reason: dice.text() },
        Step::AnswerAppeal => Command::AnswerAppeal { granted: dice.pick(2) == 0, opinion },
        Step::Audit => Command::Audit { passed: dice.pick(2) == 0, reason: dice.text() },
        Step::Rate => Command::Rate { stars: u8::try_from(dice.pick(7)).expect("small"), remark: nothing() },
        Step::ChildEnded => {
            let child = case.children.iter().find(|child| child.ended.is_none());
            let child = child.map_or(case_id(77), |child| child.id);
            Command::ChildEnded { child, stage: StageName::Closed, text: dice.text() }
        }
        Step::DuplicateJoined => Command::DuplicateJoined { case: case_id(u128::from(dice.pick(3)) + 1) },
        Step::DuplicateLeft => Command::DuplicateLeft { case: case_id(u128::from(dice.pick(3)) + 1) },
        Step::RecomputeClocks => Command::RecomputeClocks { calendar: ctx.calendar.version() },
        Step::Migrate => Command::Migrate { procedure: dice.pick(3) },
        _ => Command::Comment { text: dice.text(), evidence: Vec::new() },
    }
}

/// Mostly the one whose turn it is, else anyone.
fn choose_actor(case: &Case, throw: &Throw) -> Actor {
    let any = |n: u8| match n % 17 {
        14 => system(),
        15 | 16 => citizen(),
        n => who(PEOPLE[usize::from(n)]),
    };
    if throw.wild || throw.who.is_multiple_of(5) {
        return any(throw.who / 5);
    }
    let holds = |person: &PersonId, role: Role| who(*person).posts().iter().any(|post| post.role == role);
    if let Some(open) = case.approvals.iter().find(|one| one.is_open())
        && throw.who % 5 < 3
        && let Some(person) = PEOPLE.iter().find(|person| holds(person, open.waiting_roles()[0]))
    {
        return who(*person);
    }
    match case.waits_for() {
        Some((.., Some(person))) if PEOPLE.contains(&person) => who(person),
        Some((Role::DepartmentOfficer, Some(department), _)) => {
            who(if department == ROADS { ROADS_OFFICER } else { BUREAU_OFFICER })
        }
        Some((role, ..)) => who(PEOPLE.iter().find(|person| holds(person, role)).copied().unwrap_or(INTAKE)),
        None if case.open_children() > 0 => system(),
        None => any(throw.who / 5),
    }
}

/// Half the time the obvious step, else one that is allowed, else anything.
fn choose_step(case: &Case, actor: &Actor, ctx: &case::Context, throw: &Throw) -> Step {
    let any = Step::ALL[usize::from(throw.what) % Step::ALL.len()];
    if throw.wild {
        return any;
    }
    if throw.what.is_multiple_of(2)
        && let Some(step) = main_step(case, actor, ctx)
    {
        return step;
    }
    let allowed: Vec<Step> = actions(case, actor, ctx)
        .into_iter()
        .filter(|action| action.allowed)
        .map(|action| action.step)
        .collect();
    let index = usize::from(throw.what / 2) % allowed.len().max(1);
    allowed.get(index).copied().unwrap_or(any)
}

#[derive(Default)]
struct Seen {
    stages: BTreeSet<StageName>,
    /// Stages from which the same sequence later reached an end.
    led_to_an_end: BTreeSet<StageName>,
    done: BTreeSet<Step>,
    commands: u64,
    refused: u64,
}

fn check(condition: bool, what: &str, case: &Case) -> Result<(), TestCaseError> {
    if condition {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what}: {:?}", case.stage)))
}

fn play(throws: &[Throw], seen: &RefCell<Seen>) -> Result<(), TestCaseError> {
    let worlds = worlds();
    let first = &throws[0];
    let mut world = &worlds[usize::from(first.what) % 2];
    let mut play = Play::new(world);
    let (actor, command) = begin(&mut Dice(first.values));
    play.attempt(&actor, command).map_err(|why| TestCaseError::fail(format!("no report: {why:?}")))?;
    let mut mirror = Case::new(&through_the_wire(&play.records[0])).expect("a report begins a case");
    let mut visited = BTreeSet::from([mirror.stage.name()]);
    for throw in &throws[1..] {
        play.now = play.now + Millis::minutes(i64::from(throw.minutes));
        let before = play.case().clone();
        let known = play.records.len();
        let actor = choose_actor(&before, throw);
        let step = choose_step(&before, &actor, &world.at(play.now), throw);
        if step == Step::RecomputeClocks && throw.values.is_multiple_of(2) {
            world = if world.calendar.version() == 2 { &worlds[0] } else { &worlds[2] };
            play.world = world;
        }
        let command = build(step, &before, &world.at(play.now), &mut Dice(throw.values));
        let answer = play.attempt(&actor, command);
        let mut seen = seen.borrow_mut();
        seen.commands += 1;
        if let Err(refusal) = answer {
            seen.refused += 1;
            check(
                play.case() == &before && play.records.len() == known,
                "a refusal changed something",
                &before,
            )?;
            check(
                !matches!(refusal, Refusal::NoApproval) || step.answers().is_some() || step == Step::TakeBack,
                "odd refusal",
                &before,
            )?;
            continue;
        }
        seen.done.insert(step);
        for record in &play.records[known..] {
            mirror.apply(&through_the_wire(record)).map_err(|why| TestCaseError::fail(why.to_string()))?;
        }
        let case = play.case();
        check(&mirror == case, "the replay is another case", case)?;
        visited.insert(case.stage.name());
        judged_by_others(&before, &play.records[..known], &actor, step)?;
        ended_rightly(&before, case, &actor)?;
        clocks_are_sound(case, &play.records, play.now, &world.calendar)?;
        approvals_are_sound(case)?;
    }
    check(replay(&play.records).as_ref() == Ok(play.case()), "the whole replay differs", play.case())?;
    let mut seen = seen.borrow_mut();
    if visited.iter().any(|stage| stage.is_end()) {
        seen.led_to_an_end.extend(visited.iter().filter(|stage| !stage.is_end()));
    }
    seen.stages.extend(visited);
    Ok(())
}

fn through_the_wire(record: &FactRecord) -> FactRecord {
    let text = serde_json::to_string(record).expect("plain data");
    serde_json::from_str(&text).expect("it was just written")
}

/// Whoever handled (told from the facts alone) or belongs to a department that did never judges.
fn judged_by_others(
    before: &Case,
    records: &[FactRecord],
    actor: &Actor,
    step: Step,
) -> Result<(), TestCaseError> {
    if !step.judges() {
        return Ok(());
    }
    let Some(person) = actor.person_id() else {
        return check(false, "a judging step without a person", before);
    };
    let worked = records.iter().any(|record| {
        let acted = record.by.person() == Some(person) && record.by.role().is_some_and(Role::handles);
        let remark = matches!(record.fact, Fact::Commented { .. } | Fact::UrgingAnswered { .. });
        let assigned = matches!(record.fact, Fact::Assigned { handler, .. } if handler == person);
        (acted && !remark) || assigned
    });
    check(!worked, "who handled the case judged it", before)?;
    let tree = World::new().tree;
    let belongs = actor.posts().iter().filter(|post| post.role.handles()).any(|post| {
        before
            .departments
            .iter()
            .any(|department| case::Departments::is_within(&tree, *department, post.department))
    });
    check(!belongs, "the department judged itself", before)
}

/// No case is closed without a verification but by the named paths.
fn ended_rightly(before: &Case, after: &Case, actor: &Actor) -> Result<(), TestCaseError> {
    if before.stage.name() == after.stage.name() {
        return Ok(());
    }
    let right = match after.stage.name() {
        StageName::Closed => match &before.stage {
            Stage::Verified { outcome, .. } => *outcome != VerifyOutcome::Failed && after.filing.is_some(),
            Stage::Reported => before.report.consultation,
            _ => false,
        },
        StageName::ClosedSelfHandled => before.stage == Stage::SelfHandled,
        StageName::ForceClosed => actor.has(Role::Leader) || actor.has(Role::Supervisor),
        StageName::Withdrawn | StageName::Cancelled | StageName::Declined => before.is_open(),
        _ => before.is_open() || matches!(before.stage.name(), StageName::Closed | StageName::Withdrawn),
    };
    check(right, "it came to this stage by no path", after)?;
    check(after.is_open() || after.open_children() == 0, "it ended before its children", after)
}

fn clocks_are_sound(
    case: &Case,
    records: &[FactRecord],
    now: Timestamp,
    calendar: &Calendar,
) -> Result<(), TestCaseError> {
    for kind in ClockKind::ALL {
        let open = case.clocks.iter().filter(|clock| clock.kind == kind && clock.ended_at.is_none()).count();
        check(open <= 1, "two clocks of a kind are open", case)?;
    }
    check(case.is_open() == case.running_clock().is_some(), "the stage has no clock", case)?;
    check(case.is_open() || !case.clocks.iter().any(|clock| clock.is_running()), "a clock runs on", case)?;
    check(case.is_open() || case.moments().is_empty(), "an ended case falls due", case)?;
    let suspended = suspensions(records);
    let counted = [ClockKind::Handle, ClockKind::Total];
    for clock in case.clocks.iter().filter(|clock| counted.contains(&clock.kind)) {
        let to = clock.ended_at.unwrap_or(now).min(now);
        let most = calendar.elapsed_without(clock.limit.unit, clock.started_at, to, &suspended);
        check(clock.used(now, calendar) <= most, "suspended time counted", case)?;
    }
    if case.stage.name() == StageName::Suspended {
        let late_before = case.clock(ClockKind::Handle).is_some_and(|clock| clock.due_at().is_some());
        check(late_before || case.due_at().is_none(), "a suspended case falls due", case)?;
    }
    Ok(())
}

fn suspensions(records: &[FactRecord]) -> Vec<Pause> {
    let mut pauses: Vec<Pause> = Vec::new();
    for record in records {
        match record.fact {
            Fact::Suspended { .. } => pauses.push(Pause { from: record.at, to: None }),
            Fact::Resumed { .. } | Fact::Cancelled { .. } | Fact::ForceClosed { .. } => {
                if let Some(last) = pauses.last_mut() {
                    last.to = last.to.or(Some(record.at));
                }
            }
            _ => {}
        }
    }
    pauses
}

fn approvals_are_sound(case: &Case) -> Result<(), TestCaseError> {
    for kind in ApprovalKind::ALL {
        let open = case.approvals.iter().filter(|one| one.kind == kind && one.is_open()).count();
        check(open <= 1, "two approvals of a kind are open", case)?;
        check(open == 0 || case.is_open(), "an ended case waits for an approval", case)?;
    }
    Ok(())
}

#[test]
fn whatever_anyone_does_the_rules_hold() {
    let asked_for_more = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked_for_more { Config::default().cases } else { SEQUENCES };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seen = RefCell::new(Seen::default());
    // The normal run plays the same sequences every time; whoever asks for more gets new ones.
    let mut runner = if asked_for_more {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    };
    let outcome = runner.run(&throws(), |throws| play(&throws, &seen));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    let seen = seen.into_inner();
    println!("{cases} sequences, {} commands, {} refused", seen.commands, seen.refused);
    if cases < SEQUENCES {
        return;
    }
    // Drafts are never stored; every other stage is reached, and leads to an end.
    let all: BTreeSet<StageName> =
        StageName::ALL.into_iter().filter(|stage| *stage != StageName::Draft).collect();
    assert_eq!(seen.stages, all);
    let open: BTreeSet<StageName> = all.into_iter().filter(|stage| !stage.is_end()).collect();
    assert_eq!(seen.led_to_an_end, open);
    // A migration needs a second version, which has a test of its own.
    let begins_or_migrates = [Step::Report, Step::ReportSelfHandled, Step::Migrate];
    let never: Vec<Step> = Step::ALL.into_iter().filter(|step| !seen.done.contains(step)).collect();
    assert_eq!(never, begins_or_migrates);
}
