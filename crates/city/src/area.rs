//! Divisions (行政区划): county 6, street 9, community 12 digits, each with its name and its parent.

use crate::table::{self, TableProblem};
use crate::text::{FieldProblem, L10n};
use jiff::civil::Date;
use kernel::GridCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A division of the city (区划): district or county, street or town, community or village.
/// Names and parents change, so each row carries the dates between which it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Division {
    pub code: GridCode,
    pub name: L10n,
    /// The city's own row has none. A district's parent is the city, although neither code begins with the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<GridCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// The last day on which it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
}

impl Division {
    #[must_use]
    pub fn is_valid_on(&self, date: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= date) && self.valid_to.is_none_or(|to| date <= to)
    }
}

/// What a place code stands for, by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceLevel {
    County,
    Street,
    Community,
    UnitGrid,
}

impl PlaceLevel {
    #[must_use]
    pub fn of(code: &GridCode) -> Self {
        match code.as_str().len() {
            6 => Self::County,
            9 => Self::Street,
            12 => Self::Community,
            _ => Self::UnitGrid,
        }
    }

    /// Digits of a code of this level.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::County => 6,
            Self::Street => 9,
            Self::Community => 12,
            Self::UnitGrid => 15,
        }
    }
}

/// The part of a place code that names its county, street or community; `None` when the code is shorter.
#[must_use]
pub fn prefix(code: &GridCode, level: PlaceLevel) -> Option<GridCode> {
    code.as_str().get(..level.digits()).and_then(|text| text.parse().ok())
}

/// The divisions of one city as a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Division>", into = "Vec<Division>")]
pub struct Divisions {
    by_code: BTreeMap<GridCode, Division>,
    children: BTreeMap<GridCode, Vec<GridCode>>,
}

impl From<Vec<Division>> for Divisions {
    fn from(rows: Vec<Division>) -> Self {
        let mut children: BTreeMap<GridCode, Vec<GridCode>> = BTreeMap::new();
        let by_code: BTreeMap<_, _> = rows.into_iter().map(|row| (row.code.clone(), row)).collect();
        for row in by_code.values() {
            if let Some(parent) = &row.parent {
                children.entry(parent.clone()).or_default().push(row.code.clone());
            }
        }
        Self { by_code, children }
    }
}

impl From<Divisions> for Vec<Division> {
    fn from(divisions: Divisions) -> Self {
        divisions.by_code.into_values().collect()
    }
}

impl Divisions {
    /// Reads `code,parent_code,name_zh,name_en` and, where present, `valid_from,valid_to`; other columns are
    /// left alone. A missing parent is taken from the code (the street of a community).
    ///
    /// # Errors
    /// The first line that cannot be a division, or a parent that no line names.
    pub fn from_csv(csv: &str) -> Result<Self, TableProblem> {
        let mut rows: Vec<Division> = Vec::new();
        let mut lines: BTreeMap<GridCode, u64> = BTreeMap::new();
        table::read("divisions", csv, &["code", "name_zh"], |row| {
            let code: GridCode = row.parse("code")?;
            if PlaceLevel::of(&code) == PlaceLevel::UnitGrid {
                return Err(row.bad("code", "a division has 6, 9 or 12 digits"));
            }
            if lines.insert(code.clone(), row.line).is_some() {
                return Err(row.bad("code", "it stands in the table twice"));
            }
            let parent = match row.parse_opt("parent_code")? {
                Some(parent) => Some(parent),
                None if code.as_str().len() > 6 => {
                    code.as_str().get(..code.as_str().len() - 3).and_then(|text| text.parse().ok())
                }
                None => None,
            };
            rows.push(Division {
                code,
                name: L10n::new(row.get("name_zh"), row.get("name_en")),
                parent,
                valid_from: row.parse_opt("valid_from")?,
                valid_to: row.parse_opt("valid_to")?,
            });
            Ok(())
        })?;
        let divisions = Self::from(rows);
        match divisions.check().into_iter().next() {
            None => Ok(divisions),
            Some((code, problem)) => Err(TableProblem::Unreadable {
                table: "divisions".to_owned(),
                line: lines.get(&code).copied().unwrap_or_default(),
                reason: problem.to_string(),
            }),
        }
    }

    /// Everything wrong with the tree: unknown parent, a parent chain that comes back, no Chinese name.
    #[must_use]
    pub fn check(&self) -> Vec<(GridCode, FieldProblem)> {
        let mut problems = Vec::new();
        for row in self.by_code.values() {
            if row.name.zh.trim().is_empty() {
                let problem = FieldProblem::new(
                    "name.zh",
                    "required",
                    "请填写中文名称",
                    "the Chinese name is required",
                );
                problems.push((row.code.clone(), problem));
            }
            if row.valid_from.zip(row.valid_to).is_some_and(|(from, to)| to < from) {
                let problem = FieldProblem::new(
                    "valid_to",
                    "before_start",
                    "失效日期早于生效日期",
                    "it ends before it begins",
                );
                problems.push((row.code.clone(), problem));
            }
            let Some(parent) = &row.parent else { continue };
            if !self.by_code.contains_key(parent) {
                let problem = FieldProblem::new(
                    "parent",
                    "unknown_parent",
                    format!("上级区划 {parent} 不存在"),
                    format!("there is no division {parent}"),
                );
                problems.push((row.code.clone(), problem));
            } else if self.ancestors(&row.code).iter().any(|a| a.code == row.code) {
                let problem = FieldProblem::new(
                    "parent",
                    "cycle",
                    "上级关系成环",
                    "the chain of parents comes back to it",
                );
                problems.push((row.code.clone(), problem));
            }
        }
        problems
    }

