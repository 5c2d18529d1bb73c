//! Components and shops, piece by piece: drawn on a thread of its own while the piece before is written.

use super::people::{department_name, department_of};
use super::{Made, PIECE, Say, city_code};
use anyhow::{Context, bail};
use app::App;
use app::ports::{COMPONENTS, PutThing, PutThings};
use city::codes::ComponentCode;
use city::component::{Accuracy, Body, Component, Place, State, credit_code_check};
use jiff::civil::{Date, date};
use kernel::{Cgcs2000, DepartmentId, Point};
use serde_json::json;
use spatial::shape::Vertex;
use spatial::town::{Placed, Spot};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// Pieces drawn ahead of what is written: some 20 MB.
const AHEAD: usize = 3;
/// The register of the front-gate pack.
const SHOP: &str = "shop";

/// Writes what is not there yet. Things stand in the store in the order in which they are drawn, so that their
/// count says how far an earlier run came.
pub async fn write(app: &App, made: &Arc<Made>, say: &mut Say) -> anyhow::Result<()> {
    let code = city_code();
    let (_, there) = app.store().things_head(code).await?;
    let skip = usize::try_from(there)?;
    let (send, mut pieces) = mpsc::channel::<Vec<PutThing>>(AHEAD);
    let drawing = {
        let made = made.clone();
        tokio::task::spawn_blocking(move || draw(&made, skip, &send))
    };
    let all = made.mix.total() as u64 + made.town.shops().count() as u64;
    let (started, mut done) = (Instant::now(), there);
    while let Some(puts) = pieces.recv().await {
        done += puts.len() as u64;
        let put = PutThings { city: code, by: None, at: app.now(), command: None, puts };
        app.store().put_things(put).await.context("could not write components")?;
        say.count("components and shops", done, all);
    }
    drawing.await??;
    if done > there {
        let rate = (done - there) as f64 / started.elapsed().as_secs_f64();
        say.line(&format!("{done} components and shops, {rate:.0} a second"));
    }
    number_on(app, made).await
}

/// Codes given from here on follow those that are used.
async fn number_on(app: &App, made: &Made) -> anyhow::Result<()> {
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    for placed in made.town.components(&made.mix) {
        let last = used.entry(format!("component:{}:{}", placed.division, placed.class.class)).or_default();
        *last = (*last).max(u64::from(placed.sequence));
    }
    for (code, _) in shop_codes(made) {
        let (street, number) = code.split_at(9);
        let number: u64 = number.trim_start_matches("MD").parse()?;
        let last = used.entry(format!("{SHOP}/{street}")).or_default();
        *last = (*last).max(number);
    }
    for (sequence, last) in used {
        app.store().raise_sequence(city_code(), &sequence, last).await?;
    }
    Ok(())
}

fn draw(made: &Made, skip: usize, send: &mpsc::Sender<Vec<PutThing>>) -> anyhow::Result<()> {
    let desk = Desk::new(made)?;
    let mut piece = Vec::with_capacity(PIECE);
    let components = made.town.components(&made.mix).skip(skip).map(|placed| desk.component(&placed));
    let before = skip.saturating_sub(made.mix.total());
    let shops = shop_codes(made).into_iter().skip(before).map(|(code, shop)| Ok(desk.shop(code, &shop)));
    for put in components.chain(shops) {
        piece.push(put?);
        if piece.len() == PIECE {
            // The other side went away: the store failed, which it says itself.
            if send.blocking_send(std::mem::replace(&mut piece, Vec::with_capacity(PIECE))).is_err() {
                return Ok(());
            }
        }
    }
    if !piece.is_empty() {
        let _ = send.blocking_send(piece);
    }
    Ok(())
}

fn shop_codes(made: &Made) -> Vec<(String, spatial::town::Shop<'_>)> {
    let mut next: HashMap<String, u32> = HashMap::new();
    let grids = &made.town.divided.grids;
    made.town
        .shops()
        .filter_map(|shop| {
            let street = grids.get(shop.grid)?.code.as_str().get(..9)?.to_owned();
            let number = next.entry(street.clone()).or_default();
            *number += 1;
            Some((format!("{street}MD{number:05}"), shop))
        })
        .collect()
}

/// What is the same for many components.
struct Desk<'a> {
    made: &'a Made,
    /// By class code: the body that answers for it, and the name.
    classes: HashMap<&'a str, (Body, String)>,
    street_names: HashMap<&'a str, &'a str>,
}

fn body(id: DepartmentId) -> Body {
    let first = format!("12370700MB{:07}", id.0);
    let check = credit_code_check(&first).unwrap_or('0');
    Body { code: format!("{first}{check}"), name: department_name(id).to_owned() }
}

