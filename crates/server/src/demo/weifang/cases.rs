//! A few thousand made-up cases across the stages, so that the screens live. Every step goes through the loop.

use super::people::{self, Member};
use super::{Made, Say, city_code};
use crate::demo::chance::Chance;
use crate::demo::setup::HISTORY;
use anyhow::Context;
use app::history::{Scripted, play};
use app::ports::Append;
use app::{App, Config};
use case::command::Standard;
use case::stage::VerifyOutcome;
use case::{Command, Level, Place, Report, Source};
use kernel::{
    Actor, CaseId, CaseNumber, ClassKey, DepartmentId, GridCode, LimitUnit, Role, TimeLimit, Timestamp,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const CASES: u32 = 12_000;
/// Over so many days: a trial of six months is behind the city.
const DAYS: i64 = 190;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// A case that got stuck on the way is noticed within so many days.
const STUCK_DAYS: i64 = 4;
/// Cases of one commit.
const CHUNK: usize = 500;

/// Where a case is and what about.
struct Scene {
    class: ClassKey,
    name: String,
    component: Option<String>,
    place: Place,
}

pub async fn write(
    app: &App,
    made: &Arc<Made>,
    seed: u64,
    permille: u32,
    say: &mut Say,
) -> anyhow::Result<()> {
    let code = city_code();
    let (_, there) = app.store().head(code).await?;
    let wanted = (CASES * permille / 1_000).max(40);
    if there >= wanted {
        return Ok(());
    }
    let config = app.config(code)?;
    let (scenes, members) = {
        let made = made.clone();
        tokio::task::spawn_blocking(move || {
            (scenes(&made, wanted as usize, seed), people::members(&people::patrol(&made)))
        })
        .await?
    };
    let now = app.now();
    let mut appends = Vec::new();
    for (at, scene) in scenes.into_iter().enumerate().skip(there as usize) {
        let opened =
            Timestamp(now.millis() - (i64::from(wanted) - at as i64) * DAYS * 24 * HOUR / i64::from(wanted));
        let date = config.calendar.yyyymmdd(opened);
        let number = app.store().next_number(code, date).await?;
        let mut chance = Chance::new(seed ^ 0xca5e, at as u64);
        appends.push(tell(&config, &members, scene, number, (opened, now), &mut chance)?);
        if appends.len() == CHUNK {
            app.commit_bulk(std::mem::take(&mut appends)).await?;
        }
    }
    app.commit_bulk(appends).await?;
    say.line(&format!("{wanted} cases"));
    Ok(())
}

/// Three of five are about a component, which stands where the case is.
fn scenes(made: &Made, wanted: usize, seed: u64) -> Vec<Scene> {
    let grids = &made.town.divided.grids;
    let total = made.mix.total().max(1);
    let step = (total / wanted.max(1)).max(1);
    let events: Vec<(&ClassKey, &str)> = people::events().collect();
    let catalogue = city::Catalogue::national_ref();
    let mut scenes: Vec<(u64, Scene)> = Vec::with_capacity(wanted);
    for (at, placed) in made.town.components(&made.mix).step_by(step).take(wanted).enumerate() {
        let mut chance = Chance::new(seed ^ 0x5cee, at as u64);
        let grid: Option<GridCode> = grids.get(placed.grid).map(|grid| grid.code.clone());
        let street = placed.street.and_then(|s| made.town.streets.get(s)).map_or("", |s| s.name.as_str());
        let place = Place { point: placed.spot.at().point(), grid, address: format!("{street}路段") };
        let component = chance.one_in(600);
        let fileable = catalogue.standard(&placed.class.class, 1, None).is_some();
        let (class, name) = if component && fileable || events.is_empty() {
            let name = catalogue.get(&placed.class.class).map(|e| e.name.zh.clone()).unwrap_or_default();
            (placed.class.class.clone(), name)
        } else {
            let (key, name) = events[usize::try_from(chance.draw() % events.len() as u64).unwrap_or(0)];
            (key.clone(), name.to_owned())
        };
        let component = (class == placed.class.class).then(|| placed.code());
        scenes.push((chance.draw(), Scene { class, name, component, place }));
    }
    // In the order drawn they would come class by class.
    scenes.sort_by_key(|(order, _)| *order);
    scenes.into_iter().map(|(_, scene)| scene).collect()
}

fn pick<'a>(
    members: &'a [Member],
    chance: &mut Chance,
    wanted: impl Fn(&Member) -> bool,
) -> anyhow::Result<&'a Member> {
    let found: Vec<&Member> = members.iter().filter(|m| wanted(m)).collect();
    let at = usize::try_from(chance.draw() % found.len().max(1) as u64).unwrap_or(0);
    found.get(at).copied().context("nobody of that post")
}

