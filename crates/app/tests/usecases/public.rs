//! The public's side: the same answer to the same report, nobody else's case, no names.

use crate::lap::{self, SECRET, citizens_report, public_report};
use crate::world::{World, city, new_id, secret_name};
use app::duplicates::DuplicateQuery;
use app::list_query::ListQuery;
use app::public::{PublicRequestQuery, PublicStepIn};
use app::{AppError, public};
use case::Source;
use kernel::{Actor, CaseId, Millis};

#[tokio::test]
async fn the_same_report_with_its_secret_is_answered_the_same_way() {
    let w = World::new().await;
    let id = new_id();
    let first = citizens_report(&w, id, "a-secret-of-the-citizen-1", "坑洞", "13900000001").await;
    let again = citizens_report(&w, id, "a-secret-of-the-citizen-1", "坑洞", "13900000001").await;
    assert!(first.created && !again.created);
    assert_eq!((&first.id, &first.number, &first.follow_url), (&again.id, &again.number, &again.follow_url));
    assert_eq!(w.store.head(city()).await.expect("a store").1, 1);
    assert_eq!(w.told("13900000001").await, ["report_received"], "told once");
    // Another secret: the id is somebody else's, and nothing is said about it.
    let other = public_report(&w, id, "another-secret-of-someone", "坑洞", "13900000002").await;
    let taken = w.app.public_report(city(), other, Source::CitizenWeb).await.expect_err("it is taken");
    assert!(
        matches!(&taken, AppError::Invalid(p) if p[0].code == "taken" && p[0].field == "id"),
        "{taken:?}"
    );
    let short = public_report(&w, new_id(), "short", "坑洞", "13900000002").await;
    assert!(matches!(
        w.app.public_report(city(), short, Source::CitizenWeb).await,
        Err(AppError::Invalid(_))
    ));
}

#[tokio::test]
async fn a_citizen_sees_their_own_case_and_no_other() {
    let w = World::new().await;
    let own = citizens_report(&w, new_id(), "a-secret-of-the-citizen-1", "坑洞", "13900000001").await;
    let other = citizens_report(&w, new_id(), "a-secret-of-the-citizen-2", "井盖", "13900000002").await;
    let id: CaseId = own.id.parse().expect("an id");
    let citizen = Actor::citizen(city(), Some(id));
    assert!(matches!(w.app.see_case(&citizen, &other.id).await, Err(AppError::NotFound(_))));
    assert!(matches!(w.app.see_facts(&citizen, &other.number).await, Err(AppError::NotFound(_))));
    let list = w.app.list_cases(&citizen, &ListQuery::default()).await.expect("an empty list");
    assert_eq!((list.total, list.items.len()), (0, 0));
    assert_eq!(w.app.public_case(city(), "a-secret-of-the-citizen-1").await.expect("own").number, own.number);
    for guess in ["a-secret-of-the-citizen-3", "", &"x".repeat(500), &own.id, &own.number] {
        assert!(matches!(w.app.public_case(city(), guess).await, Err(AppError::NotFound(_))), "{guess}");
    }
    // Without a link there is nothing to rate, and before the end neither.
    let early = w.app.public_step(
        city(),
        "a-secret-of-the-citizen-1",
        PublicStepIn::Rate { stars: 1, remark: String::new() },
    );
    assert!(matches!(early.await, Err(AppError::Refused(_))));
    let reopen = PublicStepIn::Reopen { reason: "不满意".into() };
    let early = w.app.public_step(city(), "a-secret-of-the-citizen-1", reopen).await;
    assert!(matches!(early, Err(AppError::Refused(case::Refusal::WrongStage { .. }))), "{early:?}");
    // One reminder a day.
    let remind = || PublicStepIn::Remind { text: "还没来".into() };
    let soon = w.app.public_step(city(), "a-secret-of-the-citizen-1", remind()).await;
    assert!(matches!(soon, Err(AppError::Refused(case::Refusal::TooOften { .. }))), "{soon:?}");
    w.clock.advance(Millis::hours(25));
    w.app.public_step(city(), "a-secret-of-the-citizen-1", remind()).await.expect("a day later");
    assert!(w.app.public_step(city(), "a-secret-of-the-citizen-1", remind()).await.is_err());
}

#[tokio::test]
async fn nothing_the_public_can_fetch_names_a_person() {
    let w = World::new().await;
    let id = lap::lap(&w).await;
    let followed = w.app.public_case(city(), SECRET).await.expect("the link works");
    let mut texts = vec![serde_json::to_string(&followed).expect("json")];
    let near = DuplicateQuery {
        lng: Some(116.005),
        lat: Some(36.005),
        text: "路面破损".into(),
        ..DuplicateQuery::default()
    };
    let second = citizens_report(&w, new_id(), "a-secret-of-the-citizen-2", "路面破损", "13900002222").await;
    let open: Vec<public::PublicNearView> = w.app.public_duplicates(city(), near).await.expect("a list");
    assert_eq!(open.len(), 1, "only the open one");
    texts.push(serde_json::to_string(&open).expect("json"));
    let (requests, total) = w
        .app
        .public_requests(city(), &PublicRequestQuery { limit: 100, ..PublicRequestQuery::default() })
        .await
        .expect("a list");
    assert_eq!(total, 2);
    texts.push(format!("{requests:?}"));
    let words =
        serde_json::to_string(&w.app.public_case(city(), "a-secret-of-the-citizen-2").await.expect("own"));
    texts.push(words.expect("json"));
    let mut forbidden: Vec<String> = (1..=22).map(secret_name).collect();
    forbidden.extend((1..=22).map(|id| format!("Hidden Name {id}")));
    forbidden.extend(
        ["报案人甲", "13900001111", "13900002222", "reporter@secret.test", "内部意见", "account"]
            .map(str::to_owned),
    );
    for text in &texts {
        for word in &forbidden {
            assert!(!text.contains(word.as_str()), "{word} in {text}");
        }
    }
    // What the department answered is what the citizen reads.
    assert_eq!(followed.answer.as_deref(), Some("已修补"));
    assert!(followed.timeline.iter().any(|fact| fact.fact == "dispatched" && fact.department.is_some()));
    assert!(followed.photos.iter().any(|photo| photo.kind == "after"));
    assert_eq!(w.case(&id).await.number.to_string(), followed.number);
    assert_ne!(second.number, followed.number);
}

#[tokio::test]
async fn departments_never_learn_who_reported() {
    use kernel::Role;
    let w = World::new().await;
    let id = lap::lap(&w).await;
    for role in [
        Role::DepartmentOfficer,
        Role::Handler,
        Role::Dispatcher,
        Role::Leader,
        Role::Supervisor,
        Role::Collector,
    ] {
        let Ok(view) = w.app.see_case(&w.who(role), &id).await else { continue };
        let facts = w.app.see_facts(&w.who(role), &id).await.expect("the timeline of a seen case");
        let text = format!(
            "{} {}",
            serde_json::to_string(&view).expect("json"),
            serde_json::to_string(&facts).expect("json")
        );
        assert!(view.reporter.is_none() && view.reporter_hidden, "{role:?}");
        for word in ["报案人甲", "13900001111", "reporter@secret.test"] {
            assert!(!text.contains(word), "{word} shown to {role:?}");
        }
    }
    let view = w.app.see_case(&w.who(Role::IntakeOperator), &id).await.expect("seen");
    assert_eq!(view.reporter.map(|r| r.phone).as_deref(), Some("13900001111"));
}
