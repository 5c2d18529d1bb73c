//! Messages to the caller inside the system.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use crate::i18n;
use app::App;
use app::inbox::InboxView;
use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(inbox)).routes(routes!(read_message))
}

/// Messages that were not read yet, newest first; at most 200.
#[utoipa::path(get, path = "/api/inbox", tag = "session", responses((status = 200, body = InboxView)))]
async fn inbox(State(app): State<App>, caller: Caller) -> Result<Json<InboxView>, HttpError> {
    let mut view = app.inbox(&caller.actor).await?;
    for item in &mut view.items {
        let code = format!("notice_{}", item.template);
        item.message = i18n::message_or_code(caller.language, &code, &item.params);
    }
    Ok(Json(view))
}

/// Takes a message away.
#[utoipa::path(delete, path = "/api/inbox/{id}", tag = "session",
    params(("id" = String, Path, max_length = 20, pattern = "^[0-9]+$")),
    responses((status = 204, description = "Read")))]
async fn read_message(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    app.read_message(&caller.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
