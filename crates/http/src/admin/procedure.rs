//! Moving running cases to another version of the procedure.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query};
use app::App;
use app::upkeep::MigrationView;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(migrate_procedure))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DryRun {
    /// Only show what would change.
    #[serde(default)]
    dry_run: bool,
}

/// Moves running cases to version `v` of the procedure, or shows what that would change.
#[utoipa::path(post, path = "/api/procedures/{v}/migrate", tag = "administration", params(("v" = u32, Path), DryRun),
    responses((status = 200, body = MigrationView)))]
async fn migrate_procedure(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    Query(query): Query<DryRun>,
) -> Result<Json<MigrationView>, HttpError> {
    Ok(Json(app.migrate_procedure(&caller.actor, version, query.dry_run).await?))
}
