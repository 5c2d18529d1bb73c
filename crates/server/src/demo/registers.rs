//! A few dozen shops, signs, toilets and transfer stations of the demo city, at their real places with their real
//! names (OpenStreetMap); their permits, inspections and offences are made up and marked so.

use super::data::pois;
use super::setup::city_code;
use anyhow::Context;
use app::registers::{EntryIn, EntryView, HeldIn, InspectIn, ItemAnswerIn, OffenceIn};
use app::{App, AppError};
use jiff::civil::Date;
use kernel::{Actor, Millis};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SHOPS: usize = 48;
const BILLBOARDS: usize = 16;
const TOILETS: usize = 18;
/// Entries of one kind looked at: what lies outside the city's grids is left out.
const TRIED: usize = 400;

/// A place of interest, as in the demo's table.
pub struct Poi {
    pub class: String,
    pub lng: f64,
    pub lat: f64,
    pub name: String,
}

/// Makes the entries once, as soon as the packs are in force.
pub async fn seed(app: App, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        let Ok(config) = app.config(city_code()) else { continue };
        let there = ["shop", "billboard", "toilet"].iter().all(|id| config.packs.register(id).is_some());
        if there {
            break;
        }
    }
    if let Err(error) = seed_now(&app).await {
        tracing::warn!(error = format!("{error:#}"), "the demo's registers are not complete");
    }
}

async fn seed_now(app: &App) -> anyhow::Result<()> {
    let known = app.store().count_things(city_code()).await?;
    if known.iter().any(|count| count.register == "shop") {
        return Ok(());
    }
    let actor = Actor::system(city_code(), "demo_registers", 1);
    let pois = pois().context("osm_poi.csv.gz")?;
    let config = app.config(city_code())?;
    let today = config.calendar.local_date(app.now());
    let shops: Vec<&Poi> =
        of(&pois, &["shop", "restaurant", "cafe", "clothing_store", "hairdresser", "grocery"]);
    let mut made = 0;
    for (n, poi) in shops.iter().step_by(23).take(TRIED).enumerate() {
        if made == SHOPS {
            break;
        }
        let (kind, fumes) = match poi.class.as_str() {
            "restaurant" | "cafe" => ("food", true),
            "hairdresser" => ("service", false),
            _ => ("retail", false),
        };
        let fields =
            json!({ "street_address": poi.name, "open_fire": fumes, "frontage": 4.0 + (n % 9) as f64 });
        let mut documents = vec![held("licence", &format!("BL-{n:04}"), None)];
        if fumes {
            documents.push(held("food_permit", &format!("FP-{n:04}"), Some(days_from(today, expiry(n)))));
        }
        let Some(shop) = make(app, &actor, "shop", entry(poi, kind, fields, documents, n)).await? else {
            continue;
        };
        made += 1;
        visit(app, &actor, &shop, n).await?;
    }
    made = 0;
    for (n, poi) in shops.iter().skip(11).step_by(41).take(TRIED).enumerate() {
        if made == BILLBOARDS {
            break;
        }
        let kind = ["wall", "pole", "lightbox", "screen"][n % 4];
        let fields = json!({ "location": poi.name, "size": 6 + (n % 5) * 4, "content": "commercial" });
        let documents = vec![held("permit", &format!("AD-{n:04}"), Some(days_from(today, expiry(n))))];
        made += usize::from(
            make(app, &actor, "billboard", entry(poi, kind, fields, documents, n)).await?.is_some(),
        );
    }
    made = 0;
    for (n, poi) in of(&pois, &["toilets"]).iter().take(TRIED).enumerate() {
        if made == TOILETS {
            break;
        }
        let named = Poi { name: format!("Public toilet {}", n + 1), class: poi.class.clone(), ..**poi };
        let fields = json!({ "grade": "second", "hours": "06:00–22:00", "women": 4, "men": 4, "accessible": n % 3 != 0 });
        made += usize::from(
            make(app, &actor, "toilet", entry(&named, "detached", fields, Vec::new(), n)).await?.is_some(),
        );
    }
    tracing::info!("the demo's registers are filled");
    Ok(())
}

fn of<'a>(pois: &'a [Poi], classes: &[&str]) -> Vec<&'a Poi> {
    pois.iter()
        .filter(|poi| classes.contains(&poi.class.as_str()))
        .filter(|poi| poi.class == "toilets" || !poi.name.trim().is_empty())
        .collect()
}

/// Most permits run for months, some expire soon, every seventh has expired.
const fn expiry(n: usize) -> i64 {
    match n % 7 {
        0 => -20,
        3 => 12,
        other => 60 + 40 * other as i64,
    }
}

fn days_from(today: Date, days: i64) -> Date {
    jiff::Span::new().try_days(days).ok().and_then(|span| today.checked_add(span).ok()).unwrap_or(today)
}

fn held(document: &str, number: &str, expires_on: Option<Date>) -> HeldIn {
    HeldIn { document: document.into(), number: number.into(), issued_on: None, expires_on, file: None }
}

fn entry(poi: &Poi, kind: &str, fields: Value, documents: Vec<HeldIn>, n: usize) -> EntryIn {
    let fields: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    let name: String = poi.name.chars().take(100).collect();
    // The same every time, so that a seeding cut short is gone on with.
    let id =
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | hash(&poi.class, poi.lng, poi.lat, n));
    EntryIn {
        id,
        name,
        kind: kind.into(),
        place: format!("POINT({} {})", poi.lng, poi.lat),
        state: None,
        fields,
        documents,
        photos: Vec::new(),
        relations: BTreeMap::new(),
        made_up: true,
    }
}

fn hash(class: &str, lng: f64, lat: f64, n: usize) -> u128 {
    let text = format!("{class}/{lng:.6}/{lat:.6}/{n}");
    // FNV-1a, 56 bits of it.
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    u128::from(sum >> 8)
}

/// `None` for a place outside the city's grids.
async fn make(app: &App, actor: &Actor, register: &str, sent: EntryIn) -> anyhow::Result<Option<EntryView>> {
    match app.create_entry(actor, register, sent).await {
        Ok(view) => Ok(Some(view)),
        Err(AppError::Invalid(problems)) if problems.iter().all(|problem| problem.field == "place") => {
            Ok(None)
        }
        Err(other) => Err(other.into()),
    }
}

/// An inspection some weeks ago, and for some an offence since.
async fn visit(app: &App, actor: &Actor, shop: &EntryView, n: usize) -> anyhow::Result<()> {
    let ago = |days: i64| Some(app.now() - Millis::days(days));
    let items = ["clean", "no_outside", "plants", "sign_ok", "fire"];
    let failed = match n % 6 {
        1 => Some("clean"),
        4 => Some("no_outside"),
        _ => None,
    };
    let answers = items.iter().map(|item| ItemAnswerIn {
        item: (*item).into(),
        passed: Some(*item) != failed,
        note: String::new(),
        photos: Vec::new(),
    });
    let inspection = InspectIn {
        id: Uuid::now_v7(),
        plan: "monthly".into(),
        answers: answers.collect(),
        note: String::new(),
        record_offences: failed.is_some(),
        position: None,
        at: ago(3 + (n as i64 * 5) % 40),
    };
    app.inspect_entry(actor, "shop", &shop.code, inspection).await?;
    if n % 9 == 4 {
        let offence = OffenceIn {
            id: Uuid::now_v7(),
            offence: "fire_lane".into(),
            note: String::new(),
            photos: Vec::new(),
            case: None,
            at: ago(2),
        };
        app.record_offence(actor, "shop", &shop.code, offence).await?;
    }
    Ok(())
}
