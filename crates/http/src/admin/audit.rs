//! The audit log, for the audit administrator alone.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Query};
use app::App;
use app::audit::{AuditPage, AuditQuery};
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(audit_log))
}

/// Log-ins, changes, exports: newest first.
#[utoipa::path(get, path = "/api/audit", tag = "administration", params(AuditQuery), responses((status = 200, body = AuditPage)))]
async fn audit_log(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, HttpError> {
    Ok(Json(app.audit_log(&caller.actor, &query).await?))
}
