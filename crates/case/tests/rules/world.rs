//! A small city: people, departments, a calendar, and a way to play a case to any stage.

use case::case::UrgingLevel;
use case::{
    ApprovalKind, Case, Command, ConfirmOutcome, Context, Departments, Evidence, EvidenceKind, FactRecord,
    Level, Place, Procedure, Refusal, Report, Share, Source, StageName, Standard, Step, VerifyOutcome,
};
use kernel::calendar::Zone;
use kernel::{
    Actor, AttachmentId, Calendar, CaseId, CaseNumber, CityCode, ClassKey, DepartmentId, Edition, GridCode,
    Kind, Millis, PersonId, Point, Post, Role, Scope, TimeLimit, Timestamp,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Monday 2026-03-02 09:00 in Shanghai.
pub const MONDAY_NINE: Timestamp = Timestamp(1_772_413_200_000);

pub const CENTRE: DepartmentId = DepartmentId(1);
pub const BUREAU: DepartmentId = DepartmentId(10);
pub const CLEANING: DepartmentId = DepartmentId(11);
pub const ROADS: DepartmentId = DepartmentId(20);
pub const DISTRICT: DepartmentId = DepartmentId(30);

pub const COLLECTOR: PersonId = PersonId(101);
pub const OTHER_COLLECTOR: PersonId = PersonId(102);
pub const INTAKE: PersonId = PersonId(111);
pub const SHIFT_LEADER: PersonId = PersonId(121);
pub const DISPATCHER: PersonId = PersonId(131);
pub const OFFICER: PersonId = PersonId(141);
pub const BUREAU_OFFICER: PersonId = PersonId(142);
pub const ROADS_OFFICER: PersonId = PersonId(143);
pub const HANDLER: PersonId = PersonId(151);
pub const OTHER_HANDLER: PersonId = PersonId(152);
pub const LEADER: PersonId = PersonId(161);
pub const SUPERVISOR: PersonId = PersonId(171);
pub const ADMIN: PersonId = PersonId(181);
/// Works in the cleaning department and holds a collector's and a shift leader's post as well.
pub const TWO_HATS: PersonId = PersonId(191);

pub struct Tree(pub BTreeMap<DepartmentId, Option<DepartmentId>>);

impl Departments for Tree {
    fn exists(&self, department: DepartmentId) -> bool {
        self.0.contains_key(&department)
    }

    fn is_within(&self, department: DepartmentId, ancestor: DepartmentId) -> bool {
        let mut at = Some(department);
        while let Some(here) = at {
            if here == ancestor {
                return true;
            }
            at = self.0.get(&here).copied().flatten();
        }
        false
    }
}

pub struct World {
    pub procedure: Procedure,
    pub calendar: Calendar,
    pub tree: Tree,
}

impl World {
    pub fn new() -> Self {
        Self {
            procedure: Procedure::standard(1),
            calendar: Calendar::chinese(Zone::shanghai()),
            tree: Tree(BTreeMap::from([
                (CENTRE, None),
                (BUREAU, None),
                (CLEANING, Some(BUREAU)),
                (ROADS, None),
                (DISTRICT, None),
            ])),
        }
    }

    pub fn at(&self, now: Timestamp) -> Context<'_> {
        Context { now, procedure: &self.procedure, calendar: &self.calendar, departments: &self.tree }
    }
}

pub fn city() -> CityCode {
    CityCode::new(370_700).expect("six digits")
}

pub fn case_id(n: u128) -> CaseId {
    CaseId(Uuid::from_u128(n))
}

fn posted(person: PersonId, posts: &[(Role, DepartmentId)]) -> Actor {
    let post = |(role, department): &(Role, DepartmentId)| Post {
        role: *role,
        department: *department,
        scope: Scope::default(),
    };
    Actor::person(city(), person, posts.iter().map(post).collect())
}

/// The person with the posts this city gave them.
pub fn who(person: PersonId) -> Actor {
    let posts: &[(Role, DepartmentId)] = match person {
        COLLECTOR | OTHER_COLLECTOR => &[(Role::Collector, CENTRE)],
        INTAKE => &[(Role::IntakeOperator, CENTRE)],
        SHIFT_LEADER => &[(Role::ShiftLeader, CENTRE)],
        DISPATCHER => &[(Role::Dispatcher, CENTRE)],
        OFFICER => &[(Role::DepartmentOfficer, CLEANING)],
        BUREAU_OFFICER => &[(Role::DepartmentOfficer, BUREAU)],
        ROADS_OFFICER => &[(Role::DepartmentOfficer, ROADS)],
        HANDLER | OTHER_HANDLER => &[(Role::Handler, CLEANING)],
        LEADER => &[(Role::Leader, CENTRE)],
        SUPERVISOR => &[(Role::Supervisor, CENTRE)],
        ADMIN => &[(Role::SystemAdmin, CENTRE)],
        TWO_HATS => &[(Role::Handler, CLEANING), (Role::Collector, CENTRE), (Role::ShiftLeader, CENTRE)],
        _ => &[],
    };
    posted(person, posts)
}

