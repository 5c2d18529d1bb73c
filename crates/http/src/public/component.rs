//! The public card of a component, where the QR code on its label leads.

use crate::caller::Guest;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use app::App;
use app::components::PublicComponentView;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(public_component))
}

/// What anybody may know of a component: class, name, state, place, the department it belongs to.
#[utoipa::path(get, path = "/api/public/components/{code}", tag = "public",
    params(("code" = String, Path, min_length = 16, max_length = 17, pattern = "^[0-9]{16,17}$")),
    responses((status = 200, body = PublicComponentView)))]
async fn public_component(
    State(app): State<App>,
    guest: Guest,
    Path(code): Path<String>,
) -> Result<Json<PublicComponentView>, HttpError> {
    Ok(Json(app.public_component(guest.city, &code).await?))
}
