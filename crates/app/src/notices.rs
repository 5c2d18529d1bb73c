//! Which facts are told to whom. Written with the facts, sent after the commit.

use crate::ports::{Notice, Reporter};
use case::{Case, Fact, FactRecord};
use kernel::PersonId;
use serde_json::{Map, Value, json};

/// Messages that follow from new facts: to the reporter and to the people whose turn it is.
#[must_use]
pub fn after(
    case: &Case,
    facts: &[FactRecord],
    reporter: Option<&Reporter>,
    link: Option<&str>,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    for record in facts {
        if let Some((template, extra)) = for_reporter(&record.fact)
            && let Some(reporter) = reporter
        {
            notices.extend(to_reporter(case, reporter, template, extra, link));
        }
        if let Some((person, template)) = for_person(&record.fact) {
            notices.push(to_person(case, person, template));
        }
    }
    notices
}

fn for_reporter(fact: &Fact) -> Option<(&'static str, Option<&str>)> {
    Some(match fact {
        Fact::Reported { report, .. } if report.source.is_public() => ("report_received", None),
        Fact::Declined { reason } => ("case_declined", Some(reason)),
        Fact::AnsweredAtOnce { answer } => ("case_answered", Some(answer)),
        Fact::Dispatched { rework: false, .. } => ("case_dispatched", None),
        Fact::Closed { .. } => ("case_closed", None),
        Fact::ForceClosed { order } => ("case_ended", Some(order)),
        Fact::Cancelled { reason } => ("case_ended", Some(reason)),
        Fact::Merged { .. } => ("case_merged", None),
        Fact::Unmerged { .. } => ("case_unmerged", None),
        Fact::Reopened { .. } => ("case_reopened", None),
        _ => return None,
    })
}

/// To a reporter by every address that was left; none was left, none is sent.
#[must_use]
pub fn to_reporter(
    case: &Case,
    reporter: &Reporter,
    template: &str,
    extra: Option<&str>,
    link: Option<&str>,
) -> Vec<Notice> {
    let mut params = about(case);
    if let Some(extra) = extra {
        params.insert("words".into(), json!(extra.chars().take(500).collect::<String>()));
    }
    if let Some(link) = link {
        params.insert("link".into(), json!(link));
    }
    let language = if reporter.language == "en" { "en" } else { "zh" };
    let notice = |channel: &str, to: &str| Notice {
        channel: channel.to_owned(),
        to: to.to_owned(),
        template: template.to_owned(),
        language: language.to_owned(),
        params: params.clone(),
    };
    let mut notices = Vec::new();
    if !reporter.phone.is_empty() {
        notices.push(notice("sms", &reporter.phone));
    }
    if !reporter.email.is_empty() {
        notices.push(notice("email", &reporter.email));
    }
    notices
}

fn for_person(fact: &Fact) -> Option<(PersonId, &'static str)> {
    Some(match fact {
        Fact::ConfirmationRequested { collector, .. } => (*collector, "task_confirm"),
        Fact::VerificationRequested { collector, .. } => (*collector, "task_verify"),
        Fact::CollectorChanged { collector, .. } => (*collector, "task_given"),
        Fact::Assigned { handler, .. } => (*handler, "order_given"),
        Fact::HandedOver { to } => (*to, "handed_over"),
        _ => return None,
    })
}

#[must_use]
pub fn to_person(case: &Case, person: PersonId, template: &str) -> Notice {
    Notice {
        channel: "inbox".into(),
        to: person.to_string(),
        template: template.to_owned(),
        language: "zh".into(),
        params: about(case),
    }
}

fn about(case: &Case) -> Map<String, Value> {
    let mut params = Map::new();
    params.insert("number".into(), json!(case.number.as_str()));
    params.insert("case".into(), json!(case.id.to_string()));
    params.insert("address".into(), json!(case.report.place.address));
    params.insert("text".into(), json!(case.report.text.chars().take(60).collect::<String>()));
    params
}
