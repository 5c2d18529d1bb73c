//! The packs that come with the program, and packs with one thing wrong each.

use city::Catalogue;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use yiwang_pack::entry::{self, Held, Standing};
use yiwang_pack::{
    Facts, File, Folder, Others, Pack, Problem, check, check_all, compare, refusals, with_retired,
};

fn folder(id: &str) -> Vec<File> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(id);
    let mut files: Vec<File> = std::fs::read_dir(path)
        .expect("the packs stand beside the crates")
        .map(|entry| entry.expect("readable"))
        .map(|entry| File {
            name: entry.file_name().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(entry.path()).expect("text"),
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Other packs bring these registers.
fn others(names: &[&str]) -> Others {
    let known: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Others { taken: known.clone(), known }
}

fn shipped(id: &str) -> Pack {
    let known = if id == "signs" { others(&["shop"]) } else { others(&[]) };
    check(id, &folder(id), Catalogue::national_ref(), &known).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn the_packs_that_come_with_the_program_are_right() {
    for (id, registers) in [("front_gate", 1), ("signs", 2), ("sanitation", 2), ("housing", 1)] {
        assert_eq!(shipped(id).registers.len(), registers, "{id}");
    }
    let housing = shipped("housing");
    assert!(housing.registers[0].rights.sensitive);
}

#[test]
fn packs_are_checked_together_and_the_first_of_two_keeps_a_register() {
    let folders = ["front_gate", "housing", "sanitation", "signs"]
        .map(|id| Folder { id: id.to_owned(), files: folder(id) });
    assert!(check_all(&folders, Catalogue::national_ref()).iter().all(Result::is_ok));
    let again = Folder {
        id: "shops".into(),
        files: vec![
            File { name: "pack.toml".into(), text: PACK.replace("trees", "shops").replace("tree", "shop") },
            folder("front_gate").into_iter().find(|file| file.name == "shop.toml").expect("there"),
        ],
    };
    let found = check_all(&[folders[0].clone(), again], Catalogue::national_ref());
    assert!(found[0].is_ok());
    assert_eq!(found[1].as_ref().expect_err("taken")[0].code, "taken");
}

const PACK: &str = "id = \"trees\"\nname = { zh = \"古树\", en = \"Trees\" }\nregisters = [\"tree\"]\n";
const TREE: &str = r#"id = "tree"
name = { zh = "古树名木", en = "Heritage trees" }
style = "state"
[code]
prefix = "GS"
[[state]]
id = "healthy"
name = { zh = "健康", en = "Healthy" }
[[state]]
id = "gone"
name = { zh = "已死亡", en = "Gone" }
closed = true
[[field]]
id = "species"
name = { zh = "树种", en = "Species" }
type = "text"
required = true
[[field]]
id = "girth"
name = { zh = "胸围", en = "Girth" }
type = "number"
unit = { zh = "厘米", en = "cm" }
min = 1
max = 3000
[[field]]
id = "grade"
name = { zh = "级别", en = "Grade" }
type = "choice"
required = true
choice = [ { id = "one", name = { zh = "一级", en = "First" } }, { id = "two", name = { zh = "二级", en = "Second" } } ]
[[document]]
id = "survey"
name = { zh = "普查表", en = "Survey sheet" }
expires = true
[[case]]
id = "dying"
name = { zh = "濒危", en = "Dying" }
class = "2026-event-06017"
text = { zh = "古树濒危", en = "The tree is dying" }
when = "documents.survey.expires < today - 30"
[rights]
edit = ["system_admin"]
"#;

fn trees(tree: &str) -> Result<Pack, Vec<Problem>> {
    let files = [
        File { name: "pack.toml".into(), text: PACK.into() },
        File { name: "tree.toml".into(), text: tree.into() },
    ];
    check("trees", &files, Catalogue::national_ref(), &Others::default())
}

#[test]
fn a_wrong_pack_names_file_line_and_column() {
    assert!(trees(TREE).is_ok(), "{:?}", trees(TREE));
    // What is written instead of what, the problem, and the text it must point at.
    let when = "documents.survey.expires < today - 30";
    let table = [
        ("girth\"\nname", "girth\"\nnmae", "unknown_key", "nmae"),
        ("树种\", en = \"Species\" }", "树种\" }", "required", "{ zh = \"树种\""),
        ("type = \"text\"", "type = \"string\"", "unknown_word", "\"string\""),
        ("en = \"cm\" }\n", "en = \"cm\" }\npattern = \"x\"\n", "not_for_type", "\"x\""),
        ("max = 3000", "max = 0", "range_empty", "0\n[[field]]\nid = \"grade\""),
        ("id = \"girth\"", "id = \"state\"", "reserved", "\"state\"\nname"),
        ("id = \"girth\"", "id = \"species\"", "twice", "[[field]]"),
        ("2026-event-06017", "2026-event-06999", "unknown_class", "\"2026-event-06999"),
        ("2026-event-06017", "weeds", "bad_class", "\"weeds"),
        ("documents.survey", "documents.permit", "unknown_document", ".permit"),
        ("< today - 30", "< girth", "cel_type", "< girth"),
        (when, "grith > 3", "unknown_field", "grith"),
        (when, "grade == 'three'", "unknown_choice", "== 'three'"),
        (when, "grade == 'one' && grade == 'two'", "unreachable", "\"grade == 'one'"),
        (when, "state != 'gone' || state == 'gone'", "always", "\"state != 'gone'"),
        (when, "girth", "cel_not_boolean", "girth\"\n[rights]"),
        (when, "girth >", "cel_syntax", ""),
        (when, "[1].exists(x, x == 1)", "cel_unsupported", ""),
        ("[\"system_admin\"]", "[\"mayor\"]", "unknown_role", "\"mayor\""),
        ("[rights]", "[rights]\nsensitive = true", "required", "true\nedit"),
        ("prefix = \"GS\"", "prefix = \"gs\"", "bad_prefix", "\"gs\""),
        ("[code]", "[code", "toml", ""),
        ("id = \"tree\"", "id = \"trees\"", "id_not_file", "\"trees\""),
    ];
    for (old, new, code, points_at) in table {
        let text = TREE.replacen(old, new, 1);
        assert_ne!(text, TREE, "{old}");
        let problems = trees(&text).expect_err(new);
        let found = problems.iter().find(|problem| problem.code == code);
        let Some(found) = found else { panic!("{new}: {problems:?}") };
        assert_eq!(found.file, "trees/tree.toml");
        assert!(!found.zh.is_empty() && !found.en.is_empty());
        let before = &text[..text.find(points_at).expect(points_at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        if !points_at.is_empty() {
            let place = (found.line as usize, found.column as usize);
            assert_eq!(place, (line, column), "{new}: {problems:?}");
        }
    }
}

#[test]
fn files_and_lists_of_a_pack_agree() {
    let files = |names: &[&str]| -> Vec<File> {
        names
            .iter()
            .map(|name| File {
                name: (*name).to_owned(),
                text: if *name == "pack.toml" { PACK } else { TREE }.to_owned(),
            })
            .collect()
    };
    let run = |files: &[File]| check("trees", files, Catalogue::national_ref(), &Others::default());
    for (names, code) in [
        (vec!["tree.toml"], "file_missing"),
        (vec!["pack.toml"], "file_missing"),
        (vec!["pack.toml", "tree.toml", "other.toml"], "not_listed"),
    ] {
        let problems = run(&files(&names)).expect_err("wrong");
        assert!(problems.iter().any(|problem| problem.code == code), "{problems:?}");
    }
    let taken =
        check("trees", &files(&["pack.toml", "tree.toml"]), Catalogue::national_ref(), &others(&["tree"]));
    assert_eq!(taken.expect_err("defined twice")[0].code, "taken");
}

#[test]
fn conditions_hold_for_what_an_entry_has() {
    let billboard = shipped("signs").registers[0].clone();
    let rule = billboard.case_rule("expired").expect("there").when.clone().expect("by rule");
    let on = |state, expires: Option<Option<Date>>| {
        let documents: BTreeMap<&str, Option<Date>> =
            expires.into_iter().map(|day| ("permit", day)).collect();
        let facts = Facts { today: date(2026, 11, 30), state, documents, ..Facts::default() };
        rule.holds(&facts, &billboard)
    };
    assert!(on("standing", Some(Some(date(2026, 11, 29)))));
    assert!(!on("standing", Some(Some(date(2026, 11, 30)))));
    assert!(!on("removed", Some(Some(date(2020, 1, 1)))));
    assert!(!on("standing", Some(None)) && !on("standing", None));

    let rental = shipped("housing").registers[0].clone();
    let crowded = &rental.checks[0].holds;
    for (values, holds) in [
        (json!({"rooms": 2, "tenants": 16}), true),
        (json!({"rooms": 2, "tenants": 17}), false),
        (json!({"tenants": 17}), true),
    ] {
        let values = values.as_object().expect("a map").clone();
        let facts = Facts { kind: "group", values: Some(&values), ..Facts::default() };
        assert_eq!(crowded.holds(&facts, &rental), holds, "{values:?}");
    }
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().expect("a map").clone()
}

#[test]
fn each_wrong_value_is_named() {
    let shop = shipped("front_gate").registers[0].clone();
    let good = map(json!({"street_address": "东风街 1 号", "frontage": 6.5, "phone": "0536-8888888"}));
    assert_eq!(entry::check_values(&shop, &good, None), []);
    let table = [
        ("street_address", Value::Null, "required"),
        ("street_address", json!(" "), "required"),
        ("street_address", json!("长".repeat(121)), "too_long"),
        ("frontage", json!(0.1), "too_small"),
        ("frontage", json!(900), "too_large"),
        ("frontage", json!("6"), "not_a_number"),
        ("phone", json!("call me"), "not_a_phone"),
        ("credit_code", json!("123"), "bad_pattern"),
        ("signed_on", json!("2026-02-30"), "not_a_date"),
        ("open_fire", json!("yes"), "not_a_boolean"),
        ("front_photos", json!(vec!["a"; 7]), "too_many"),
        ("colour", json!("red"), "unknown_field"),
    ];
    for (field, value, code) in table {
        let mut values = good.clone();
        values.insert(field.to_owned(), value.clone());
        let problems = entry::check_values(&shop, &values, None);
        assert_eq!(problems.iter().map(|p| (p.field.as_str(), p.code)).collect::<Vec<_>>(), [(field, code)]);
        // What stood there before may stay.
        if code != "required" {
            assert_eq!(entry::check_values(&shop, &values, Some(&values)), []);
        }
    }
}

#[test]
fn a_document_is_valid_expiring_expired_or_missing() {
    let billboard = shipped("signs").registers[0].clone();
    let permit = billboard.document("permit").expect("there");
    let today = date(2026, 11, 30);
    let held = |expires: Date| Held {
        document: "permit".into(),
        number: "1".into(),
        issued_on: None,
        expires_on: Some(expires),
        file: None,
    };
    let table = [
        (vec![], Standing::Missing, yiwang_pack::Colour::Red),
        (vec![held(date(2026, 11, 29))], Standing::Expired, yiwang_pack::Colour::Red),
        (vec![held(date(2026, 12, 30))], Standing::Expiring, yiwang_pack::Colour::Yellow),
        (vec![held(date(2027, 1, 1))], Standing::Valid, yiwang_pack::Colour::Green),
        (vec![held(date(2027, 1, 1)), held(date(2020, 1, 1))], Standing::Valid, yiwang_pack::Colour::Green),
    ];
    for (documents, expected, colour) in table {
        let found = entry::standing(permit, &documents, today).expect("required").0;
        assert_eq!(found, expected);
        let flags = entry::document_flags(&billboard, &documents, today);
        assert_eq!(entry::colour(&billboard, "standing", None, flags), colour);
        assert_eq!(entry::colour(&billboard, "removed", None, flags), yiwang_pack::Colour::Grey);
    }
}

#[test]
fn a_changed_pack_loses_nothing() {
    let old = trees(TREE).expect("right");
    let without = TREE.replacen("[[field]]\nid = \"girth\"\nname = { zh = \"胸围\", en = \"Girth\" }\ntype = \"number\"\nunit = { zh = \"厘米\", en = \"cm\" }\nmin = 1\nmax = 3000\n", "", 1);
    let new = trees(&without).expect("right");
    let changes = compare(&old, &new);
    assert_eq!(
        changes.iter().map(|c| (c.what, c.of.as_str(), c.refused)).collect::<Vec<_>>(),
        [("field_removed", "girth", false)]
    );
    let kept = with_retired(new, &old);
    assert!(kept.registers[0].field("girth").is_some_and(|field| field.retired));
    // Coming back as something else is refused, as a text it is not.
    let as_date = TREE.replacen(
        "type = \"number\"\nunit = { zh = \"厘米\", en = \"cm\" }\nmin = 1\nmax = 3000",
        "type = \"date\"",
        1,
    );
    let changes = compare(&kept, &trees(&as_date).expect("right"));
    let problems = refusals(&changes, &trees(&as_date).expect("right"));
    assert_eq!((problems[0].code, problems[0].line), ("type_changed", 18));
    let as_text = as_date.replacen("type = \"date\"", "type = \"text\"", 1);
    assert!(!compare(&old, &trees(&as_text).expect("right"))[0].refused);

    let narrowed = TREE.replacen(", { id = \"two\", name = { zh = \"二级\", en = \"Second\" } }", "", 1);
    let changes = compare(&old, &trees(&narrowed).expect("right"));
    assert_eq!(
        (changes[0].what, changes[0].words.as_slice()),
        ("choices_narrowed", ["two".to_owned()].as_slice())
    );
    let line = TREE.replacen("style = \"state\"", "style = \"state\"\ngeometry = \"line\"", 1);
    assert!(compare(&old, &trees(&line).expect("right"))[0].refused);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_stands_in_a_file_nothing_panics(cut in 0usize..1_400, put in "[\\PC\n]{0,12}", del in 0usize..30) {
        let at = (0..=cut.min(TREE.len())).rev().find(|at| TREE.is_char_boundary(*at)).unwrap_or(0);
        let end = (at + del..=TREE.len()).find(|end| TREE.is_char_boundary(*end)).unwrap_or(TREE.len());
        let text = format!("{}{put}{}", &TREE[..at], &TREE[end..]);
        if let Err(problems) = trees(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn whatever_stands_in_a_condition_nothing_panics(text in "[a-z0-9 ()<>=!&|.+'\\[\\],?:*/-]{0,40}") {
        let text = TREE.replacen("documents.survey.expires < today - 30", &text.replace('\\', ""), 1);
        let _ = trees(&text);
    }
}
