//! The national tables, the cross-walk and its traps, edits, and the search for a class.

use yiwang_city as city;

use city::catalogue::{ClassSearch, SearchFilter};
use city::crosswalk::{self, NoCounterpart};
use city::{
    AreaGrade, AttributeQuestion, Catalogue, ClassEntry, Criterion, CrosswalkAnswer, Datatype, Geometry,
    L10n, Lang,
};
use kernel::{ClassKey, Edition, Kind, LimitUnit, TimeLimit};
use std::collections::BTreeMap;
use std::time::Instant;

fn key(text: &str) -> ClassKey {
    text.parse().expect(text)
}

fn exact(text: &str) -> CrosswalkAnswer {
    CrosswalkAnswer::Exact { key: key(text) }
}

fn none(why: NoCounterpart) -> CrosswalkAnswer {
    CrosswalkAnswer::None { why }
}

#[test]
fn every_class_of_both_editions_loads() {
    let catalogue = Catalogue::national();
    let count = |edition, kind| {
        catalogue.iter().filter(|c| c.entry.key.edition == edition && c.entry.key.kind == kind).count()
    };
    assert_eq!(count(Edition::E2013, Kind::Component), 117);
    assert_eq!(count(Edition::E2013, Kind::Event), 77);
    assert_eq!(count(Edition::E2026, Kind::Component), 153);
    assert_eq!(count(Edition::E2026, Kind::Event), 250);
    for class in catalogue.iter() {
        let entry = &class.entry;
        assert!(!entry.name.zh.is_empty() && !entry.name.en.is_empty(), "{}", entry.key);
        assert!(!entry.major_name.zh.is_empty() && !entry.major_name.en.is_empty(), "{}", entry.key);
        assert_eq!(entry.geometry.is_some(), entry.key.kind == Kind::Component, "{}", entry.key);
        assert_eq!(entry.version, 1);
    }
    assert_eq!(catalogue.majors(Edition::E2026, Kind::Component).len(), 5);
    let majors: Vec<_> =
        catalogue.majors(Edition::E2026, Kind::Event).into_iter().map(|(code, _)| code).collect();
    assert_eq!(majors, ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"]);
}

#[test]
fn every_class_has_criteria() {
    let catalogue = Catalogue::national();
    let lacking: Vec<String> =
        catalogue.lacking_criteria().map(|e| format!("{} {}", e.key, e.name.zh)).collect();
    println!("classes without criteria: {} {lacking:?}", lacking.len());
    assert_eq!(lacking.len(), 0);
    let count = |edition| {
        catalogue.iter().filter(|c| c.entry.key.edition == edition).map(|c| c.criteria.len()).sum::<usize>()
    };
    assert_eq!((count(Edition::E2013), count(Edition::E2026)), (557, 696));
    for class in catalogue.iter() {
        for criterion in catalogue.criteria(&class.entry.key) {
            assert!(
                !criterion.filing.zh.is_empty() && !criterion.filing.en.is_empty(),
                "{}",
                class.entry.key
            );
            assert!(
                !criterion.closing.zh.is_empty() && !criterion.closing.en.is_empty(),
                "{}",
                class.entry.key
            );
            assert!(criterion.limit.hundredths >= 100);
        }
    }
}

#[test]
fn a_standard_is_a_class_a_condition_and_a_limit() {
    let catalogue = Catalogue::national();
    let lamp = catalogue.standard(&key("2026-component-01037"), 3, None).expect("单灯不亮");
    assert_eq!(lamp.criterion.filing.zh, "单灯不亮");
    assert_eq!(lamp.limit, TimeLimit::work_days(2));
    let cover = catalogue.standard(&key("2013-component-0101"), 1, None).expect("cover lost");
    assert_eq!(cover.limit, TimeLimit::new(2, LimitUnit::UrgentWorkHour));
    assert!(catalogue.standard(&key("2026-component-01037"), 99, None).is_none());
    assert!(catalogue.standard(&key("2026-component-01016"), 1, None).is_none());
}

#[test]
fn a_code_alone_does_not_name_a_class() {
    let catalogue = Catalogue::national();
    let (component, matter) = (key("2026-component-01001"), key("2026-event-01001"));
    assert_eq!(catalogue.get(&component).expect("there").name.zh, "供水井盖");
    assert_eq!(catalogue.get(&matter).expect("there").name.zh, "供水井盖异常");
    // The component's problem is stored as component and exported as its matter.
    assert_eq!(catalogue.exported_as(&component), Some(matter.clone()));
    assert_eq!(catalogue.stored_as(&matter), &component);
    assert_eq!(catalogue.criteria(&matter), catalogue.criteria(&component));
    assert!(!catalogue.get(&matter).expect("there").is_offered());
    let event = key("2026-event-09005");
    assert_eq!(catalogue.exported_as(&event), Some(event.clone()));
    assert_eq!(catalogue.exported_as(&key("2013-component-0101")), None);
    for class in catalogue.iter().filter(|c| c.entry.key.edition == Edition::E2026) {
        if class.entry.key.kind == Kind::Component {
            let matter = catalogue.exported_as(&class.entry.key).expect("every component has a matter");
            assert_eq!(matter.code(), class.entry.key.code());
        }
    }
}

#[test]
fn the_crosswalk_goes_there_and_back() {
    let catalogue = Catalogue::national();
    let (mut both, mut only_old, mut only_new) = (0, 0, 0);
    for class in catalogue.iter() {
        let key = &class.entry.key;
        match (key.edition, crosswalk::to_2026(key), crosswalk::to_2013(key)) {
            (Edition::E2013, CrosswalkAnswer::Exact { key: new }, own) => {
                assert_eq!(own.exact().as_ref(), Some(key));
                assert_eq!(crosswalk::to_2013(&new).exact().as_ref(), Some(key), "{key}");
                assert!(crosswalk::same_class(key, &new));
                both += 1;
            }
            (Edition::E2013, CrosswalkAnswer::None { why }, _) => {
                assert_ne!(why, NoCounterpart::UnknownClass, "{key}");
                only_old += 1;
            }
            (Edition::E2026, own, CrosswalkAnswer::Exact { key: old }) => {
                assert_eq!(own.exact().as_ref(), Some(key));
                let back = crosswalk::to_2026(&old).exact().expect("there and back");
                assert_eq!(&back, catalogue.stored_as(key), "{key}");
            }
            (Edition::E2026, _, CrosswalkAnswer::None { why }) => {
                assert_eq!(why, NoCounterpart::NewIn2026, "{key}");
                only_new += 1;
            }
            (_, a, b) => panic!("{key}: {a:?} {b:?}"),
        }
    }
    println!("{both} classes in both editions, {only_old} only in 2013, {only_new} only in 2026");
    assert_eq!((both, only_old), (182, 12));
}

#[test]
fn the_renumbering_traps_of_the_standards() {
    // Components: one more leading zero …
    assert_eq!(crosswalk::to_2026(&key("2013-component-0137")), exact("2026-component-01037"));
    // … but not the water facilities.
    for (old, new) in [("0506", "01069"), ("0507", "01070"), ("0508", "01071")] {
        let old = key(&format!("2013-component-{old}"));
        assert_eq!(crosswalk::to_2026(&old), exact(&format!("2026-component-{new}")));
    }
    let catalogue = Catalogue::national();
    let exceptions: Vec<String> = catalogue
        .iter()
        .filter(|c| c.entry.key.edition == Edition::E2013 && c.entry.key.kind == Kind::Component)
        .filter_map(|c| crosswalk::to_2026(&c.entry.key).exact().map(|new| (c.entry.key.clone(), new)))
        .filter(|(old, new)| new.code() != format!("{}0{}", old.major(), &old.code()[2..]))
        .map(|(old, _)| old.code().to_owned())
        .collect();
    assert_eq!(exceptions, ["0506", "0507", "0508"]);
    // Events: majors shifted by five, except three.
    for class in
        catalogue.iter().filter(|c| c.entry.key.edition == Edition::E2013 && c.entry.key.kind == Kind::Event)
    {
        let old = &class.entry.key;
        let Some(new) = crosswalk::to_2026(old).exact() else { continue };
        let expected = match old.code() {
            "0507" => "10001".to_owned(),
            "0508" => "10002".to_owned(),
            "0602" => "09013".to_owned(),
            code => format!("{:02}0{}", code[..2].parse::<u8>().expect("digits") + 5, &code[2..]),
        };
        assert_eq!(new.code(), expected, "{old}");
    }
    // Bursts, collapse and ponding have no matter; other gaps are removals.
    for code in 501..=506 {
        assert_eq!(
            crosswalk::to_2026(&key(&format!("2013-event-0{code}"))),
            none(NoCounterpart::NoMatterIn2026)
        );
    }
    for old in ["component-0501", "component-0504", "event-0131", "event-0205", "event-0407", "event-0604"] {
        assert_eq!(
            crosswalk::to_2026(&key(&format!("2013-{old}"))),
            none(NoCounterpart::RemovedIn2026),
            "{old}"
        );
    }
    // Numbers left unused in 2026.
    for code in ["01016", "05001", "05004", "05005", "05006", "05007", "05008"] {
        assert!(catalogue.get(&key(&format!("2026-component-{code}"))).is_none(), "{code}");
    }
    for code in ["06031", "07005", "09007"] {
        assert!(catalogue.get(&key(&format!("2026-event-{code}"))).is_none(), "{code}");
    }
    // A matter answers its component, new classes have no past, extensions are the city's to decide.
    assert_eq!(crosswalk::to_2013(&key("2026-event-01037")), exact("2013-component-0137"));
    assert_eq!(crosswalk::to_2013(&key("2026-component-01075")), none(NoCounterpart::NewIn2026));
    assert_eq!(crosswalk::to_2013(&key("2026-event-06999")), none(NoCounterpart::Extension));
    assert_eq!(crosswalk::to_2026(&key("2026-event-06999")), exact("2026-event-06999"));
    assert_eq!(crosswalk::to_2026(&key("2026-event-06031")), none(NoCounterpart::UnknownClass));
    assert_eq!(crosswalk::to_2026(&key("2013-event-0060")), none(NoCounterpart::UnknownClass));
}

#[test]
fn codes_of_2007_are_imported_by_their_own_table() {
    use crosswalk::from_2007;
    // In 2007 major 04 is emergencies and 05 street order; in 2013 it is the other way round.
    let table = [
        (Kind::Event, "0401", Edition::E2013, exact("2013-event-0505")),
        (Kind::Event, "0401", Edition::E2026, none(NoCounterpart::NoMatterIn2026)),
        (Kind::Event, "0504", Edition::E2013, exact("2013-event-0405")),
        (Kind::Event, "0504", Edition::E2026, exact("2026-event-09005")),
        (Kind::Component, "0114", Edition::E2026, exact("2026-component-01023")),
        (Kind::Component, "0405", Edition::E2026, exact("2026-component-04013")),
        (Kind::Component, "0405", Edition::E2013, none(NoCounterpart::OnlyIn2007)),
        (Kind::Component, "0502", Edition::E2026, none(NoCounterpart::RemovedIn2026)),
        (Kind::Event, "0499", Edition::E2013, none(NoCounterpart::OnlyIn2007)),
        (Kind::Event, "0777", Edition::E2013, none(NoCounterpart::UnknownClass)),
    ];
    for (kind, code, edition, expected) in table {
        assert_eq!(from_2007(kind, code, edition), expected, "{code}");
    }
    let CrosswalkAnswer::Several { keys } = from_2007(Kind::Component, "0117", Edition::E2026) else {
        panic!("a pole of 2007 is one of five");
    };
    let codes: Vec<&str> = keys.iter().map(ClassKey::code).collect();
    assert_eq!(codes, ["01030", "01031", "01032", "01033", "01034"]);
}

fn extension(code: &str) -> ClassEntry {
    ClassEntry {
        key: key(code),
        major_name: L10n::default(),
        name: L10n::new("大件垃圾预约清运", "Bulky waste pick-up"),
        geometry: None,
        typical_responsible_zh: String::new(),
        source: "本市".into(),
        confidence: String::new(),
        extension: true,
        disabled: false,
        component: None,
        attributes: Vec::new(),
        version: 0,
    }
}

fn criterion(seq: u16) -> Criterion {
    Criterion {
        seq,
        filing: L10n::new("居民预约", "Booked"),
        closing: L10n::new("已清走", "Collected"),
        limit: TimeLimit::work_days(5),
        by_area: BTreeMap::new(),
        source: String::new(),
        source_note: String::new(),
        disabled: false,
        version: 0,
    }
}

#[test]
fn extensions_are_numbered_backwards_from_the_top() {
    let mut catalogue = Catalogue::national();
    let next = |catalogue: &Catalogue, edition, kind| {
        catalogue.next_extension(edition, kind, "06").map(|key| key.to_string())
    };
    assert_eq!(next(&catalogue, Edition::E2026, Kind::Event).as_deref(), Some("2026-event-06999"));
    assert_eq!(next(&catalogue, Edition::E2013, Kind::Event).as_deref(), Some("2013-event-0699"));
    let stored = catalogue.put_class(extension("2026-event-06999")).expect("accepted");
    assert_eq!((stored.version, stored.major_name.zh.as_str()), (1, "市容环境类"));
    assert_eq!(next(&catalogue, Edition::E2026, Kind::Event).as_deref(), Some("2026-event-06998"));
    assert_eq!(
        catalogue.lacking_criteria().map(|e| e.key.to_string()).collect::<Vec<_>>(),
        ["2026-event-06999"]
    );
    catalogue.put_criterion(&key("2026-event-06999"), criterion(1)).expect("accepted");
    assert_eq!(catalogue.lacking_criteria().count(), 0);
}

#[test]
fn wrong_classes_are_refused_by_field() {
    let mut catalogue = Catalogue::national();
    let list = AttributeQuestion {
        code: "kind of it".into(),
        variable: true,
        datatype: Datatype::SingleValueList,
        required: true,
        description: L10n::new("种类", "Kind"),
        datatype_description: L10n::default(),
        values: Vec::new(),
        order: 1,
    };
    let base = extension("2026-event-06999");
    let table: [(&str, &str, ClassEntry); 10] = [
        ("key", "not_an_extension_number", extension("2026-event-06053")),
        ("key", "unknown_major", extension("2026-event-11999")),
        ("key", "not_national", ClassEntry { extension: false, ..base.clone() }),
        ("name.zh", "required", ClassEntry { name: L10n::new(" ", "x"), ..base.clone() }),
        ("name.zh", "taken", ClassEntry { name: L10n::new("暴露垃圾", ""), ..base.clone() }),
        ("geometry", "not_allowed", ClassEntry { geometry: Some(Geometry::Point), ..base.clone() }),
        ("geometry", "required", extension("2026-component-01999")),
        ("version", "stale", ClassEntry { version: 4, ..base.clone() }),
        ("attributes[0].code", "bad_code", ClassEntry { attributes: vec![list.clone()], ..base.clone() }),
        ("attributes[0].values", "required", ClassEntry { attributes: vec![list], ..base.clone() }),
    ];
    for (field, code, wrong) in table {
        let problems = catalogue.put_class(wrong).expect_err(code);
        assert!(problems.iter().any(|p| p.field == field && p.code == code), "{field} {code}: {problems:?}");
        assert!(problems.iter().all(|p| !p.message.zh.is_empty() && !p.message.en.is_empty()));
    }
    // An own major from 21 up needs a name.
    let mut own = extension("2026-event-21001");
    assert_eq!(catalogue.put_class(own.clone()).expect_err("no name")[0].field, "major_name.zh");
    own.major_name = L10n::new("本市事项", "Local matters");
    catalogue.put_class(own).expect("accepted");
}

#[test]
fn edits_raise_the_version_and_refuse_a_stale_one() {
    let mut catalogue = Catalogue::national();
    let mut litter = catalogue.get(&key("2026-event-06010")).expect("there").clone();
    litter.disabled = true;
    assert_eq!(catalogue.put_class(litter.clone()).expect("accepted").version, 2);
    assert!(!catalogue.get(&litter.key).expect("there").is_offered());
    assert_eq!(catalogue.put_class(litter.clone()).expect_err("stale")[0].code, "stale");
    // A running case still finds its standard.
    assert!(catalogue.standard(&litter.key, 1, None).is_some());

    let mut changed = catalogue.criteria(&litter.key)[0].clone();
    changed.by_area = BTreeMap::from([(AreaGrade::A, TimeLimit::work_hours(2))]);
    assert_eq!(catalogue.put_criterion(&litter.key, changed.clone()).expect("accepted").version, 2);
    let limit = |grade| catalogue.standard(&litter.key, 1, grade).expect("there").limit;
    assert_eq!(limit(Some(AreaGrade::A)), TimeLimit::work_hours(2));
    assert_eq!(limit(Some(AreaGrade::C)), TimeLimit::work_hours(4));
    assert_eq!(limit(None), TimeLimit::work_hours(4));

    let refused = |catalogue: &mut Catalogue, at: &str, c: Criterion| {
        catalogue.put_criterion(&key(at), c).expect_err(at)[0].code
    };
    assert_eq!(refused(&mut catalogue, "2026-event-06010", changed), "stale");
    assert_eq!(refused(&mut catalogue, "2026-event-06010", criterion(0)), "out_of_range");
    let never = Criterion { limit: TimeLimit::work_days(0), ..criterion(9) };
    assert_eq!(refused(&mut catalogue, "2026-event-06010", never), "out_of_range");
    assert_eq!(refused(&mut catalogue, "2026-event-01037", criterion(9)), "use_component");
    assert_eq!(refused(&mut catalogue, "2026-event-06998", criterion(9)), "unknown_class");
    let placed = catalogue.put_criterion(&key("2026-event-06010"), criterion(9)).expect("accepted");
    assert_eq!((placed.seq, placed.version), (9, 1));
}

#[test]
fn a_catalogue_reads_back_as_it_was_written() {
    let catalogue = Catalogue::national();
    let json = serde_json::to_string(&catalogue).expect("writes");
    assert_eq!(serde_json::from_str::<Catalogue>(&json).expect("reads"), catalogue);
}

#[test]
fn people_find_the_class_they_mean() {
    let catalogue = Catalogue::national();
    let index = ClassSearch::new(&catalogue);
    // What is said, and the class of 2026 that must be among the first so many.
    let table: &[(&str, Lang, &str, usize)] = &[
        ("路灯不亮", Lang::Zh, "2026-component-01037", 1),
        ("我家门口的路灯不亮了", Lang::Zh, "2026-component-01037", 1),
        ("井盖丢了", Lang::Zh, "2026-component-01023", 3),
        ("污水井盖破损", Lang::Zh, "2026-component-01002", 1),
        ("井盖", Lang::Zh, "2026-component-01023", 10),
        ("乱贴小广告", Lang::Zh, "2026-event-07001", 1),
        ("墙上贴满了小广告", Lang::Zh, "2026-event-07001", 1),
        ("垃圾没人收", Lang::Zh, "2026-event-06010", 1),
        ("垃圾桶满了", Lang::Zh, "2026-event-06042", 2),
        ("马路上有个大坑", Lang::Zh, "2026-event-06013", 3),
        ("路面破损", Lang::Zh, "2026-event-06013", 1),
        ("有车停在人行道上", Lang::Zh, "2026-event-09009", 5),
        ("共享单车乱停", Lang::Zh, "2026-event-09011", 1),
        ("小区门口摆摊卖菜的", Lang::Zh, "2026-event-09001", 3),
        ("工地半夜施工太吵", Lang::Zh, "2026-event-08001", 2),
        ("饭店油烟大", Lang::Zh, "2026-event-06027", 1),
        ("树倒了砸到车", Lang::Zh, "2026-component-04002", 1),
        ("红绿灯坏了", Lang::Zh, "2026-component-02014", 1),
        ("消火栓漏水", Lang::Zh, "2026-component-01013", 2),
        ("雨水篦子堵了", Lang::Zh, "2026-component-01004", 1),
        ("违章建筑", Lang::Zh, "2026-event-06001", 1),
        ("ldbl", Lang::Zh, "2026-component-01037", 1),
        ("bllj", Lang::Zh, "2026-event-06010", 1),
        ("06010", Lang::Zh, "2026-event-06010", 1),
        ("street light out", Lang::En, "2026-component-01037", 1),
        ("the street lights are out on my block", Lang::En, "2026-component-01037", 1),
        ("pothole", Lang::En, "2026-event-06013", 1),
        ("graffiti", Lang::En, "2026-event-06004", 1),
        ("missed trash pickup", Lang::En, "2026-event-06010", 3),
        ("manhole cover missing", Lang::En, "2026-component-01023", 2),
        ("illegal parking", Lang::En, "2026-event-09009", 1),
        ("snow on the sidewalk", Lang::En, "2026-event-10001", 2),
        ("dead animal", Lang::En, "2026-event-06037", 1),
        ("traffic light", Lang::En, "2026-component-02014", 2),
        ("abandoned vehicles", Lang::En, "2026-event-06034", 1),
    ];
    let filter = SearchFilter { edition: Some(Edition::E2026), ..SearchFilter::default() };
    let mut missed = Vec::new();
    for (text, lang, expected, within) in table {
        let hits = index.search(text, *lang, &filter);
        let first: Vec<String> = hits.iter().take(*within).map(|hit| hit.key.to_string()).collect();
        if !first.iter().any(|found| found == expected) {
            let all: Vec<String> = hits.iter().map(|hit| format!("{} {}", hit.key, hit.score)).collect();
            missed.push(format!("{text}: {all:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    // Every class named by 井盖 is one.
    for hit in index.search("井盖", Lang::Zh, &filter) {
        assert!(catalogue.get(&hit.key).expect("there").name.zh.contains("井盖"), "{}", hit.key);
    }
}

#[test]
fn a_search_names_the_condition_and_keeps_to_its_filter() {
    let index = ClassSearch::new(Catalogue::national_ref());
    let filter = SearchFilter { edition: Some(Edition::E2013), kind: Some(Kind::Component), limit: 3 };
    let hits = index.search("路灯不亮", Lang::Zh, &filter);
    assert_eq!((hits[0].key.to_string().as_str(), hits[0].score), ("2013-component-0137", 100));
    assert_eq!(hits[0].criterion, Some(3));
    assert!(
        hits.len() <= 3
            && hits.iter().all(|h| h.key.edition == Edition::E2013 && h.key.kind == Kind::Component)
    );
    // A class that 2026 has no code for is found in its own edition.
    let burst = SearchFilter { edition: Some(Edition::E2013), ..SearchFilter::default() };
    assert_eq!(index.search("水管爆了", Lang::Zh, &burst)[0].key, key("2013-event-0501"));
    for nothing in ["", "   ", "！？", "zzzzzzzz"] {
        assert_eq!(index.search(nothing, Lang::Zh, &filter), [], "{nothing:?}");
    }
    // Matters that are only exported, and switched-off classes, are not offered.
    let mut catalogue = Catalogue::national();
    let mut lamp = catalogue.get(&key("2026-component-01037")).expect("there").clone();
    lamp.disabled = true;
    catalogue.put_class(lamp).expect("accepted");
    let index = ClassSearch::new(&catalogue);
    let all = index.search("路灯不亮", Lang::Zh, &SearchFilter { limit: 500, ..SearchFilter::default() });
    assert!(all.iter().all(|hit| catalogue.get(&hit.key).expect("there").is_offered()));
}

#[test]
fn every_class_is_found_first_by_its_own_name() {
    let catalogue = Catalogue::national_ref();
    let index = ClassSearch::new(catalogue);
    for class in catalogue.iter().filter(|c| c.entry.is_offered()) {
        let key = &class.entry.key;
        let filter = SearchFilter { edition: Some(key.edition), kind: Some(key.kind), limit: 1 };
        let hits = index.search(&class.entry.name.zh, Lang::Zh, &filter);
        assert_eq!(hits.first().map(|hit| &hit.key), Some(key), "{}", class.entry.name.zh);
    }
}

#[test]
fn a_search_is_quick() {
    let index = ClassSearch::new(Catalogue::national_ref());
    let texts = ["我家门口的路灯不亮了", "street lights out on my block", "垃圾没人收", "ldbl"];
    let started = Instant::now();
    for _ in 0..25 {
        for text in texts {
            assert!(!index.search(text, Lang::Zh, &SearchFilter::default()).is_empty());
        }
    }
    let each = started.elapsed() / 100;
    println!("one search takes {each:?}");
    // The bound is for an unoptimised build on a busy machine.
    assert!(each.as_millis() < 50, "{each:?}");
}