pub fn scoped(person: PersonId, role: Role, scope: Scope) -> Actor {
    Actor::person(city(), person, vec![Post { role, department: CENTRE, scope }])
}

pub fn system() -> Actor {
    Actor::system(city(), "rule", 1)
}

pub fn citizen() -> Actor {
    Actor::citizen(city(), Some(case_id(1)))
}

pub fn class(code: &str) -> ClassKey {
    ClassKey::new(Edition::E2013, Kind::Event, code).expect("four digits")
}

pub fn grid() -> GridCode {
    "370705001001001".parse().expect("fifteen digits")
}

pub fn here() -> Option<Point<kernel::Cgcs2000>> {
    Point::new(119.1, 36.7)
}

pub fn photo(kind: EvidenceKind) -> Evidence {
    let attachment = AttachmentId::try_from("ab".repeat(32)).expect("64 hex digits");
    Evidence { attachment, kind, shot_at: None, shot_from: None }
}

pub fn seen(source: Source) -> Report {
    Report {
        source,
        text: "垃圾满溢".to_owned(),
        place: Place { point: here(), grid: Some(grid()), address: "东风街 1 号".to_owned() },
        class: Some(class("0101")),
        component: None,
        evidence: vec![photo(EvidenceKind::Near)],
        urgent: false,
        consultation: false,
        wants_answer: source.is_public(),
        attributes: BTreeMap::new(),
    }
}

pub fn report(report: Report) -> Command {
    let number = CaseNumber::new(city(), 20_260_302, 1);
    Command::Report { id: case_id(1), number, report, procedure: 1, parent: None, level: Level::City }
}

pub fn self_handled() -> Command {
    let evidence = vec![photo(EvidenceKind::Before), photo(EvidenceKind::After)];
    let report = Report { evidence, ..seen(Source::Collector) };
    Command::ReportSelfHandled {
        id: case_id(1),
        number: CaseNumber::new(city(), 20_260_302, 1),
        report,
        procedure: 1,
    }
}

pub fn standard(limit: TimeLimit) -> Standard {
    Standard {
        due: None,
        class: class("0101"),
        criterion: 1,
        criterion_text: "有暴露垃圾".to_owned(),
        closing_text: "垃圾已清除".to_owned(),
        limit,
    }
}

pub fn file(limit: TimeLimit) -> Command {
    Command::File { standard: standard(limit), opinion: String::new(), procedure: 1 }
}

pub fn dispatch(department: DepartmentId) -> Command {
    Command::Dispatch { department, assisting: Vec::new(), opinion: String::new() }
}

pub fn ask(approval: ApprovalKind) -> Command {
    Command::RequestApproval {
        approval,
        reason: "理由".to_owned(),
        extra: None,
        until: None,
        evidence: Vec::new(),
    }
}

pub fn ask_to_suspend(until: Timestamp) -> Command {
    let Command::RequestApproval { approval, reason, extra, evidence, .. } = ask(ApprovalKind::Suspension)
    else {
        unreachable!("ask makes requests")
    };
    Command::RequestApproval { approval, reason, extra, until: Some(until), evidence }
}

pub fn approve(approval: ApprovalKind) -> Command {
    Command::Approve { approval, opinion: "同意".to_owned() }
}

pub fn reject(approval: ApprovalKind) -> Command {
    Command::Reject { approval, opinion: "不同意".to_owned() }
}

pub fn confirmed(outcome: ConfirmOutcome) -> Command {
    let evidence = vec![photo(EvidenceKind::OnSpot)];
    Command::AnswerConfirmation { outcome, opinion: "看过".to_owned(), evidence, at: here() }
}

pub fn verified(outcome: VerifyOutcome) -> Command {
    let evidence = vec![photo(EvidenceKind::OnSpot)];
    Command::AnswerVerification { outcome, opinion: "看过".to_owned(), evidence, at: here() }
}

pub fn reply() -> Command {
    Command::Reply { text: "已清理".to_owned(), evidence: vec![photo(EvidenceKind::After)] }
}

pub fn share(n: u128, department: DepartmentId, level: Level) -> Share {
    Share { child: case_id(n), department, level, task: "清理".to_owned() }
}

pub fn two_shares() -> Command {
    let shares = vec![share(2, CLEANING, Level::City), share(3, ROADS, Level::City)];
    Command::Split { shares, opinion: String::new() }
}

pub fn because() -> String {
    "原因".to_owned()
}

pub fn nothing() -> String {
    String::new()
}

pub fn send_back() -> Command {
    Command::SendBack { reason: because() }
}

pub fn call_back(satisfied: Option<bool>) -> Command {
    Command::CallBack { reached: satisfied.is_some(), satisfied, remark: nothing() }
}

pub fn urge() -> Command {
    Command::Urge { level: UrgingLevel::Urge, requirement: because(), reply_needed: true }
}

/// One case being played, with its facts.
#[derive(Clone)]
pub struct Play<'a> {
    pub world: &'a World,
    pub now: Timestamp,
    pub case: Option<Case>,
    pub records: Vec<FactRecord>,
}

