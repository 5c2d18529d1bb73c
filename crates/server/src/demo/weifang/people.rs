//! The records of the city: settings, divisions, departments, people, duty grids, rules. The people are made up.

use super::{Made, city_code, record};
use crate::demo::setup::{HISTORY, IN_FORCE, PASSWORD};
use anyhow::Context;
use app::DemoAccount;
use app::ports::PutRecord;
use app::settings::CitySettings;
use app::view::Words;
use case::Procedure;
use city::organisation::{DepartmentKind, DepartmentLevel};
use city::responsibility::{ClassPattern, Rule};
use city::roster::{DutyGrid, DutyKind, Shift, ShiftDays};
use city::{Catalogue, Department, Division, L10n, Person, holiday};
use kernel::actor::Scope;
use kernel::calendar::{CalendarSpec, Weekday, Zone};
use kernel::{ClassKey, DepartmentId, Edition, GridCode, PersonId, Post, Role};
use std::collections::BTreeSet;

/// Departments of the city by number; those from `FIRST_HANDLING` on handle cases.
const CENTRE: u32 = 3;
const COMMAND: u32 = 4;
pub const FIRST_HANDLING: u32 = 5;
const DEPARTMENTS: [(u32, &str, &str, &str, DepartmentKind); 17] = [
    (1, "WF", "潍坊市人民政府（示范）", "Government of Weifang (demo)", DepartmentKind::Government),
    (2, "UPPER", "上级平台（省级）", "Higher platform (province)", DepartmentKind::HigherPlatform),
    (CENTRE, "SUPC", "城市运行监督中心", "Supervision centre", DepartmentKind::SupervisionCenter),
    (COMMAND, "CMDC", "城市运行指挥中心", "Command centre", DepartmentKind::CommandCenter),
    (5, "WORKS", "市政公用服务中心", "Municipal works", DepartmentKind::Responsible),
    (6, "WATER", "供水公司", "Water supply company", DepartmentKind::Responsible),
    (7, "DRAIN", "排水公司", "Drainage company", DepartmentKind::Responsible),
    (8, "POWER", "供电公司", "Power company", DepartmentKind::Responsible),
    (9, "GAS", "燃气公司", "Gas company", DepartmentKind::Responsible),
    (10, "HEAT", "热力公司", "Heating company", DepartmentKind::Responsible),
    (11, "TEL", "通信建设管理办公室", "Telecommunications office", DepartmentKind::Responsible),
    (12, "TRAFFIC", "交通警察支队", "Traffic police", DepartmentKind::Responsible),
    (13, "CLEAN", "环境卫生服务中心", "Sanitation", DepartmentKind::Responsible),
    (14, "GARDEN", "园林绿化服务中心", "Parks and gardens", DepartmentKind::Responsible),
    (15, "ENFORCE", "综合行政执法支队", "Law enforcement", DepartmentKind::Responsible),
    (16, "HOUSING", "住房和城乡建设局", "Housing and construction", DepartmentKind::Responsible),
    (17, "ADMIN", "信息中心（系统管理）", "Information office", DepartmentKind::Administration),
];
const LAST_HANDLING: u32 = 16;
/// People of the centre: account, role, how many.
const STAFF: [(&str, Role, u32, u32); 8] = [
    ("intake", Role::IntakeOperator, CENTRE, 12),
    ("shiftleader", Role::ShiftLeader, CENTRE, 4),
    ("dispatcher", Role::Dispatcher, COMMAND, 8),
    ("leader", Role::Leader, 1, 2),
    ("supervisor", Role::Supervisor, 2, 2),
    ("sysadmin", Role::SystemAdmin, 17, 2),
    ("secadmin", Role::SecurityAdmin, 17, 1),
    ("auditadmin", Role::AuditAdmin, 17, 1),
];

/// Somebody made up.
pub struct Member {
    pub id: PersonId,
    pub account: String,
    pub name: L10n,
    pub role: Role,
    pub department: DepartmentId,
    pub areas: Vec<GridCode>,
    pub duty_grid: Option<String>,
}

impl Member {
    pub fn actor(&self) -> kernel::Actor {
        kernel::Actor::person(city_code(), self.id, vec![self.post()])
    }

    fn post(&self) -> Post {
        Post {
            role: self.role,
            department: self.department,
            scope: Scope { areas: self.areas.clone(), classes: Vec::new() },
        }
    }
}

/// Invented names: two characters that are nobody's surname together with a given name.
fn name(number: u32) -> L10n {
    const FAMILY: [(&str, &str); 12] = [
        ("林舟", "Linzhou"),
        ("江汀", "Jiangting"),
        ("云岫", "Yunxiu"),
        ("海棠", "Haitang"),
        ("南乔", "Nanqiao"),
        ("北辰", "Beichen"),
        ("松溪", "Songxi"),
        ("竹青", "Zhuqing"),
        ("石涧", "Shijian"),
        ("白榆", "Baiyu"),
        ("青禾", "Qinghe"),
        ("远山", "Yuanshan"),
    ];
    let (zh, en) = FAMILY[number as usize % FAMILY.len()];
    let round = number as usize / FAMILY.len() + 1;
    L10n::new(format!("{zh}{round}"), format!("{en} {round}"))
}

