//! Drafts of the next edition: drawing, dividing, checking, reviewing, publishing; and what `check` finds.

use crate::world::{World, city, person, place, record};
use app::AppError;
use app::divisions::DivisionsIn;
use app::grids::draft::{DraftDetail, DraftIn};
use app::grids::duty::RotationIn;
use app::grids::edit::EditIn;
use app::grids::look::GridQuery;
use app::grids::publish::DraftStepIn;
use app::ports::GridChange;
use jiff::civil::date;
use kernel::{GridCode, PersonId, Role};
use serde_json::{Value, json};
use spatial::shape::{Locator, Ring, Shape, Vertex};
use spatial::wkt;

const COMMUNITY: &str = "990401001001";

fn code(text: &str) -> GridCode {
    text.parse().expect("a code")
}

fn block(west: f64, south: f64, east: f64, north: f64) -> Value {
    json!({ "type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]] })
}

async fn start(w: &World) -> DraftDetail {
    let sent = DraftIn { name: "五月调整".to_owned() };
    w.app.start_grid_draft(&w.who(Role::SystemAdmin), sent).await.expect("a draft")
}

async fn edit(w: &World, draft: &DraftDetail, sent: Value) -> Result<DraftDetail, AppError> {
    let mut sent = sent;
    sent["version"] = json!(draft.draft.version);
    let sent: EditIn = serde_json::from_value(sent).expect("an edit");
    w.app.edit_grid_draft(&w.who(Role::SystemAdmin), &draft.draft.id, sent).await
}

async fn step(w: &World, role: Role, draft: &DraftDetail, step: &str) -> Result<DraftDetail, AppError> {
    let sent = DraftStepIn {
        version: draft.draft.version,
        step: step.to_owned(),
        note: "请看".to_owned(),
        ..DraftStepIn::default()
    };
    w.app.step_grid_draft(&w.who(role), &draft.draft.id, sent).await
}

fn problem(result: Result<DraftDetail, AppError>) -> String {
    match result {
        Err(AppError::Invalid(problems)) => format!("{} {}", problems[0].field, problems[0].code),
        Err(other) => format!("{other:?}"),
        Ok(_) => "done".to_owned(),
    }
}

#[tokio::test]
async fn a_grid_is_drawn_reviewed_published_and_found_by_the_next_report() {
    let w = World::new().await;
    let draft = start(&w).await;
    assert_eq!((draft.draft.base, draft.grids), (0, 2), "the rectangles of the record");
    let id = draft.draft.id.clone();
    let draft =
        edit(&w, &draft, json!({ "edit": "void", "codes": ["990401001001001"] })).await.expect("voided");
    assert_eq!(draft.removed, ["990401001001001"]);
    // Drawn over its neighbour: it gives way.
    let drawn =
        json!({ "edit": "draw", "community": COMMUNITY, "geometry": block(116.0, 36.0, 116.013, 36.01) });
    let draft = edit(&w, &draft, drawn).await.expect("drawn");
    assert_eq!(draft.added, ["990401001001002"], "a voided code is not issued again");
    let split =
        json!({ "edit": "split", "code": "990401001001002", "line": [[115.9, 36.004], [116.1, 36.004]] });
    let draft = edit(&w, &draft, split).await.expect("split");
    assert_eq!(draft.added, ["990401001001002", "990401001001003"]);
    let findings = w.app.check_grid_draft(&w.who(Role::Leader), &id).await.expect("checked");
    assert_eq!(findings.errors, 0, "{:?}", findings.findings);
    assert_eq!(findings.grids, 3);

    assert_eq!(problem(step(&w, Role::Leader, &draft, "publish").await), "step draft_not_in_that_state");
    let draft = step(&w, Role::SystemAdmin, &draft, "submit").await.expect("handed in");
    assert_eq!(problem(edit(&w, &draft, json!({ "edit": "undo" })).await), "edit draft_not_open");
    assert_eq!(problem(step(&w, Role::SystemAdmin, &draft, "publish").await), "step own_draft");
    assert!(!draft.draft.can_publish);
    let draft = step(&w, Role::ShiftLeader, &draft, "return").await.expect("sent back");
    assert_eq!((draft.draft.state.as_str(), draft.draft.answer.as_str()), ("open", "请看"));
    let draft = step(&w, Role::SystemAdmin, &draft, "submit").await.expect("handed in again");
    let done = step(&w, Role::ShiftLeader, &draft, "publish").await.expect("published");
    assert_eq!((done.draft.state.as_str(), done.draft.edition), ("published", Some(1)));

    let report = w.reported("坑洼", json!({ "place": place() })).await;
    let grid = w.case(&report).await.report.place.grid.expect("inside");
    assert_eq!(grid.as_str(), "990401001001002", "the larger half keeps the code");
    let card = w.app.see_grid(&w.who(Role::Collector), &grid).await.expect("a card");
    assert_eq!((card.state.as_str(), card.history.len()), ("in_force", 1));
    assert_eq!(card.neighbours, ["990401001001003", "990401002001001"]);
    let before = w.app.grid_at(&w.who(Role::Collector), 116.005, 36.005, Some(date(2025, 5, 1))).await;
    assert_eq!(before.expect("asked").grid, None, "there was no edition in May");
    let page = w.app.list_grids(&w.who(Role::Handler), &GridQuery { limit: 2, ..GridQuery::default() }).await;
    let page = page.expect("a page");
    assert_eq!((page.total, page.edition, page.next.as_deref()), (3, Some(1), Some("990401001001003")));
}

#[tokio::test]
async fn a_divided_community_has_no_gap_and_no_overlap_and_every_point_lies_in_one_grid() {
    let w = World::new().await;
    let draft = start(&w).await;
    let both = [(COMMUNITY, 116.0), ("990401002001", 116.01)];
    let mut draft = draft;
    for (community, west) in both {
        let geometry = block(west, 36.0, west + 0.01, 36.01);
        let outline = json!({ "edit": "outline", "community": community, "geometry": geometry });
        draft = edit(&w, &draft, outline).await.expect("an outline");
    }
    let streets = json!([[[115.999, 36.0037], [116.021, 36.0041]], [[116.0043, 35.999], [116.0046, 36.011]]]);
    let divide = json!({ "edit": "divide", "codes": [COMMUNITY, "990401002001"], "streets": streets, "target_m2": 40_000 });
    draft = edit(&w, &draft, divide).await.expect("divided");
    assert!(draft.grids > 30, "{}", draft.grids);
    assert_eq!(draft.removed.len(), 2, "the rectangles went");
    let findings = w.app.check_grid_draft(&w.who(Role::SystemAdmin), &draft.draft.id).await.expect("checked");
    assert_eq!(findings.errors, 0, "{:?}", findings.findings);
    let drawn = w.app.draw_grid_draft(&w.who(Role::SystemAdmin), &draft.draft.id, None).await.expect("drawn");
    let shapes: Vec<Shape> = drawn["features"]
        .as_array()
        .expect("features")
        .iter()
        .filter(|feature| feature["properties"]["outline"] == json!(false))
        .map(|feature| app::grids::geojson::read_polygon(&feature["geometry"], "g").expect("a polygon"))
        .collect();
    assert_eq!(shapes.len(), draft.grids);
    let locator = Locator::new(&shapes);
    for x in 1..200 {
        for y in 1..100 {
            let at =
                Vertex::from_degrees(116.0 + f64::from(x) * 1e-4 + 3e-7, 36.0 + f64::from(y) * 1e-4 + 3e-7);
            assert_eq!(locator.all_at(at.expect("a place")).count(), 1, "{x} {y}");
        }
    }
    let undone = edit(&w, &draft, json!({ "edit": "undo" })).await.expect("undone");
    assert_eq!((undone.grids, undone.draft.can_redo), (2, true));
    let redone = edit(&w, &undone, json!({ "edit": "redo" })).await.expect("done again");
    assert_eq!(redone.grids, draft.grids);
}

#[tokio::test]
async fn neighbours_follow_a_changed_border_and_merging_keeps_the_lower_code() {
    let w = World::new().await;
    let draft = start(&w).await;
    let split =
        json!({ "edit": "split", "code": "990401001001001", "line": [[116.0052, 35.9], [116.0052, 36.1]] });
    let draft = edit(&w, &draft, split).await.expect("split");
    // The western half reaches further east: the eastern one gives way, and the community's border stays.
    let reshape = json!({ "edit": "reshape", "code": "990401001001001", "geometry": block(116.0, 36.0, 116.007, 36.01) });
    let draft = edit(&w, &draft, reshape).await.expect("reshaped");
    assert!(draft.touched.contains(&"990401001001002".to_owned()), "{:?}", draft.touched);
    let findings = w.app.check_grid_draft(&w.who(Role::SystemAdmin), &draft.draft.id).await.expect("checked");
    assert_eq!(findings.errors, 0, "{:?}", findings.findings);
    let strangers = json!({ "edit": "merge", "codes": ["990401001001001", "990401002001001"] });
    assert_eq!(problem(edit(&w, &draft, strangers).await), "codes other_community");
    let merge = json!({ "edit": "merge", "codes": ["990401001001002", "990401001001001"] });
    let merged = edit(&w, &draft, merge).await.expect("merged");
    assert_eq!((merged.grids, merged.removed.len()), (2, 0));
    let wrong = [
        (
            json!({ "edit": "split", "code": "990401001001001", "line": [[116.0, 35.9], [116.0, 35.95]] }),
            "line not_across",
        ),
        (
            json!({ "edit": "split", "code": "990401001001777", "line": [[116.0, 35.9], [116.0, 36.1]] }),
            "code unknown_grid",
        ),
        (
            json!({ "edit": "draw", "community": COMMUNITY, "geometry": block(116.001, 36.001, 116.002, 36.002) }),
            "geometry nothing_left",
        ),
        (
            json!({ "edit": "draw", "geometry": block(116.5, 36.5, 116.51, 36.51) }),
            "community community_needed",
        ),
        (
            json!({ "edit": "draw", "geometry": { "type": "Point", "coordinates": [1, 2] } }),
            "geometry not_a_polygon",
        ),
        (json!({ "edit": "divide", "codes": ["99"] }), "codes[0] not_a_community"),
        (json!({ "edit": "fly" }), "edit unknown_value"),
    ];
    for (sent, expected) in wrong {
        assert_eq!(problem(edit(&w, &merged, sent.clone()).await), expected, "{sent}");
    }
    assert!(matches!(edit(&w, &draft, json!({ "edit": "undo" })).await, Err(AppError::Stale)));
    let refused = w.app.edit_grid_draft(&w.who(Role::Collector), "1", EditIn::default()).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))));
}

