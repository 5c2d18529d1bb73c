//! Registers from packs: entries, inspections, offences, scores, cases by rule, rights, packs that change.

use crate::world::{CLEANING, World, city, new_id, person};
use app::AppError;
use app::registers::{
    DueQuery, EntryIn, EntryQuery, EntryStepRequest, EntryView, InspectIn, OffenceIn, Offered, RaiseIn,
    ScoreQuery, SwitchPackIn, WithdrawIn,
};
use kernel::{Actor, Role};
use pack::{File, Folder};
use serde_json::{Value, json};
use std::path::Path;

/// The packs that come with the program, and those given here.
pub fn shelf(own: &[(&str, &[(&str, &str)])]) -> Vec<Offered> {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut offered: Vec<Offered> = ["front_gate", "housing", "sanitation", "signs"]
        .iter()
        .map(|id| {
            let files = std::fs::read_dir(packs.join(id)).expect("the packs stand beside the crates");
            let files = files.map(|file| file.expect("readable").path()).map(|path| File {
                name: path.file_name().expect("a name").to_string_lossy().into_owned(),
                text: std::fs::read_to_string(path).expect("text"),
            });
            Offered { folder: Folder { id: (*id).to_owned(), files: files.collect() }, own: false }
        })
        .collect();
    for (id, files) in own {
        let files = files.iter().map(|(name, text)| File { name: (*name).into(), text: (*text).into() });
        offered.push(Offered { folder: Folder { id: (*id).to_owned(), files: files.collect() }, own: true });
    }
    offered
}

async fn world() -> World {
    let world = World::new().await;
    let problems = world.app.offer_packs(shelf(&[])).await.expect("a store");
    assert_eq!(problems, []);
    world
}

fn entry(more: Value) -> EntryIn {
    let mut sent = json!({ "id": new_id(), "name": "王记面馆", "kind": "food", "place": "POINT(116.005 36.005)",
        "fields": { "street_address": "中山路 1 号", "open_fire": true, "manager": "王先生", "phone": "0536-1234567" } });
    for (key, value) in more.as_object().into_iter().flatten() {
        sent[key] = value.clone();
    }
    serde_json::from_value(sent).expect("an entry")
}

fn wrong(error: AppError) -> Vec<(String, &'static str)> {
    match error {
        AppError::Invalid(problems) => problems.into_iter().map(|p| (p.field, p.code)).collect(),
        other => panic!("{other:?}"),
    }
}

async fn billboard(world: &World, by: &Actor, expires: &str, state: &str) -> EntryView {
    let sent = entry(json!({ "kind": "pole", "name": "东风路口立柱", "state": state,
        "fields": { "location": "东风路口" },
        "documents": [{ "document": "permit", "number": "A1", "expires_on": expires }] }));
    world.app.create_entry(by, "billboard", sent).await.expect("made")
}

#[tokio::test]
async fn an_entry_is_made_once_and_every_wrong_field_is_named() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let sent = entry(json!({}));
    let made = world.app.create_entry(&admin, "shop", sent.clone()).await.expect("made");
    assert_eq!((made.code.as_str(), made.grid.as_deref()), ("990401001MD00001", Some("990401001001001")));
    let again = world.app.create_entry(&admin, "shop", sent).await.expect("known");
    assert_eq!(again.code, made.code);
    let all = world.app.list_entries(&admin, "shop", &EntryQuery::default()).await.expect("listed");
    assert_eq!(all.total, 1);

    let bad = entry(json!({ "name": "", "kind": "palace", "place": "POINT(116.5 36.5)", "state": "lost",
        "fields": { "phone": "x", "frontage": 0, "colour": "red", "department": 999 },
        "documents": [{ "document": "licence" }, { "document": "food_permit" }, { "document": "pass" }],
        "relations": { "neighbour": ["1"] }, "photos": ["nothing"] }));
    let mut problems = wrong(world.app.create_entry(&admin, "shop", bad).await.expect_err("wrong"));
    problems.sort_unstable();
    let expected = [
        ("documents[1].expires_on", "required"),
        ("documents[2].document", "unknown_document"),
        ("fields.colour", "unknown_field"),
        ("fields.department", "unknown_department"),
        ("fields.frontage", "too_small"),
        ("fields.phone", "not_a_phone"),
        ("fields.street_address", "required"),
        ("kind", "unknown_kind"),
        ("name", "required"),
        ("photos[0]", "not_an_attachment"),
        ("place", "outside_grids"),
        ("relations.neighbour", "unknown_relation"),
        ("state", "unknown_state"),
    ];
    let found: Vec<(&str, &str)> = problems.iter().map(|(field, code)| (field.as_str(), *code)).collect();
    assert_eq!(found, expected);
    // The pack's own condition: a food shop says whether it emits fumes.
    let silent = entry(json!({ "fields": { "street_address": "中山路 1 号" } }));
    let problems = wrong(world.app.create_entry(&admin, "shop", silent).await.expect_err("wrong"));
    assert_eq!(problems, [("fields.open_fire".to_owned(), "pack_check")]);
}

