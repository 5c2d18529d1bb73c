//! What was seen, where, by which channel.

use kernel::{AttachmentId, Cgcs2000, ClassKey, GridCode, Point, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The channel a problem came in by (问题来源). Requirement A7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Collector,
    /// 12319 city-management hotline.
    Hotline,
    /// 12345 government hotline.
    CityHotline,
    CitizenWeb,
    CitizenApp,
    Open311,
    Media,
    Leader,
    Petition,
    Video,
    Ai,
    Sensor,
    Vehicle,
    Drone,
    Police,
    UpperPlatform,
    LowerPlatform,
    Department,
    /// A child opened by a split or by dispatching down.
    Parent,
}

impl Source {
    pub const ALL: [Self; 19] = [
        Self::Collector,
        Self::Hotline,
        Self::CityHotline,
        Self::CitizenWeb,
        Self::CitizenApp,
        Self::Open311,
        Self::Media,
        Self::Leader,
        Self::Petition,
        Self::Video,
        Self::Ai,
        Self::Sensor,
        Self::Vehicle,
        Self::Drone,
        Self::Police,
        Self::UpperPlatform,
        Self::LowerPlatform,
        Self::Department,
        Self::Parent,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Hotline => "hotline",
            Self::CityHotline => "city_hotline",
            Self::CitizenWeb => "citizen_web",
            Self::CitizenApp => "citizen_app",
            Self::Open311 => "open311",
            Self::Media => "media",
            Self::Leader => "leader",
            Self::Petition => "petition",
            Self::Video => "video",
            Self::Ai => "ai",
            Self::Sensor => "sensor",
            Self::Vehicle => "vehicle",
            Self::Drone => "drone",
            Self::Police => "police",
            Self::UpperPlatform => "upper_platform",
            Self::LowerPlatform => "lower_platform",
            Self::Department => "department",
            Self::Parent => "parent",
        }
    }

    /// True for channels with a member of the public behind them, who must be told the result (公众案件).
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(
            self,
            Self::Hotline
                | Self::CityHotline
                | Self::CitizenWeb
                | Self::CitizenApp
                | Self::Open311
                | Self::Petition
        )
    }
}

/// What a photo or document shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// 近景
    Near,
    /// 远景
    Far,
    /// 参照物
    Reference,
    /// 处置前
    Before,
    /// 处置后
    After,
    /// 核实/核查现场
    OnSpot,
    Document,
    Video,
}

/// One attachment with what is known about its taking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub attachment: AttachmentId,
    pub kind: EvidenceKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shot_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shot_from: Option<Point<Cgcs2000>>,
}

/// Where the problem is. `grid` is found from `point` by the caller; a case may be unlocated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point<Cgcs2000>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<GridCode>,
    #[serde(default)]
    pub address: String,
}

/// A report (上报). Who reported it is kept apart from the facts, so that it can be hidden and erased:
/// facts say only whether a member of the public waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub source: Source,
    pub text: String,
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<ClassKey>,
    /// Code of the component this is about, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    #[serde(default)]
    pub urgent: bool,
    /// A question or consultation, which intake may answer at once (T10).
    #[serde(default)]
    pub consultation: bool,
    /// The reporter left an address or number and wants to hear the result.
    #[serde(default)]
    pub wants_answer: bool,
    /// Answers to the attributes a service asks for (Open311, forms by class).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}
