//! Components, edit batches and surveys as people use them.

use crate::world::{self, CLEANING, NOW, ROADS, ROADS_OFFICER, World, new_id, person, record};
use app::AppError;
use app::attachments::Size;
use app::components::{BatchIn, ComponentQuery, ComponentStepRequest, ComponentView, RegisterIn};
use app::edits::{EditCommand, EditReport, EditState, EditStep, EditView, NewEdit};
use app::ports::GridChange;
use app::public::PublicReportIn;
use app::surveys::{
    CaptureIn, CaptureQuery, CaptureState, CaptureView, DecisionIn, DutyQuery, NewRound, OwnershipAsk,
    OwnershipQuery, ProgressQuery, SampleIn, VisitIn,
};
use city::component::credit_code_check;
use kernel::{Actor, Role};
use serde_json::{Value, json};

const LAMP: &str = "2026-component-01037";
const POLE: &str = "2026-component-01036";

fn credit(first: &str) -> String {
    format!("{first}{}", credit_code_check(first).expect("17 characters"))
}

fn body(name: &str) -> Value {
    json!({ "code": credit("11370705MB2857123"), "name": name })
}

async fn world() -> World {
    let world = World::new().await;
    let name = |zh: &str| json!({ "zh": zh, "en": "Place" });
    let mut records = Vec::new();
    for (code, parent, zh) in [
        ("990401", None, "东区"),
        ("990401001", Some("990401"), "一街道"),
        ("990401002", Some("990401"), "二街道"),
        ("990401001001", Some("990401001"), "一社区"),
        ("990401002001", Some("990401002"), "二社区"),
    ] {
        let value = json!({ "code": code, "name": name(zh), "parent": parent });
        records.push(record("divisions", code, value));
    }
    let question =
        json!([{ "code": "height", "datatype": "number", "description": { "zh": "杆高", "en": "Height" } }]);
    records.push(record("component_fields", POLE, question));
    let rule = json!({ "class": "component", "owner": "市政公司", "department": ROADS, "level": "city", "weight_permille": 1000 });
    records.push(record("responsibility", "r1", rule));
    let rule =
        json!({ "class": "component", "department": CLEANING, "level": "city", "weight_permille": 500 });
    records.push(record("responsibility", "r2", rule));
    world.app.put_checked(world::city(), None, records).await.expect("the records are good");
    world
}

fn lamp_at(lng: f64, lat: f64) -> Value {
    json!({ "class": LAMP, "place": format!("POINT({lng} {lat})"), "accuracy": "A",
            "values": { "name": "路灯", "supervisor": body("城管局"), "owner": body("市政公司") } })
}

async fn try_register(world: &World, actor: &Actor, sent: Value) -> Result<ComponentView, AppError> {
    let sent: RegisterIn = serde_json::from_value(sent).expect("a component");
    world.app.register_component(actor, sent).await
}

async fn register(world: &World, sent: Value) -> ComponentView {
    try_register(world, &world.who(Role::SystemAdmin), sent).await.expect("it is registered")
}

async fn try_step(world: &World, actor: &Actor, code: &str, step: Value) -> Result<ComponentView, AppError> {
    let request: ComponentStepRequest = serde_json::from_value(step).expect("a step");
    world.app.step_component(actor, code, request).await
}

fn problems(result: Result<impl std::fmt::Debug, AppError>) -> Vec<String> {
    match result {
        Err(AppError::Invalid(problems)) => {
            problems.into_iter().map(|problem| format!("{} {}", problem.field, problem.code)).collect()
        }
        other => panic!("expected problems, got {other:?}"),
    }
}

fn forbidden(result: Result<impl std::fmt::Debug, AppError>) {
    assert!(matches!(result, Err(AppError::Forbidden(_))), "{result:?}");
}