#[tokio::test]
async fn a_change_is_a_version_and_a_stale_one_is_refused() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let made = world.app.create_entry(&admin, "shop", entry(json!({}))).await.expect("made");
    let step = |version: u32, step: Value| {
        let mut sent = json!({ "id": new_id(), "expected_version": version });
        for (key, value) in step.as_object().into_iter().flatten() {
            sent[key] = value.clone();
        }
        serde_json::from_value::<EntryStepRequest>(sent).expect("a step")
    };
    let change = json!({ "step": "change", "fields": { "frontage": 6.5, "phone": null } });
    let changed =
        world.app.step_entry(&admin, "shop", &made.code, step(1, change.clone())).await.expect("done");
    assert_eq!((changed.version, &changed.fields["frontage"]), (2, &json!(6.5)));
    assert!(!changed.fields.contains_key("phone"));
    let stale = world.app.step_entry(&admin, "shop", &made.code, step(1, change)).await;
    assert!(matches!(stale, Err(AppError::Stale)));
    let closed = json!({ "step": "state", "state": "closed", "reason": "歇业" });
    let closed = world.app.step_entry(&admin, "shop", &made.code, step(2, closed)).await.expect("done");
    assert_eq!(closed.band, "grey");
    let open = world.app.list_entries(&admin, "shop", &EntryQuery::default()).await.expect("listed");
    assert_eq!(open.total, 0);
    let moved = json!({ "step": "move", "place": "POINT(116.015 36.005)" });
    let moved = world.app.step_entry(&admin, "shop", &made.code, step(3, moved)).await.expect("done");
    assert_eq!((moved.code, moved.grid.as_deref()), (made.code.clone(), Some("990401002001001")));
    let history = world.app.entry_history(&admin, "shop", &made.code).await.expect("a history");
    let what: Vec<&str> = history.iter().map(|line| line.change["what"].as_str().expect("a word")).collect();
    assert_eq!(what, ["moved", "state", "changed", "created"]);
}

#[tokio::test]
async fn an_offence_costs_points_until_it_is_taken_back() {
    let world = world().await;
    let (admin, collector) = (world.who(Role::SystemAdmin), world.who(Role::Collector));
    let made = world.app.create_entry(&admin, "shop", entry(json!({}))).await.expect("made");
    let other = entry(json!({ "name": "李家超市", "kind": "retail", "place": "POINT(116.015 36.005)" }));
    world.app.create_entry(&admin, "shop", other).await.expect("made");
    let offence: OffenceIn =
        serde_json::from_value(json!({ "id": new_id(), "offence": "fire_lane", "note": "堆放纸箱" }))
            .expect("json");
    let after = world.app.record_offence(&collector, "shop", &made.code, offence).await.expect("recorded");
    assert_eq!(after.score, Some(85.0));
    let seen = world.app.see_entry(&collector, "shop", &made.code).await.expect("seen");
    assert_eq!((seen.score, seen.band.as_str()), (Some(85.0), "yellow"));

    // Half the points lost cost half of forty; a failed item is an offence when asked for.
    let answers = json!([
        { "item": "clean", "passed": false, "photos": [world.photo(1).await] }, { "item": "no_outside", "passed": true },
        { "item": "plants", "passed": true }, { "item": "sign_ok", "passed": true },
        { "item": "fire", "passed": false, "photos": [world.photo(2).await] } ]);
    let inspection = json!({ "id": new_id(), "plan": "monthly", "answers": answers });
    let inspection: InspectIn = serde_json::from_value(inspection).expect("json");
    let after = world.app.inspect_entry(&collector, "shop", &made.code, inspection).await.expect("recorded");
    assert_eq!((after.inspections[0].reached, after.inspections[0].possible), (55, 100));
    assert_eq!(after.score, Some(67.0));

    let scores = world.app.register_scores(&admin, "shop", &ScoreQuery::default()).await.expect("scores");
    let streets: Vec<(&str, Option<f64>)> = scores.areas.iter().map(|a| (a.code.as_str(), a.score)).collect();
    assert_eq!(streets, [("990401001", Some(67.0)), ("990401002", Some(100.0))]);
    assert_eq!((scores.whole.entries, scores.whole.score, scores.whole.red), (2, Some(83.5), 1));

    let code = after.offences[0].code.clone();
    let by_collector = WithdrawIn { reason: "误记".into() };
    let refused =
        world.app.withdraw_offence(&collector, "shop", &made.code, &code, by_collector.clone()).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))));
    let back =
        world.app.withdraw_offence(&admin, "shop", &made.code, &code, by_collector).await.expect("done");
    assert_eq!(back.score, Some(82.0));
}

