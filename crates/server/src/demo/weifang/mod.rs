//! The second demo: Weifang with its real divisions, codes and names, and a drawn geometry. A city of full size:
//! 20,936 unit grids, 960,000 components, 25,717 shops. The same seed makes the same city.
//!
//! It is made before the server answers, in minutes; what an interrupted run left is gone on with.

mod cases;
mod map;
mod people;
mod things;

use anyhow::{Context, anyhow, bail};
use app::grids::areas::whole_m2;
use app::places::{AddressIn, AddressRow};
use app::ports::{GridChange, PutRecord, things::THINGS_PER_WRITE_MAX};
use app::{App, DemoAccount};
use city::Catalogue;
use kernel::{CityCode, GridCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spatial::shape::Shape;
use spatial::town::{Anchor, Mix, Named, Plan, Town, urban};
use spatial::wkt;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The seed of the city everybody sees.
pub const SEED: u64 = 370_700;
const DIVISIONS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/weifang/divisions.csv"));
const MIX: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/weifang/class_mix.csv"));
/// The central districts that are drawn, and where each lies.
const DISTRICTS: [(&str, f64, f64); 4] =
    [("370702", -0.8, -0.1), ("370703", 0.3, 1.0), ("370704", 0.35, -1.0), ("370705", 0.55, 0.05)];
/// The middle of the drawn city.
const MIDDLE: (f64, f64) = (119.13, 36.71);
const KIND: &str = "demo";
const KEY: &str = "weifang";

/// What was begun, kept beside the city's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    seed: u64,
    /// A share of the components and shops in a thousand, for tests.
    permille: u32,
    done: bool,
}

/// # Panics
/// Never: six digits.
#[must_use]
pub fn city_code() -> CityCode {
    CityCode::new(370_700).expect("six digits")
}

/// The accounts shown on the log-in page.
///
/// # Errors
/// When the tables in the binary do not fit together.
pub fn accounts() -> anyhow::Result<Vec<DemoAccount>> {
    Ok(people::accounts())
}

/// The drawn city and the tables it is made of.
struct Made {
    divisions: Vec<Named>,
    town: Town,
    mix: Mix,
}

fn draw(seed: u64, permille: u32) -> anyhow::Result<Made> {
    let mut divisions = Vec::new();
    for line in DIVISIONS.lines().skip(1) {
        let (code, name) = line.split_once(',').context("a line of the divisions")?;
        divisions.push(Named { code: code.parse()?, name: name.to_owned() });
    }
    let share = f64::from(permille) / 1_000.0;
    let count = |whole: u32| (f64::from(whole) * share).round() as usize;
    let mut anchors = Vec::new();
    for (county, east, north) in DISTRICTS {
        anchors.push(Anchor { county: county.parse()?, east, north });
    }
    let counties: Vec<GridCode> = anchors.iter().map(|a| a.county.clone()).collect();
    let plan = Plan {
        seed,
        middle: MIDDLE,
        area_m2: 209_000_000.0,
        grids: 20_936,
        patrol_grids: 351,
        supervision_grids: 53,
        shops: count(25_717),
        anchors,
    };
    let digits =
        |n: usize| divisions.iter().filter(move |d| d.code.as_str().len() == n).cloned().collect::<Vec<_>>();
    let town = Town::draw(&urban(&digits(12), &counties), &digits(9), &plan)?;
    let mix = Mix::from_csv(MIX, Catalogue::national_ref())?;
    let mix = if permille < 1_000 { mix.scaled(share) } else { mix };
    Ok(Made { divisions, town, mix })
}

