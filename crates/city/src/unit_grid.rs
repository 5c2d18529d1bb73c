//! What is recorded about a unit grid (单元网格属性) beside its code and outline.

use crate::catalogue::AreaGrade;
use crate::text::FieldProblem;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Letters of a text attribute.
pub const TEXT_MAX: usize = 200;

/// Attributes of a unit grid. Source: `standards/codes.md` §3 "Unit grid attributes": area, dates and remark of the
/// national table; land use, management level and responsible body of Beijing's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GridAttributes {
    /// Whole square metres (面积).
    pub area_m2: u64,
    /// Initial date (初始日期).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_on: Option<Date>,
    /// Area class for time limits: key, general, other (区域等级).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<AreaGrade>,
    /// 用地类型.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub land_use: String,
    /// 管理级别.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub level: String,
    /// 责任主体.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub responsible: String,
    /// 备注.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remark: String,
}

impl GridAttributes {
    /// Everything wrong with what a person typed.
    #[must_use]
    pub fn check(&self) -> Vec<FieldProblem> {
        let texts = [
            ("land_use", &self.land_use),
            ("level", &self.level),
            ("responsible", &self.responsible),
            ("remark", &self.remark),
        ];
        let long = texts.into_iter().filter(|(_, text)| text.chars().count() > TEXT_MAX);
        long.map(|(field, _)| {
            FieldProblem::new(
                field,
                "too_long",
                format!("最多 {TEXT_MAX} 个字"),
                format!("{TEXT_MAX} letters at most"),
            )
        })
        .collect()
    }
}