#[tokio::test]
async fn an_inspection_answers_every_item_and_shows_what_failed() {
    let world = world().await;
    let (admin, collector) = (world.who(Role::SystemAdmin), world.who(Role::Collector));
    let made = world.app.create_entry(&admin, "shop", entry(json!({}))).await.expect("made");
    let sent = json!({ "id": new_id(), "plan": "monthly",
        "answers": [{ "item": "clean", "passed": false }, { "item": "roof", "passed": true }] });
    let sent: InspectIn = serde_json::from_value(sent).expect("json");
    let problems =
        wrong(world.app.inspect_entry(&collector, "shop", &made.code, sent).await.expect_err("wrong"));
    let found: Vec<(&str, &str)> = problems.iter().map(|(field, code)| (field.as_str(), *code)).collect();
    assert_eq!(
        found,
        [
            ("answers[0].photos", "photo_required"),
            ("answers[1].item", "unknown_item"),
            ("answers.no_outside", "required"),
            ("answers.plants", "required"),
            ("answers.sign_ok", "required"),
            ("answers.fire", "required"),
        ]
    );
    // Thirty days after it was registered it is due.
    world.clock.advance(kernel::Millis::days(31));
    let due = world.app.due_inspections(&collector, "shop", &DueQuery::default()).await.expect("listed");
    assert_eq!((due.total, due.items[0].overdue_days), (1, 1));
}

#[tokio::test]
async fn an_expired_permit_becomes_one_case_and_the_sign_is_gone_when_it_closes() {
    let world = world().await;
    let collector = world.who(Role::Collector);
    let made = billboard(&world, &collector, "2026-03-01", "standing").await;
    let valid = billboard(&world, &collector, "2026-03-20", "standing").await;
    assert_eq!((made.band.as_str(), valid.band.as_str()), ("red", "yellow"));
    let report = world.app.tick_registers(city(), false).await.expect("a round");
    assert_eq!((report.raised, report.failed), (1, 0));
    // Another round, another process, a restart: still one.
    assert_eq!(world.app.tick_registers(city(), true).await.expect("a round").raised, 0);
    let seen = world.app.see_entry(&collector, "billboard", &made.code).await.expect("seen");
    assert_eq!(seen.cases.len(), 1);
    assert!(seen.cases[0].automatic && seen.flags.contains(&"case_open".to_owned()));
    let case = seen.cases[0].id.clone();
    let stored = world.case(&case).await;
    assert_eq!(stored.class.expect("a class").to_string(), "2026-event-07003");
    assert_eq!(stored.report.attributes["entry"], made.code);

    world.bring(&case, "closed").await;
    let report = world.app.tick_registers(city(), true).await.expect("a round");
    assert_eq!(report.ended, 1);
    let gone = world.app.see_entry(&collector, "billboard", &made.code).await.expect("seen");
    assert_eq!((gone.state.as_str(), gone.band.as_str()), ("removed", "grey"));
    assert_eq!(world.app.tick_registers(city(), true).await.expect("a round").raised, 0);
    // The other one expires by itself, with the days.
    world.clock.advance(kernel::Millis::days(20));
    assert_eq!(world.app.tick_registers(city(), false).await.expect("a round").raised, 1);
}