/// Makes the city in the store, or goes on making it; says how far it is. Does nothing when it is there.
///
/// # Errors
/// When the store holds another city, or a city of another seed.
pub async fn make(app: &App, seed: u64, permille: u32, data_dir: &Path) -> anyhow::Result<()> {
    if app.cities().iter().any(|city| *city != city_code()) {
        bail!("the store holds another city: the demo needs a data directory of its own (--data DIR)");
    }
    let known = begun(app).await?;
    match known {
        Some((Begun { done: true, .. }, _)) => return Ok(()),
        Some((before, _)) if (before.seed, before.permille) != (seed, permille) => {
            bail!(
                "the store holds an unfinished city of seed {}: use that seed, or another data directory",
                before.seed
            )
        }
        None if !app.cities().is_empty() => {
            bail!("the store holds a real city: the demo needs a data directory of its own (--data DIR)")
        }
        _ => {}
    }
    let started = Instant::now();
    let mut say = Say { started, terminal: std::io::stderr().is_terminal() };
    say.line("drawing the city");
    let made = Arc::new(tokio::task::spawn_blocking(move || draw(seed, permille)).await??);
    let (drawn, maps) = (made.clone(), data_dir.join("basemap"));
    tokio::task::spawn_blocking(move || map::write(&drawn, &maps)).await??;
    if known.is_none() {
        say.line("divisions, departments, people, rules");
        let mut puts = people::records(&made)?;
        let begun = Begun { seed, permille, done: false };
        puts.push(record(KIND, KEY, &begun)?);
        app.put_checked(city_code(), None, puts).await.map_err(|e| anyhow!("the city was refused: {e:?}"))?;
        app.set_same_password(city_code(), &people::numbers(&made), super::setup::PASSWORD).await?;
    }
    publish_grids(app, &made, &mut say).await?;
    things::write(app, &made, &mut say).await?;
    app.catch_up_things(&*app.city(city_code())?).await?;
    addresses(app, &made, &mut say).await?;
    cases::write(app, &made, seed, permille, &mut say).await?;
    let (_, version) = begun(app).await?.context("the mark of the demo city is gone")?;
    let value = serde_json::to_value(Begun { seed, permille, done: true })?;
    let done =
        PutRecord { kind: KIND.into(), key: KEY.into(), expected_version: version, value: Some(value) };
    app.store().put_records(city_code(), None, app.now(), vec![done]).await?;
    app.open_city(city_code()).await?;
    say.line("the city is ready");
    Ok(())
}

async fn begun(app: &App) -> anyhow::Result<Option<(Begun, u32)>> {
    let records = app.store().records(city_code(), KIND).await?;
    let found = records.into_iter().find(|record| record.key == KEY);
    let Some((version, value)) = found.and_then(|record| Some((record.version, record.value?))) else {
        return Ok(None);
    };
    Ok(Some((serde_json::from_value(value).context("the mark of the demo city cannot be read")?, version)))
}

fn record(kind: &str, key: impl Into<String>, value: &impl Serialize) -> anyhow::Result<PutRecord> {
    let value = Some(serde_json::to_value(value)?);
    Ok(PutRecord { kind: kind.to_owned(), key: key.into(), expected_version: 0, value })
}

/// Progress: one line that is written over on a terminal, a line in the log elsewhere.
struct Say {
    started: Instant,
    terminal: bool,
}

impl Say {
    fn line(&mut self, text: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.terminal {
            eprintln!("\r\x1b[Kweifang {seconds:6.1} s  {text}");
        } else {
            tracing::info!(seconds = (seconds * 10.0).round() / 10.0, "weifang: {text}");
        }
    }

    fn count(&mut self, what: &str, done: u64, of: u64) {
        if self.terminal {
            let seconds = self.started.elapsed().as_secs_f64();
            eprint!("\r\x1b[Kweifang {seconds:6.1} s  {what}: {done} of {of}");
        } else if done.is_multiple_of(100_000) || done == of {
            self.line(&format!("{what}: {done} of {of}"));
        }
    }
}

async fn publish_grids(app: &App, made: &Made, say: &mut Say) -> anyhow::Result<()> {
    let code = city_code();
    if !app.store().grid_editions(code).await?.is_empty() {
        return Ok(());
    }
    let today = today(app)?;
    let put = |code: &GridCode, shape: &Shape| {
        let body = json!({ "area_m2": whole_m2(shape), "since_on": today, "remark": "示范，绘制" });
        GridChange::Put { code: code.clone(), body: body.to_string(), shape: wkt::write(shape) }
    };
    let grids = made.town.divided.grids.iter().map(|grid| put(&grid.code, &grid.shape));
    // With the borders of the communities gaps can be looked for.
    let communities = made.town.communities.iter().zip(&made.town.divided.outlines);
    let changes = grids.chain(communities.map(|(community, outline)| put(&community.code, outline)));
    let edition = app
        .store()
        .publish_grids(code, 0, today, None, app.now(), "示范城市首版（程序绘制）", changes.collect())
        .await
        .context("could not publish the grids")?;
    app.open_city(code).await?;
    say.line(&format!("{} unit grids published", edition.grids));
    Ok(())
}