impl<'a> Desk<'a> {
    fn new(made: &'a Made) -> anyhow::Result<Self> {
        let mut classes = HashMap::new();
        for row in &made.mix.rows {
            let entry = city::Catalogue::national_ref().get(&row.class).context("a class of the mix")?;
            let name = entry.name.zh.clone();
            classes.insert(row.class.code(), (body(department_of(&name)), name));
        }
        let street_names = made.divisions.iter().map(|d| (d.code.as_str(), d.name.as_str())).collect();
        Ok(Self { made, classes, street_names })
    }

    fn component(&self, placed: &Placed<'_>) -> anyhow::Result<PutThing> {
        let key = &placed.class.class;
        let Some((body, name)) = self.classes.get(key.code()) else { bail!("no class {key}") };
        let grid = &self.made.town.divided.grids[placed.grid].code;
        let named = |digits: usize| {
            let code = grid.as_str().get(..digits).unwrap_or_default();
            self.street_names.get(code).copied().unwrap_or_default().to_owned()
        };
        let code = ComponentCode::new(placed.division.parse()?, key.clone(), placed.sequence)
            .map_err(|problem| anyhow::anyhow!("{problem:?}"))?;
        let component = Component {
            code: code.clone(),
            name: name.clone(),
            supervisor: body.clone(),
            owner: Some(body.clone()),
            maintainer: (!placed.chance.is_multiple_of(5)).then(|| body.clone()),
            grid: grid.clone(),
            street_name: named(9),
            community_name: named(12),
            state: state(placed.chance),
            first_on: first_on(placed.chance),
            changed_on: None,
            source: "示范，绘制".to_owned(),
            note: String::new(),
            source_id: String::new(),
            place: place(&placed.spot).context("a place")?,
            accuracy: Accuracy::B,
            height_m: None,
            relations: Vec::new(),
            documents: Vec::new(),
            photos: Vec::new(),
            extra: BTreeMap::new(),
            confirmed: None,
            surveyed: None,
            version: 1,
        };
        Ok(PutThing {
            serial: None,
            register: COMPONENTS.to_owned(),
            code: code.to_string(),
            name: component.name.clone(),
            class: key.to_string(),
            expected_version: 0,
            removed: false,
            // Drawn, so nobody registered it: there is no fact to tell of.
            change: "[]".to_owned(),
            body: serde_json::to_string(&component)?,
        })
    }

    fn shop(&self, code: String, shop: &spatial::town::Shop<'_>) -> PutThing {
        let kind = match shop.trade.code {
            "restaurant" | "bakery" => "food",
            "convenience" | "clothing" | "produce" | "pharmacy" | "tobacco" | "hardware" | "electronics" => {
                "retail"
            }
            "hair" | "education" | "hotel" | "clinic" => "service",
            "car" => "repair",
            _ => "other",
        };
        let grid = &self.made.town.divided.grids[shop.grid].code;
        let state = match shop.chance % 100 {
            0..=1 => "closed",
            2..=3 => "renovating",
            _ => "open",
        };
        let place = point(shop.at).map(Place::Point).map(|p| p.to_string()).unwrap_or_default();
        let body = json!({
            "place": place, "grid": grid, "state": state, "flags": 0, "created_at": 0, "state_since": 0,
            "fields": {
                "street_address": shop.address, "manager": shop.owner,
                "frontage": 3 + shop.area_m2 / 12, "signed_on": first_on(shop.chance),
                "open_fire": shop.trade.code == "restaurant",
            },
            "made_up": true,
        });
        PutThing {
            serial: None,
            register: SHOP.to_owned(),
            code,
            name: shop.name.clone(),
            class: kind.to_owned(),
            expected_version: 0,
            removed: false,
            change: json!({ "what": "created" }).to_string(),
            body: body.to_string(),
        }
    }
}

/// Two in a hundred are not as they should be.
fn state(chance: u64) -> State {
    match chance % 1_000 {
        0..=14 => State::Damaged,
        15..=18 => State::Lost,
        19..=20 => State::Abandoned,
        _ => State::Intact,
    }
}

/// A day in the years of the surveys.
fn first_on(chance: u64) -> Date {
    let days = i32::try_from(chance / 1_000 % 2_000).unwrap_or_default();
    date(2020, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap_or(date(2020, 1, 1))
}

fn point(v: Vertex) -> Option<Point<Cgcs2000>> {
    v.point()
}

fn place(spot: &Spot) -> Option<Place> {
    Some(match spot {
        Spot::Point(v) => Place::Point(point(*v)?),
        Spot::Line([a, b]) => Place::Line(vec![point(*a)?, point(*b)?]),
        Spot::Area(ring) => {
            let ring: Option<Vec<_>> = ring.iter().chain(ring.first()).map(|v| point(*v)).collect();
            Place::Polygon(vec![ring?])
        }
    })
}