/// Everybody, in order of number. The first collectors walk the first patrol grids.
pub fn members(patrol: &[(String, Vec<GridCode>)]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut add = |account: String, role, department, areas, duty_grid| {
        let number = u32::try_from(members.len()).unwrap_or_default();
        members.push(Member {
            id: PersonId(number + 1),
            account,
            name: name(number),
            role,
            department: DepartmentId(department),
            areas,
            duty_grid,
        });
    };
    for (account, role, department, count) in STAFF {
        for n in 1..=count {
            add(format!("{account}{n:02}"), role, department, Vec::new(), None);
        }
    }
    for department in FIRST_HANDLING..=LAST_HANDLING {
        let code = DEPARTMENTS[department as usize - 1].1.to_lowercase();
        add(format!("{code}-officer"), Role::DepartmentOfficer, department, Vec::new(), None);
        for n in 1..=3 {
            add(format!("{code}-handler{n}"), Role::Handler, department, Vec::new(), None);
        }
    }
    for (n, (code, streets)) in patrol.iter().enumerate() {
        add(format!("collector{:03}", n + 1), Role::Collector, CENTRE, streets.clone(), Some(code.clone()));
    }
    members
}

/// The patrol grids and the communities each touches.
pub fn patrol(made: &Made) -> Vec<(String, Vec<GridCode>)> {
    let grids = &made.town.divided.grids;
    let communities = |set: &spatial::town::DutySet| -> Vec<GridCode> {
        let codes: BTreeSet<&str> =
            set.grids.iter().filter_map(|g| grids.get(*g as usize)?.code.as_str().get(..12)).collect();
        codes.into_iter().filter_map(|code| code.parse().ok()).collect()
    };
    made.town.patrol.iter().map(|set| (set.code.clone(), communities(set))).collect()
}

pub fn numbers(made: &Made) -> Vec<PersonId> {
    members(&patrol(made)).iter().map(|member| member.id).collect()
}

/// One account for each role.
pub fn accounts() -> Vec<DemoAccount> {
    let first_grid = vec![(String::new(), Vec::new())];
    let members = members(&first_grid);
    let shown = [
        "intake01",
        "shiftleader01",
        "dispatcher01",
        "works-officer",
        "works-handler1",
        "leader01",
        "supervisor01",
        "sysadmin01",
        "secadmin01",
        "auditadmin01",
        "collector001",
    ];
    let found = shown.iter().filter_map(|account| members.iter().find(|m| m.account == *account));
    found
        .map(|member| {
            let (_, _, zh, en, _) = DEPARTMENTS[member.department.0 as usize - 1];
            DemoAccount {
                account: member.account.clone(),
                password: PASSWORD.to_owned(),
                role: member.role.as_str().to_owned(),
                name: Words { zh: member.name.zh.clone(), en: member.name.en.clone() },
                department: Words { zh: zh.to_owned(), en: en.to_owned() },
            }
        })
        .collect()
}

/// Who answers for a class, by the words of its name.
pub fn department_of(name_zh: &str) -> DepartmentId {
    const BY_WORD: [(&[&str], u32); 11] = [
        (&["供水", "消防", "取水"], 6),
        (&["污水", "雨水", "雨箅", "排水", "泵站", "内涝"], 7),
        (&["电力", "供电", "配电", "变压", "高压"], 8),
        (&["燃气", "天然气"], 9),
        (&["热力", "供热", "暖"], 10),
        (&["通信", "通讯", "电信", "广电", "网络", "电视", "交接箱", "电话", "监控"], 11),
        (&["交通", "信号灯", "停车", "机动车", "标线", "护栏", "路名牌", "公交"], 12),
        (
            &[
                "垃圾",
                "果皮",
                "果壳",
                "废物",
                "环卫",
                "公厕",
                "公共厕所",
                "保洁",
                "暴露",
                "积存",
                "粪",
                "洒落",
                "遗撒",
                "油污",
            ],
            13,
        ),
        (&["树", "绿", "花", "园林", "草", "雕塑", "古木"], 14),
        (
            &[
                "广告", "招牌", "占道", "经营", "摊", "乱", "晾", "张贴", "涂写", "违法", "违规", "噪声",
                "烧烤", "店外",
            ],
            15,
        ),
        (&["工地", "施工", "建筑", "房屋", "渣土"], 16),
    ];
    let found = BY_WORD.iter().find(|(words, _)| words.iter().any(|word| name_zh.contains(word)));
    DepartmentId(found.map_or(FIRST_HANDLING, |(_, department)| *department))
}

/// Name of a department.
pub fn department_name(id: DepartmentId) -> &'static str {
    DEPARTMENTS.get(id.0 as usize - 1).map_or("", |row| row.2)
}

