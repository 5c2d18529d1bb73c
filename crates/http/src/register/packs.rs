//! Packs of the city, for the system administrator.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use app::App;
use app::registers::{CheckPackIn, CheckedPackView, PackView, SwitchPackIn};
use app::rights;
use axum::extract::State;
use kernel::Role;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(packs)).routes(routes!(check_pack)).routes(routes!(switch_pack))
}

/// Every pack with what is wrong with its files, each with file, line and column.
#[utoipa::path(get, path = "/api/packs", tag = "registers", responses((status = 200, body = Vec<PackView>)))]
async fn packs(State(app): State<App>, caller: Caller) -> Result<Json<Vec<PackView>>, HttpError> {
    Ok(Json(app.see_packs(&caller.actor).await?))
}

/// Looks a pack over while it is written: what is wrong, and what it means for entries that exist. Writes nothing.
#[utoipa::path(post, path = "/api/packs/check", tag = "registers", request_body = CheckPackIn,
    responses((status = 200, body = CheckedPackView)))]
async fn check_pack(
    State(app): State<App>,
    caller: Caller,
    body: Result<Json<CheckPackIn>, HttpError>,
) -> Result<Json<CheckedPackView>, HttpError> {
    rights::only(&caller.actor, Role::SystemAdmin, "check packs")?;
    let Json(body) = body?;
    Ok(Json(app.check_pack(&caller.actor, body).await?))
}

/// Switches a pack on or off for this city. Entries stay.
#[utoipa::path(post, path = "/api/packs/{id}", tag = "registers",
    params(("id" = String, Path, max_length = 40, pattern = "^[a-z][a-z0-9_]*$")),
    request_body = SwitchPackIn, responses((status = 200, body = Vec<PackView>)))]
async fn switch_pack(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    body: Result<Json<SwitchPackIn>, HttpError>,
) -> Result<Json<Vec<PackView>>, HttpError> {
    rights::only(&caller.actor, Role::SystemAdmin, "switch packs")?;
    let Json(body) = body?;
    Ok(Json(app.switch_pack(&caller.actor, &id, &body).await?))
}
