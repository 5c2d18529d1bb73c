//! The city goes on: new reports by every channel, and staff who take the next step a person would take, with
//! a person's delay, through the same use cases and rules as everyone. They leave each desk some work, and
//! never touch what waits for the people of the log-in page: that is the visitor's.

use super::chance::Chance;
use super::data::{Choice, Data, Phrases};
use super::history::History;
use super::photos::{self, Motif};
use super::setup::city_code;
use super::staff::{Member, Staff};
use anyhow::{Context, anyhow};
use app::public::{PublicReportIn, PublicStepIn};
use app::step::{
    ConfirmOutcomeIn, EvidenceIn, EvidenceKindIn, LevelIn, PlaceIn, Position, ReportIn, ReporterIn, ShareIn,
    StepIn, StepRequest, ThenIn, UrgingLevelIn, VerifyOutcomeIn,
};
use app::{App, AppError, Config};
use case::case::{Audit, Guard};
use case::stage::{ConfirmOutcome, VerifyOutcome};
use case::{ApprovalKind, Case, Refusal, Source, Stage, StageName};
use index::{Filter, GroupBy, GroupKey, Query, Sort, SortBy, Visibility};
use jiff::tz::TimeZone;
use kernel::{Actor, CaseId, Cgcs2000, ClassKey, DepartmentId, Millis, PersonId, Point, Role};
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// One look around at speed 1.
const TICK: Duration = Duration::from_secs(5);
/// At higher speeds looks come closer, but never closer than this.
const TICK_MIN: Duration = Duration::from_millis(250);
/// New reports a minute by day at speed 1, and steps the staff takes for each.
const REPORTS_PER_MINUTE: f64 = 1.0;
const STEPS_PER_REPORT: f64 = 11.0;
/// Real places remembered to report from.
const SPOTS: usize = 6_000;
/// Cases looked at for the next step.
const CANDIDATES: usize = 40;
/// Secret links of simulated citizens kept for their ratings.
const FOLLOWED_MAX: usize = 500;

/// Somewhere a case of some type happened once.
#[derive(Debug, Clone)]
struct Spot {
    kind: u16,
    point: Point<Cgcs2000>,
    street: Box<str>,
}

/// The moving part of the demo.
pub struct Live {
    app: App,
    data: Arc<Data>,
    staff: Arc<Staff>,
    spots: Vec<Spot>,
    speed: f64,
    zone: TimeZone,
    chance: Mutex<Chance>,
    followed: Mutex<VecDeque<(CaseId, String)>>,
}

/// How many cases stay on a desk for the visitor.
const KEPT: [(StageName, u32); 10] = [
    (StageName::Reported, 14),
    (StageName::Confirming, 10),
    (StageName::Confirmed, 4),
    (StageName::SelfHandled, 5),
    (StageName::Accepted, 12),
    (StageName::Filed, 12),
    (StageName::Replied, 12),
    (StageName::ReadyToVerify, 10),
    (StageName::Verifying, 14),
    (StageName::Verified, 12),
];

/// Requests of each kind that stay open for the visitor.
const APPROVALS_KEPT: usize = 6;

type Done = anyhow::Result<bool>;

