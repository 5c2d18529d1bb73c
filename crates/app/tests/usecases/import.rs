//! Tables of an old system: tried first, all or nothing, every wrong row named.

use crate::world::{CLASS, World, city};
use app::AppError;
use app::import::{ImportView, Table};
use kernel::Role;

fn table(text: &str) -> Table {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let headers = lines.next().expect("a header");
    Table { headers, rows: lines.enumerate().map(|(at, cells)| (at + 2, cells)).collect() }
}

async fn import(w: &World, kind: &str, text: &str, dry_run: bool) -> ImportView {
    let role = if kind == "people" { Role::SecurityAdmin } else { Role::SystemAdmin };
    w.app.import(&w.who(role), kind, &table(text), dry_run).await.expect("an answer")
}

fn wrong(view: &ImportView) -> Vec<(usize, &str, &str)> {
    view.errors.iter().map(|e| (e.row, e.field.as_str(), e.code.as_str())).collect()
}

#[tokio::test]
async fn departments_come_in_whole_or_not_at_all() {
    let w = World::new().await;
    let good = "code,name_zh,name_en,parent_code,level,kind\n\
        light,路灯所,Lights,D10,city,responsible\ngreen,园林所,Parks,light,city,responsible";
    let before = w.store.records_version(city()).await.expect("a store");
    let tried = import(&w, "departments", good, true).await;
    assert_eq!((tried.dry_run, tried.rows, tried.ok, tried.error_count), (true, 2, 2, 0));
    let bad = format!(
        "{good}\nthird,第三所,Third,nowhere,city,responsible\nfourth,第四所,Fourth,D10,galaxy,responsible"
    );
    let refused = import(&w, "departments", &bad, false).await;
    assert_eq!(wrong(&refused), [(4, "parent_code", "unknown_department"), (5, "level", "unknown_value")]);
    assert_eq!(refused.ok, 0);
    assert_eq!(w.store.records_version(city()).await.expect("a store"), before, "nothing was written");
    let done = import(&w, "departments", good, false).await;
    assert_eq!((done.ok, done.error_count), (2, 0));
    let config = w.app.config(city()).expect("a city");
    let green = config.organisation.by_code("green").expect("imported");
    assert_eq!(green.parent, config.organisation.by_code("light").map(|d| d.id));
    // A second time changes the same ones.
    let again = import(&w, "departments", &good.replace("Parks", "Gardens"), false).await;
    assert_eq!(again.ok, 2);
    let config = w.app.config(city()).expect("a city");
    assert_eq!(config.organisation.by_code("green").map(|d| d.name.en.as_str()), Some("Gardens"));
}

#[tokio::test]
async fn people_and_responsibility_come_in_with_their_rights() {
    let w = World::new().await;
    let people = "account,name_zh,department_code,roles,areas,classes\n\
        zhang,张某,D11,department_officer;handler,,\nlisi,李某,D1,collector,990401001,";
    let tried = import(&w, "people", people, true).await;
    assert_eq!(tried.ok, 2, "{tried:?}");
    assert!(!w.app.config(city()).expect("a city").accounts.contains_key("zhang"), "only tried");
    let bad = format!(
        "{people}\nzhang,张二,D11,handler,,\nwang,王某,D99,handler,,\nzhao,赵某,D11,emperor,,\nqian,钱某,D11,handler,,no-class"
    );
    let refused = import(&w, "people", &bad, false).await;
    assert_eq!(
        wrong(&refused),
        [
            (4, "account", "taken"),
            (5, "department_code", "unknown_department"),
            (6, "roles", "unknown_value"),
            (7, "classes", "not_a_class")
        ]
    );
    assert!(!w.app.config(city()).expect("a city").accounts.contains_key("zhang"), "all or nothing");
    assert_eq!(import(&w, "people", people, false).await.ok, 2);
    let config = w.app.config(city()).expect("a city");
    let li = w.app.actor_of_person(city(), config.accounts["lisi"]).expect("active");
    assert_eq!(li.posts()[0].scope.areas.len(), 1);

    let rules = format!("class,department_code,place,weight_permille\n{CLASS},D11,990401001,800\n*,D20,,100");
    assert_eq!(import(&w, "responsibility", &rules, false).await.ok, 2);
    assert_eq!(w.app.config(city()).expect("a city").responsibility.len(), 2);
    let bad = format!("{rules}\n{CLASS},D11,,1200\n{CLASS},D77,,1");
    assert_eq!(
        wrong(&import(&w, "responsibility", &bad, true).await),
        [(4, "weight_permille", "out_of_range"), (5, "department_code", "unknown_department")]
    );
    // Roles: people are the security administrator's, tables the system administrator's; columns must be there.
    let no = w.app.import(&w.who(Role::SystemAdmin), "people", &table(people), true).await;
    assert!(matches!(no, Err(AppError::Forbidden(_))));
    let no = w.app.import(&w.who(Role::Dispatcher), "departments", &table("code"), true).await;
    assert!(matches!(no, Err(AppError::Forbidden(_))));
    let missing = w.app.import(&w.who(Role::SystemAdmin), "departments", &table("code\nx"), true).await;
    assert!(matches!(&missing, Err(AppError::Invalid(p)) if p.len() == 3), "{missing:?}");
    let kind = w.app.import(&w.who(Role::SystemAdmin), "planets", &table("code\nx"), true).await;
    assert!(matches!(kind, Err(AppError::NotFound(_))));
}

