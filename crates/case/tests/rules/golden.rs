//! The shape of a whole history on the wire: report, rework, suspension, closing.

use crate::world::*;
use case::{ApprovalKind, Case, Command, Fact, FactRecord, Step, VerifyOutcome, replay};
use kernel::{Millis, TimeLimit};

#[test]
fn a_case_from_report_to_closing() {
    let w = World::new();
    let quarter = Millis::minutes(15);
    let play = Play::called_in(&w);
    let until = play.now + Millis::days(3);
    let play = play
        .wait(Millis::minutes(2))
        .go(INTAKE, Command::RequestConfirmation { collector: COLLECTOR, note: "请核实".to_owned() })
        .wait(quarter)
        .go(COLLECTOR, confirmed(case::ConfirmOutcome::True))
        .go(INTAKE, Command::Accept { opinion: "属实".to_owned() })
        .wait(Millis::minutes(5))
        .go(SHIFT_LEADER, file(TimeLimit::work_hours(4)))
        .wait(Millis::minutes(5))
        .go(DISPATCHER, dispatch(CLEANING))
        .wait(quarter)
        .go(OFFICER, Command::Assign { handler: HANDLER, note: nothing() })
        .go(OFFICER, ask_to_suspend(until))
        .go(DISPATCHER, approve(ApprovalKind::Suspension));
    let mut play = play;
    play.now = until;
    let play = play
        .auto(Command::Resume { reason: nothing() })
        .go(HANDLER, ask(ApprovalKind::Extension))
        .go(DISPATCHER, reject(ApprovalKind::Extension))
        .wait(quarter)
        .go(HANDLER, reply())
        .go(DISPATCHER, Command::PassOn { opinion: nothing() })
        .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
        .wait(quarter)
        .go(COLLECTOR, verified(VerifyOutcome::Failed))
        .go(INTAKE, Command::OrderRework { opinion: "返工".to_owned(), department: None })
        .wait(quarter)
        .finish_after_callback();
    let lines: Vec<String> =
        play.records.iter().map(|record| serde_json::to_string(record).expect("plain data")).collect();
    insta::assert_snapshot!("facts", lines.join("\n"));
    insta::assert_snapshot!("case", serde_json::to_string_pretty(play.case()).expect("plain data"));

    // What was written can be read, and adds up to the same case.
    let read: Vec<FactRecord> =
        lines.iter().map(|line| serde_json::from_str(line).expect("it was just written")).collect();
    assert_eq!(replay(&read).as_ref(), Ok(play.case()));
    let row = serde_json::to_string(play.case()).expect("plain data");
    assert_eq!(&serde_json::from_str::<Case>(&row).expect("it was just written"), play.case());
}

impl Play<'_> {
    fn finish_after_callback(self) -> Self {
        self.go(OFFICER, Command::SignFor)
            .go(OFFICER, reply())
            .go(DISPATCHER, Command::PassOn { opinion: nothing() })
            .go(INTAKE, Command::RequestVerification { collector: COLLECTOR, note: nothing() })
            .go(COLLECTOR, verified(VerifyOutcome::Passed))
            .go(INTAKE, call_back(Some(true)))
            .go(SHIFT_LEADER, Command::Close { opinion: "已达结案标准".to_owned() })
    }
}

#[test]
fn words_on_the_wire_are_the_words_of_the_code() {
    for step in Step::ALL {
        let wire = serde_json::to_value(step).expect("plain data");
        assert_eq!(wire, step.as_str());
        assert_eq!(Step::parse(step.as_str()), Some(step));
    }
    let fact = Fact::MarkedMajor { reason: because() };
    let wire = serde_json::to_value(&fact).expect("plain data");
    assert_eq!(wire["fact"], fact.name());
    let refusal = case::Refusal::NotVerified;
    assert_eq!(serde_json::to_value(&refusal).expect("plain data")["code"], refusal.code());
}

#[test]
fn facts_that_do_not_add_up_are_reported() {
    let w = World::new();
    let records = Play::filed(&w).records;
    assert_eq!(replay(&[]), Err(case::ReplayError::Empty));
    assert!(matches!(replay(&records[1..]), Err(case::ReplayError::NotABeginning { .. })));
    let gap = [records[0].clone(), records[2].clone()];
    assert_eq!(replay(&gap), Err(case::ReplayError::OutOfOrder { expected: 2, found: 3 }));
    let mut wrong = records[2].clone();
    wrong.seq = 2;
    assert!(matches!(
        replay(&[records[0].clone(), wrong]),
        Err(case::ReplayError::DoesNotFit { seq: 2, .. })
    ));
}