fn today(app: &App) -> anyhow::Result<jiff::civil::Date> {
    let zone = jiff::tz::TimeZone::get("Asia/Shanghai").context("the time zone of the city")?;
    Ok(jiff::Timestamp::from_millisecond(app.now().millis())?.to_zoned(zone).date())
}

/// Streets with their lines, doors of the shops, offices of the communities and streets.
async fn addresses(app: &App, made: &Arc<Made>, say: &mut Say) -> anyhow::Result<()> {
    const LAST: &str = "poi.square";
    let code = city_code();
    if app.store().address(code, LAST).await?.is_none() {
        let made = made.clone();
        let rows = tokio::task::spawn_blocking(move || address_rows(&made, LAST)).await?;
        let put = app.put_addresses_bulk(code, None, rows).await?;
        if let Some(fault) = put.faults.first() {
            bail!("{} addresses were refused, first {fault:?}", put.faults.len());
        }
        say.line(&format!("{} addresses", put.written));
    }
    app.catch_up_places(&*app.city(code)?).await?;
    Ok(())
}

fn address_rows(made: &Made, last: &str) -> Vec<AddressIn> {
    let town = &made.town;
    let row = |kind: &str, name: &str, place: String, weight| AddressRow {
        kind: kind.to_owned(),
        name_zh: name.to_owned(),
        name_en: String::new(),
        aliases: Vec::new(),
        door: None,
        area: String::new(),
        place,
        weight,
        source: "示范，绘制".to_owned(),
        valid_from: None,
        valid_until: None,
    };
    let point = |v: spatial::shape::Vertex| format!("POINT({} {})", v.lng(), v.lat());
    let area = |v: spatial::shape::Vertex| {
        let grid = town.grid_at(v).and_then(|at| town.divided.grids.get(at));
        grid.and_then(|grid| grid.code.as_str().get(..9)).unwrap_or_default().to_owned()
    };
    let mut rows = Vec::new();
    let mut by_name: std::collections::BTreeMap<&str, Vec<&spatial::town::Street>> =
        std::collections::BTreeMap::new();
    for street in &town.streets {
        by_name.entry(&street.name).or_default().push(street);
    }
    for (number, (name, pieces)) in by_name.into_iter().enumerate() {
        let lines: Vec<String> = pieces
            .iter()
            .map(|street| {
                let line: Vec<String> =
                    street.line.iter().map(|v| format!("{} {}", v.lng(), v.lat())).collect();
                format!("({})", line.join(", "))
            })
            .collect();
        let main = pieces.iter().any(|street| street.class == spatial::town::StreetClass::Arterial);
        let street = row(
            "street",
            name,
            format!("MULTILINESTRING({})", lines.join(", ")),
            if main { 160 } else { 100 },
        );
        rows.push(AddressIn { id: format!("street.{}", number + 1), row: Some(street) });
    }
    let mut seen = std::collections::HashSet::new();
    for shop in town.shops() {
        if !seen.insert(shop.address.clone()) {
            continue;
        }
        let number = shop.address.trim_start_matches(shop.street_name).trim_end_matches('号').to_owned();
        let door = row("door", shop.street_name, point(shop.at), 100);
        let door = AddressRow { door: Some(number), area: area(shop.at), ..door };
        rows.push(AddressIn { id: format!("door.{}", seen.len()), row: Some(door) });
    }
    let offices = town.communities.iter().zip(&town.divided.outlines);
    for (community, outline) in offices {
        let Some(at) = outline.inner_point() else { continue };
        let office = row("poi", &community.name, point(at), 140);
        let office = AddressRow { area: community.code.to_string(), ..office };
        rows.push(AddressIn { id: format!("poi.{}", community.code), row: Some(office) });
    }
    if let Some(middle) = spatial::shape::Vertex::from_degrees(MIDDLE.0, MIDDLE.1) {
        let square = AddressRow { area: area(middle), ..row("poi", "人民广场", point(middle), 255) };
        rows.push(AddressIn { id: last.to_owned(), row: Some(square) });
    }
    rows
}

/// Things of one write.
const PIECE: usize = THINGS_PER_WRITE_MAX;
