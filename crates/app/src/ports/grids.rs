//! What the grid system (网格体系) needs from the store: unit grids as polygons, in numbered editions.

use super::StoreError;
use async_trait::async_trait;
use jiff::civil::Date;
use kernel::{CityCode, GridCode, PersonId, Timestamp};

/// A unit grid (单元网格) as it stands from one edition to another, or the outline of a community that is divided
/// into them: they change together.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredGrid {
    /// 15 digits, or the 12 of a community.
    pub code: GridCode,
    /// The first edition that has it so.
    pub from_edition: u32,
    /// The first edition that has it otherwise or not at all; `None` while it is in force.
    pub until_edition: Option<u32>,
    /// JSON: attributes (area, grade, land use, management level, responsible body, remark …).
    pub body: String,
    /// WKT of a POLYGON or MULTIPOLYGON, CGCS2000.
    pub shape: String,
}

/// One published state of the whole grid system.
#[derive(Debug, Clone, PartialEq)]
pub struct GridEdition {
    /// From 1.
    pub edition: u32,
    /// The local day from which it counts.
    pub valid_from: Date,
    pub published_at: Timestamp,
    pub published_by: Option<PersonId>,
    pub note: String,
    /// Unit grids in force, and how many this edition changed; outlines of communities are not counted.
    pub grids: u32,
    pub added: u32,
    pub changed: u32,
    pub removed: u32,
}

/// What an edition changes about one grid.
#[derive(Debug, Clone, PartialEq)]
pub enum GridChange {
    /// New, or with another shape or body.
    Put { code: GridCode, body: String, shape: String },
    /// Voided (作废): its code is not used again.
    Remove { code: GridCode },
}

#[async_trait]
#[allow(clippy::too_many_arguments)] // an edition is published with all it says
pub trait GridStore: Send + Sync + 'static {
    /// The unit grids of an edition, `None` for the latest, in order of code.
    async fn grids(&self, city: CityCode, edition: Option<u32>) -> Result<Vec<StoredGrid>, StoreError>;
    /// The outlines of communities of an edition, `None` for the latest, in order of code.
    async fn grid_outlines(
        &self,
        city: CityCode,
        edition: Option<u32>,
    ) -> Result<Vec<StoredGrid>, StoreError>;
    /// Unit grids that were in force once and are no more (作废), as they last were, in order of code.
    async fn voided_grids(&self, city: CityCode) -> Result<Vec<StoredGrid>, StoreError>;
    /// Every version of one grid or outline, newest first.
    async fn grid_history(&self, city: CityCode, code: &GridCode) -> Result<Vec<StoredGrid>, StoreError>;
    /// Newest first.
    async fn grid_editions(&self, city: CityCode) -> Result<Vec<GridEdition>, StoreError>;
    /// Publishes edition `expected + 1`, all or nothing; `valid_from` is not before that of the edition before.
    /// [`StoreError::StaleRecord`] when `expected` is not the latest edition (0: none yet). The counts are filled
    /// in by the store.
    async fn publish_grids(
        &self,
        city: CityCode,
        expected: u32,
        valid_from: Date,
        by: Option<PersonId>,
        at: Timestamp,
        note: &str,
        changes: Vec<GridChange>,
    ) -> Result<GridEdition, StoreError>;
}