impl Live {
    #[must_use]
    pub fn new(history: &History, speed: f64) -> Self {
        let cases = &history.plan.cases;
        let step = (cases.len() / SPOTS).max(1);
        let spots = cases.iter().rev().step_by(step).filter_map(|case| {
            let point = case.row.point?;
            let consultation = history.data.types[usize::from(case.row.kind)].consultation;
            let street: Box<str> = plain_street(&case.row.street).into();
            (!consultation && !street.is_empty()).then_some(Spot { kind: case.row.kind, point, street })
        });
        let seed = u64::try_from(history.app.now().millis()).unwrap_or(1);
        Self {
            app: history.app.clone(),
            data: history.data.clone(),
            staff: history.staff.clone(),
            spots: spots.collect(),
            speed,
            zone: TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC),
            chance: Mutex::new(Chance::new(seed, 1)),
            followed: Mutex::default(),
        }
    }

    /// Goes on until `stop`. `must_open` lays out the opening work, once in the life of a demo.
    pub async fn run(&self, must_open: bool, stop: &CancellationToken) {
        if must_open {
            self.open_the_desks().await;
        }
        let tick = TICK.div_f64(self.speed.max(1.0)).max(TICK_MIN);
        let (mut reports, mut steps) = (1.0_f64, 0.0_f64);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(tick) => {}
            }
            let rate = self.speed * self.of_the_hour() * tick.as_secs_f64() / 60.0;
            reports += REPORTS_PER_MINUTE * rate * 2.0 * self.draw_share();
            steps += REPORTS_PER_MINUTE * STEPS_PER_REPORT * rate;
            while reports >= 1.0 {
                reports -= 1.0;
                told("report", self.new_report().await);
            }
            while steps >= 1.0 {
                steps -= 1.0;
                told("step", self.next_step().await.map(drop));
            }
        }
    }

    /// How busy the hour is: 1 by day.
    fn of_the_hour(&self) -> f64 {
        let hour = jiff::Timestamp::from_millisecond(self.app.now().millis())
            .map_or(12, |now| now.to_zoned(self.zone.clone()).hour());
        match hour {
            8..=19 => 1.0,
            // Not as still as a real night: visitors live in every time zone.
            _ => 0.6,
        }
    }

    fn draw(&self) -> u64 {
        self.chance.lock().draw()
    }

    fn draw_share(&self) -> f64 {
        self.chance.lock().share()
    }

    fn one_in(&self, permille: u64) -> bool {
        self.chance.lock().one_in(permille)
    }

    fn pick(&self, choice: &Choice) -> String {
        choice.pick(self.draw(), self.one_in(250)).to_owned()
    }

    fn phrases(&self) -> &Phrases {
        &self.data.phrases
    }

    fn config(&self) -> anyhow::Result<Arc<Config>> {
        Ok(self.app.config(city_code())?)
    }

    // Reports

    fn spot(&self) -> anyhow::Result<&Spot> {
        let at = usize::try_from(self.draw() % (self.spots.len().max(1) as u64))?;
        self.spots.get(at).context("no place to report from")
    }

    async fn new_report(&self) -> anyhow::Result<()> {
        let spot = self.spot()?.clone();
        match self.draw() % 100 {
            0..=31 => self.citizen_report(&spot, self.one_in(600)).await,
            32..=63 => self.desk_report(&spot).await,
            64..=91 => self.collector_report(&spot, false).await,
            92..=95 => self.collector_report(&spot, true).await,
            _ => self.department_report(&spot).await,
        }
    }

    fn words(&self, spot: &Spot) -> String {
        let kind = &self.data.types[usize::from(spot.kind)];
        let choice = self.phrases().reports.get(&kind.name).unwrap_or(&self.phrases().generic_reports);
        let sentence = self.pick(choice).replace("{street}", &spot.street);
        if self.phrases().reports.contains_key(&kind.name) {
            sentence
        } else {
            format!("{}：{sentence}", kind.name_zh)
        }
    }

    fn place(spot: &Spot) -> PlaceIn {
        PlaceIn { lng: Some(spot.point.lng()), lat: Some(spot.point.lat()), address: spot.street.to_string() }
    }

    fn class(&self, spot: &Spot) -> String {
        self.data.types[usize::from(spot.kind)].class.to_string()
    }

    /// A picture taken a few steps from the place.
    async fn photo(
        &self,
        actor: &Actor,
        name: &str,
        solved: bool,
        at: Option<Point<Cgcs2000>>,
    ) -> anyhow::Result<String> {
        // The same place looks the same before and after.
        let here = |point: Point<Cgcs2000>| point.lng().to_bits() ^ point.lat().to_bits().rotate_left(32);
        let seed = at.map_or_else(|| self.draw(), here);
        let (motif, now, zone) = (Motif::of(name), self.app.now(), self.zone.clone());
        let from = at.and_then(|point| self.near(point));
        let drawn = move || photos::draw(motif, solved, seed, now - Millis::minutes(2), &zone, from);
        let bytes = tokio::task::spawn_blocking(drawn).await??;
        Ok(match actor.person_id() {
            Some(_) => self.app.put_attachment(actor, bytes.into()).await?.id,
            None => self.app.put_public_attachment(city_code(), bytes.into()).await?.id,
        })
    }

    /// A few metres away, as people and their phones are.
    fn near(&self, point: Point<Cgcs2000>) -> Option<Point<Cgcs2000>> {
        let (east, north) = (self.draw_share() - 0.5, self.draw_share() - 0.5);
        Point::new(point.lng() + east * 0.000_3, point.lat() + north * 0.000_25)
    }

    async fn citizen_report(&self, spot: &Spot, pictured: bool) -> anyhow::Result<()> {
        let citizen = Actor::citizen(city_code(), None);
        let kind = &self.data.types[usize::from(spot.kind)];
        let photos = if pictured {
            vec![self.photo(&citizen, &kind.name, false, Some(spot.point)).await?]
        } else {
            Vec::new()
        };
        let sent = PublicReportIn {
            component: None,
            id: Uuid::now_v7(),
            text: self.words(spot),
            place: Self::place(spot),
            class: self.one_in(700).then(|| self.class(spot)),
            photos,
            reporter: Some(self.reporter()),
            attributes: BTreeMap::new(),
            urgent: kind.urgent,
            secret: None,
        };
        let id = CaseId(sent.id);
        let source = if self.one_in(500) { Source::CitizenApp } else { Source::CitizenWeb };
        let done = self.app.public_report(city_code(), sent, source).await?;
        let mut followed = self.followed.lock();
        if followed.len() >= FOLLOWED_MAX {
            followed.pop_front();
        }
        followed.push_back((id, done.secret));
        Ok(())
    }

    /// Nobody's number: 555-01xx is kept free for stories. No message leaves, as no gateway is configured.
    fn reporter(&self) -> ReporterIn {
        ReporterIn {
            name: ["演示市民", "Demo Citizen", "匿名热心人", "A Neighbour"]
                [usize::try_from(self.draw() % 4).unwrap_or(0)]
            .to_owned(),
            phone: format!("617-555-01{:02}", self.draw() % 100),
            callback: self.one_in(600),
            public: true,
            language: "zh".to_owned(),
            ..ReporterIn::default()
        }
    }

    fn report(
        &self,
        spot: &Spot,
        source: Option<Source>,
        text: String,
        evidence: Vec<EvidenceIn>,
    ) -> ReportIn {
        ReportIn {
            id: Uuid::now_v7(),
            source: source.map(|source| source.as_str().to_owned()),
            text,
            place: Self::place(spot),
            class: Some(self.class(spot)),
            criterion: None,
            component: None,
            evidence,
            urgent: self.data.types[usize::from(spot.kind)].urgent,
            consultation: false,
            reporter: None,
            attributes: BTreeMap::new(),
            self_handled: false,
            then: ThenIn::Report,
            position: None,
        }
    }

    async fn desk_report(&self, spot: &Spot) -> anyhow::Result<()> {
        let intake = self.simulated(Role::IntakeOperator)?;
        let source =
            [Source::CityHotline, Source::Hotline, Source::CityHotline, Source::Media, Source::Petition]
                [usize::try_from(self.draw() % 5)?];
        let mut report = self.report(spot, Some(source), self.words(spot), Vec::new());
        report.reporter = Some(self.reporter());
        report.consultation = self.one_in(60);
        self.app.report_case(&intake.actor, report).await?;
        Ok(())
    }

    async fn collector_report(&self, spot: &Spot, self_handled: bool) -> anyhow::Result<()> {
        let config = self.config()?;
        let grid = config.grids.at(spot.point);
        let collector = self
            .staff
            .collector(grid, self.draw())
            .filter(|member| !member.featured)
            .or_else(|| self.staff.simulated(Role::Collector, self.draw()))
            .context("no collector")?
            .clone();
        let kind = &self.data.types[usize::from(spot.kind)];
        let before = self.photo(&collector.actor, &kind.name, false, Some(spot.point)).await?;
        let mut evidence = vec![picture(before, EvidenceKindIn::Before)];
        if self_handled {
            let after = self.photo(&collector.actor, &kind.name, true, Some(spot.point)).await?;
            evidence.push(picture(after, EvidenceKindIn::After));
        }
        let text = self.pick(&self.phrases().patrol_reports).replace("{street}", &spot.street);
        let text = format!("{}：{text}", kind.name_zh);
        let mut report = self.report(spot, None, text, evidence);
        report.self_handled = self_handled;
        report.position = self.near(spot.point).map(position);
        self.app.report_case(&collector.actor, report).await?;
        Ok(())
    }

    async fn department_report(&self, spot: &Spot) -> anyhow::Result<()> {
        let officer = self.simulated(Role::DepartmentOfficer)?;
        let report = self.report(spot, None, self.words(spot), Vec::new());
        self.app.report_case(&officer.actor, report).await?;
        Ok(())
    }

    fn simulated(&self, role: Role) -> anyhow::Result<&Member> {
        self.staff.simulated(role, self.draw()).with_context(|| format!("no simulated {}", role.as_str()))
    }

    // Steps

    /// Takes one step somewhere. False when nobody had anything to do.
    async fn next_step(&self) -> Done {
        let doing = self.draw() % 100;
        if doing < 8 {
            return self.answer_a_request().await;
        }
        if doing < 10 {
            return self.beside_the_loop().await;
        }
        let open = Filter { ended: Some(false), ..Filter::default() };
        let counts = self.counts(&open)?;
        let count = |stage: StageName| counts.get(&stage).copied().unwrap_or(0);
        let mut desks: Vec<(StageName, u64)> = KEPT
            .iter()
            .map(|(stage, kept)| (*stage, u64::from(count(*stage).saturating_sub(*kept).min(40))))
            .collect();
        desks.push((StageName::Dispatched, u64::from(count(StageName::Dispatched).min(60) / 3)));
        desks.push((StageName::Handling, u64::from(count(StageName::Handling).min(14))));
        let total: u64 = desks.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return Ok(false);
        }
        let mut drawn = self.draw() % total;
        for (stage, weight) in desks {
            if drawn < weight {
                return self.work_at(stage).await;
            }
            drawn -= weight;
        }
        Ok(false)
    }

    fn counts(&self, filter: &Filter) -> anyhow::Result<BTreeMap<StageName, u32>> {
        let city = self.app.city(city_code())?;
        let query = Query { filter, visibility: &Visibility::All, now: self.app.now(), within: None };
        let groups = city.index.read().group_count(&query, GroupBy::Stage);
        Ok(groups
            .into_iter()
            .filter_map(|(key, n)| if let GroupKey::Stage(stage) = key { Some((stage, n)) } else { None })
            .collect())
    }

    async fn find(
        &self,
        filter: &Filter,
        by: SortBy,
        descending: bool,
        limit: usize,
    ) -> anyhow::Result<Vec<Case>> {
        let serials = {
            let city = self.app.city(city_code())?;
            let query = Query { filter, visibility: &Visibility::All, now: self.app.now(), within: None };
            let index = city.index.read();
            index.page(&query, Sort { by, descending }, None, limit).serials
        };
        let stored = self.app.store().cases_by_serial(city_code(), &serials).await?;
        Ok(stored.into_iter().map(|stored| stored.case).collect())
    }

    async fn work_at(&self, stage: StageName) -> Done {
        let mut filter = Filter { stages: vec![stage], ..Filter::default() };
        // Fresh work goes on; old work is taken up now and then.
        let fresh = self.one_in(800);
        let handling = matches!(stage, StageName::Handling | StageName::Dispatched);
        if handling && fresh {
            filter.reported.from = Some(self.app.now() - Millis::days(6));
        }
        let mut cases = self.find(&filter, SortBy::Updated, handling && !fresh, CANDIDATES).await?;
        let patience = Millis::seconds((90.0 / self.speed.max(0.2)).round() as i64);
        cases.retain(|case| self.app.now() - case.updated_at > patience && case.children.is_empty());
        for _ in 0..4 {
            if cases.is_empty() {
                return Ok(false);
            }
            let at = usize::try_from(self.draw() % (cases.len() as u64))?;
            let case = cases.swap_remove(at);
            if self.work_on(&case).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The next step of one case, when it waits for one of the simulated.
    async fn work_on(&self, case: &Case) -> Done {
        match &case.stage {
            Stage::Reported | Stage::Confirmed { .. } => self.at_intake(case).await,
            Stage::Confirming { collector } => self.confirm(case, *collector).await,
            Stage::SelfHandled => {
                let step =
                    StepIn::PassSelfHandled { opinion: "照片清晰，处置到位，同意。".to_owned() };
                self.take(self.simulated(Role::ShiftLeader)?, case, step).await
            }
            Stage::Accepted => self.file(case).await,
            Stage::Filed => self.dispatch(case).await,
            Stage::Dispatched { to } => self.sign(case, to.department).await,
            Stage::Handling { to, handler } => self.handle(case, to.department, *handler).await,
            Stage::Replied { .. } => {
                let step = if self.one_in(50) {
                    StepIn::RejectReply { reason: "照片不能反映处置结果，请补充。".to_owned() }
                } else {
                    StepIn::PassOn { opinion: String::new() }
                };
                self.take(self.simulated(Role::Dispatcher)?, case, step).await
            }
            Stage::ReadyToVerify { .. } => {
                let intake = self.simulated(Role::IntakeOperator)?;
                let collector = self.collector_for(intake, case).await?;
                let note = "请到现场核查处置结果并拍照。".to_owned();
                self.take(intake, case, StepIn::RequestVerification { collector, note }).await
            }
            Stage::Verifying { collector, .. } => self.verify(case, *collector).await,
            Stage::Verified { outcome, .. } => self.close(case, *outcome).await,
            _ => Ok(false),
        }
    }

    async fn take(&self, member: &Member, case: &Case, step: StepIn) -> Done {
        if member.featured {
            return Ok(false);
        }
        let request = StepRequest { command_id: None, version: Some(case.version), step };
        match self.app.take_step(&member.actor, &case.id.to_string(), request).await {
            Ok(_) => Ok(true),
            // The visitor was quicker, or the rules say no: somebody else will find the case again.
            Err(AppError::Stale | AppError::Refused(_) | AppError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn at_intake(&self, case: &Case) -> Done {
        let intake = match case.intake.and_then(|id| self.staff.member(id)) {
            Some(holder) => holder,
            None => self.simulated(Role::IntakeOperator)?,
        };
        if intake.featured {
            return Ok(false);
        }
        if let Stage::Confirmed { outcome, .. } = &case.stage
            && *outcome != ConfirmOutcome::True
        {
            let reason = "经核实，现场未发现所反映的问题。".to_owned();
            return self.take(intake, case, StepIn::Decline { reason }).await;
        }
        if case.report.consultation && case.stage.name() == StageName::Reported {
            let answer = self.pick(&self.phrases().answers);
            return self.take(intake, case, StepIn::AnswerAtOnce { answer }).await;
        }
        let Some(class) = &case.class else {
            let Some(class) = self.guess(case)? else { return Ok(false) };
            let step = StepIn::Correct {
                class: Some(class.to_string()),
                place: None,
                text: None,
                urgent: None,
                evidence: Vec::new(),
            };
            return self.take(intake, case, step).await;
        };
        if let Some(original) = self.original_of(intake, case, class).await? {
            let reason = "同一位置同类问题，重复上报。".to_owned();
            return self.take(intake, case, StepIn::Merge { into: original, reason }).await;
        }
        let request = StepRequest {
            command_id: None,
            version: Some(case.version),
            step: StepIn::Accept { opinion: String::new() },
        };
        match self.app.take_step(&intake.actor, &case.id.to_string(), request).await {
            Ok(_) => Ok(true),
            Err(AppError::Refused(Refusal::NotConfirmed)) if case.stage.name() == StageName::Reported => {
                let collector = self.collector_for(intake, case).await?;
                let note = "请到现场核实问题是否存在，补拍近景、全景各一张。".to_owned();
                self.take(intake, case, StepIn::RequestConfirmation { collector, note }).await
            }
            Err(AppError::Stale | AppError::Refused(_) | AppError::NotFound(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The class whose name stands in the words, as an operator would look it up.
    fn guess(&self, case: &Case) -> anyhow::Result<Option<ClassKey>> {
        let likely = |kind: &&super::data::TypeRow| {
            let choice = self.phrases().reports.get(&kind.name);
            let said = |sentence: &String| {
                let mut parts = sentence.split("{street}").filter(|part| part.chars().count() > 3);
                parts.any(|part| case.report.text.contains(part))
            };
            case.report.text.starts_with(kind.name_zh.as_str())
                || choice.is_some_and(|choice| choice.zh.iter().chain(&choice.en).any(said))
        };
        Ok(self.data.types.iter().find(likely).map(|kind| kind.class.clone()))
    }

    async fn original_of(
        &self,
        intake: &Member,
        case: &Case,
        class: &ClassKey,
    ) -> anyhow::Result<Option<String>> {
        let Some(point) = case.report.place.point.filter(|_| self.one_in(500)) else { return Ok(None) };
        let query = app::duplicates::DuplicateQuery {
            class: Some(class.to_string()),
            lng: Some(point.lng()),
            lat: Some(point.lat()),
            text: case.report.text.clone(),
            ..Default::default()
        };
        let found = self.app.find_duplicates(&intake.actor, query).await?;
        let this = case.id.to_string();
        let same = found.into_iter().find(|other| {
            other.line.id != this
                && other.line.reported_at < case.reported_at.millis()
                && other.line.class.as_ref().is_some_and(|other| other.key == class.to_string())
        });
        Ok(same.map(|other| other.line.id))
    }

    async fn collector_for(&self, intake: &Member, case: &Case) -> anyhow::Result<u32> {
        let found = self.app.collectors_for(&intake.actor, &case.id.to_string()).await?;
        found.first().map(|one| one.person.id).ok_or_else(|| anyhow!("no collector is on duty"))
    }

    fn type_name(&self, case: &Case) -> &str {
        let class = case.class.as_ref();
        let same = self.data.types.iter().filter(|kind| Some(&kind.class) == class);
        same.max_by_key(|kind| (case.report.text.contains(kind.name_zh.as_str()), kind.cases))
            .map_or("", |kind| kind.name.as_str())
    }

    async fn confirm(&self, case: &Case, collector: PersonId) -> Done {
        let Some(member) = self.staff.member(collector).filter(|member| !member.featured) else {
            return Ok(false);
        };
        let found = !self.one_in(80);
        let phrases = &self.phrases().confirmation;
        let (outcome, opinion) = if found {
            (ConfirmOutcomeIn::True, self.pick(&phrases.exists))
        } else {
            (ConfirmOutcomeIn::False, self.pick(&phrases.not_found))
        };
        let place = case.report.place.point;
        let photo = self.photo(&member.actor, self.type_name(case), !found, place).await?;
        let evidence = vec![picture(photo, EvidenceKindIn::OnSpot)];
        let position = place.and_then(|point| self.near(point)).map(position);
        self.take(member, case, StepIn::AnswerConfirmation { outcome, opinion, evidence, position }).await
    }

    async fn file(&self, case: &Case) -> Done {
        let leader = self.simulated(Role::ShiftLeader)?;
        if case.guard.is_some() {
            return Ok(false);
        }
        let config = self.config()?;
        let Some(class) = &case.class else { return Ok(false) };
        let known = self.data.types.iter().find(|kind| kind.class == *class).map(|kind| kind.criterion);
        let first =
            config.catalogue.criteria(class).iter().find(|criterion| !criterion.disabled).map(|c| c.seq);
        let Some(criterion) = known.or(first) else { return Ok(false) };
        self.take(leader, case, StepIn::File { class: None, criterion, opinion: String::new() }).await
    }

    async fn dispatch(&self, case: &Case) -> Done {
        let dispatcher = self.simulated(Role::Dispatcher)?;
        let proposals = self.app.proposals(&dispatcher.actor, &case.id.to_string()).await?;
        let returned = match case.guard {
            Some(Guard::AfterReturn { from }) => Some(from.0),
            _ => None,
        };
        let mut wanted = proposals.iter().map(|p| p.department.id).filter(|id| Some(*id) != returned);
        // Now and then the second best is chosen; the department will return it.
        let chosen = if self.one_in(60) { wanted.nth(1) } else { wanted.next() };
        let Some(department) = chosen else { return Ok(false) };
        let opinion = "请按时限处置，并上传处置后照片。".to_owned();
        let step = if returned.is_some() {
            StepIn::Reassign { department, assisting: Vec::new(), opinion }
        } else {
            StepIn::Dispatch { department, assisting: Vec::new(), opinion }
        };
        self.take(dispatcher, case, step).await
    }

    async fn sign(&self, case: &Case, department: DepartmentId) -> Done {
        let Some(officer) = self.staff.officer(department) else { return Ok(false) };
        if officer.featured || case.open_approval(ApprovalKind::Return).is_some() {
            return Ok(false);
        }
        if self.one_in(45) {
            let reason = self.pick(&self.phrases().return_reasons);
            return self.take(officer, case, StepIn::RequestReturn { reason, evidence: Vec::new() }).await;
        }
        let Some(handler) = self.staff.handler(department, self.draw()) else { return Ok(false) };
        self.take(officer, case, StepIn::Assign { handler: handler.id.0, note: String::new() }).await
    }

    async fn handle(&self, case: &Case, department: DepartmentId, handler: Option<PersonId>) -> Done {
        let Some(handler) = handler.and_then(|id| self.staff.member(id)) else {
            return self.sign(case, department).await;
        };
        if handler.featured {
            return Ok(false);
        }
        if let Some(urging) =
            case.urgings.iter().position(|urging| urging.reply_needed && urging.answered_at.is_none())
            && let Some(officer) = self.staff.officer(department).filter(|officer| !officer.featured)
        {
            let text = "已安排人员处置，今日内反馈进展。".to_owned();
            return self
                .take(officer, case, StepIn::AnswerUrging { urging: u16::try_from(urging)?, text })
                .await;
        }
        if self.one_in(60) && case.approvals.iter().all(|approval| !approval.is_open()) {
            let Some(officer) = self.staff.officer(department) else { return Ok(false) };
            let step = if self.one_in(700) {
                StepIn::RequestExtension { reason: self.pick(&self.phrases().extension_reasons), extra: None }
            } else {
                let until = self.app.now() + Millis::days(5 + i64::try_from(self.draw() % 20)?);
                StepIn::RequestSuspension {
                    reason: self.pick(&self.phrases().suspension_reasons),
                    until: until.millis(),
                }
            };
            return self.take(officer, case, step).await;
        }
        let name = self.type_name(case);
        let photo = self.photo(&handler.actor, name, true, case.report.place.point).await?;
        let replies = &self.phrases().replies;
        let text = self.pick(replies.by_type.get(name).unwrap_or(&replies.generic));
        let evidence = vec![picture(photo, EvidenceKindIn::After)];
        self.take(handler, case, StepIn::Reply { text, evidence }).await
    }

    async fn verify(&self, case: &Case, collector: PersonId) -> Done {
        let Some(member) = self.staff.member(collector).filter(|member| !member.featured) else {
            return Ok(false);
        };
        let phrases = &self.phrases().verification;
        let drawn = self.draw() % 100;
        let (outcome, opinion) = match drawn {
            0..=6 => (VerifyOutcomeIn::Failed, self.pick(&phrases.failed)),
            7 | 8 => (VerifyOutcomeIn::Impossible, self.pick(&phrases.impossible)),
            _ => (VerifyOutcomeIn::Passed, self.pick(&phrases.passed)),
        };
        let place = case.report.place.point;
        let photo = self.photo(&member.actor, self.type_name(case), drawn > 6, place).await?;
        let evidence = vec![picture(photo, EvidenceKindIn::OnSpot)];
        let position = place.and_then(|point| self.near(point)).map(position);
        self.take(member, case, StepIn::AnswerVerification { outcome, opinion, evidence, position }).await
    }

    async fn close(&self, case: &Case, outcome: VerifyOutcome) -> Done {
        if outcome == VerifyOutcome::Failed {
            let opinion = "现场核查未通过，请返工。".to_owned();
            return self
                .take(
                    self.simulated(Role::IntakeOperator)?,
                    case,
                    StepIn::OrderRework { opinion, department: None },
                )
                .await;
        }
        if case.is_public() && case.report.wants_answer && case.callback.is_none() {
            let reached = self.one_in(850);
            let satisfied = reached.then(|| self.one_in(920));
            let remark =
                if reached { String::new() } else { "电话无人接听，已短信告知。".to_owned() };
            return self
                .take(
                    self.simulated(Role::IntakeOperator)?,
                    case,
                    StepIn::CallBack { reached, satisfied, remark },
                )
                .await;
        }
        let opinion = "处置结果符合结案条件，同意结案。".to_owned();
        self.take(self.simulated(Role::ShiftLeader)?, case, StepIn::Close { opinion }).await
    }

    // Beside the loop

    /// One open request is answered when more wait than the visitor needs.
    async fn answer_a_request(&self) -> Done {
        let kinds = ApprovalKind::ALL;
        let kind = kinds[usize::try_from(self.draw() % (kinds.len() as u64))?];
        let filter = Filter { approvals: vec![kind], ended: Some(false), ..Filter::default() };
        let mut cases = self.find(&filter, SortBy::Updated, false, CANDIDATES).await?;
        if cases.len() <= APPROVALS_KEPT {
            return Ok(false);
        }
        let case = cases.swap_remove(usize::try_from(self.draw() % (cases.len() as u64))?);
        let Some(role) = case.open_approval(kind).and_then(|open| open.waiting_roles().first().copied())
        else {
            return Ok(false);
        };
        let granted = self.one_in(820);
        let opinion =
            if granted { "情况属实，同意。" } else { "理由不充分，请按原要求办理。" }.to_owned();
        let step = match (kind, granted) {
            (ApprovalKind::Extension, true) => StepIn::ApproveExtension { opinion },
            (ApprovalKind::Extension, false) => StepIn::RejectExtension { opinion },
            (ApprovalKind::Return, true) => StepIn::ApproveReturn { opinion },
            (ApprovalKind::Return, false) => StepIn::RejectReturn { opinion },
            (ApprovalKind::Suspension, true) => StepIn::ApproveSuspension { opinion },
            (ApprovalKind::Suspension, false) => StepIn::RejectSuspension { opinion },
            (ApprovalKind::Cancellation, true) => StepIn::ApproveCancellation { opinion },
            (ApprovalKind::Cancellation, false) => StepIn::RejectCancellation { opinion },
            (ApprovalKind::Withdrawal, true) => StepIn::ApproveWithdrawal { opinion },
            (ApprovalKind::Withdrawal, false) => StepIn::RejectWithdrawal { opinion },
        };
        self.take(self.simulated(role)?, &case, step).await
    }

    async fn beside_the_loop(&self) -> Done {
        match self.draw() % 4 {
            0 => self.rate().await,
            1 => self.audit().await,
            2 => self.urge(Filter::default()).await,
            _ => self.answer_appeal().await,
        }
    }

    /// A citizen looks at the followed case and rates it when it is closed.
    async fn rate(&self) -> Done {
        let Some((id, secret)) = self.followed.lock().pop_front() else { return Ok(false) };
        let Some(stored) = self.app.store().case(city_code(), id).await? else { return Ok(false) };
        if stored.case.is_open() {
            self.followed.lock().push_back((id, secret));
            return Ok(false);
        }
        let content = self.one_in(850);
        let comments = &self.phrases().rating_comments;
        let remark = self.pick(if content { &comments.good } else { &comments.poor });
        let stars = if content { 5 } else { 2 };
        match self.app.public_step(city_code(), &secret, PublicStepIn::Rate { stars, remark }).await {
            Ok(_) => Ok(true),
            Err(AppError::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn audit(&self) -> Done {
        let filter = Filter { audits: vec![Audit::Due], ..Filter::default() };
        let mut cases = self.find(&filter, SortBy::Updated, false, CANDIDATES).await?;
        if cases.len() <= APPROVALS_KEPT {
            return Ok(false);
        }
        let step = StepIn::Audit { passed: true, reason: String::new() };
        self.take(self.simulated(Role::ShiftLeader)?, &cases.swap_remove(0), step).await
    }

    /// A leader presses on a late case.
    async fn urge(&self, filter: Filter) -> Done {
        let filter = Filter {
            stages: vec![StageName::Handling],
            overdue: Some(true),
            urging_unanswered: Some(false),
            ..filter
        };
        let mut cases = self.find(&filter, SortBy::Updated, true, CANDIDATES).await?;
        if cases.is_empty() {
            return Ok(false);
        }
        let case = cases.swap_remove(usize::try_from(self.draw() % (cases.len() as u64))?);
        let step = StepIn::Urge {
            level: if self.one_in(700) { UrgingLevelIn::Remind } else { UrgingLevelIn::Urge },
            requirement: "已超过处置时限，请尽快处置并说明原因。".to_owned(),
            reply_needed: true,
        };
        self.take(self.simulated(Role::Leader)?, &case, step).await
    }

    async fn answer_appeal(&self) -> Done {
        let filter = Filter { appeals: vec![index::AppealStep::Dispatcher], ..Filter::default() };
        let mut cases = self.find(&filter, SortBy::Updated, false, CANDIDATES).await?;
        if cases.len() <= APPROVALS_KEPT {
            return Ok(false);
        }
        let step = StepIn::AnswerAppeal { granted: true, opinion: "情况属实，同意。".to_owned() };
        self.take(self.simulated(Role::Dispatcher)?, &cases.swap_remove(0), step).await
    }

    // The first day

    /// Something of every kind for every desk: parts of a split, a case sent down, duplicates, reports solved
    /// on the spot, automatic steps to audit, and tasks for the people of the log-in page.
    async fn open_the_desks(&self) {
        for self_handled in [true, true, true, true, false, false, false, false] {
            match self.spot().cloned() {
                Ok(spot) => told("collector's report", self.collector_report(&spot, self_handled).await),
                Err(error) => told("report", Err(error)),
            }
        }
        told("audits", self.fast_ones(4).await);
        told("duplicates", self.doubled(3).await);
        told("children", self.parted(4).await);
        told("tasks", self.tasks_for_visitors().await);
    }

    /// Reports by a fast channel, with ids that fall into the sample that is audited.
    async fn fast_ones(&self, count: usize) -> anyhow::Result<()> {
        let config = self.config()?;
        let channels = &config.procedure(config.procedure)?.fast_channels;
        let Some(channel) = channels.iter().find(|channel| channel.audit_percent > 0) else { return Ok(()) };
        let suits = |spot: &&Spot| channel.classes.contains(&self.data.types[usize::from(spot.kind)].class);
        let spots: Vec<Spot> = self.spots.iter().filter(suits).take(200).cloned().collect();
        for _ in 0..count.min(spots.len()) {
            let spot = &spots[usize::try_from(self.draw() % (spots.len() as u64))?];
            let collector = self.simulated(Role::Collector)?.clone();
            let name = &self.data.types[usize::from(spot.kind)].name;
            let photo = self.photo(&collector.actor, name, false, Some(spot.point)).await?;
            let mut report =
                self.report(spot, None, self.words(spot), vec![picture(photo, EvidenceKindIn::Before)]);
            report.id = sampled(channel.audit_percent);
            report.position = self.near(spot.point).map(position);
            self.app.report_case(&collector.actor, report).await?;
        }
        Ok(())
    }

    /// The same problem reported twice, by two people.
    async fn doubled(&self, count: usize) -> anyhow::Result<()> {
        for _ in 0..count {
            let spot = self.spot()?.clone();
            self.desk_report(&spot).await?;
            let beside = Spot { point: self.near(spot.point).unwrap_or(spot.point), ..spot };
            self.citizen_report(&beside, true).await?;
        }
        Ok(())
    }

    /// Cases for several departments, and for a district and a street.
    async fn parted(&self, count: usize) -> anyhow::Result<()> {
        let filter = Filter { stages: vec![StageName::Filed], located: Some(true), ..Filter::default() };
        let cases = self.find(&filter, SortBy::Reported, true, CANDIDATES).await?;
        let dispatcher = self.simulated(Role::Dispatcher)?;
        let mut parted = 0;
        for case in cases {
            if parted >= count {
                break;
            }
            let Some(grid) = &case.report.place.grid else { continue };
            let (district, street) = (self.staff.office(grid, 6), self.staff.office(grid, 9));
            let (Some(district), Some(street)) = (district, street) else { continue };
            let proposals = self.app.proposals(&dispatcher.actor, &case.id.to_string()).await?;
            let Some(main) = proposals.first().map(|proposal| proposal.department.id) else { continue };
            let step = if parted % 2 == 0 {
                let share =
                    |department, level, task: &str| ShareIn { department, level, task: task.to_owned() };
                StepIn::Split {
                    shares: vec![
                        share(main, LevelIn::City, "修复设施。"),
                        share(street.0, LevelIn::Street, "设置警示并清理现场。"),
                    ],
                    opinion: "多部门联合处置。".to_owned(),
                }
            } else {
                StepIn::DispatchDown {
                    department: district.0,
                    level: LevelIn::District,
                    task: "属区级事权，请区级平台办理。".to_owned(),
                    opinion: String::new(),
                }
            };
            if self.take(dispatcher, &case, step).await? {
                parted += 1;
            }
        }
        Ok(())
    }

    /// Confirmations and verifications for the collector of the log-in page, orders for the handler, pressure
    /// on the officer's department.
    async fn tasks_for_visitors(&self) -> anyhow::Result<()> {
        let featured = |role: &str| {
            let row = self.data.staff.iter().position(|row| row.featured && row.roles == role);
            row.map(super::setup::person_id).with_context(|| format!("no {role} on the log-in page"))
        };
        let collector = featured("collector")?;
        let officer = featured("department_officer")?;
        let handler = featured("handler")?;
        let department =
            self.staff.member(officer).and_then(|m| m.actor.posts().first()).map(|post| post.department);
        let mine = self
            .staff
            .member(collector)
            .and_then(|m| m.actor.posts().first())
            .map(|post| post.scope.areas.clone());
        let areas = mine.unwrap_or_default();
        for (stage, count) in [(StageName::Reported, 3), (StageName::ReadyToVerify, 3)] {
            let near = Filter {
                stages: vec![stage],
                areas: areas.clone(),
                located: Some(true),
                ..Filter::default()
            };
            let anywhere = Filter { areas: Vec::new(), ..near.clone() };
            let mut cases = self.find(&near, SortBy::Reported, true, count).await?;
            cases.extend(self.find(&anywhere, SortBy::Reported, true, count).await?);
            for case in cases.into_iter().take(count) {
                let note = String::new();
                let step = if stage == StageName::Reported {
                    StepIn::RequestConfirmation { collector: collector.0, note }
                } else {
                    StepIn::RequestVerification { collector: collector.0, note }
                };
                self.take(self.simulated(Role::IntakeOperator)?, &case, step).await?;
            }
        }
        let Some(department) = department else { return Ok(()) };
        let departments = vec![department];
        self.urge(Filter { departments: departments.clone(), ..Filter::default() }).await?;
        self.urge(Filter { departments: departments.clone(), ..Filter::default() }).await?;
        self.urge(Filter { handlers: vec![handler], ..Filter::default() }).await?;
        Ok(())
    }
}

fn told(what: &'static str, result: anyhow::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(what, error = format!("{error:#}"), "demo: a simulated step failed");
    }
}

fn picture(attachment: String, kind: EvidenceKindIn) -> EvidenceIn {
    EvidenceIn { attachment, kind }
}

fn position(point: Point<Cgcs2000>) -> Position {
    Position { lng: point.lng(), lat: point.lat() }
}

/// A new id that is among the `percent` that are audited.
fn sampled(percent: u8) -> Uuid {
    loop {
        let id = Uuid::now_v7();
        let low = u64::try_from(id.as_u128() & u128::from(u64::MAX)).unwrap_or(u64::MAX);
        if low % 100 < u64::from(percent) {
            return id;
        }
    }
}

/// "145-151 Ipswich St" and "INTERSECTION of A St & B St" as people would say it.
fn plain_street(text: &str) -> &str {
    text.trim().trim_start_matches("INTERSECTION").trim_start_matches(" of ").trim_start_matches("of ").trim()
}
