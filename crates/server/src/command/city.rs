//! `yiwang city add|list`

use super::desk::{Desk, is_about_input, refuse, told};
use super::{Ended, configured};
use crate::cli::Common;
use app::ports::PutRecord;
use app::settings::CitySettings;
use app::view::Words;
use case::Procedure;
use city::{Department, DepartmentKind, DepartmentLevel, L10n, holiday};
use clap::{Args, Subcommand};
use kernel::calendar::{CalendarSpec, Zone};
use kernel::{CityCode, DepartmentId};
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub enum Action {
    /// 新建城市：标准程序、工作日历（含法定节假日）、监督中心、指挥中心、管理部门 · Make a city with the standard procedure, calendar and centres
    Add(Add),
    /// 列出城市 · List the cities
    List,
}

#[derive(Debug, Args)]
pub struct Add {
    /// 六位行政区划代码 · Six-digit division code
    code: CityCode,
    /// 名称 · Name
    #[arg(long)]
    name: String,
    /// 英文名称 · English name
    #[arg(long, default_value = "")]
    name_en: String,
    /// 地图中心经度 · Longitude of the map's centre
    #[arg(long, default_value_t = 116.397, allow_negative_numbers = true)]
    lng: f64,
    /// 地图中心纬度 · Latitude of the map's centre
    #[arg(long, default_value_t = 39.908, allow_negative_numbers = true)]
    lat: f64,
    /// 时区 · Time zone
    #[arg(long, default_value = "Asia/Shanghai")]
    zone: Zone,
    /// 分类编码版本 · Edition of the classes
    #[arg(long, default_value = "2026", value_parser = ["2013", "2026"])]
    edition: String,
}

pub async fn run(common: &Common, action: Action) -> anyhow::Result<Ended> {
    let Some(config) = configured(common) else { return Ok(Ended::BadInput) };
    let desk = Desk::open(&config).await?;
    let ended = match action {
        Action::List => {
            for code in desk.app.cities() {
                let config = desk.app.config(code).map_err(told)?;
                let people = config.people.values().filter(|p| p.active).count();
                println!("{code}  {}  {}  {people} people", config.settings.name.zh, config.settings.name.en);
            }
            Ended::Fine
        }
        Action::Add(add) => match make(&desk, &add).await {
            Ok(()) => {
                println!(
                    "{} {}: made; next: `yiwang user add ACCOUNT --role system_admin`",
                    add.code, add.name
                );
                Ended::Fine
            }
            Err(error) if is_about_input(&error) => refuse(error),
            Err(error) => return Err(told(error)),
        },
    };
    desk.close().await?;
    Ok(ended)
}

async fn make(desk: &Desk, add: &Add) -> Result<(), app::AppError> {
    if desk.app.cities().contains(&add.code) {
        return Err(app::AppError::invalid("code", "taken"));
    }
    let name = Words {
        zh: add.name.clone(),
        en: if add.name_en.is_empty() { add.name.clone() } else { add.name_en.clone() },
    };
    let settings = CitySettings {
        name,
        lng: add.lng,
        lat: add.lat,
        edition: add.edition.clone(),
        ..CitySettings::default()
    };
    let calendar =
        CalendarSpec { days: holiday::days(&holiday::china()), ..CalendarSpec::chinese(add.zone.clone()) };
    let mut puts = vec![
        put("settings", "city", &settings),
        put("calendars", "main", &calendar),
        put("procedures", "1", &Procedure::standard(1)),
    ];
    for department in departments(&add.name, &add.name_en) {
        puts.push(put("departments", &department.id.to_string(), &department));
    }
    desk.app.put_checked(add.code, None, puts).await
}

/// What every city has before its own departments are imported.
fn departments(name: &str, name_en: &str) -> Vec<Department> {
    let table = [
        (
            1,
            "government",
            None,
            format!("{name}人民政府"),
            format!("Government {name_en}"),
            DepartmentKind::Government,
        ),
        (
            2,
            "supervision",
            Some(1),
            "监督中心".into(),
            "Supervision centre".into(),
            DepartmentKind::SupervisionCenter,
        ),
        (3, "command", Some(1), "指挥中心".into(), "Command centre".into(), DepartmentKind::CommandCenter),
        (
            4,
            "administration",
            Some(1),
            "系统管理".into(),
            "Administration".into(),
            DepartmentKind::Administration,
        ),
    ];
    table
        .into_iter()
        .map(|(id, code, parent, zh, en, kind)| Department {
            id: DepartmentId(id),
            code: code.to_owned(),
            parent: parent.map(DepartmentId),
            name: L10n::new(zh, en.trim()),
            level: DepartmentLevel::City,
            kind,
            areas: Vec::new(),
            phone: String::new(),
            active: true,
            version: 0,
        })
        .collect()
}

fn put(kind: &str, key: &str, value: &impl Serialize) -> PutRecord {
    let value = serde_json::to_value(value).expect("records are plain data");
    PutRecord { kind: kind.to_owned(), key: key.to_owned(), expected_version: 0, value: Some(value) }
}
