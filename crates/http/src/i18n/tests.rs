use super::*;
use crate::language::Language::{En, Zh};
use case::{EvidenceKind, Refusal, StageName, Step};
use std::collections::BTreeSet;

fn every_refusal() -> Vec<Refusal> {
    let field = || "reason".to_owned();
    vec![
        Refusal::WrongStage { step: Step::Close, stage: StageName::Handling },
        Refusal::RoleMayNot {
            step: Step::Close,
            allowed: vec![kernel::Role::ShiftLeader, kernel::Role::Leader],
        },
        Refusal::HandlerMayNotJudge,
        Refusal::NotYourDepartment,
        Refusal::NotYourTask,
        Refusal::OutOfScope,
        Refusal::ReasonMissing { field: field() },
        Refusal::EvidenceMissing { needed: vec![EvidenceKind::After], minimum: 1 },
        Refusal::TooManyAttachments { maximum: 9 },
        Refusal::Incomplete { field: "class".into() },
        Refusal::NotConfirmed,
        Refusal::NotAConsultation,
        Refusal::ApprovalOpen,
        Refusal::NoApproval,
        Refusal::AlreadyOverdue,
        Refusal::TooOften { maximum: 2 },
        Refusal::BadDate { latest_days: 30 },
        Refusal::CorrectFirst,
        Refusal::ChildrenOpen { open: 2 },
        Refusal::NotVerified,
        Refusal::ReporterNotTold,
        Refusal::TooFar { metres: 300, allowed: 100 },
        Refusal::PositionMissing,
        Refusal::TooLate { days: 15 },
        Refusal::NotLate,
        Refusal::AlreadyDone,
        Refusal::CannotMerge,
        Refusal::Controlled { message: "夜间不受理".into() },
        Refusal::Invalid { field: "stars".into() },
    ]
}

/// Words in quotes that stand where a code stands in the source of a crate.
fn codes_in(text: &str, before: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for start in before {
        for (at, _) in text.match_indices(start) {
            let call: String = text[at + start.len()..].chars().take(200).collect();
            // The code is the last bare word in quotes before the call ends.
            let end = call.find(';').unwrap_or(call.len());
            let line = call[..end].split(['\n']).take(4).collect::<String>();
            if let Some(word) = line.split("\"").skip(1).step_by(2).find(|word| is_code_at_end(&line, word)) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

fn is_code_at_end(line: &str, word: &str) -> bool {
    let bare =
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
    bare && line.contains(&format!(", \"{word}\")"))
}

fn sources(folder: &std::path::Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_refusal_is_a_sentence_in_both_languages() {
    for refusal in every_refusal() {
        for language in [Zh, En] {
            let sentence = because_message(&refusal, language);
            assert_ne!(sentence, refusal.code(), "{refusal:?} has no {language:?} text");
            assert!(!sentence.contains('{') && !sentence.contains('–'), "{sentence}");
        }
    }
}

#[test]
fn no_refusal_is_left_out_of_the_list_above() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../case/src/refusal.rs");
    let text = std::fs::read_to_string(root).unwrap();
    let listed: BTreeSet<_> = every_refusal().iter().map(Refusal::code).map(str::to_owned).collect();
    let written: BTreeSet<_> =
        text.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect();
    assert_eq!(written, listed);
}

#[test]
fn roles_stages_and_steps_are_written_as_words() {
    let refusal = Refusal::RoleMayNot {
        step: Step::Close,
        allowed: vec![kernel::Role::ShiftLeader, kernel::Role::Leader],
    };
    assert_eq!(because_message(&refusal, Zh), "您的岗位不能结案；该操作由值班长、领导完成。");
    assert_eq!(
        because_message(&refusal, En),
        "Your post may not do “close”; this is done by: shift leader, leader."
    );
}

#[test]
fn both_languages_have_the_same_codes_words_and_parameters() {
    let keys = |t: &Texts| t.messages.iter().map(|(code, _)| *code).collect::<Vec<_>>();
    assert_eq!(keys(&zh::TEXTS), keys(&en::TEXTS));
    let params = |text: &str| -> BTreeSet<String> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
    };
    for ((code, zh), (_, en)) in zh::TEXTS.messages.iter().zip(en::TEXTS.messages) {
        assert_eq!(params(zh), params(en), "{code}");
    }
    let words = |t: &Texts| -> Vec<(&str, Vec<&str>)> {
        t.words.iter().map(|(group, words)| (*group, words.iter().map(|(code, _)| *code).collect())).collect()
    };
    assert_eq!(words(&zh::TEXTS), words(&en::TEXTS));
    let unique: BTreeSet<_> = keys(&zh::TEXTS).into_iter().collect();
    assert_eq!(unique.len(), zh::TEXTS.messages.len(), "a code is written twice");
}

#[test]
fn every_role_stage_step_fact_and_clock_has_a_word() {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    wanted.extend(kernel::Role::ALL.iter().map(|r| ("role", r.as_str())));
    wanted.extend(StageName::ALL.iter().map(|s| ("stage", s.as_str())));
    wanted.extend(Step::ALL.iter().map(|s| ("step", s.as_str())));
    wanted.extend(case::Source::ALL.iter().map(|s| ("source", s.as_str())));
    wanted.extend(kernel::ClockKind::ALL.iter().map(|s| ("clock", s.as_str())));
    wanted.extend(case::ApprovalKind::ALL.iter().map(|s| ("approval", s.as_str())));
    for (group, code) in wanted {
        assert!(find_word(Zh, group, code).is_some(), "{group} {code}");
    }
    let facts =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../case/src/fact.rs"))
            .unwrap();
    for name in facts.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(find_word(Zh, "fact", name).is_some(), "fact {name}");
    }
}

#[test]
fn every_field_code_of_the_application_has_a_text() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    sources(&root.join("../app/src"), &mut text);
    sources(&root.join("src"), &mut text);
    let codes = codes_in(&text, &["FieldProblem::new(", ".add(", "AppError::invalid(", "HttpError::field("]);
    assert!(codes.len() > 10, "the search found only {codes:?}");
    let mut codes = codes;
    for file in ["../media/src/refusal.rs", "../city/src/password.rs"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let written = text.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
        codes.extend(written.filter(|code| code.is_ascii()).map(str::to_owned));
    }
    let missing: Vec<_> = codes.iter().filter(|code| message(Zh, code, &Map::new()).is_none()).collect();
    assert!(missing.is_empty(), "field codes without text: {missing:?}");
}