#[tokio::test]
async fn codes_are_issued_in_order_checked_and_never_given_twice() {
    let world = world().await;
    let first = register(&world, lamp_at(116.001, 36.001)).await;
    assert_eq!(first.code, "99040101037000001");
    assert_eq!((first.grid.as_str(), first.version), ("990401001001001", 1));
    // Brought in from elsewhere: the next one goes on above it.
    let mut own = lamp_at(116.002, 36.001);
    own["code"] = json!("99040101037000005");
    register(&world, own.clone()).await;
    assert_eq!(register(&world, lamp_at(116.003, 36.001)).await.code, "99040101037000006");
    let admin = world.who(Role::SystemAdmin);
    assert_eq!(problems(try_register(&world, &admin, own).await), ["code taken"]);

    let mut outside = lamp_at(116.9, 36.9);
    assert_eq!(problems(try_register(&world, &admin, outside.clone()).await), ["place outside_grids"]);
    outside["place"] = json!("LINESTRING(116.001 36.001, 116.002 36.001)");
    assert_eq!(problems(try_register(&world, &admin, outside).await), ["place wrong_geometry"]);
    let mut elsewhere = lamp_at(116.001, 36.002);
    elsewhere["code"] = json!("99050201037000001");
    let found = problems(try_register(&world, &admin, elsewhere).await);
    assert!(found.contains(&"code unknown_division".to_owned()), "{found:?}");
    let bad = json!({ "class": "2026-event-06013", "place": "here", "accuracy": "D", "state": "new" });
    let found = problems(try_register(&world, &admin, bad).await);
    for expected in
        ["class not_a_component", "accuracy unknown_value", "state unknown_value", "name required"]
    {
        assert!(found.iter().any(|one| one == expected), "{expected} in {found:?}");
    }
    for role in Role::ALL.into_iter().filter(|role| *role != Role::SystemAdmin) {
        forbidden(try_register(&world, &world.who(role), lamp_at(116.004, 36.001)).await);
    }
}

#[tokio::test]
async fn a_registration_and_a_step_may_be_sent_twice() {
    let world = world().await;
    let mut sent = lamp_at(116.001, 36.001);
    sent["command_id"] = json!(new_id());
    let (first, again) = (register(&world, sent.clone()).await, register(&world, sent).await);
    assert_eq!(first.code, again.code);
    let step = json!({ "command_id": new_id(), "version": 1, "step": "set_state", "state": "damaged", "reason": "被撞" });
    let admin = world.who(Role::SystemAdmin);
    let first = try_step(&world, &admin, &first.code, step.clone()).await.expect("it is taken");
    let again = try_step(&world, &admin, &first.code, step.clone()).await.expect("the same answer");
    assert_eq!((first.version, first.state.as_str()), (2, "damaged"));
    assert_eq!((again.version, again.state.as_str()), (2, "damaged"));
    let mut other = step;
    other["command_id"] = json!(new_id());
    let stale = try_step(&world, &admin, &first.code, other).await;
    assert!(matches!(stale, Err(AppError::Stale)), "{stale:?}");
}

