//! Components: list, card, history, steps, batches, labels.

mod label;
mod list;
mod see;
mod write;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(list::routes())
        .merge(see::routes())
        .merge(write::routes())
        .merge(label::routes())
}