/// All records of the city.
pub fn records(made: &Made) -> anyhow::Result<Vec<PutRecord>> {
    let mut puts = vec![
        record("settings", "city", &settings())?,
        record(
            "calendars",
            "main",
            &CalendarSpec {
                days: holiday::days(&holiday::china()),
                ..CalendarSpec::chinese(Zone::shanghai())
            },
        )?,
        record("procedures", HISTORY.to_string(), &Procedure::history(HISTORY))?,
        record("procedures", IN_FORCE.to_string(), &Procedure::standard(IN_FORCE))?,
    ];
    for row in &made.divisions {
        let code = row.code.as_str();
        let parent = if code.len() > 6 { Some(code[..code.len() - 3].parse()?) } else { None };
        let division = Division {
            code: row.code.clone(),
            name: L10n::new(row.name.as_str(), ""),
            parent,
            valid_from: None,
            valid_to: None,
        };
        puts.push(record("divisions", code, &division)?);
    }
    for (id, code, zh, en, kind) in DEPARTMENTS {
        let department = Department {
            id: DepartmentId(id),
            code: code.to_owned(),
            parent: (id > 1).then_some(DepartmentId(1)),
            name: L10n::new(zh, en),
            level: DepartmentLevel::City,
            kind,
            areas: Vec::new(),
            phone: String::new(),
            active: true,
            version: 0,
        };
        puts.push(record("departments", id.to_string(), &department)?);
    }
    let patrol = patrol(made);
    for member in members(&patrol) {
        let person = Person {
            id: member.id,
            account: member.account.clone(),
            name: member.name.clone(),
            department: member.department,
            posts: vec![member.post()],
            phone: String::new(),
            email: String::new(),
            active: true,
            version: 0,
        };
        puts.push(record("people", member.id.to_string(), &person)?);
        if let Some(duty_grid) = &member.duty_grid {
            let shift = Shift {
                person: member.id,
                duty_grids: vec![duty_grid.clone()],
                areas: Vec::new(),
                from_minute: 0,
                to_minute: 24 * 60,
                days: ShiftDays::Weekly { days: every_day() },
                valid_from: None,
                valid_to: None,
            };
            puts.push(record("shifts", member.id.to_string(), &shift)?);
        }
    }
    let patrol = made.town.patrol.iter().map(|set| (DutyKind::Patrol, set));
    for (kind, set) in patrol.chain(made.town.supervision.iter().map(|set| (DutyKind::Supervision, set))) {
        let grids = &made.town.divided.grids;
        let areas = set.grids.iter().filter_map(|at| grids.get(*at as usize)).map(|grid| grid.code.clone());
        let duty = DutyGrid {
            code: set.code.clone(),
            name: L10n::new(set.name.as_str(), ""),
            areas: areas.collect(),
            kind,
            ..DutyGrid::default()
        };
        puts.push(record("duty_grids", set.code.as_str(), &duty)?);
    }
    for (number, (class, name)) in classes(made)?.into_iter().enumerate() {
        let rule = Rule {
            class: ClassPattern::Class(class),
            place: None,
            owner: None,
            department: department_of(&name),
            level: DepartmentLevel::City,
            weight_permille: 900,
            basis: L10n::new("示范规则，按类别名称划分", "Demo rule, by the name of the class"),
        };
        puts.push(record("responsibility", (number + 1).to_string(), &rule)?);
    }
    Ok(puts)
}

/// Classes of the mix, and the events that can be filed.
fn classes(made: &Made) -> anyhow::Result<Vec<(ClassKey, String)>> {
    let catalogue = Catalogue::national_ref();
    let mut found = Vec::new();
    for row in &made.mix.rows {
        let entry = catalogue.get(&row.class).context("a class of the mix")?;
        found.push((row.class.clone(), entry.name.zh.clone()));
    }
    found.extend(events().map(|(key, name)| (key.clone(), name.to_owned())));
    Ok(found)
}

/// Events of 2026 that have a filing condition.
pub fn events() -> impl Iterator<Item = (&'static ClassKey, &'static str)> {
    Catalogue::national_ref()
        .iter()
        .filter(|class| {
            let entry = &class.entry;
            entry.key.edition == Edition::E2026
                && entry.key.kind == kernel::Kind::Event
                && entry.component.is_none()
                && class.criteria.first().is_some_and(|c| c.seq == 1)
        })
        .map(|class| (&class.entry.key, class.entry.name.zh.as_str()))
}

fn every_day() -> BTreeSet<Weekday> {
    BTreeSet::from([
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ])
}

fn settings() -> CitySettings {
    let words = |zh: &str, en: &str| Words { zh: zh.to_owned(), en: en.to_owned() };
    CitySettings {
        name: words("潍坊（示范）", "Weifang (demo)"),
        lng: super::MIDDLE.0,
        lat: super::MIDDLE.1,
        zoom: 12.0,
        bounds: [119.0, 36.61, 119.26, 36.81],
        edition: "2026".into(),
        default_language: "zh".into(),
        basemap: super::map::FILE.into(),
        demo: true,
        notice: words(
            "示范城市：区划代码与名称真实；图形、街路、部件、商铺与案卷均为程序绘制，并非测绘成果。",
            "Demo city: names and codes real; geometry, streets, components, shops and cases drawn by a program.",
        ),
        ..CitySettings::default()
    }
}
