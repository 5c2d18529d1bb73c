//! From a position to its address.

use super::Kind;
use super::find::name_of;
use super::ground::{self, Spot};
use super::store::{Record, Slot, Store};
use super::words;
use kernel::Timestamp;
use serde::Serialize;

/// Metres within which a street, a door and a landmark are named.
const STREET_M: f64 = 150.0;
const DOOR_M: f64 = 80.0;
const POI_M: f64 = 250.0;
/// A door so near is the address itself.
const AT_DOOR_M: f64 = 25.0;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearPlace {
    pub id: String,
    pub name_zh: String,
    pub name_en: String,
    pub distance_m: f64,
    /// Where the position lies seen from this place: `n`, `ne` …; `None` at the place itself.
    pub direction: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NearDoor {
    pub id: String,
    pub number: String,
    pub distance_m: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Address {
    /// Divisions from the largest to the smallest known.
    pub regions: Vec<NearPlace>,
    /// Code of the smallest division.
    pub area: String,
    pub zone: Option<NearPlace>,
    pub grid: Option<NearPlace>,
    pub street: Option<NearPlace>,
    pub door: Option<NearDoor>,
    pub poi: Option<NearPlace>,
    pub label_zh: String,
    pub label_en: String,
}

#[derive(Clone, Copy)]
struct Nearest {
    slot: Slot,
    distance: f64,
}

fn nearer(best: &mut Option<Nearest>, slot: Slot, distance: f64, most: f64) {
    if distance <= most && best.is_none_or(|b| (distance, slot) < (b.distance, b.slot)) {
        *best = Some(Nearest { slot, distance });
    }
}

/// `known` is the division the position lies in, when the caller knows it better than the entries do.
pub fn address(store: &Store, spot: Spot, on: Option<Timestamp>, known: Option<&str>) -> Address {
    let (mut street, mut door, mut poi): (Option<Nearest>, Option<Nearest>, Option<Nearest>) =
        (None, None, None);
    let (mut zone, mut grid, mut region): (Option<Slot>, Option<Slot>, Option<Slot>) = (None, None, None);
    let mut seen_streets: Vec<Slot> = Vec::new();
    store.ground.outwards(
        spot,
        |slot| {
            let Some(record) = store.record(slot).filter(|r| store.valid(r, on)) else { return POI_M };
            match record.kind {
                Kind::Street => {
                    if !seen_streets.contains(&slot) {
                        seen_streets.push(slot);
                        if let Some(foot) = ground::foot(store.street_lines(record), spot) {
                            nearer(&mut street, slot, foot.distance, STREET_M);
                        }
                    }
                }
                Kind::Door => nearer(&mut door, slot, record.at.distance(spot), DOOR_M),
                // A well-known landmark may be a little farther than a kiosk.
                Kind::Poi => {
                    let distance = record.at.distance(spot);
                    let handicap = distance * (1.5 - f64::from(record.weight) / 255.0);
                    if distance <= POI_M {
                        nearer(&mut poi, slot, handicap, f64::INFINITY);
                    }
                }
                Kind::Region | Kind::Zone | Kind::Component | Kind::Grid => {}
            }
            POI_M
        },
        POI_M,
    );
    for slot in store.ground.here(spot) {
        let Some(record) = store.record(slot).filter(|r| store.valid(r, on)) else { continue };
        let Some(form) = store.form(record).filter(|f| f.is_area) else { continue };
        let place = match record.kind {
            Kind::Zone => &mut zone,
            Kind::Grid => &mut grid,
            Kind::Region => &mut region,
            _ => continue,
        };
        // Of divisions one within the other, the one with the longest code.
        let smaller = place
            .and_then(|p| store.record(p))
            .is_none_or(|p| store.area(p).len() < store.area(record).len());
        if smaller && ground::contains(store.lines(form), spot) {
            *place = Some(slot);
        }
    }
    let record = |slot: Slot| store.record(slot);
    let mut area_from = vec![region, grid];
    area_from.extend([door.map(|d| d.slot), street.map(|s| s.slot), poi.map(|p| p.slot)]);
    let found =
        area_from.into_iter().flatten().filter_map(record).map(|r| store.area(r)).find(|a| !a.is_empty());
    let area = known.or(found).unwrap_or("");
    let regions: Vec<&Record> = chain(store, area);

    // The street of the door at which the position lies, else the nearest street and a number on it.
    let same_street = |door: &Record, street: &Record| {
        (door.zh == street.zh && !store.names.text(door.zh).is_empty())
            || key(store, door).is_some_and(|k| Some(k) == key(store, street))
    };
    let near_door = door.and_then(|d| record(d.slot).map(|r| (d, r)));
    let near_street = street.and_then(|s| record(s.slot).map(|r| (s, r)));
    let (door, street) = match (near_door, near_street) {
        (Some((d, dr)), Some((s, sr)))
            if d.distance <= AT_DOOR_M || same_street(dr, sr) || s.distance > d.distance =>
        {
            (Some((d, dr)), if same_street(dr, sr) { Some((s, sr)) } else { None })
        }
        (_, Some((s, sr))) => (nearest_number(store, sr, spot, on), Some((s, sr))),
        (door, None) => (door, None),
    };
    let poi = poi
        .and_then(|p| record(p.slot).map(|r| (Nearest { slot: p.slot, distance: r.at.distance(spot) }, r)));
    let near = |slot: Slot, r: &Record, distance: f64| {
        let (name_zh, name_en) = name_of(store, r);
        let direction = direction(r.at, spot, distance);
        NearPlace {
            id: store.ids.get(slot).to_owned(),
            name_zh,
            name_en,
            distance_m: distance.round(),
            direction,
        }
    };
    let inside = |slot: Option<Slot>| {
        slot.and_then(|s| record(s).map(|r| NearPlace { direction: None, ..near(s, r, 0.0) }))
    };
    let mut out = Address {
        regions: regions
            .iter()
            .filter_map(|r| {
                Some(NearPlace {
                    direction: None,
                    ..near(*store.regions.get(&words::text_hash(store.area(r)))?, r, 0.0)
                })
            })
            .collect(),
        area: area.to_owned(),
        zone: inside(zone),
        grid: inside(grid),
        street: match (street, door) {
            (Some((s, r)), _) => Some(NearPlace { direction: None, ..near(s.slot, r, s.distance) }),
            (None, Some((d, r))) => Some(NearPlace { direction: None, ..near(d.slot, r, d.distance) }),
            (None, None) => None,
        },
        door: door.map(|(d, r)| NearDoor {
            id: store.ids.get(d.slot).to_owned(),
            number: store.door_text(r),
            distance_m: d.distance.round(),
        }),
        poi: poi.map(|(p, r)| near(p.slot, r, p.distance)),
        ..Address::default()
    };
    word(&mut out);
    out
}

fn key(store: &Store, record: &Record) -> Option<u64> {
    let text = [record.zh, record.en].into_iter().map(|n| store.names.text(n)).find(|t| !t.is_empty())?;
    Some(words::name_key(&words::units(text)))
}

/// The nearest known number of a street.
fn nearest_number<'a>(
    store: &'a Store,
    street: &Record,
    spot: Spot,
    on: Option<Timestamp>,
) -> Option<(Nearest, &'a Record)> {
    let mut best: Option<Nearest> = None;
    for name in [street.zh, street.en] {
        let text = store.names.text(name);
        if text.is_empty() {
            continue;
        }
        for (_, slot) in store.doors.of(words::name_key(&words::units(text))) {
            if let Some(record) = store.record(*slot).filter(|r| store.valid(r, on)) {
                nearer(&mut best, *slot, record.at.distance(spot), 2.0 * STREET_M);
            }
        }
    }
    best.and_then(|b| store.record(b.slot).map(|r| (b, r)))
}

/// Regions that hold a division code, the largest first.
pub fn chain<'a>(store: &'a Store, code: &str) -> Vec<&'a Record> {
    let stem = |len: usize| code.get(..len).map(|c| format!("{c:0<6}"));
    let codes =
        [stem(2), stem(4), stem(6), code.get(..9).map(str::to_owned), code.get(..12).map(str::to_owned)];
    let mut out: Vec<&Record> = Vec::new();
    for code in codes.into_iter().flatten() {
        let found = store.regions.get(&words::text_hash(&code)).and_then(|slot| store.record(*slot));
        if let Some(record) = found.filter(|r| !out.iter().any(|o| o.area == r.area)) {
            out.push(record);
        }
    }
    out
}

