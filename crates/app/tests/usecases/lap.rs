//! Once round: from a citizen's report to a rating, each step by the person whose step it is. Any store.

use crate::world::{CLASS, CLEANING, World, city, person, place};
use app::public::{PublicReportIn, PublicReported, PublicStepIn};
use case::Source;
use kernel::Role;
use serde_json::{Value, json};

pub const SECRET: &str = "follow-me-by-this-secret-1";

/// A citizen's report with every personal detail there is.
pub async fn citizens_report(
    w: &World,
    id: uuid::Uuid,
    secret: &str,
    text: &str,
    phone: &str,
) -> PublicReported {
    let sent = public_report(w, id, secret, text, phone).await;
    w.app.public_report(city(), sent, Source::CitizenWeb).await.expect("the report is taken")
}

pub async fn public_report(
    w: &World,
    id: uuid::Uuid,
    secret: &str,
    text: &str,
    phone: &str,
) -> PublicReportIn {
    let sent = json!({ "id": id, "secret": secret, "text": text, "class": CLASS, "place": place(),
        "photos": [w.photo(40).await],
        "reporter": { "name": "报案人甲", "phone": phone, "email": "reporter@secret.test", "callback": true } });
    serde_json::from_value(sent).expect("a report")
}

pub async fn lap(w: &World) -> String {
    let done = citizens_report(w, uuid::Uuid::now_v7(), SECRET, "路面破损，行人绊倒", "13900001111").await;
    let id = done.id;
    let collector = person(Role::Collector);
    let seen = w.evidence(5, "on_spot").await;
    let here = json!({ "lng": 116.0051, "lat": 36.0051 });
    let way: [(&str, Role, Value); 2] = [
        (
            "confirming",
            Role::IntakeOperator,
            json!({ "step": "request_confirmation", "collector": collector }),
        ),
        (
            "confirmed",
            Role::Collector,
            json!({ "step": "answer_confirmation", "outcome": "true", "evidence": seen, "position": here }),
        ),
    ];
    for (stage, role, step) in way {
        w.go(role, &id, step).await;
        assert_eq!(w.stage(&id).await, stage);
    }
    w.bring(&id, "closed").await;
    let rate = PublicStepIn::Rate { stars: 5, remark: "很快".into() };
    let view = w.app.public_step(city(), SECRET, rate).await.expect("rated");
    assert_eq!((view.state.as_str(), view.stars), ("done", Some(5)));

    let case = w.case(&id).await;
    assert!(!case.is_open() && case.rating.is_some());
    assert_eq!(case.departments.iter().map(|d| d.0).collect::<Vec<_>>(), [CLEANING]);
    let names: Vec<&str> = w.facts(&id).await.iter().map(|record| record.fact.name()).collect();
    assert_eq!(names.first(), Some(&"reported"));
    assert_eq!(names.last(), Some(&"rated"));
    assert_eq!(
        w.told("13900001111").await,
        ["report_received", "case_dispatched", "case_closed"],
        "the reporter hears of it by text message"
    );
    w.proved().await;
    let rows = w.app.check(city()).await.expect("a store");
    for number in [4, 5, 6] {
        let row = rows.iter().find(|row| row.number == number).expect("ten rows");
        assert_eq!(row.state, "ok", "{row:?}");
    }
    id
}