#[tokio::test]
async fn running_cases_of_an_old_system_go_on_where_they_were() {
    let w = World::new().await;
    let old = format!(
        "old_number,reported_at,text,class,criterion,stage,department_code,lng,lat,address,source\n\
         A-1,2026-02-27 10:00,坑洞,{CLASS},1,dispatched,D11,116.005,36.005,中山路,hotline\n\
         A-2,2026-02-27 10:05,坑洞二,{CLASS},1,filed,,116.006,36.005,中山路,\n\
         A-3,2026/02/27 10:10:30,不明,,,reported,,116.006,36.005,中山路,media"
    );
    let tried = import(&w, "cases", &old, true).await;
    assert_eq!((tried.ok, tried.error_count), (3, 0), "{:?}", tried.errors);
    assert_eq!(w.store.head(city()).await.expect("a store"), (0, 0), "a dry run writes nothing");
    let bad = format!(
        "{old}\nA-4,yesterday,坑洞,{CLASS},1,filed,,116.005,36.005,x,\nA-5,2026-02-27 10:00,,{CLASS},1,filed,,116.005,36.005,x,\n\
         A-6,2026-02-27 10:00,坑洞,{CLASS},1,dispatched,,116.005,36.005,x,\nA-7,2026-02-27 10:00,坑洞,,1,filed,,116.005,36.005,x,\n\
         A-8,2026-02-27 10:00,坑洞,{CLASS},1,filed,,100.0,36.005,x,"
    );
    let some = import(&w, "cases", &bad, true).await;
    assert_eq!(
        wrong(&some),
        [
            (5, "reported_at", "not_a_time"),
            (6, "text", "required"),
            (7, "department_code", "required"),
            (8, "class", "required"),
            (9, "place.lng", "outside_city")
        ]
    );
    let done = import(&w, "cases", &old, false).await;
    assert_eq!((done.ok, w.store.head(city()).await.expect("a store").1), (3, 3));
    let again = import(&w, "cases", &old, false).await;
    assert_eq!(
        (again.ok, again.error_count, again.errors[0].code.as_str()),
        (0, 3, "taken"),
        "safe to repeat"
    );
    w.proved().await;
    let serials = w.store.cases_by_serial(city(), &[0, 1, 2]).await.expect("a store");
    let stages: Vec<&str> = serials.iter().map(|s| s.case.stage.name().as_str()).collect();
    assert_eq!(stages, ["dispatched", "filed", "reported"]);
    assert!(
        serials.iter().all(|s| s.case.procedure == 1 && s.case.synthesised),
        "brought over, now under today's procedure"
    );
    // They are worked like any other.
    let id = serials[0].case.id.to_string();
    w.go(Role::DepartmentOfficer, &id, serde_json::json!({ "step": "sign_for" })).await;
    assert_eq!(w.stage(&id).await, "handling");
}