#[tokio::test]
async fn polygons_are_imported_with_codes_old_and_new_or_none() {
    let w = World::new().await;
    let draft = start(&w).await;
    let feature = |code: &str, west: f64, east: f64| {
        json!({ "type": "Feature", "properties": { "DYWGCODE": code, "remark": "测绘" },
            "geometry": block(west, 36.0, east, 36.01) })
    };
    let collection = json!({ "type": "FeatureCollection", "features": [
        feature("99040100100107", 116.0, 116.003),
        feature("990401001001008", 116.003, 116.006),
        feature(COMMUNITY, 116.0, 116.01),
        feature("", 116.006, 116.01),
    ] });
    let sent = json!({ "edit": "import", "collection": collection, "replace": true });
    let done = edit(&w, &draft, sent).await.expect("imported");
    assert_eq!(done.added, ["990401001001007", "990401001001008", "990401001001009"]);
    assert_eq!(done.removed, ["990401001001001"]);
    let bad = json!({ "type": "FeatureCollection", "features": [
        feature("12", 116.0, 116.003),
        { "type": "Feature", "properties": {}, "geometry": null },
        feature("990401001001008", 116.003, 116.006),
        feature("990401001001008", 116.003, 116.006),
    ] });
    let Err(AppError::Invalid(problems)) =
        edit(&w, &done, json!({ "edit": "import", "collection": bad })).await
    else {
        panic!("nothing of a wrong file is taken");
    };
    let told: Vec<_> = problems.iter().map(|one| format!("{} {}", one.field, one.code)).collect();
    assert_eq!(
        told,
        [
            "collection.features[0].code bad_grid_code",
            "collection.features[1].geometry not_a_polygon",
            "collection.features[3].code code_twice",
        ]
    );
}