    #[must_use]
    pub fn get(&self, code: &GridCode) -> Option<&Division> {
        self.by_code.get(code)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Division> {
        self.by_code.values()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.by_code.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// Divisions without a parent in the table: normally the city alone.
    pub fn roots(&self) -> impl Iterator<Item = &Division> {
        self.by_code.values().filter(|row| row.parent.is_none())
    }

    pub fn children(&self, code: &GridCode) -> impl Iterator<Item = &Division> {
        self.children.get(code).into_iter().flatten().filter_map(|child| self.by_code.get(child))
    }

    /// From the parent up to the city. A unit grid's first ancestor is its community.
    #[must_use]
    pub fn ancestors(&self, code: &GridCode) -> Vec<&Division> {
        let mut chain = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = match self.by_code.get(code) {
            Some(row) => row.parent.clone(),
            None => code
                .as_str()
                .get(..code.as_str().len().saturating_sub(3))
                .and_then(|text| text.parse::<GridCode>().ok()),
        };
        while let Some(row) = next.as_ref().and_then(|code| self.by_code.get(code)) {
            if !seen.insert(&row.code) {
                break;
            }
            chain.push(row);
            next = row.parent.clone();
        }
        chain
    }

    /// True when `place` lies in `area`, by code or by the chain of parents: a district lies in its city
    /// although its code does not begin with the city's.
    #[must_use]
    pub fn within(&self, place: &GridCode, area: &GridCode) -> bool {
        place.is_within(area) || self.ancestors(place).iter().any(|row| row.code == *area)
    }

    /// Names from the city down to the place, such as 市 / 区 / 街道 / 社区.
    #[must_use]
    pub fn path(&self, code: &GridCode) -> Vec<&L10n> {
        let mut names: Vec<&L10n> = self.ancestors(code).into_iter().rev().map(|row| &row.name).collect();
        names.extend(self.by_code.get(code).map(|row| &row.name));
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "code,parent_code,level,name_zh,name_en\n\
        990100,,city,示范市,Demo city\n\
        990101,990100,district,中心区,Central\n\
        990101001,990101,street,东风街道,Dongfeng\n\
        990101001001,,community,第一社区,First\n";

    fn code(text: &str) -> GridCode {
        text.parse().expect("a place code")
    }

    #[test]
    fn a_district_lies_in_its_city_by_its_parent() {
        let divisions = Divisions::from_csv(TABLE).expect("readable");
        let grid = code("990101001001007");
        assert!(divisions.within(&grid, &code("990100")));
        assert!(divisions.within(&grid, &code("990101001")));
        assert!(!divisions.within(&grid, &code("990102")));
        let names: Vec<&str> = divisions.path(&grid).iter().map(|name| name.zh.as_str()).collect();
        assert_eq!(names, ["示范市", "中心区", "东风街道", "第一社区"]);
        assert_eq!(divisions.children(&code("990100")).count(), 1);
        assert_eq!(divisions.roots().count(), 1);
    }

    #[test]
    fn wrong_tables_are_refused_with_their_line() {
        let table = [
            ("code,name_zh\n99010,x\n", "line 2, column code"),
            ("code,name_zh\n990100,x\n990100,y\n", "line 3, column code"),
            ("code,name_zh\n990101001,x\n", "line 2: parent: there is no division 990101"),
            ("code,parent_code,name_zh\n990101,990102,x\n990102,990101,y\n", "comes back"),
            ("code,name_zh\n990100,\n", "the Chinese name is required"),
        ];
        for (csv, expected) in table {
            let problem = Divisions::from_csv(csv).expect_err(csv).to_string();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_division_counts_between_its_dates() {
        let mut row =
            Divisions::from_csv(TABLE).expect("readable").get(&code("990101")).expect("there").clone();
        row.valid_to = Some(Date::constant(2025, 12, 31));
        assert!(
            row.is_valid_on(Date::constant(2025, 12, 31)) && !row.is_valid_on(Date::constant(2026, 1, 1))
        );
    }

    #[test]
    fn a_tree_reads_back_as_it_was_written() {
        let divisions = Divisions::from_csv(TABLE).expect("readable");
        let json = serde_json::to_string(&divisions).expect("writes");
        assert_eq!(serde_json::from_str::<Divisions>(&json).expect("reads"), divisions);
    }
}
