//! OGC API Features 1.0 (core, GeoJSON, HTML, OpenAPI 3.0) at `/ogc`: what QGIS, GDAL and other programs read.
//!
//! Signed in as a person: by session, by API token, or by HTTP Basic with the token as password, which is what
//! foreign programs can. Everything goes through the rights of that person.

pub mod answer;
pub mod collection;
pub mod definition;
pub mod item;
pub mod landing;
pub mod page;
pub mod reader;
pub mod time;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(landing::routes())
        .merge(definition::routes())
        .merge(collection::routes())
        .merge(item::routes())
}