#[tokio::test]
async fn an_illegal_sign_that_is_found_becomes_a_case() {
    let world = world().await;
    let collector = world.who(Role::Collector);
    let made = billboard(&world, &collector, "2030-01-01", "illegal").await;
    assert_eq!(world.app.tick_registers(city(), false).await.expect("a round").raised, 1);
    let seen = world.app.see_entry(&collector, "billboard", &made.code).await.expect("seen");
    assert_eq!(seen.cases[0].rule, "illegal");
}

#[tokio::test]
async fn a_case_is_raised_by_hand_through_the_ordinary_report() {
    let world = world().await;
    let (admin, collector) = (world.who(Role::SystemAdmin), world.who(Role::Collector));
    let made = world.app.create_entry(&admin, "shop", entry(json!({}))).await.expect("made");
    let raise = |evidence: Value| -> RaiseIn {
        let sent =
            json!({ "id": new_id(), "rule": "outside_trading", "text": "摆到路上", "evidence": evidence });
        serde_json::from_value(sent).expect("json")
    };
    // A collector shows a photo, here as everywhere.
    let bare = world.app.raise_case(&collector, "shop", &made.code, raise(json!([]))).await;
    assert!(matches!(bare, Err(AppError::Refused(_))), "{bare:?}");
    let shown = raise(world.evidence(1, "near").await);
    let done = world.app.raise_case(&collector, "shop", &made.code, shown.clone()).await.expect("raised");
    assert_eq!(done.entry.cases.len(), 1);
    let again = world.app.raise_case(&collector, "shop", &made.code, shown).await.expect("known");
    assert_eq!((again.case, again.entry.cases.len()), (done.case, 1));
}

#[tokio::test]
async fn a_sensitive_register_and_personal_fields_are_for_those_the_pack_names() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let sent = entry(json!({ "name": "学府街 3 号", "kind": "flat",
        "fields": { "home_address": "学府街 3 号", "landlord": "赵女士", "rooms": 3, "tenants": 4 } }));
    let made = world.app.create_entry(&admin, "rental", sent).await.expect("made");
    for role in [Role::IntakeOperator, Role::Handler, Role::Dispatcher, Role::AuditAdmin] {
        let actor = world.who(role);
        let hidden = world.app.see_entry(&actor, "rental", &made.code).await;
        assert!(matches!(hidden, Err(AppError::NotFound(_))), "{role:?}");
        let listed = world.app.list_entries(&actor, "rental", &EntryQuery::default()).await;
        assert!(matches!(listed, Err(AppError::NotFound(_))), "{role:?}");
        let known = world.app.registers(&actor).await.expect("a list");
        assert!(known.iter().all(|one| one.register["id"] != "rental"), "{role:?}");
        let config = world.app.config(city()).expect("the city");
        assert!(!app::rights::sees_register(&actor, &config, "rental"));
    }
    let leader = world.app.see_entry(&world.who(Role::Leader), "rental", &made.code).await.expect("seen");
    assert!(!leader.fields.contains_key("landlord"));
    assert_eq!(leader.hidden, ["landlord"]);
    let query = EntryQuery { text: Some("赵女士".into()), ..EntryQuery::default() };
    let by_name = |actor: Actor, query: EntryQuery| {
        let app = world.app.clone();
        async move { app.list_entries(&actor, "rental", &query).await.expect("listed").total }
    };
    assert_eq!(by_name(world.who(Role::Leader), query.clone()).await, 0);
    assert_eq!(by_name(world.who(Role::DepartmentOfficer), query).await, 1);
}

#[tokio::test]
async fn an_officer_keeps_the_entries_of_the_own_department() {
    let world = world().await;
    let (admin, officer) = (world.who(Role::SystemAdmin), world.who(Role::DepartmentOfficer));
    let toilet = |department: Value| {
        entry(json!({ "name": "人民公园公厕", "kind": "detached", "fields": { "department": department } }))
    };
    let own = world.app.create_entry(&officer, "toilet", toilet(Value::Null)).await.expect("made");
    assert_eq!(own.fields["department"], json!(CLEANING));
    let refused = world.app.create_entry(&officer, "toilet", toilet(json!(1))).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))));
    let others = world.app.create_entry(&admin, "toilet", toilet(json!(1))).await.expect("made");
    let seen = world.app.see_entry(&officer, "toilet", &others.code).await.expect("seen");
    assert!(!seen.may.edit && seen.may.inspect);
    assert_eq!(person(Role::DepartmentOfficer), officer.person_id().expect("a person"));
}

