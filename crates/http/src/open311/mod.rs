//! Open311 GeoReport v2 at `/open311/v2`: XML and JSON by extension, with the media and paging extensions.

pub mod answer;
pub mod discovery;
pub mod document;
pub mod form;
pub mod requests;
pub mod services;
pub mod submit;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(discovery::routes())
        .merge(services::routes())
        .merge(requests::routes())
        .merge(submit::routes())
}
