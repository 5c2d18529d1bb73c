//! Draws a whole city from division tables, checks it, and says how long each step took.
//!
//! `cargo run --release -p yiwang-spatial --example town -- DIVISIONS.csv COMMUNITIES.csv MIX.csv`
//! reads `code,name,…` tables; communities of the four central districts of Weifang are drawn.

use city::Catalogue;
use kernel::GridCode;
use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;
use yiwang_spatial::check::{ComponentChecker, ComponentRow, GridRow, Limits, check_grids};
use yiwang_spatial::divide::Community;
use yiwang_spatial::town::{Anchor, Mix, Named, Plan, Town, urban};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut file = || -> Result<String, Box<dyn Error>> {
        let path = arguments.next().ok_or("usage: town DIVISIONS.csv COMMUNITIES.csv MIX.csv")?;
        Ok(std::fs::read_to_string(path)?)
    };
    let (divisions, communities, mix) = (file()?, file()?, file()?);
    let anchor = |code: &str, east, north| -> Result<Anchor, Box<dyn Error>> {
        Ok(Anchor { county: code.parse()?, east, north })
    };
    let plan = Plan {
        seed: 370_700,
        middle: (119.13, 36.71),
        area_m2: 209_000_000.0,
        grids: 20_936,
        patrol_grids: 351,
        supervision_grids: 53,
        shops: 25_717,
        anchors: vec![
            anchor("370702", -0.8, -0.1)?,
            anchor("370703", 0.3, 1.0)?,
            anchor("370704", 0.35, -1.0)?,
            anchor("370705", 0.55, 0.05)?,
        ],
    };
    let counties: Vec<GridCode> = plan.anchors.iter().map(|a| a.county.clone()).collect();
    let streets: Vec<Named> = rows(&divisions, 9)?;
    let communities = urban(&rows(&communities, 12)?, &counties);

    let step = Instant::now();
    let town = Town::draw(&communities, &streets, &plan)?;
    println!("drawn in {:.2} s", step.elapsed().as_secs_f64());
    let metres: f64 =
        town.streets.iter().flat_map(|s| s.line.windows(2)).map(|pair| pair[0].metres_to(pair[1])).sum();
    println!("  {} communities, {} streets, {:.0} km", communities.len(), town.streets.len(), metres / 1e3);
    let mut sizes: Vec<f64> = town.divided.grids.iter().map(|grid| grid.area_m2).collect();
    sizes.sort_by(f64::total_cmp);
    let at = |share: f64| sizes[((sizes.len() - 1) as f64 * share) as usize];
    println!(
        "  {} grids, {:.3} km²; m² each: least {:.0}, 1 % {:.0}, median {:.0}, 99 % {:.0}, most {:.0}",
        sizes.len(),
        sizes.iter().sum::<f64>() / 1e6,
        at(0.0),
        at(0.01),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    let vertices: usize = town.divided.grids.iter().map(|grid| grid.shape.outer.0.len()).sum();
    println!("  {:.1} vertices a grid", vertices as f64 / sizes.len() as f64);
    let span = |sets: &[yiwang_spatial::town::DutySet]| {
        let counts: Vec<usize> = sets.iter().map(|set| set.grids.len()).collect();
        format!(
            "{} ({} to {} grids)",
            sets.len(),
            counts.iter().min().unwrap_or(&0),
            counts.iter().max().unwrap_or(&0)
        )
    };
    println!("  patrol grids {}, supervision grids {}", span(&town.patrol), span(&town.supervision));

    let step = Instant::now();
    let rows: Vec<GridRow> = town
        .divided
        .grids
        .iter()
        .map(|grid| GridRow { code: grid.code.to_string(), shape: grid.shape.clone() })
        .collect();
    let outlines: Vec<Community> = town
        .communities
        .iter()
        .zip(&town.divided.outlines)
        .map(|(c, shape)| Community { code: c.code.clone(), shape: shape.clone() })
        .collect();
    let report = check_grids(&rows, &outlines, &Limits::default());
    println!("grids checked in {:.2} s: {} findings", step.elapsed().as_secs_f64(), report.findings.len());
    say(&report);
    // As if the communities came from another file, without the grids' vertices: nothing adds up edge by edge.
    let step = Instant::now();
    let plain: Vec<GridRow> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            if let Some(last) = row.shape.outer.0.last().copied() {
                let first = row.shape.outer.0[0];
                let middle = |p: i32, q: i32| ((i64::from(p) + i64::from(q)) / 2) as i32;
                row.shape.outer.0.push(yiwang_spatial::shape::Vertex {
                    x: middle(last.x, first.x),
                    y: middle(last.y, first.y),
                });
            }
            row
        })
        .collect();
    let report = check_grids(&plain, &outlines, &Limits::default());
    println!("the slow way in {:.2} s: {} findings", step.elapsed().as_secs_f64(), report.findings.len());
    say(&report);

    let mix = Mix::from_csv(&mix, Catalogue::national_ref())?;
    let step = Instant::now();
    let (mut count, mut digest) = (0_usize, 0_u64);
    for placed in town.components(&mix) {
        count += 1;
        digest = digest.rotate_left(7) ^ placed.chance ^ u64::from(placed.spot.at().x.unsigned_abs());
    }
    println!(
        "{count} components of {} classes in {:.2} s, digest {digest:016x}",
        mix.rows.len(),
        step.elapsed().as_secs_f64()
    );
    let step = Instant::now();
    let codes: Vec<GridCode> = town.divided.grids.iter().map(|grid| grid.code.clone()).collect();
    let mut checker =
        ComponentChecker::new(town.locator(), &codes, Catalogue::national_ref(), Limits::default());
    for placed in town.components(&mix) {
        let code = placed.code();
        let grid = Some(codes[placed.grid].as_str());
        placed.spot.with_site(|site| checker.see(&ComponentRow { code: &code, site, grid }));
    }
    let per_grid = checker.per_grid();
    println!(
        "  in a grid: {} to {}, {} grids empty",
        per_grid.iter().min().unwrap_or(&0),
        per_grid.iter().max().unwrap_or(&0),
        per_grid.iter().filter(|n| **n == 0).count()
    );
    let report = checker.finish();
    println!(
        "drawn and checked in {:.2} s: {} findings",
        step.elapsed().as_secs_f64(),
        report.findings.len()
    );
    say(&report);

    let step = Instant::now();
    let shops: Vec<_> = town.shops().collect();
    println!("{} shops in {:.2} s", shops.len(), step.elapsed().as_secs_f64());
    for shop in shops.iter().step_by(4_000) {
        println!("  {} {} · {} · {}", shop.number, shop.name, shop.trade.zh, shop.address);
    }
    Ok(())
}

fn say(report: &yiwang_spatial::check::Report) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        *kinds.entry(finding.kind.code()).or_default() += 1;
    }
    for (kind, n) in kinds {
        println!("  {kind} {n}");
    }
    for finding in report.findings.iter().take(5) {
        println!("    {:?}", finding);
    }
}

fn rows(csv: &str, digits: usize) -> Result<Vec<Named>, Box<dyn Error>> {
    let mut found = Vec::new();
    for line in csv.lines().skip(1) {
        let mut cells = line.split(',');
        if let (Some(code), Some(name)) = (cells.next(), cells.next())
            && code.len() == digits
        {
            found.push(Named { code: code.parse()?, name: name.to_owned() });
        }
    }
    Ok(found)
}
