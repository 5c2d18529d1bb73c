//! The map: tiles, layers with their counts, what lies at a place, base maps.

pub mod basemap;
pub mod layers;
pub mod pick;
pub mod tile;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(tile::routes())
        .merge(layers::routes())
        .merge(pick::routes())
        .merge(basemap::routes())
}
