//! Prints how long questions to a million cases take, and what the cases weigh:
//! `cargo run --release -p yiwang-index --example scan_speed [ROWS]`.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use kernel::{Light, Point, Timestamp};
use std::hint::black_box;
use std::time::Instant;
use yiwang_index::{
    AreaLevel, Bounds, CaseIndex, Filter, Grant, GroupBy, Near, Period, Query, SerialSet, Sort, SortBy,
    TimeOf, Visibility,
};

const TURNS: usize = 21;

/// Middle and longest of some turns.
fn time<T>(name: &str, mut ask: impl FnMut() -> T) {
    let mut took: Vec<f64> = (0..TURNS)
        .map(|_| {
            let begin = Instant::now();
            black_box(ask());
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    took.sort_by(f64::total_cmp);
    println!("{name:<58} median {:>7.2} ms   longest {:>7.2} ms", took[TURNS / 2], took[TURNS - 1]);
}

fn main() {
    let rows: u32 = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    let (mut dice, calendar) = (Dice(2026), calendar());
    let mut index = CaseIndex::new(city());
    index.reserve(rows);
    let parents: Vec<_> = (0..1_000).map(|n| case_id(9_000_000 + n)).collect();
    let mut upserts = std::time::Duration::ZERO;
    for serial in 0..rows {
        let mut case = case(&mut dice, u64::from(serial), &parents, &calendar);
        if serial % 20 != 0 {
            case.parent = None;
        }
        let begin = Instant::now();
        index.upsert(serial, i64::from(serial), &case).unwrap();
        upserts += begin.elapsed();
    }
    let each = upserts.as_secs_f64() / f64::from(rows) * 1e6;
    println!(
        "{rows} cases, {} bytes a row in the columns, {:.1} in all; upsert {each:.2} µs",
        CaseIndex::BYTES_PER_ROW,
        index.bytes() as f64 / f64::from(rows)
    );

    let now = Timestamp(LAST_CHANGE + 3 * DAY);
    let everything = Visibility::All;
    let department = Visibility::Any(vec![Grant {
        departments: Some(vec![kernel::DepartmentId(2), kernel::DepartmentId(3)]),
        also_past: true,
        ..Grant::default()
    }]);
    let person = kernel::PersonId(3);
    let collector = Visibility::Any(vec![
        Grant { areas: vec!["370702001".parse().unwrap()], ..Grant::default() },
        Grant { collector: Some(person), ..Grant::default() },
        Grant { reported_by: Some(person), ..Grant::default() },
    ]);
    let open = Filter { ended: Some(false), ..Filter::default() };
    let filters = [
        ("no filter", Filter::default()),
        ("open", open.clone()),
        ("open, yellow or red", Filter { lights: vec![Light::Yellow, Light::Red], ..open.clone() }),
        ("overdue", Filter { overdue: Some(true), ..Filter::default() }),
        (
            "street and class",
            Filter {
                areas: vec!["370702001".parse().unwrap()],
                classes: vec!["2026-event-01001".parse().unwrap()],
                ..Filter::default()
            },
        ),
        (
            "major class, three streets",
            Filter {
                majors: vec!["01".parse().unwrap()],
                areas: ["370702001", "370703002", "370704"].map(|a| a.parse().unwrap()).to_vec(),
                ..Filter::default()
            },
        ),
        (
            "reported in ten days, public, urged",
            Filter {
                reported: Period { from: Some(Timestamp(BEGIN)), to: Some(Timestamp(BEGIN + 10 * DAY)) },
                public: Some(true),
                urged: vec![case::UrgingLevel::Urge],
                ..Filter::default()
            },
        ),
        (
            "map section",
            Filter {
                bounds: Some(Bounds { west: 119.02, south: 36.72, east: 119.06, north: 36.76 }),
                ..Filter::default()
            },
        ),
        (
            "within 2 km",
            Filter {
                near: Some(Near { centre: Point::new(119.05, 36.75).unwrap(), metres: 2_000.0 }),
                ..Filter::default()
            },
        ),
        (
            "my work: one of three",
            Filter {
                any_of: vec![
                    Filter { handlers: vec![person], ..open.clone() },
                    Filter { collectors: vec![person], ..open.clone() },
                    Filter { intakes: vec![person], ..open },
                ],
                ..Filter::default()
            },
        ),
        ("approvals of a role", Filter { approvals_of: vec![kernel::Role::Dispatcher], ..Filter::default() }),
    ];
    let sorts = [
        ("due", Sort { by: SortBy::Due, descending: false }),
        ("-reported", Sort { by: SortBy::Reported, descending: true }),
        ("number", Sort { by: SortBy::Number, descending: false }),
        ("-street", Sort { by: SortBy::Street, descending: true }),
    ];
    for (name, filter) in &filters {
        let query = Query { filter, visibility: &everything, now, within: None };
        println!("-- {name}: {} cases", index.count(&query));
        time("count", || index.count(&query));
        for (word, sort) in sorts {
            time(&format!("page of 50 by {word}"), || index.page(&query, sort, None, 50));
        }
        let half = index.page(&query, sorts[0].1, None, 200).next;
        time("second page of 200 by due", || index.page(&query, sorts[0].1, half, 200));
    }
    println!("-- rights");
    for (name, visibility) in [("department", &department), ("collector", &collector)] {
        let query = Query { filter: &filters[0].1, visibility, now, within: None };
        println!("{name}: {} cases", index.count(&query));
        time("count", || index.count(&query));
        time("page of 50 by due", || index.page(&query, sorts[0].1, None, 50));
        let begin = Instant::now();
        let seen = (0..100_000).filter(|&serial| index.matches(serial % rows, &query)).count();
        println!("matches of one case: {:.2} µs ({seen} seen)", begin.elapsed().as_secs_f64() * 10.0);
    }
    println!("-- groups of all, map, full text");
    let query = Query { filter: &filters[0].1, visibility: &everything, now, within: None };
    for by in [
        GroupBy::Stage,
        GroupBy::Light,
        GroupBy::Department,
        GroupBy::Class,
        GroupBy::Area(AreaLevel::Street),
        GroupBy::Handler,
    ] {
        time(&format!("group by {by:?}"), || index.group_count(&query, by));
    }
    time("group by day", || index.group_count(&query, GroupBy::Day(TimeOf::Reported, &calendar)));
    time("map: 5,000 of all", || index.geo(&query, 5_000));
    let hits: SerialSet = (0..rows).step_by(97).collect();
    let found = Query { within: Some(&hits), ..query };
    time("page of 50 by due within full-text hits", || index.page(&found, sorts[0].1, None, 50));
    time("all serials by number, for an export", || index.page(&query, sorts[2].1, None, usize::MAX));

    println!("-- snapshot");
    let begin = Instant::now();
    let bytes = index.encode();
    println!("encode {:.0} ms, {:.1} MB", begin.elapsed().as_secs_f64() * 1e3, bytes.len() as f64 / 1e6);
    for _ in 0..3 {
        let begin = Instant::now();
        let again = CaseIndex::decode(&bytes).unwrap();
        println!("decode {:.0} ms, {} cases", begin.elapsed().as_secs_f64() * 1e3, again.len());
    }
}
