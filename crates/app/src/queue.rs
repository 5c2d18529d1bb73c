//! The queues of each role's workbench: what waits for whom, as filters over the columns.

use crate::config::Config;
use crate::rights::with_sub_units;
use case::StageName;
use case::case::Audit;
use index::{AppealStep, Filter, Period};
use kernel::{Actor, DepartmentId, Millis, Role, Timestamp};

/// How long a finished piece of work stays in its worker's list; everything older is found by filter.
const LATELY: Millis = Millis::days(30);

/// The queues of a person, in the order of a day's work.
#[must_use]
pub fn of(actor: &Actor) -> Vec<&'static str> {
    let table: [(Role, &[&str]); 8] = [
        (
            Role::IntakeOperator,
            &[
                "intake",
                "pool",
                "to_verify",
                "failed_verification",
                "callbacks",
                "withdrawals",
                "appeals_intake",
                "confirming",
                "verifying",
                "mine",
            ],
        ),
        (Role::ShiftLeader, &["to_file", "to_close", "self_handled", "approvals", "audits", "overdue"]),
        (Role::Dispatcher, &["to_dispatch", "approvals", "replies", "suspended", "appeals", "overdue"]),
        (
            Role::DepartmentOfficer,
            &[
                "department_new",
                "department_handling",
                "department_due",
                "department_suspended",
                "urged",
                "department_ended",
            ],
        ),
        (Role::Handler, &["my_orders", "my_orders_ended"]),
        (Role::Collector, &["my_tasks", "my_reports", "my_tasks_ended"]),
        (Role::Leader, &["major", "urged_open", "approvals", "overdue"]),
        (Role::Supervisor, &["major", "urged_open", "overdue"]),
    ];
    let mut queues: Vec<&str> = Vec::new();
    for (role, words) in table {
        if actor.has(role) {
            queues.extend(words.iter().filter(|word| !queues.contains(word)).copied().collect::<Vec<_>>());
        }
    }
    if !queues.is_empty() {
        queues.extend(["open", "ended"]);
    }
    queues
}

/// The filter a queue stands for; `None` for a word that is no queue.
#[must_use]
pub fn filter(actor: &Actor, config: &Config, word: &str, now: Timestamp) -> Option<Filter> {
    let me = actor.person_id();
    let departments = || -> Vec<DepartmentId> {
        let posts = actor.posts().iter().filter(|post| post.role == Role::DepartmentOfficer);
        posts.flat_map(|post| with_sub_units(config, post.department)).collect()
    };
    let stages = |names: &[StageName]| Filter { stages: names.to_vec(), ..Filter::default() };
    let lately = Period { from: Some(now - LATELY), to: None };
    let open = Filter { ended: Some(false), ..Filter::default() };
    use StageName as S;
    Some(match word {
        "intake" => stages(&[S::Reported, S::Confirmed]),
        "pool" => Filter { has_intake: Some(false), ..stages(&[S::Reported, S::Confirmed]) },
        "mine" => Filter { intakes: me.into_iter().collect(), ..open },
        "confirming" => stages(&[S::Confirming]),
        "verifying" => stages(&[S::Verifying]),
        "to_verify" => stages(&[S::ReadyToVerify]),
        // A failed verification waits for intake's order of rework (T32).
        "failed_verification" => Filter { verification_failed: Some(true), ..stages(&[S::Verified]) },
        "callbacks" => Filter { public: Some(true), called_back: Some(false), ..stages(&[S::Verified]) },
        "withdrawals" => Filter { approvals: vec![case::ApprovalKind::Withdrawal], ..open },
        "appeals_intake" => Filter { appeals: vec![AppealStep::Intake], ..Filter::default() },
        "to_file" => stages(&[S::Accepted]),
        "to_close" => stages(&[S::Verified]),
        "self_handled" => stages(&[S::SelfHandled]),
        "approvals" => {
            let roles: Vec<Role> = actor.posts().iter().map(|post| post.role).collect();
            Filter { approvals_of: roles, ended: Some(false), ..Filter::default() }
        }
        "audits" => Filter { audits: vec![Audit::Due], ..Filter::default() },
        "to_dispatch" => stages(&[S::Filed]),
        "replies" => stages(&[S::Replied]),
        "suspended" => stages(&[S::Suspended]),
        "appeals" => Filter { appeals: vec![AppealStep::Dispatcher], ..Filter::default() },
        "department_new" => Filter { departments: departments(), ..stages(&[S::Dispatched]) },
        "department_handling" => Filter { departments: departments(), ..stages(&[S::Handling]) },
        "department_due" => Filter {
            departments: departments(),
            lights: vec![kernel::Light::Yellow, kernel::Light::Red],
            ..stages(&[S::Dispatched, S::Handling])
        },
        "department_suspended" => Filter { departments: departments(), ..stages(&[S::Suspended]) },
        "department_ended" => Filter { departments: departments(), ended: Some(true), ..Filter::default() },
        "urged" => Filter { departments: departments(), urging_unanswered: Some(true), ..open },
        "urged_open" => Filter { urging_unanswered: Some(true), ..open },
        "my_orders" => Filter { handlers: me.into_iter().collect(), ..stages(&[S::Handling, S::Suspended]) },
        // What left my hands lately, wherever it is now; back with a department it is nobody's answer any more.
        "my_orders_ended" => Filter {
            involving: me.into_iter().collect(),
            updated: lately,
            ..stages(&all_but(&[S::Draft, S::Dispatched, S::Handling, S::Suspended]))
        },
        "my_tasks" => {
            Filter { collectors: me.into_iter().collect(), ..stages(&[S::Confirming, S::Verifying]) }
        }
        "my_tasks_ended" => Filter {
            involving: me.into_iter().collect(),
            updated: lately,
            ..stages(&all_but(&[S::Draft, S::Confirming, S::Verifying]))
        },
        "my_reports" => Filter { reported_by: me.into_iter().collect(), ..Filter::default() },
        "major" => Filter { major: Some(true), ..open },
        "overdue" => Filter { overdue: Some(true), ..open },
        "open" => open,
        "ended" => Filter { ended: Some(true), ..Filter::default() },
        _ => return None,
    })
}

/// Every stage but these.
fn all_but(not: &[StageName]) -> Vec<StageName> {
    StageName::ALL.into_iter().filter(|stage| !not.contains(stage)).collect()
}
