//! Issuing, checking and converting component codes. Rules: `standards/codes.md` §1.

use crate::area::Divisions;
use crate::catalogue::Catalogue;
use crate::codes::ComponentCode;
use crate::crosswalk::{self, CrosswalkAnswer};
use crate::text::FieldProblem;
use jiff::civil::Date;
use kernel::{ClassKey, Edition, GridCode, Kind};
use std::collections::BTreeMap;

/// The largest sequence of six digits.
const SEQUENCE_MAX: u32 = 999_999;

/// Hands out sequences, one row for each division and class. A number given once is never given again, so codes
/// of removed components have to be noted too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Issuer {
    highest: BTreeMap<(GridCode, ClassKey), u32>,
}

impl Issuer {
    /// Notes a code that exists or once existed.
    pub fn note(&mut self, code: &ComponentCode) {
        let highest = self.highest.entry((code.division.clone(), code.class.clone())).or_default();
        *highest = (*highest).max(code.sequence());
    }

    /// The next code of a division and class.
    ///
    /// # Errors
    /// No number is left, the division is not a county, or the class is one of events.
    pub fn issue(&mut self, division: &GridCode, class: &ClassKey) -> Result<ComponentCode, FieldProblem> {
        let key = (division.clone(), class.clone());
        let next = self.highest.get(&key).copied().unwrap_or_default() + 1;
        if next > SEQUENCE_MAX {
            return Err(FieldProblem::new(
                "code",
                "sequence_used_up",
                format!("区划 {division} 的类别 {} 顺序码已用完", class.code()),
                format!("division {division} has no number left for class {}", class.code()),
            ));
        }
        let code = ComponentCode::new(division.clone(), class.clone(), next).map_err(|why| {
            FieldProblem::new("code", "bad_code", "区划或类别不能用于部件标识码", why.to_string())
        })?;
        self.highest.insert(key, next);
        Ok(code)
    }

    /// The highest number given so far, 0 for none.
    #[must_use]
    pub fn highest(&self, division: &GridCode, class: &ClassKey) -> u32 {
        self.highest.get(&(division.clone(), class.clone())).copied().unwrap_or_default()
    }
}

impl<'a> FromIterator<&'a ComponentCode> for Issuer {
    fn from_iter<T: IntoIterator<Item = &'a ComponentCode>>(codes: T) -> Self {
        let mut issuer = Self::default();
        codes.into_iter().for_each(|code| issuer.note(code));
        issuer
    }
}

/// Everything wrong with a code: its division on that day, its class in the city's catalogue, and whether the
/// grid it stands in belongs to its division.
#[must_use]
pub fn check_code(
    code: &ComponentCode,
    grid: Option<&GridCode>,
    divisions: &Divisions,
    catalogue: &Catalogue,
    on: Date,
) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    match divisions.get(&code.division) {
        None => problems.push(FieldProblem::new(
            "code",
            "unknown_division",
            format!("区划表中没有 {}", code.division),
            format!("there is no division {}", code.division),
        )),
        Some(row) if !row.is_valid_on(on) => problems.push(FieldProblem::new(
            "code",
            "division_not_valid",
            format!("区划 {} 在 {on} 无效", code.division),
            format!("division {} does not count on {on}", code.division),
        )),
        Some(_) => {}
    }
    if catalogue.get(&code.class).is_none() {
        problems.push(FieldProblem::new(
            "code",
            "unknown_class",
            format!("{} 版没有部件类别 {}", code.class.edition.as_str(), code.class.code()),
            format!(
                "the {} edition has no component class {}",
                code.class.edition.as_str(),
                code.class.code()
            ),
        ));
    }
    if let Some(grid) = grid
        && !grid.is_within(&code.division)
    {
        problems.push(FieldProblem::new(
            "grid",
            "other_division",
            format!("网格 {grid} 不在区划 {} 内", code.division),
            format!("grid {grid} does not lie in division {}", code.division),
        ));
    }
    problems
}

/// The code of the same component in another edition: division and sequence stay, the class is looked up. The
/// tables pair classes one to one, so codes that differ stay different; whether the number is taken already,
/// only a register knows.
///
/// # Errors
/// The class has no counterpart, or several.
pub fn convert(code: &ComponentCode, edition: Edition) -> Result<ComponentCode, FieldProblem> {
    if code.class.edition == edition {
        return Ok(code.clone());
    }
    let class = match crosswalk::to(edition, &code.class) {
        CrosswalkAnswer::Exact { key } if key.kind == Kind::Component => key,
        CrosswalkAnswer::Exact { .. } => {
            return Err(FieldProblem::new(
                "code",
                "not_a_component",
                "该类别在另一版中不是部件",
                "the class is no component in the other edition",
            ));
        }
        CrosswalkAnswer::Several { keys } => {
            let list: Vec<&str> = keys.iter().map(ClassKey::code).collect();
            let list = list.join("、");
            return Err(FieldProblem::new(
                "code",
                "several_counterparts",
                format!("有多个对应类别，需人工选择：{list}"),
                format!("several classes correspond, a person has to choose: {list}"),
            ));
        }
        CrosswalkAnswer::None { why } => {
            let text = why.text();
            return Err(FieldProblem::new("code", "no_counterpart", text.zh, text.en));
        }
    };
    if class.edition != edition {
        let text = crosswalk::NoCounterpart::Extension.text();
        return Err(FieldProblem::new("code", "no_counterpart", text.zh, text.en));
    }
    ComponentCode::new(code.division.clone(), class, code.sequence())
        .map_err(|why| FieldProblem::new("code", "bad_code", "无法组成标识码", why.to_string()))
}
