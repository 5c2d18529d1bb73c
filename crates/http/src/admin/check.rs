//! The ten acceptance queries on the live store.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Json;
use app::App;
use app::check::CheckRow;
use axum::extract::State;
use kernel::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(check))
}

/// Runs the ten acceptance queries. Reads every fact of the city: on a million cases this takes minutes, and
/// `yiwang check` is the better way.
#[utoipa::path(get, path = "/api/check", tag = "administration", responses((status = 200, body = Vec<CheckRow>)))]
async fn check(State(app): State<App>, caller: Caller) -> Result<Json<Vec<CheckRow>>, HttpError> {
    let may = [Role::SystemAdmin, Role::AuditAdmin, Role::Leader];
    app::rights::one_of(&caller.actor, &may, "run the acceptance check")?;
    Ok(Json(app.check(caller.actor.city).await?))
}
