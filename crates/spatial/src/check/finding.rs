//! What a check found.

use crate::shape::{Extent, Vertex};
use city::L10n;
use std::collections::BTreeMap;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the data can be used.
    Warning,
    /// The data must not be published so.
    Error,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    TooFewVertices,
    SelfCrossing,
    RingOrder,
    RepeatedVertex,
    Gap,
    SliverGap,
    Overlap,
    SliverOverlap,
    Sliver,
    CrossesCommunity,
    OutsideCommunity,
    CommunityOverlap,
    TooSmall,
    TooLarge,
    BadGridCode,
    LegacyGridCode,
    UnknownCommunity,
    DuplicateGridCode,
    SequenceOrder,
    BadComponentCode,
    UnknownClass,
    WrongDivision,
    DuplicateComponentCode,
    OutsideGrids,
    WrongGrid,
    CutByGridLine,
    TooNear,
}

impl FindingKind {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooFewVertices => "too_few_vertices",
            Self::SelfCrossing => "self_crossing",
            Self::RingOrder => "ring_order",
            Self::RepeatedVertex => "repeated_vertex",
            Self::Gap => "gap",
            Self::SliverGap => "sliver_gap",
            Self::Overlap => "overlap",
            Self::SliverOverlap => "sliver_overlap",
            Self::Sliver => "sliver",
            Self::CrossesCommunity => "crosses_community",
            Self::OutsideCommunity => "outside_community",
            Self::CommunityOverlap => "community_overlap",
            Self::TooSmall => "too_small",
            Self::TooLarge => "too_large",
            Self::BadGridCode => "bad_grid_code",
            Self::LegacyGridCode => "legacy_grid_code",
            Self::UnknownCommunity => "unknown_community",
            Self::DuplicateGridCode => "duplicate_grid_code",
            Self::SequenceOrder => "sequence_order",
            Self::BadComponentCode => "bad_component_code",
            Self::UnknownClass => "unknown_class",
            Self::WrongDivision => "wrong_division",
            Self::DuplicateComponentCode => "duplicate_component_code",
            Self::OutsideGrids => "outside_grids",
            Self::WrongGrid => "wrong_grid",
            Self::CutByGridLine => "cut_by_grid_line",
            Self::TooNear => "too_near",
        }
    }

    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::RingOrder
            | Self::RepeatedVertex
            | Self::Sliver
            | Self::TooSmall
            | Self::TooLarge
            | Self::LegacyGridCode
            | Self::SequenceOrder
            | Self::TooNear => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// What it means, for people.
    #[must_use]
    pub fn text(self) -> L10n {
        let (zh, en) = match self {
            Self::TooFewVertices => ("多边形不足三个不同顶点", "the polygon has fewer than three vertices"),
            Self::SelfCrossing => ("多边形自相交", "the polygon crosses or touches itself"),
            Self::RingOrder => ("多边形环方向不对", "a ring runs the wrong way round"),
            Self::RepeatedVertex => ("多边形有重复顶点或尖刺", "the polygon repeats a vertex or has a spike"),
            Self::Gap => ("社区内有未被网格覆盖的空隙", "part of the community lies in no grid"),
            Self::SliverGap => ("网格之间有狭缝", "a narrow gap between grids"),
            Self::Overlap => ("网格相互重叠", "grids overlap"),
            Self::SliverOverlap => ("网格之间有狭长重叠", "a narrow overlap of grids"),
            Self::Sliver => ("网格过于狭长", "the grid is a sliver"),
            Self::CrossesCommunity => ("网格越过社区边界", "the grid crosses the boundary of its community"),
            Self::OutsideCommunity => {
                ("网格不在其编码所示社区内", "the grid lies outside the community its code names")
            }
            Self::CommunityOverlap => ("社区相互重叠", "communities overlap"),
            Self::TooSmall => ("网格面积过小", "the grid is smaller than usual"),
            Self::TooLarge => ("网格面积过大", "the grid is larger than usual"),
            Self::BadGridCode => ("网格编码不是 15 位数字", "the grid code has not 15 digits"),
            Self::LegacyGridCode => ("网格编码为旧版 14 位", "the grid code has the legacy 14 digits"),
            Self::UnknownCommunity => {
                ("网格编码中的社区不存在", "the community in the grid code does not exist")
            }
            Self::DuplicateGridCode => ("网格编码重复", "the grid code is used twice"),
            Self::SequenceOrder => (
                "网格顺序码未按从西向东、由北向南编排",
                "grid sequences do not run west to east, north to south",
            ),
            Self::BadComponentCode => ("部件标识码格式不对", "the component code is malformed"),
            Self::UnknownClass => {
                ("部件标识码中的类别不存在", "the class in the component code does not exist")
            }
            Self::WrongDivision => (
                "部件标识码前六位与所在网格的区划不一致",
                "the first six digits differ from the division of the grid it lies in",
            ),
            Self::DuplicateComponentCode => ("部件标识码重复", "the component code is used twice"),
            Self::OutsideGrids => ("部件不在任何网格内", "the component lies in no grid"),
            Self::WrongGrid => {
                ("部件登记的网格与位置不符", "the component lies in another grid than recorded")
            }
            Self::CutByGridLine => ("部件被网格线切割", "a grid line cuts the component"),
            Self::TooNear => ("两个同类部件距离过近", "two components of a class are very near each other"),
        };
        L10n::new(zh, en)
    }
}

/// One thing wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub kind: FindingKind,
    /// The grids, communities or components it is about, as written in the data.
    pub codes: Vec<String>,
    /// A place to look at.
    pub at: Vertex,
    /// What to show around it.
    pub extent: Extent,
    /// Size in m², or distance in m for [`FindingKind::TooNear`], where there is one.
    pub amount: Option<f64>,
}

/// Findings in order of kind, bounded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Findings beyond the bound of their kind.
    pub left_out: BTreeMap<FindingKind, usize>,
}

impl Report {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many of a kind, the ones left out included.
    #[must_use]
    pub fn count(&self, kind: FindingKind) -> usize {
        self.findings.iter().filter(|f| f.kind == kind).count()
            + self.left_out.get(&kind).copied().unwrap_or(0)
    }

    pub(super) fn new(mut findings: Vec<Finding>, each_max: usize) -> Self {
        findings.sort_by(|a, b| (a.kind, &a.codes, a.at).cmp(&(b.kind, &b.codes, b.at)));
        let mut report = Self::default();
        for group in findings.chunk_by(|a, b| a.kind == b.kind) {
            report.findings.extend_from_slice(&group[..group.len().min(each_max)]);
            if group.len() > each_max {
                report.left_out.insert(group[0].kind, group.len() - each_max);
            }
        }
        report
    }
}
