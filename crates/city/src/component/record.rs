//! The record of a component.

use super::place::Place;
use crate::codes::ComponentCode;
use jiff::civil::Date;
use kernel::{AttachmentId, GridCode, PersonId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// State of a component (管理部件状态). Source: GB/T 47678.5-2026, GLBJZT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 完好.
    #[default]
    Intact,
    /// 破损.
    Damaged,
    /// 丢失.
    Lost,
    /// 废弃.
    Abandoned,
    /// 移除. The end: its code is not used again.
    Removed,
}

impl State {
    pub const ALL: [Self; 5] = [Self::Intact, Self::Damaged, Self::Lost, Self::Abandoned, Self::Removed];

    /// The word of the standard.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Intact => "完好",
            Self::Damaged => "破损",
            Self::Lost => "丢失",
            Self::Abandoned => "废弃",
            Self::Removed => "移除",
        }
    }

    #[must_use]
    pub fn from_zh(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.zh() == text)
    }
}

/// How exactly the position is known (定位精度): A ±0.5 m, B ±1 m, C ±10 m. Source: `standards/codes.md` §7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Accuracy {
    A,
    B,
    C,
}

impl Accuracy {
    #[must_use]
    pub const fn metres(self) -> f64 {
        match self {
            Self::A => 0.5,
            Self::B => 1.0,
            Self::C => 10.0,
        }
    }
}

/// A body (单位): the supervising department, the owner or the maintainer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Unified social credit code (统一社会信用代码), 18 characters.
    pub code: String,
    pub name: String,
}

/// How one component belongs to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// 挂接于: a lamp on a pole.
    HangsOn,
    /// 属于: a bench of a park.
    PartOf,
    /// 供自: a lamp fed by a cabinet.
    FedBy,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relation {
    pub kind: RelationKind,
    pub to: ComponentCode,
}

/// A stored paper (档案资料), such as a permit or a test report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: AttachmentId,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
}

/// Ownership confirmed (确权).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub by: PersonId,
    pub on: Date,
}

/// Last seen in a survey (普查).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    pub round: String,
    pub by: PersonId,
    pub on: Date,
}

/// A component (部件) as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub code: ComponentCode,
    pub name: String,
    /// 主管部门.
    pub supervisor: Body,
    /// 权属单位.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Body>,
    /// 养护单位.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintainer: Option<Body>,
    /// The unit grid it lies in, 15 digits; street and community are the first digits of it.
    pub grid: GridCode,
    #[serde(default)]
    pub street_name: String,
    #[serde(default)]
    pub community_name: String,
    pub state: State,
    /// 初始日期.
    pub first_on: Date,
    /// 变更日期; none until something changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_on: Option<Date>,
    /// 数据来源: 实测, 地形图, 基础地理数据 or words of one's own.
    #[serde(default)]
    pub source: String,
    /// 备注.
    #[serde(default)]
    pub note: String,
    /// Its number in the system it was brought in from; an import finds it again by this.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_id: String,
    pub place: Place,
    pub accuracy: Accuracy,
    /// 1985 国家高程基准, in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Document>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub photos: Vec<AttachmentId>,
    /// The further fields of its class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<Confirmation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surveyed: Option<Survey>,
    /// The number of its facts.
    #[serde(default)]
    pub version: u32,
}

/// Characters of a unified social credit code: digits and capitals without I, O, S, V, Z (GB 32100-2015).
const CREDIT_CHARACTERS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The 18th character for the first 17 of a unified social credit code; `None` when one of them cannot stand
/// there. Source: GB 32100-2015, weights 3^i mod 31.
#[must_use]
pub fn credit_code_check(first: &str) -> Option<char> {
    if first.chars().count() != 17 {
        return None;
    }
    let (mut sum, mut weight) = (0, 1);
    for character in first.chars() {
        sum += CREDIT_CHARACTERS.find(character)? * weight;
        weight = weight * 3 % 31;
    }
    CREDIT_CHARACTERS.chars().nth((31 - sum % 31) % 31)
}

/// True for a whole credit code whose last character is right.
pub(super) fn check_body(code: &str) -> bool {
    let mut characters = code.chars();
    let last = characters.next_back();
    last.is_some() && credit_code_check(characters.as_str()) == last
}
