//! Real inventories through the ordinary importer: 401,621 trees, parking meters and pieces of street furniture of
//! Portland, Vancouver and Hong Kong, into unit grids drawn for the purpose. Then the same files again.

use crate::city::{self, Wall};
use crate::server::{Measured, measured};
use crate::{Figures, Place};
use ::city::component::Component;
use anyhow::{Context, bail};
use app::ports::{COMPONENTS, PutRecord, ThingQuery, ThingStore as _, TimeSource as _};
use flate2::read::GzDecoder;
use kernel::{CityCode, GridCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use store::Store;

/// Side of a drawn grid in degrees; about 500 m.
const SIDE: f64 = 0.005;
/// Grids of a community, and communities of a street, as their codes have room for.
const GRIDS_MAX: usize = 999;
const COMMUNITIES_MAX: usize = 99;
/// A made body with a valid credit code.
const CREDIT: &str = "91330100799655058B";
/// A city extension for what the national table has no class for.
const OTHER: &str = "2026-component-01999";

struct Inventory {
    file: &'static str,
    name: &'static str,
    county: u32,
    /// Column of the class and its words.
    kind: &'static str,
    words: &'static [(&'static str, &'static str)],
    named: &'static str,
    first_on: Option<&'static str>,
}

const INVENTORIES: [Inventory; 3] = [
    Inventory {
        file: "portland_street_trees.csv.gz",
        name: "portland",
        county: 990_501,
        kind: "type",
        words: &[("street_tree", "2026-component-04002")],
        named: "subtype",
        first_on: None,
    },
    Inventory {
        file: "vancouver_street_assets.csv.gz",
        name: "vancouver",
        county: 990_502,
        kind: "type",
        words: &[("street_tree", "2026-component-04002"), ("parking_meter", "2026-component-02003")],
        named: "subtype",
        first_on: Some("installed"),
    },
    Inventory {
        file: "hongkong_osm_poi_furniture.csv.gz",
        name: "hongkong",
        county: 990_503,
        kind: "subclass",
        words: &[
            ("bus_stop", "2026-component-02004"),
            ("toilets", "2026-component-03002"),
            ("waste_basket", "2026-component-03005"),
            ("post_box", "2026-component-01042"),
            ("shelter", "2026-component-01052"),
            ("bollard", "2026-component-02021"),
        ],
        named: "name",
        first_on: None,
    },
];

fn code() -> CityCode {
    CityCode::new(990_500).expect("six digits")
}

pub async fn run(place: &Place, assets: &Path) -> anyhow::Result<Figures> {
    let data = place.folder.join("import");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::create_dir_all(&data)?;
    let mut figures = Figures::default();
    let mut files = Vec::new();
    let mut cells = Vec::new();
    for inventory in &INVENTORIES {
        let (file, found) = unpacked(assets, &data, inventory)?;
        files.push(file);
        cells.push(found);
    }
    let grids = make_city(&data, &cells).await?;
    figures.put("grids", grids as f64);
    let (mut rows, mut seconds, mut peak, mut wrong) = (0u64, 0.0, 0.0f64, 0u64);
    for (inventory, file) in INVENTORIES.iter().zip(&files) {
        let first = bring_in(place, &data, inventory, file)?;
        eprintln!("  {}: {first:?}", inventory.name);
        rows += first.rows;
        seconds += first.seconds;
        peak = peak.max(first.peak_mb);
        wrong += first.wrong;
        figures.put(&format!("{}_rows_per_s", inventory.name), first.rows as f64 / first.seconds);
    }
    figures.put("rows", rows as f64);
    figures.put("wrong_rows", wrong as f64);
    figures.put("rows_per_s", rows as f64 / seconds);
    figures.put("peak_mb", peak);
    let (components, outside) = proved(&data).await?;
    figures.put("components", components as f64);
    figures.put("not_in_exactly_one_grid", outside as f64);
    if components as u64 + wrong != rows || outside > 0 {
        bail!("{components} components of {rows} rows with {wrong} wrong ones, {outside} outside their grid");
    }
    let (mut unchanged, mut again_seconds) = (0, 0.0);
    for (inventory, file) in INVENTORIES.iter().zip(&files) {
        let again = bring_in(place, &data, inventory, file)?;
        unchanged += again.unchanged;
        again_seconds += again.seconds;
    }
    figures.put("unchanged_again", unchanged as f64);
    figures.put("again_rows_per_s", rows as f64 / again_seconds);
    if unchanged + wrong != rows {
        bail!("the same files again left {unchanged} of {rows} rows unchanged");
    }
    Ok(figures)
}

/// The table as CSV, and the cells of the drawn grid its points lie in.
fn unpacked(
    assets: &Path,
    data: &Path,
    inventory: &Inventory,
) -> anyhow::Result<(PathBuf, BTreeSet<(i32, i32)>)> {
    let packed = assets.join(inventory.file);
    let packed = File::open(&packed)
        .with_context(|| format!("{} is missing: name the folder with --assets", packed.display()))?;
    let path = data.join(format!("{}.csv", inventory.name));
    let mut out = std::io::BufWriter::new(File::create(&path)?);
    let mut cells = BTreeSet::new();
    let mut columns: Vec<String> = Vec::new();
    for line in BufReader::new(GzDecoder::new(packed)).lines() {
        let line = line?;
        writeln!(out, "{line}")?;
        // Longitude and latitude come before every column that may be quoted, but for the subtype.
        if columns.is_empty() {
            columns = line.split(',').map(str::to_owned).collect();
            continue;
        }
        let numbers: Vec<f64> = line.split(',').filter_map(|cell| cell.parse().ok()).collect();
        let pair = numbers.windows(2).find(|pair| pair[0].abs() > 90.0 && pair[1].abs() <= 90.0);
        if let Some([lng, lat]) = pair {
            #[allow(clippy::cast_possible_truncation)] // degrees over a hundredth
            cells.insert(((lng / SIDE).floor() as i32, (lat / SIDE).floor() as i32));
        }
    }
    out.flush()?;
    Ok((path, cells))
}

fn record(kind: &str, key: impl ToString, value: Value) -> PutRecord {
    PutRecord { kind: kind.to_owned(), key: key.to_string(), expected_version: 0, value: Some(value) }
}

/// A city whose unit grids are the cells that have a point.
async fn make_city(data: &Path, cells: &[BTreeSet<(i32, i32)>]) -> anyhow::Result<usize> {
    let both = |text: &str| json!({ "zh": text, "en": text });
    let mut records = vec![
        record(
            "settings",
            "city",
            json!({ "name": both("Inventories"), "lng": -122.65, "lat": 45.53, "zoom": 10.0,
                "bounds": [-180.0, -80.0, 180.0, 80.0], "edition": "2026", "default_language": "en" }),
        ),
        record("procedures", 1, serde_json::to_value(case::Procedure::standard(1))?),
        record(
            "classes",
            OTHER,
            json!({ "key": OTHER, "major_name": both("Municipal public utilities"), "name": both("Other things"),
                "geometry": "point", "extension": true }),
        ),
        record("divisions", "990500", json!({ "code": "990500", "name": both("Inventories") })),
    ];
    let mut table = String::from("code,community_code,west,south,east,north\n");
    let mut divisions: BTreeMap<String, String> = BTreeMap::new();
    let mut count = 0;
    for (inventory, cells) in INVENTORIES.iter().zip(cells) {
        let county = inventory.county.to_string();
        divisions.insert(county.clone(), "990500".to_owned());
        for (at, (x, y)) in cells.iter().enumerate() {
            let (community, unit) = (at / GRIDS_MAX, at % GRIDS_MAX + 1);
            let street = format!("{county}{:03}", community / COMMUNITIES_MAX + 1);
            let community = format!("{street}{:03}", community % COMMUNITIES_MAX + 1);
            divisions.insert(street.clone(), county.clone());
            divisions.insert(community.clone(), street);
            let (west, south) = (f64::from(*x) * SIDE, f64::from(*y) * SIDE);
            let (east, north) = (f64::from(x + 1) * SIDE, f64::from(y + 1) * SIDE);
            table.push_str(&format!("{community}{unit:03},{community},{west},{south},{east},{north}\n"));
            count += 1;
        }
    }
    for (code, parent) in divisions {
        records.push(record(
            "divisions",
            &code,
            json!({ "code": code, "parent": parent, "name": both(&code) }),
        ));
    }
    records.push(record("unit_grids", "all", json!(table)));
    let store = Store::open(&city::database(data)).await?;
    let app = city::open(store.clone()).await?;
    app.put_checked(code(), None, records).await.map_err(city::told)?;
    drop(app);
    store.close().await?;
    Ok(count)
}

#[derive(Debug)]
struct Done {
    rows: u64,
    unchanged: u64,
    wrong: u64,
    seconds: f64,
    peak_mb: f64,
}

fn bring_in(place: &Place, data: &Path, inventory: &Inventory, file: &Path) -> anyhow::Result<Done> {
    let words: BTreeMap<&str, &str> = inventory.words.iter().copied().collect();
    let mut fields = json!({
        "source_id": { "column": "asset_id" },
        "class": { "column": inventory.kind, "values": words, "otherwise": OTHER },
        "name": { "column": inventory.named },
        "supervisor_code": { "otherwise": CREDIT },
        "supervisor_name": { "otherwise": "Parks and streets" },
        "source": { "otherwise": inventory.name },
    });
    if let Some(column) = inventory.first_on {
        fields["first_on"] = json!({ "column": column });
    }
    let mapping = json!({ "target": { "to": "components" }, "crs": "wgs84",
        "shape": { "from": "xy", "x": "lon", "y": "lat" }, "fields": fields, "mode": "best_effort" });
    let path = data.join(format!("{}.json", inventory.name));
    std::fs::write(&path, mapping.to_string())?;
    let faults = data.join(format!("{}-faults.csv", inventory.name));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let arguments =
        ["import", "components", &text(file), "--mapping", &text(&path), "--faults", &text(&faults)];
    let Measured { output, seconds, peak_mb } = measured(place, data, &arguments)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = said.lines().find(|line| line.starts_with("components:"));
    let last = last
        .with_context(|| format!("the importer said: {said} {}", String::from_utf8_lossy(&output.stderr)))?;
    let number = |word: &str| -> anyhow::Result<u64> {
        let before = last.split([',', ';', ':']).find(|part| part.trim().ends_with(word));
        let before = before.with_context(|| format!("{word} in {last:?}"))?;
        Ok(before.trim().split(' ').next().unwrap_or_default().parse()?)
    };
    Ok(Done {
        rows: number(" rows")?,
        unchanged: number(" unchanged")?,
        wrong: number(" wrong")?,
        seconds,
        peak_mb,
    })
}

/// How many components there are, and how many lie not in exactly the one grid they name. Fails when a code is not
/// of its class and county, or there twice.
async fn proved(data: &Path) -> anyhow::Result<(usize, usize)> {
    let store = Store::open(&city::database(data)).await?;
    let app = city::open(store.clone()).await?;
    let config = app.config(code()).map_err(city::told)?;
    let mut query = ThingQuery { register: COMPONENTS.to_owned(), limit: 5_000, ..ThingQuery::default() };
    let (mut count, mut outside) = (0, 0);
    let mut codes = BTreeSet::new();
    let today = config.calendar.local_date(Wall.now());
    loop {
        let page = store.list_things(code(), &query).await?;
        query.after = page.last().map(|thing| thing.code.clone());
        let full = page.len() == query.limit as usize;
        for thing in page {
            let component: Component = serde_json::from_str(&thing.body)?;
            count += 1;
            let at = component.place.anchor().context("no position")?;
            let found: Option<&GridCode> = config.grids.at(at);
            outside += usize::from(found != Some(&component.grid));
            let wrong = ::city::component::check_code(
                &component.code,
                Some(&component.grid),
                &config.divisions,
                &config.catalogue,
                today,
            );
            if !wrong.is_empty() || !codes.insert(component.code.to_string()) {
                bail!("{}: {wrong:?}, or there twice", component.code);
            }
        }
        if !full {
            break;
        }
    }
    drop(app);
    store.close().await?;
    Ok((count, outside))
}