impl<'a> Play<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, now: MONDAY_NINE, case: None, records: Vec::new() }
    }

    pub fn attempt(&mut self, actor: &Actor, command: Command) -> Result<StageName, Refusal> {
        let done = case::run(self.case.as_ref(), command, actor, &self.world.at(self.now))?;
        self.records.extend(done.records);
        let stage = done.case.stage.name();
        self.case = Some(done.case);
        Ok(stage)
    }

    #[track_caller]
    pub fn go(mut self, actor: PersonId, command: Command) -> Self {
        let step = command.step();
        let stage = self.case.as_ref().map(|case| case.stage.name());
        if let Err(refusal) = self.attempt(&who(actor), command) {
            panic!("{step:?} at {stage:?} was refused: {refusal:?}");
        }
        self
    }

    #[track_caller]
    pub fn auto(mut self, command: Command) -> Self {
        self.attempt(&system(), command).expect("the system may");
        self
    }

    pub fn wait(mut self, length: Millis) -> Self {
        self.now = self.now + length;
        self
    }

    #[track_caller]
    pub fn refused(&self, actor: PersonId, command: Command) -> &'static str {
        match self.clone().attempt(&who(actor), command) {
            Ok(stage) => panic!("it was allowed and led to {stage:?}"),
            Err(refusal) => refusal.code(),
        }
    }

    #[track_caller]
    pub fn case(&self) -> &Case {
        self.case.as_ref().expect("the case was reported")
    }

    pub fn reported(world: &'a World) -> Self {
        Self::new(world).go(COLLECTOR, report(seen(Source::Collector)))
    }

    /// By a member of the public, with a photo.
    pub fn called_in(world: &'a World) -> Self {
        Self::new(world).go(INTAKE, report(seen(Source::Hotline)))
    }

    pub fn confirming(world: &'a World) -> Self {
        Self::reported(world)
            .go(INTAKE, Command::RequestConfirmation { collector: COLLECTOR, note: nothing() })
    }

    pub fn accepted(world: &'a World) -> Self {
        Self::reported(world).go(INTAKE, Command::Accept { opinion: nothing() })
    }

    pub fn filed(world: &'a World) -> Self {
        Self::accepted(world).go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
    }

    pub fn dispatched(world: &'a World) -> Self {
        Self::filed(world).go(DISPATCHER, dispatch(CLEANING))
    }

    pub fn signed(world: &'a World) -> Self {
        Self::dispatched(world).go(OFFICER, Command::SignFor)
    }

    pub fn handling(world: &'a World) -> Self {
        Self::dispatched(world).go(OFFICER, Command::Assign { handler: HANDLER, note: nothing() })
    }

    pub fn suspended(world: &'a World) -> Self {
        let play = Self::signed(world);
        let until = play.now + Millis::days(10);
        play.go(OFFICER, ask_to_suspend(until)).go(DISPATCHER, approve(ApprovalKind::Suspension))
    }

    pub fn replied(world: &'a World) -> Self {
        Self::handling(world).go(HANDLER, reply())
    }

    pub fn ready_to_verify(world: &'a World) -> Self {
        Self::replied(world).go(DISPATCHER, Command::PassOn { opinion: nothing() })
    }

    pub fn verifying(world: &'a World) -> Self {
        Self::ready_to_verify(world)
            .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
    }

    pub fn verified(world: &'a World) -> Self {
        Self::verifying(world).go(COLLECTOR, verified(VerifyOutcome::Passed))
    }

    pub fn failed(world: &'a World) -> Self {
        Self::verifying(world).go(COLLECTOR, verified(VerifyOutcome::Failed))
    }

    pub fn closed(world: &'a World) -> Self {
        Self::verified(world).go(SHIFT_LEADER, Command::Close { opinion: nothing() })
    }

    /// From here the way to the end, for a case that was just dispatched to the cleaning department.
    pub fn finish(self) -> Self {
        self.go(OFFICER, Command::SignFor)
            .go(OFFICER, reply())
            .go(DISPATCHER, Command::PassOn { opinion: nothing() })
            .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
            .go(COLLECTOR, verified(VerifyOutcome::Passed))
            .go(SHIFT_LEADER, Command::Close { opinion: nothing() })
    }

    pub fn split(world: &'a World) -> Self {
        Self::filed(world).go(DISPATCHER, two_shares())
    }

    pub fn returned(world: &'a World) -> Self {
        Self::dispatched(world)
            .go(OFFICER, ask(ApprovalKind::Return))
            .go(DISPATCHER, approve(ApprovalKind::Return))
    }

    pub fn merged(world: &'a World) -> Self {
        Self::reported(world).go(INTAKE, Command::Merge { into: case_id(9), reason: because() })
    }
}

/// Steps whose owner is a role; who may take them in this city.
pub fn everyone() -> [PersonId; 9] {
    [COLLECTOR, INTAKE, SHIFT_LEADER, DISPATCHER, OFFICER, HANDLER, LEADER, SUPERVISOR, ADMIN]
}

pub fn allows(play: &Play, person: PersonId, step: Step) -> bool {
    case::by(play.case.as_ref(), step, &who(person), &play.world.at(play.now)).is_ok()
}
