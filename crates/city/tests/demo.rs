//! The tables of the demo city fit.

use yiwang_city as city;

use city::catalogue::EXTENSION_FLOOR;
use city::responsibility::{Learned, Rule, propose};
use city::roster::{DutyGrid, Roster};
use city::{Department, DepartmentKind, DepartmentLevel, Divisions, Grids, L10n, Organisation, Person};
use kernel::{Cgcs2000, DepartmentId, GridCode, PersonId, Point, Post, Role, Scope};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;

fn demo(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../demo/boston").join(name)
}

#[test]
fn the_divisions_are_one_tree() {
    let csv = std::fs::read_to_string(demo("areas.csv")).expect("demo/boston/areas.csv");
    let divisions = Divisions::from_csv(&csv).expect("a tree");
    assert_eq!(divisions.roots().count(), 1);
    let city: GridCode = "990100".parse().expect("a code");
    assert!(divisions.iter().all(|row| divisions.within(&row.code, &city)));
}

#[test]
fn the_unit_grids_load_and_answer_fast() {
    let packed = std::fs::File::open(demo("unit_grids.csv.gz")).expect("demo/boston/unit_grids.csv.gz");
    let mut csv = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut csv).expect("gzip of UTF-8");
    let started = Instant::now();
    let grids = Grids::from_csv(&csv).expect("grids without overlap");
    println!("{} grids loaded in {:?}", grids.len(), started.elapsed());
    assert!(grids.len() > 10_000);
    for grid in grids.iter() {
        let centre = grids.centre(&grid.code).expect("it has bounds");
        assert_eq!(grids.at(centre), Some(&grid.code));
    }
    let all = grids.all_bounds().expect("there are grids");
    let points: Vec<Point<Cgcs2000>> = (0..200_000_u32)
        .map(|k| {
            let (x, y) =
                (f64::from(k * 7919 % 200_003) / 200_003.0, f64::from(k * 10_473 % 200_017) / 200_017.0);
            Point::new(all.west + x * (all.east - all.west), all.south + y * (all.north - all.south))
                .expect("inside the bounds")
        })
        .collect();
    let started = Instant::now();
    let inside = points.iter().filter(|point| grids.at(**point).is_some()).count();
    let per_second = f64::from(200_000_u32) / started.elapsed().as_secs_f64();
    println!(
        "{inside} of 200000 points lie in a grid; {per_second:.0} points/s (unoptimised unless --release)"
    );
    assert!(inside > 10_000);
}

#[test]
fn the_extension_numbers_are_in_their_range() {
    let csv =
        std::fs::read_to_string(demo("extension_classes.csv")).expect("demo/boston/extension_classes.csv");
    for line in csv.lines().skip(1) {
        let code = line.split(',').nth(2).expect("code");
        assert!(code[2..].parse::<u16>().expect("digits") >= EXTENSION_FLOOR, "{code}");
    }
}

fn rows(name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(demo(name)).expect(name);
    reader.deserialize().collect::<Result<_, _>>().expect(name)
}

#[test]
fn departments_people_duty_grids_and_responsibilities_are_acceptable() {
    let departments = rows("departments.csv");
    let ids: BTreeMap<&str, DepartmentId> =
        departments.iter().zip(1..).map(|(row, id)| (row["code"].as_str(), DepartmentId(id))).collect();
    let organisation = Organisation::from(
        departments
            .iter()
            .map(|row| Department {
                id: ids[row["code"].as_str()],
                code: row["code"].clone(),
                parent: ids.get(row["parent_code"].as_str()).copied(),
                name: L10n::new(&row["name_zh"], &row["name_en"]),
                level: DepartmentLevel::parse(&row["level"]).expect("level"),
                kind: DepartmentKind::parse(&row["kind"]).expect("kind"),
                areas: row["area_code"].parse().into_iter().collect(),
                phone: row["phone"].clone(),
                active: true,
                version: 0,
            })
            .collect::<Vec<_>>(),
    );
    assert_eq!(organisation.check_all(), []);
    for (row, id) in rows("staff.csv").iter().zip(1..) {
        let department = ids[row["department_code"].as_str()];
        let roles = row["roles"].split(';').map(|role| Role::parse(role.trim()).expect("role"));
        let person = Person {
            id: PersonId(id),
            account: row["account"].clone(),
            name: L10n::new(&row["name_zh"], &row["name_en"]),
            department,
            posts: roles.map(|role| Post { role, department, scope: Scope::default() }).collect(),
            phone: row["phone"].clone(),
            email: String::new(),
            active: true,
            version: 0,
        };
        assert_eq!(person.check(&organisation), [], "{}", person.account);
    }
    for row in rows("duty_grids.csv") {
        let grid = DutyGrid {
            code: row["code"].clone(),
            name: L10n::new(&row["name_zh"], &row["name_en"]),
            areas: row["community_codes"].split(';').map(|code| code.trim().parse().expect("code")).collect(),
            ..DutyGrid::default()
        };
        assert_eq!(Roster::default().check_duty_grid(&grid), [], "{}", grid.code);
    }
    let rules: Vec<Rule> = rows("responsibility.csv")
        .iter()
        .map(|row| Rule {
            class: format!("{}-{}-{}", row["edition"], row["kind"], row["class_code"])
                .parse()
                .expect("class"),
            place: row["street_code"].parse().ok(),
            owner: None,
            department: ids[row["department_code"].as_str()],
            level: DepartmentLevel::City,
            weight_permille: (row["weight"].parse::<f64>().expect("weight") * 1000.0).round() as u16,
            basis: L10n::new(&row["basis"], &row["basis"]),
        })
        .collect();
    let lamp = "2026-component-01037".parse().expect("a class");
    let started = Instant::now();
    let found = propose(&rules, &Learned::default(), &lamp, None, None, &BTreeMap::new());
    println!("{} rules, proposals in {:?}", rules.len(), started.elapsed());
    assert_eq!(found[0].department, ids["PWDx-SL"]);
}
