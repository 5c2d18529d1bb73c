//! Administration: configuration records, people's accounts, the audit log, procedures, the acceptance check,
//! imports.

pub mod audit;
pub mod catalogue;
pub mod check;
pub mod import;
pub mod people;
pub mod procedure;
pub mod records;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(records::routes())
        .merge(people::routes())
        .merge(audit::routes())
        .merge(catalogue::routes())
        .merge(procedure::routes())
        .merge(check::routes())
        .merge(import::routes())
}