const TREES: &str =
    "id = \"trees\"\nname = { zh = \"古树\", en = \"Trees\" }\nregisters = [\"heritage_tree\"]\n";
const TREE: &str = "id = \"heritage_tree\"\nname = { zh = \"古树名木\", en = \"Heritage trees\" }\n[code]\nprefix = \"GS\"\n\
    [[state]]\nid = \"healthy\"\nname = { zh = \"健康\", en = \"Healthy\" }\n\
    [[field]]\nid = \"species\"\nname = { zh = \"树种\", en = \"Species\" }\ntype = \"text\"\nrequired = true\n";
const GIRTH: &str =
    "[[field]]\nid = \"girth\"\nname = { zh = \"胸围\", en = \"Girth\" }\ntype = \"number\"\n";

#[tokio::test]
async fn a_pack_that_is_dropped_brings_a_register_and_a_changed_one_loses_nothing() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let offer = async |tree: &str| {
        let files = [("pack.toml", TREES), ("heritage_tree.toml", tree)];
        world.app.offer_packs(shelf(&[("trees", &files)])).await.expect("a store")
    };
    assert!(matches!(
        world.app.list_entries(&admin, "heritage_tree", &EntryQuery::default()).await,
        Err(AppError::NotFound(_))
    ));
    let with_girth = format!("{TREE}{GIRTH}");
    assert_eq!(offer(&with_girth).await, []);
    let sent = entry(json!({ "name": "大银杏", "kind": "", "fields": { "species": "银杏", "girth": 312 } }));
    let made = world.app.create_entry(&admin, "heritage_tree", sent).await.expect("made");
    assert_eq!(made.code, "990401001GS00001");

    // A broken file changes nothing but the list of problems.
    let broken = offer(&with_girth.replace("\"number\"", "\"numeric\"")).await;
    assert_eq!((broken[0].file.as_str(), broken[0].line), ("trees/heritage_tree.toml", 16));
    let packs = world.app.see_packs(&admin).await.expect("packs");
    let trees = packs.iter().find(|pack| pack.id == "trees").expect("there");
    assert!(trees.enabled && trees.own && trees.problems.len() == 1);
    let still = world.app.see_entry(&admin, "heritage_tree", &made.code).await.expect("seen");
    assert_eq!(still.fields["girth"], json!(312));

    // Without the field its values stay and are shown as retired.
    assert_eq!(offer(TREE).await, []);
    let still = world.app.see_entry(&admin, "heritage_tree", &made.code).await.expect("seen");
    assert_eq!(still.fields["girth"], json!(312));
    let config = world.app.config(city()).expect("the city");
    let register = config.packs.register("heritage_tree").expect("in force");
    assert!(register.field("girth").expect("kept").retired);
    // Coming back as a date it could not be read: refused, and the one in force stays.
    let refused = offer(&with_girth.replace("\"number\"", "\"date\"")).await;
    assert_eq!(refused[0].code, "type_changed");

    let record = packs.iter().find(|pack| pack.id == "trees").expect("there").record_version;
    let stale = SwitchPackIn { enabled: false, expected_version: record };
    assert!(matches!(world.app.switch_pack(&admin, "trees", &stale).await, Err(AppError::Stale)));
    let now = world.app.see_packs(&admin).await.expect("packs");
    let version = now.iter().find(|pack| pack.id == "trees").expect("there").record_version;
    let off = SwitchPackIn { enabled: false, expected_version: version };
    world.app.switch_pack(&admin, "trees", &off).await.expect("switched");
    let hidden = world.app.see_entry(&admin, "heritage_tree", &made.code).await;
    assert!(matches!(hidden, Err(AppError::NotFound(_))));
    // And it stays off when the folder is offered again.
    offer(TREE).await;
    assert!(world.app.config(city()).expect("the city").packs.register("heritage_tree").is_none());
}