#[tokio::test]
async fn a_card_has_the_standard_attributes_further_fields_relations_history_and_cases() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let pole = json!({ "class": POLE, "place": "POINT(116.005 36.005)", "accuracy": "B",
        "values": { "name": "灯杆", "supervisor": body("城管局"), "owner": body("市政公司"), "extra": { "height": "9" } } });
    let pole = register(&world, pole).await;
    let mut lamp = lamp_at(116.005, 36.005);
    lamp["values"]["relations"] = json!([{ "kind": "hangs_on", "to": pole.code }]);
    let lamp = register(&world, lamp).await;
    let photo = world.photo(7).await;
    let change = json!({ "step": "change", "version": 1, "change": { "photos": [photo], "note": "双头",
        "documents": [{ "id": photo, "title": "合格证", "expires_on": "2026-03-12" }] } });
    try_step(&world, &admin, &lamp.code, change).await.expect("it is taken");
    let missing = json!({ "step": "change", "change": { "photos": ["0".repeat(64)] } });
    assert_eq!(
        problems(try_step(&world, &admin, &lamp.code, missing).await),
        ["photos[0] unknown_attachment"]
    );
    let unknown = json!({ "step": "change", "change": { "extra": { "colour": "red" } } });
    assert_eq!(problems(try_step(&world, &admin, &pole.code, unknown).await), ["extra.colour unknown_field"]);
    let step = json!({ "step": "move", "place": "POINT(116.015 36.005)", "accuracy": "A" });
    try_step(&world, &admin, &lamp.code, step).await.expect("it is taken");
    let report = json!({ "component": lamp.code, "class": LAMP });
    world.reported("这盏灯不亮", report).await;

    let seen = world.app.see_component(&world.who(Role::Dispatcher), &lamp.code).await.expect("the card");
    assert_eq!(seen.attributes.len(), 18);
    let value = |abbr: &str| seen.attributes.iter().find(|a| a.abbr == abbr).map(|a| a.value.clone());
    assert_eq!(value("GLBJBSM").as_deref(), Some(lamp.code.as_str()));
    assert_eq!(value("SZJDMC").as_deref(), Some("二街道"), "it was moved there");
    assert_eq!(seen.documents[0].days_left, Some(10));
    assert_eq!((seen.relations.len(), seen.relations[0].direction.as_str()), (1, "to"));
    assert_eq!(seen.cases.open.len(), 1);
    assert!(seen.survey_due && seen.actions.is_empty());
    assert_eq!(seen.department.map(|d| d.id), Some(ROADS), "its owner's department");
    assert_eq!(seen.link, format!("https://city.test/citizen/c/{}?city=990400", lamp.code));
    let pole_card = world.app.see_component(&admin, &format!("s{}", pole.serial)).await.expect("by serial");
    assert_eq!(pole_card.relations[0].direction, "from");
    assert_eq!(pole_card.fields[0].value, "9");

    let history = world.app.component_history(&admin, &lamp.code).await.expect("the history");
    let facts: Vec<_> = history.iter().map(|one| one.facts.join(",")).collect();
    assert_eq!(facts, ["moved", "changed", "registered"]);
    let moved = history[0].changes.iter().find(|change| change.field == "grid").expect("the grid changed");
    assert_eq!(moved.before.as_deref(), Some("990401001001001"));
    assert_eq!(moved.after.as_deref(), Some("990401002001001"));

    let hidden = world.app.see_component(&world.who(Role::Handler), &lamp.code).await.expect("the card");
    assert!(hidden.cases.open.is_empty(), "a case of others is not shown");
}

#[tokio::test]
async fn components_are_found_by_class_grid_state_place_and_words() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    for i in 0..6 {
        register(&world, lamp_at(116.001 + f64::from(i) * 0.003, 36.005)).await;
    }
    let code = "99040101037000002";
    try_step(&world, &admin, code, json!({ "step": "set_state", "state": "lost", "reason": "x" }))
        .await
        .expect("taken");
    let gone = json!({ "step": "remove", "reason": "拆除" });
    try_step(&world, &admin, "99040101037000003", gone).await.expect("taken");
    let list = async |query: ComponentQuery| {
        let page = world.app.list_components(&admin, &query).await.expect("a list");
        page.items.into_iter().map(|item| item.code[11..].to_owned()).collect::<Vec<_>>()
    };
    let one = |text: &str| vec![text.to_owned()];
    assert_eq!(list(ComponentQuery::default()).await, ["000001", "000002", "000004", "000005", "000006"]);
    assert_eq!(list(ComponentQuery { state: one("lost"), ..Default::default() }).await, ["000002"]);
    assert_eq!(
        list(ComponentQuery { grid: one("990401002"), ..Default::default() }).await,
        ["000004", "000005", "000006"]
    );
    let bbox = Some("116.0,36.0,116.0045,36.01".to_owned());
    assert_eq!(list(ComponentQuery { bbox, ..Default::default() }).await, ["000001", "000002"]);
    let within =
        Some("POLYGON((116.009 36, 116.0135 36, 116.0135 36.01, 116.009 36.01, 116.009 36))".to_owned());
    assert_eq!(list(ComponentQuery { within, ..Default::default() }).await, ["000004", "000005"]);
    assert!(list(ComponentQuery { class: one("2026-component-02"), ..Default::default() }).await.is_empty());
    let q = Some("9904010103700000".to_owned());
    assert_eq!(list(ComponentQuery { q, state: one("lost"), ..Default::default() }).await, ["000002"]);
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let query = ComponentQuery { after, limit: Some(2), ..Default::default() };
        let page = world.app.list_components(&admin, &query).await.expect("a page");
        assert_eq!(page.total, Some(5));
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), 5);
    let summary = world.app.summarise_components(&admin, &ComponentQuery::default()).expect("counts");
    assert_eq!((summary.total, summary.not_surveyed), (5, 5));
    assert_eq!(summary.classes[0].states.get("lost"), Some(&1));
}