/// Communities of four squares each, with one fault in each of them.
fn faulty(count: usize) -> (Vec<GridChange>, Vec<(&'static str, String)>) {
    let mut changes = Vec::new();
    let mut planted = Vec::new();
    let steps = 10_000; // a tenth of a centimetre short of 100 m
    let v = |x: i32, y: i32| Vertex { x: 1_160_000_000 + x, y: 360_000_000 + y };
    let square =
        |w: i32, s: i32, e: i32, n: i32| Shape::plain(Ring(vec![v(w, s), v(e, s), v(e, n), v(w, n)]));
    for at in 0..count {
        let i = i32::try_from(at).expect("few");
        let (x, y) = (i % 20 * 30_000, i / 20 * 30_000);
        let community = format!("990401{:03}{:03}", at / 200 + 1, at % 200 + 1);
        let mut grids: Vec<(String, Shape)> = (0..4)
            .map(|n| {
                let (dx, dy) = (n % 2 * steps, (1 - n / 2) * steps);
                (format!("{community}{:03}", n + 1), square(x + dx, y + dy, x + dx + steps, y + dy + steps))
            })
            .collect();
        let outline = square(x, y, x + 2 * steps, y + 2 * steps);
        let first = grids[0].0.clone();
        let kind = match at % 7 {
            0 => {
                grids.remove(0);
                ("gap", community.clone())
            }
            1 => {
                grids[0].1 = square(x, y + steps, x + steps + 900, y + 2 * steps);
                ("overlap", first)
            }
            2 => {
                // A strip of three metres, beside what is left of its neighbour.
                grids[0].1 = square(x, y + steps, x + 300, y + 2 * steps);
                grids.push((format!("{community}009"), square(x + 300, y + steps, x + steps, y + 2 * steps)));
                ("sliver", first)
            }
            3 => {
                grids[0].1 = square(x - 900, y + steps, x + steps, y + 2 * steps);
                ("crosses_community", first)
            }
            4 => {
                // The code of a community that lies elsewhere.
                let foreign = format!("990401{:03}{:03}009", (at + 1) / 200 + 1, (at + 1) % 200 + 1);
                grids[0].0.clone_from(&foreign);
                ("outside_community", foreign)
            }
            5 => {
                // The code of a community that is nowhere.
                let foreign = format!("990409001001{:03}", at / 7 + 1);
                grids[0].0.clone_from(&foreign);
                ("unknown_community", foreign)
            }
            _ => {
                grids[0].1 = square(x, y + steps, x + steps - 30, y + 2 * steps);
                ("sliver_gap", community.clone())
            }
        };
        planted.push(kind);
        let put = |code: &str, shape: &Shape| GridChange::Put {
            code: code.parse().expect("a code"),
            body: "{}".to_owned(),
            shape: wkt::write(shape),
        };
        changes.push(put(&community, &outline));
        changes.extend(grids.iter().map(|(code, shape)| put(code, shape)));
    }
    (changes, planted)
}

#[tokio::test]
async fn the_check_finds_each_of_two_hundred_planted_faults() {
    let w = World::new().await;
    let name = json!({ "zh": "区划", "en": "Division" });
    let divisions: [(&str, Option<&str>); 3] =
        [("990401", None), ("990401001", Some("990401")), ("990401001001", Some("990401001"))];
    let division =
        |(code, parent)| record("divisions", code, json!({ "code": code, "name": name, "parent": parent }));
    let records = divisions.into_iter().map(division).collect();
    w.app.put_checked(city(), None, records).await.expect("divisions");
    let (changes, planted) = faulty(210);
    assert!(planted.len() >= 200);
    w.store
        .publish_grids(city(), 0, date(2026, 3, 1), None, w.app.now(), "", changes)
        .await
        .expect("published");
    w.app.refresh_config(city()).await.expect("read again");
    let draft = start(&w).await;
    let found = w.app.check_grid_draft(&w.who(Role::SystemAdmin), &draft.draft.id).await.expect("checked");
    for (kind, code) in &planted {
        let told = found.findings.iter().any(|one| one.kind == *kind && one.codes.contains(code));
        assert!(told, "{kind} at {code} was not found");
    }
    let rows = w.app.check(city()).await.expect("checked");
    let row = rows.iter().find(|row| row.number == 9).expect("query 9");
    assert_eq!(row.state, "failed");
    assert!(!row.examples.is_empty());
}

#[tokio::test]
async fn the_check_is_clean_where_grids_are_and_says_where_there_are_none() {
    let w = World::new().await;
    let row =
        |rows: Vec<app::check::CheckRow>| rows.into_iter().find(|row| row.number == 9).expect("query 9");
    let plain = row(w.app.check(city()).await.expect("checked"));
    assert_eq!((plain.state.as_str(), plain.examples.len()), ("ok", 0), "{:?}", plain.found);
    let admin = w.who(Role::SystemAdmin);
    w.app.put_record(&admin, "unit_grids", "all", 1, None).await.expect("removed");
    let none = row(w.app.check(city()).await.expect("checked"));
    assert_eq!((none.state.as_str(), none.found.en.as_str()), ("nothing", "no grids yet"));
}

#[tokio::test]
async fn teams_move_on_with_their_shifts() {
    let w = World::new().await;
    let duty = |code: &str, area: &str, people: Value| {
        record(
            "duty_grids",
            code,
            json!({ "code": code, "name": { "zh": code, "en": "" }, "areas": [area], "people": people }),
        )
    };
    let (li, wu) = (person(Role::Collector).0, person(Role::Handler).0);
    let shift = json!({ "person": li, "duty_grids": ["990401Z0001"], "from_minute": 480, "to_minute": 960,
        "on": "weekly", "days": ["monday"] });
    let puts = vec![
        duty("990401Z0001", COMMUNITY, json!([li])),
        duty("990401Z0002", "990401002001", json!([wu])),
        record("shifts", "li", shift),
    ];
    w.app.put_checked(city(), None, puts).await.expect("written");
    let leader = w.who(Role::ShiftLeader);
    let ask = |dry_run: bool| RotationIn {
        grids: vec!["990401Z0001".into(), "990401Z0002".into()],
        from_on: "2026-04-01".into(),
        dry_run,
        ..RotationIn::default()
    };
    let plan = w.app.rotate_duty_grids(&leader, ask(true)).await.expect("a plan");
    assert_eq!((plan.applied, plan.shifts, plan.rows[0].after[0].id), (false, 1, wu));
    assert_eq!(w.app.config(city()).expect("open").roster.shifts.len(), 1, "a plan changes nothing");
    w.app.rotate_duty_grids(&leader, ask(false)).await.expect("carried out");
    let config = w.app.config(city()).expect("open");
    let first = config.roster.duty_grids.iter().find(|duty| duty.code == "990401Z0001").expect("there");
    assert_eq!((first.people.as_slice(), first.since_on), (&[PersonId(wu)][..], Some(date(2026, 4, 1))));
    let mut shifts = config.roster.shifts.clone();
    shifts.sort_by_key(|shift| shift.valid_from);
    assert_eq!(shifts[0].valid_to, Some(date(2026, 3, 31)));
    assert_eq!(shifts[1].duty_grids, ["990401Z0002"]);
    let wrong = RotationIn { grids: vec!["990401Z0001".into()], ..RotationIn::default() };
    let Err(AppError::Invalid(problems)) = w.app.rotate_duty_grids(&leader, wrong).await else {
        panic!("wrong")
    };
    assert_eq!(problems.iter().map(|one| one.code).collect::<Vec<_>>(), ["malformed", "choose_two_grids"]);
    let view = w.app.duty_grids(&w.who(Role::Collector)).expect("seen");
    assert_eq!((view.items.len(), view.uncovered["duty"]), (2, 0));
}

#[tokio::test]
async fn the_national_table_gives_a_city_its_divisions() {
    let w = World::new().await;
    let csv = "code,name,level,parent_code\n370000,山东省,1,\n370700,潍坊市,2,370000\n370702,潍城区,3,370700\n\
        370702001,城关街道,4,370702\n370800,济宁市,2,370000\n370811,任城区,3,370800\n";
    let admin = w.who(Role::SystemAdmin);
    let sent = |dry_run: bool| DivisionsIn { csv: csv.to_owned(), under: "3707".to_owned(), dry_run };
    let plan = w.app.load_divisions(&admin, sent(true)).await.expect("a plan");
    assert_eq!((plan.rows, plan.added, plan.applied), (2, 2, false));
    w.app.load_divisions(&admin, sent(false)).await.expect("loaded");
    let again = w.app.load_divisions(&admin, sent(false)).await.expect("loaded");
    assert_eq!((again.added, again.same), (0, 2));
    let listed = w.app.list_divisions(&w.who(Role::Collector), None).expect("listed");
    let street = listed.items.iter().find(|one| one.code == "370702001").expect("a street");
    assert_eq!((street.parent.as_deref(), street.level.as_str()), (Some("370702"), "street"));
    let bad = DivisionsIn { csv: "code,name_zh\n3707,x\n".to_owned(), ..DivisionsIn::default() };
    assert!(matches!(w.app.load_divisions(&admin, bad).await, Err(AppError::Invalid(_))));
    let _ = code(COMMUNITY);
}
