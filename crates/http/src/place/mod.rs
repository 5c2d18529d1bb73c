//! Places by name and by position, many at once, and the address store they come from.

pub mod address;
pub mod batch;
pub mod find;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().merge(find::routes()).merge(batch::routes()).merge(address::routes())
}