#[tokio::test]
async fn a_batch_is_counted_first_and_then_written_whole() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    for i in 0..4 {
        register(&world, lamp_at(116.001 + f64::from(i) * 0.001, 36.005)).await;
    }
    let batch = async |more: Value| {
        let mut sent =
            json!({ "select": { "grid": ["990401001"] }, "change": { "maintainer": body("养护公司") } });
        for (field, value) in more.as_object().expect("fields") {
            sent[field] = value.clone();
        }
        let sent: BatchIn = serde_json::from_value(sent).expect("a batch");
        world.app.change_components(&admin, sent).await
    };
    let dry = batch(json!({ "dry_run": true })).await.expect("counted");
    assert_eq!((dry.matched, dry.changed, dry.written), (4, 4, false));
    let wrong = batch(json!({ "expected": 3 })).await;
    assert!(matches!(wrong, Err(AppError::Stale)), "{wrong:?}");
    let done = batch(json!({ "expected": 4 })).await.expect("written");
    assert_eq!((done.changed, done.written), (4, true));
    let again = batch(json!({ "dry_run": true })).await.expect("counted");
    assert_eq!((again.changed, again.unchanged), (0, 4));
    let bad = json!({ "change": { "name": "" }, "dry_run": true });
    let refused = batch(bad).await.expect("counted");
    assert_eq!((refused.refused, refused.refusals[0].field.as_str()), (4, "name"));
    assert_eq!(problems(batch(json!({ "change": { "name": "" } })).await), ["select some_refused"]);
    let all: BatchIn =
        serde_json::from_value(json!({ "select": {}, "state": "lost", "reason": "x" })).expect("json");
    assert_eq!(problems(world.app.change_components(&admin, all).await), ["select required"]);
}

#[tokio::test]
async fn a_scanned_label_leads_to_the_public_card_and_the_report_goes_to_the_owner() {
    let world = world().await;
    let lamp = register(&world, lamp_at(116.005, 36.005)).await;
    let card = world.app.public_component(world::city(), &lamp.code).await.expect("the card");
    let text = serde_json::to_string(&card).expect("json");
    assert!(text.contains("路灯") && text.contains("一街道") && !text.contains("MB2857123"), "{text}");
    let sent = json!({ "id": new_id(), "text": "灯不亮", "place": {}, "component": lamp.code, "photos": [world.photo(3).await] });
    let sent: PublicReportIn = serde_json::from_value(sent).expect("a report");
    let done =
        world.app.public_report(world::city(), sent, case::Source::CitizenWeb).await.expect("it is taken");
    let case = world.case(&done.id).await;
    assert_eq!(case.report.component.as_deref(), Some(lamp.code.as_str()));
    assert_eq!(case.class.map(|class| class.to_string()).as_deref(), Some(LAMP));
    assert!(case.report.place.point.is_some());
    let proposals = world.app.proposals(&world.who(Role::Dispatcher), &done.id).await.expect("proposals");
    assert_eq!(proposals[0].department.id, ROADS);
    assert_eq!(proposals[0].reason.code, "owner_of_component");
    let sent = json!({ "id": new_id(), "text": "x", "place": {}, "component": "99040101037999999" });
    let sent: PublicReportIn = serde_json::from_value(sent).expect("a report");
    let refused = world.app.public_report(world::city(), sent, case::Source::CitizenWeb).await;
    assert_eq!(problems(refused), ["component unknown_component"]);
}

async fn edit(world: &World, actor: &Actor) -> EditView {
    let sent = NewEdit { id: new_id(), title: "换灯".into(), note: String::new() };
    world.app.begin_edit(actor, sent).await.expect("a batch")
}

async fn add(world: &World, actor: &Actor, id: &str, command: Value) -> Result<EditView, AppError> {
    let command: EditCommand = serde_json::from_value(command).expect("a command");
    world.app.add_to_edit(actor, id, command).await
}

fn kinds(report: &EditReport) -> Vec<String> {
    report.findings.iter().map(|finding| format!("{} {}", finding.command, finding.kind)).collect()
}