/// About how long a limit is by the clock: a working day of eight hours comes once a day.
fn allowed(limit: TimeLimit) -> i64 {
    let unit = match limit.unit {
        LimitUnit::UrgentMinute | LimitUnit::WorkMinute => MINUTE,
        LimitUnit::UrgentWorkHour | LimitUnit::WorkHour => HOUR,
        LimitUnit::UrgentWorkDay | LimitUnit::WorkDay | LimitUnit::NaturalDay => 24 * HOUR,
    };
    i64::from(limit.hundredths) * unit / 100
}

/// One case from its report to where it stands now.
fn tell(
    config: &Config,
    members: &[Member],
    scene: Scene,
    number: CaseNumber,
    (opened, now): (Timestamp, Timestamp),
    chance: &mut Chance,
) -> anyhow::Result<Append> {
    let grid = scene.place.grid.clone();
    let here = |m: &Member| {
        m.role == Role::Collector && grid.as_ref().is_some_and(|g| m.areas.iter().any(|a| g.is_within(a)))
    };
    let collector =
        pick(members, chance, here).or_else(|_| pick(members, chance, |m| m.role == Role::Collector))?;
    let of = |role: Role| move |m: &Member| m.role == role;
    let intake = pick(members, chance, of(Role::IntakeOperator))?.actor();
    let leader = pick(members, chance, of(Role::ShiftLeader))?.actor();
    let dispatcher = pick(members, chance, of(Role::Dispatcher))?.actor();
    let department: DepartmentId = people::department_of(&scene.name);
    let officer =
        pick(members, chance, |m| m.role == Role::DepartmentOfficer && m.department == department)?.actor();
    let handler = pick(members, chance, |m| m.role == Role::Handler && m.department == department)?;
    let by_phone = chance.one_in(350);
    let id = uuid::Builder::from_unix_timestamp_millis(
        u64::try_from(opened.millis()).unwrap_or_default(),
        &chance
            .draw()
            .to_le_bytes()
            .into_iter()
            .chain([0, 0])
            .collect::<Vec<u8>>()
            .try_into()
            .unwrap_or([0; 10]),
    )
    .into_uuid();
    let report = Report {
        source: if by_phone { Source::Hotline } else { Source::Collector },
        text: format!("{}问题，请处理。（示范案卷）", scene.name),
        place: scene.place,
        class: Some(scene.class.clone()),
        component: scene.component,
        evidence: Vec::new(),
        urgent: chance.one_in(30),
        consultation: false,
        wants_answer: false,
        attributes: BTreeMap::new(),
    };
    let found =
        config.catalogue.standard(&scene.class, 1, None).context("a class without a filing condition")?;
    let standard = Standard {
        class: scene.class,
        criterion: 1,
        criterion_text: found.criterion.filing.zh.clone(),
        closing_text: found.criterion.closing.zh.clone(),
        limit: found.limit,
        due: None,
    };
    let reporter = if by_phone { intake.clone() } else { collector.actor() };
    let empty = String::new;
    let mut at = opened.millis();
    let mut story: Vec<Scripted> = Vec::new();
    let mut step = |pause: i64, actor: &Actor, command: Command| {
        at += pause;
        story.push(Scripted { at: Timestamp(at), actor: actor.clone(), command });
    };
    // Most are in time, some are late.
    let work = allowed(found.limit) * chance.between(150, 1_120) / 1_000;
    let some = chance.between(3, 25) * MINUTE;
    step(
        0,
        &reporter,
        Command::Report {
            id: CaseId(id),
            number,
            report,
            procedure: HISTORY,
            parent: None,
            level: Level::City,
        },
    );
    step(some, &intake, Command::Accept { opinion: empty() });
    step(some, &leader, Command::File { standard, opinion: empty(), procedure: HISTORY });
    step(some, &dispatcher, Command::Dispatch { department, assisting: Vec::new(), opinion: empty() });
    step(some, &officer, Command::SignFor);
    step(some, &officer, Command::Assign { handler: handler.id, note: empty() });
    step(
        work,
        &handler.actor(),
        Command::Reply { text: "已处理完毕，现场已恢复。".into(), evidence: Vec::new() },
    );
    step(some, &dispatcher, Command::PassOn { opinion: empty() });
    step(some, &intake, Command::RequestVerification { collector: collector.id, note: empty() });
    step(
        2 * some,
        &collector.actor(),
        Command::AnswerVerification {
            outcome: VerifyOutcome::Passed,
            opinion: "现场核查，问题已解决。".into(),
            evidence: Vec::new(),
            at: None,
        },
    );
    step(some, &leader, Command::Close { opinion: empty() });
    // Some are stuck on the way; nobody has done yet what lies ahead.
    let lately = now.millis() - opened.millis() < STUCK_DAYS * 24 * HOUR;
    let stuck = if lately && chance.one_in(350) {
        usize::try_from(chance.between(1, 10)).unwrap_or(10)
    } else {
        usize::MAX
    };
    let told = story.into_iter().take(stuck).filter(|s| s.at <= now).collect();
    Ok(play(config, HISTORY, told)?)
}
