//! The public's doors: no account, no names. Reporting, following by a secret link, joining a known problem.

pub mod attachment;
pub mod component;
pub mod follow;
pub mod join;
pub mod report;
pub mod services;

use crate::door::Door;
use utoipa_axum::router::OpenApiRouter;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .merge(report::routes())
        .merge(follow::routes())
        .merge(join::routes())
        .merge(attachment::routes())
        .merge(services::routes())
        .merge(component::routes())
}