#[tokio::test]
async fn a_batch_of_edits_is_checked_looked_over_by_somebody_else_and_published_as_one() {
    let world = world().await;
    let (admin, leader) = (world.who(Role::SystemAdmin), world.who(Role::Leader));
    let one = register(&world, lamp_at(116.001, 36.005)).await;
    let two = register(&world, lamp_at(116.002, 36.005)).await;
    let id = edit(&world, &admin).await.id;
    let step =
        |code: &str, step: Value| json!({ "kind": "step", "code": code, "base_version": 1, "step": step });
    add(&world, &admin, &id, json!({ "kind": "register", "component": lamp_at(116.003, 36.005) }))
        .await
        .expect("added");
    let moved = json!({ "step": "move", "place": "POINT(116.003001 36.005)", "accuracy": "A" });
    add(&world, &admin, &id, step(&one.code, moved)).await.expect("added");
    add(&world, &admin, &id, step(&two.code, json!({ "step": "remove", "reason": "拆除" })))
        .await
        .expect("added");
    let refused = add(
        &world,
        &admin,
        &id,
        step(&two.code, json!({ "step": "set_state", "state": "lost", "reason": "x" })),
    )
    .await;
    assert_eq!(problems(refused), ["commands[4].state edit_finding"], "it is removed by then");
    // Undo, and the number is not used again.
    add(&world, &admin, &id, step(&one.code, json!({ "step": "change", "change": { "note": "误" } })))
        .await
        .expect("added");
    let view = world.app.undo_in_edit(&admin, &id).await.expect("taken back");
    let numbers: Vec<u32> = view.commands.expect("commands").iter().map(|one| one.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let report = world.app.check_edit(&admin, &id).await.expect("a report");
    assert_eq!((report.errors, kinds(&report)), (0, vec!["2 too_near".to_owned()]));

    forbidden(world.app.step_edit(&admin, &id, EditStep::Publish).await);
    let hidden = world.app.edit(&leader, &id).await;
    assert!(matches!(hidden, Err(AppError::NotFound(_))), "a draft is its maker's: {hidden:?}");
    world.app.step_edit(&admin, &id, EditStep::Submit).await.expect("submitted");
    forbidden(world.app.step_edit(&admin, &id, EditStep::Publish).await);
    forbidden(world.app.step_edit(&world.who(Role::Collector), &id, EditStep::Publish).await);
    let back = EditStep::Return { reason: "再看看".into() };
    world.app.step_edit(&leader, &id, back).await.expect("returned");
    world.app.step_edit(&admin, &id, EditStep::Submit).await.expect("submitted again");
    // Somebody changes one of them meanwhile: the whole batch is refused, naming it.
    let change = json!({ "step": "change", "change": { "note": "新" } });
    try_step(&world, &admin, &one.code, change).await.expect("changed");
    assert_eq!(
        problems(world.app.step_edit(&leader, &id, EditStep::Publish).await),
        ["commands[2] edit_finding"]
    );
    let seen = world.app.see_component(&admin, &two.code).await.expect("a card");
    assert_eq!(seen.state, "intact", "nothing of it was written");

    world.app.step_edit(&leader, &id, EditStep::Return { reason: "过期".into() }).await.expect("returned");
    for _ in 0..2 {
        world.app.undo_in_edit(&admin, &id).await.expect("taken back");
    }
    let fresh = json!({ "kind": "step", "code": one.code, "base_version": 2, "step": { "step": "remove", "reason": "换新" } });
    add(&world, &admin, &id, fresh).await.expect("added");
    world.app.step_edit(&admin, &id, EditStep::Submit).await.expect("submitted");
    let done = world.app.step_edit(&leader, &id, EditStep::Publish).await.expect("published");
    assert_eq!(done.state, EditState::Published);
    let again = world.app.step_edit(&leader, &id, EditStep::Publish).await.expect("the same answer");
    assert_eq!(again.version, done.version);
    let page = world.app.list_components(&admin, &ComponentQuery::default()).await.expect("a list");
    let codes: Vec<_> = page.items.iter().map(|item| item.code[11..].to_owned()).collect();
    assert_eq!(codes, ["000002", "000003"], "one removed, one new");
}

async fn round(world: &World, assignments: Value) -> String {
    let sent = json!({ "id": new_id(), "round": { "name": "2026 年普查", "classes": ["2026-component-01"],
        "areas": ["990401001"], "from": "2026-03-01", "until": "2026-06-30", "assignments": assignments } });
    let sent: NewRound = serde_json::from_value(sent).expect("a round");
    world.app.begin_survey(&world.who(Role::SystemAdmin), sent).await.expect("a round").id
}

async fn capture(world: &World, round: &str, sent: Value) -> Result<CaptureView, AppError> {
    let sent: CaptureIn = serde_json::from_value(sent).expect("a capture");
    world.app.capture(&world.who(Role::Collector), round, sent).await
}

#[tokio::test]
async fn a_round_is_captured_decided_sampled_and_counted() {
    let world = world().await;
    let (admin, leader) = (world.who(Role::SystemAdmin), world.who(Role::Leader));
    let mut codes = Vec::new();
    for i in 0..4 {
        codes.push(register(&world, lamp_at(116.001 + f64::from(i) * 0.001, 36.005)).await.code);
    }
    let beyond = register(&world, lamp_at(116.015, 36.005)).await.code;
    let id = round(&world, json!([{ "area": "990401001001", "person": person(Role::Collector) }])).await;
    let tasks = world.app.survey_tasks(&world.who(Role::Collector), &id, None, None).await.expect("tasks");
    assert_eq!(tasks.total, Some(4));

    let confirm = json!({ "id": new_id(), "kind": "confirm", "code": codes[0] });
    let first = capture(&world, &id, confirm.clone()).await.expect("captured");
    let again = capture(&world, &id, confirm).await.expect("the same answer");
    assert_eq!((first.id, first.state), (again.id, CaptureState::Accepted));
    capture(&world, &id, json!({ "id": new_id(), "kind": "not_found", "code": codes[1] }))
        .await
        .expect("captured");
    let correction =
        json!({ "id": new_id(), "kind": "correction", "code": codes[2], "change": { "name": "双头路灯" } });
    let correction = capture(&world, &id, correction).await.expect("captured");
    assert_eq!(correction.state, CaptureState::Pending);
    let photo = world.photo(7).await;
    let new =
        json!({ "id": new_id(), "kind": "new", "component": lamp_at(116.009, 36.005), "photos": [photo] });
    let new = capture(&world, &id, new).await.expect("captured");
    let look = async |actor: &Actor, round: &str, capture: &str| {
        world.app.capture_attachment(actor, (round, capture), &photo, Size::Full).await
    };
    let (bytes, kind) = look(&leader, &id, &new.id).await.expect("a photo");
    assert_eq!((bytes.is_empty(), kind.as_str()), (false, "image/png"));
    assert!(matches!(look(&leader, &new_id().to_string(), &new.id).await, Err(AppError::NotFound(_))));
    assert!(matches!(look(&leader, &id, &correction.id).await, Err(AppError::NotFound(_))));

    let table = [
        (json!({ "kind": "confirm", "code": beyond }), None),
        (json!({ "kind": "confirm", "code": "99040101037999999" }), Some("code unknown_component")),
        (json!({ "kind": "correction", "code": codes[3] }), Some("change required")),
        (json!({ "kind": "correction", "code": codes[3], "change": { "name": "" } }), Some("name required")),
        (
            json!({ "kind": "new", "component": lamp_at(117.0, 36.005) }),
            Some("component.place outside_grids"),
        ),
        (
            json!({ "kind": "confirm", "code": codes[3], "at": NOW.millis() - 40 * 86_400_000 }),
            Some("id round_not_open"),
        ),
    ];
    for (mut sent, expected) in table {
        sent["id"] = json!(new_id());
        let result = capture(&world, &id, sent).await;
        match expected {
            None => forbidden(result),
            Some(expected) => {
                let found = problems(result);
                assert!(found.iter().any(|one| one == expected), "{expected} in {found:?}");
            }
        }
    }
    let lost = world.app.see_component(&admin, &codes[1]).await.expect("a card");
    assert_eq!((lost.state.as_str(), lost.survey_due), ("lost", false));

    let decide = async |actor: &Actor, captures: &[&str], accept: bool, reason: &str| {
        let sent = json!({ "captures": captures, "accept": accept, "reason": reason });
        let sent: DecisionIn = serde_json::from_value(sent).expect("a decision");
        world.app.decide_captures(actor, &id, sent).await
    };
    forbidden(decide(&world.who(Role::Collector), &[&new.id], true, "").await);
    assert_eq!(problems(decide(&leader, &[&new.id], false, "").await), ["reason required"]);
    let done = decide(&leader, &[&new.id, &correction.id], true, "").await.expect("decided");
    assert_eq!((done.decided.len(), done.left.len()), (2, 0));
    let code = done.decided[0].component.clone().expect("a code");
    let card = world.app.see_component(&admin, &code).await.expect("a card");
    assert_eq!(card.surveyed.map(|seen| seen.by.id), Some(person(Role::Collector).0));
    assert_eq!(world.app.see_component(&admin, &codes[2]).await.expect("a card").name, "双头路灯");
    let again = decide(&leader, &[&new.id], false, "不要").await.expect("decided");
    assert_eq!(again.left[0].code, "decided_already");

    let progress =
        world.app.survey_progress(&leader, &id, &ProgressQuery::default()).await.expect("progress");
    assert_eq!((progress.total, progress.surveyed), (5, 4));
    assert_eq!(progress.areas[0].name.zh, "一街道");
    let own = &progress.people[0];
    assert_eq!(own.captures.values().sum::<u64>(), 4);
    assert_eq!((own.captures["new"], own.pending), (1, 0));
    let duty = world.app.survey_duty(&leader, &DutyQuery::default()).expect("the duty");
    assert_eq!((duty.total, duty.due), (6, 2));
    let pending = CaptureQuery { state: Some(CaptureState::Pending), ..Default::default() };
    assert!(world.app.captures(&leader, &id, &pending).await.expect("captures").items.is_empty());

    let draw = |seed| SampleIn { id: new_id(), count: 3, seed, error_percent_max: 10.0 };
    let sample = world.app.draw_sample(&leader, &id, draw(7)).await.expect("a sample");
    let same = world.app.draw_sample(&leader, &id, draw(7)).await.expect("a sample");
    assert_eq!(sample.items, same.items, "the same seed draws the same");
    let visit = async |actor: &Actor, at: usize, agrees: bool| {
        let sent = VisitIn {
            capture: sample.items[at].capture.parse().expect("an id"),
            agrees,
            note: "位置偏差".into(),
        };
        world.app.visit_sample(actor, &id, &sample.id, sent).await
    };
    assert_eq!(problems(visit(&world.who(Role::Collector), 0, true).await), ["capture own_capture"]);
    visit(&leader, 0, true).await.expect("visited");
    visit(&leader, 1, false).await.expect("visited");
    let done = visit(&leader, 2, true).await.expect("visited");
    assert_eq!((done.visited, done.wrong, done.passed), (3, 1, Some(false)));
    assert!(done.error_percent.is_some_and(|percent| (percent - 33.3).abs() < 0.1));
}

#[tokio::test]
async fn ownership_is_asked_of_the_owner_and_confirmed_by_its_officer_alone() {
    let world = world().await;
    let admin = world.who(Role::SystemAdmin);
    let lamp = register(&world, lamp_at(116.001, 36.005)).await;
    let mut other = lamp_at(116.002, 36.005);
    other["values"]["owner"] = body("环卫所");
    let other = register(&world, other).await;
    let asked = OwnershipAsk { select: Default::default(), dry_run: false };
    let asked = world.app.ask_ownership(&admin, asked).await.expect("asked");
    assert_eq!((asked.unconfirmed, asked.departments.len()), (2, 2));
    let roads = world.as_person(ROADS_OFFICER);
    let inbox = world.app.inbox(&roads).await.expect("an inbox");
    assert!(inbox.items.iter().any(|item| item.template == "ownership_asked"));

    let page = world.app.unconfirmed(&roads, &OwnershipQuery::default()).await.expect("a list");
    let codes: Vec<_> = page.items.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(codes, [lamp.code.as_str()], "only their own");
    let confirm = json!({ "step": "confirm_ownership", "owner": body("市政公司") });
    forbidden(try_step(&world, &roads, &other.code, confirm.clone()).await);
    let seen = world.app.see_component(&roads, &lamp.code).await.expect("a card");
    assert_eq!(seen.actions, ["confirm_ownership"]);
    let done = try_step(&world, &roads, &lamp.code, confirm).await.expect("confirmed");
    assert_eq!(done.confirmed.map(|seen| seen.by.id), Some(ROADS_OFFICER));
    forbidden(
        try_step(&world, &roads, &lamp.code, json!({ "step": "set_state", "state": "lost", "reason": "x" }))
            .await,
    );
    let left = world.app.unconfirmed(&roads, &OwnershipQuery::default()).await.expect("a list");
    assert!(left.items.is_empty());
}

#[tokio::test]
async fn the_check_finds_every_planted_fault_and_nothing_in_what_was_registered() {
    let world = world().await;
    let row = async || {
        let rows = world.app.check(world::city()).await.expect("a check");
        rows.into_iter().find(|row| row.number == 10).expect("query 10")
    };
    assert_eq!(row().await.state, "nothing");
    for i in 0..30 {
        register(&world, lamp_at(116.0005 + f64::from(i) * 0.0006, 36.005)).await;
    }
    let clean = row().await;
    assert_eq!(clean.state, "ok", "{clean:?}");

    // Written around the use cases: what an old system may have left.
    let body = |code: &str, lng: f64, grid: &str| {
        json!({ "code": code, "place": format!("POINT({lng} 36.004)"), "grid": grid, "state": "intact" })
            .to_string()
    };
    let (east, west) = ("990401002001001", "990401001001001");
    let planted: Vec<(String, String, &str)> = (0..50)
        .flat_map(|i| {
            let code = |class: &str| format!("990401{class}{:06}", 500 + i);
            [
                (
                    format!("{}", 1_000 + i),
                    body(&format!("{}", 1_000 + i), 116.001, west),
                    "bad_component_code",
                ),
                (code("99999"), body(&code("99999"), 116.002, west), "unknown_class"),
                (code("01037"), body(&code("01037"), 117.5, west), "outside_grids"),
                (code("01036"), body(&code("01036"), 116.003, east), "wrong_grid"),
            ]
        })
        .collect();
    let puts = planted.iter().map(|(code, body, _)| app::ports::PutThing {
        serial: None,
        register: "component".into(),
        code: code.clone(),
        name: "x".into(),
        class: LAMP.into(),
        expected_version: 0,
        removed: false,
        change: "[]".into(),
        body: body.clone(),
    });
    let put =
        app::ports::PutThings { city: world::city(), by: None, at: NOW, command: None, puts: puts.collect() };
    world.app.commit_things(put).await.expect("it is written");
    let found = row().await;
    assert_eq!(found.state, "failed");
    assert!(found.found.en.contains("230 components, 200 faults"), "{}", found.found.en);
}

#[tokio::test]
async fn another_edition_of_the_grids_takes_what_stands_in_them_along() {
    let w = world().await;
    let admin = w.who(Role::SystemAdmin);
    let lamp = try_register(&w, &admin, lamp_at(116.005, 36.005)).await.expect("registered");
    let still = try_register(&w, &admin, lamp_at(116.002, 36.005)).await.expect("registered");
    assert_eq!(lamp.grid, "990401001001001");
    let area = |code: &str, west: f64, east: f64| GridChange::Put {
        code: code.parse().expect("a code"),
        body: "{}".to_owned(),
        shape: format!("POLYGON(({west} 36, {east} 36, {east} 36.01, {west} 36.01, {west} 36))"),
    };
    let changes = vec![
        area("990401001001001", 116.0, 116.004),
        area("990401001001002", 116.004, 116.01),
        area("990401002001001", 116.01, 116.02),
    ];
    let day = jiff::civil::date(2026, 3, 1);
    w.store.publish_grids(world::city(), 0, day, None, w.app.now(), "", changes).await.expect("published");
    w.app.open_city(world::city()).await.expect("opened");
    w.app.work_jobs(&|| true).await.expect("asked for");
    w.clock.advance(kernel::Millis::seconds(5));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("done"), 1);
    let see = async |code: &str| w.app.see_component(&admin, code).await.expect("there");
    let moved = see(&lamp.code).await;
    assert_eq!((moved.grid.as_str(), moved.version), ("990401001001002", lamp.version + 1));
    assert_eq!(see(&still.code).await.version, still.version, "what stands right is left alone");
    let rows = w.app.check(world::city()).await.expect("checked");
    let row = rows.iter().find(|row| row.number == 10).expect("query 10");
    assert_eq!(row.state, "ok", "{:?}", row.examples);
    w.clock.advance(kernel::Millis::minutes(10));
    assert_eq!(w.app.work_jobs(&|| true).await.expect("jobs"), 0, "done once");
}