/// Puts the district before (Chinese) or behind (English) a label.
pub fn with_district(store: &Store, record: &Record, zh: String, en: String) -> (String, String) {
    if record.kind == Kind::Region {
        return (zh, en);
    }
    let chain = chain(store, store.area(record));
    match chain.iter().rfind(|r| store.area(r).len() <= 6) {
        Some(district) => {
            let (district_zh, district_en) = name_of(store, district);
            (format!("{district_zh}{zh}"), format!("{en}, {district_en}"))
        }
        None => (zh, en),
    }
}

const DIRECTIONS: [(&str, &str); 8] = [
    ("n", "北"),
    ("ne", "东北"),
    ("e", "东"),
    ("se", "东南"),
    ("s", "南"),
    ("sw", "西南"),
    ("w", "西"),
    ("nw", "西北"),
];

fn direction(from: Spot, to: Spot, distance: f64) -> Option<&'static str> {
    if distance < 10.0 {
        return None;
    }
    let (east, north) = to.metres_from(from);
    let eighth = (east.atan2(north) / std::f64::consts::FRAC_PI_4).round().rem_euclid(8.0);
    DIRECTIONS.get(eighth as usize).map(|d| d.0)
}

fn word(address: &mut Address) {
    let districts = address.regions.iter().rev().take(2).rev();
    let zh_regions: String = districts.clone().map(|r| r.name_zh.as_str()).collect();
    let mut zh = zh_regions.clone();
    let mut en = String::new();
    if let Some(street) = &address.street {
        match &address.door {
            Some(door) => {
                let near = door.distance_m > AT_DOOR_M;
                if street.name_zh.is_ascii() {
                    zh.push_str(&format!("{} {}", door.number, street.name_zh));
                } else {
                    zh.push_str(&format!("{}{}号", street.name_zh, door.number));
                }
                zh.push_str(if near { "附近" } else { "" });
                en = format!("{}{} {}", if near { "near " } else { "" }, door.number, street.name_en);
            }
            None => {
                zh.push_str(&street.name_zh);
                en.push_str(&street.name_en);
            }
        }
    }
    if let Some(poi) = &address.poi {
        let words = poi.direction.and_then(|d| DIRECTIONS.iter().find(|x| x.0 == d));
        let (poi_zh, poi_en) = match words {
            Some((short, long)) => (
                format!("{}{}{}米", poi.name_zh, long, poi.distance_m),
                format!("{} m {} of {}", poi.distance_m, short.to_uppercase(), poi.name_en),
            ),
            None => (poi.name_zh.clone(), poi.name_en.clone()),
        };
        if address.street.is_some() {
            zh.push_str(&format!("（{poi_zh}）"));
            en.push_str(&format!(" ({poi_en})"));
        } else {
            zh.push_str(&poi_zh);
            en.push_str(&poi_en);
        }
    }
    let tail: Vec<&str> = districts.rev().map(|r| r.name_en.as_str()).collect();
    if !tail.is_empty() {
        let join = if en.is_empty() { "" } else { ", " };
        en = format!("{en}{join}{}", tail.join(", "));
    }
    address.label_zh = zh;
    address.label_en = en;
}
