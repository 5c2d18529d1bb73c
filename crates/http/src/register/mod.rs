//! Registers of industry packs: definitions, entries, inspections, offences, scores, cases; and the packs themselves.

mod entries;
mod packs;
mod records;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().merge(packs::routes()).merge(entries::routes()).merge(records::routes())
}
