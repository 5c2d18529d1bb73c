//! Files in and out: uploads looked at, mapped, tried and written; collections taken away.

mod export;
mod faults;

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path, Query, essence, too_large_or_broken};
use crate::i18n;
use crate::language::Language;
use crate::limit::Doing;
use app::App;
use app::ports::files::TextEncoding;
use app::transfer::plan::{Plan, Target};
use app::transfer::view::{FieldPage, ProfilePage, TransferPage, TransferPlaces, TransferView};
use app::transfer::{FILE_BYTES_MAX, may_transfer};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use uuid::Uuid;

/// The largest file and the form around it.
#[allow(clippy::cast_possible_truncation)] // 512 MB fits every machine's size
const UPLOAD_MAX: usize = FILE_BYTES_MAX as usize + 64 * 1024;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(upload).layer(DefaultBodyLimit::max(UPLOAD_MAX)))
        .routes(routes!(transfers))
        .routes(routes!(transfer, remove_transfer))
        .routes(routes!(look))
        .routes(routes!(guess))
        .routes(routes!(places))
        .routes(routes!(check_transfer))
        .routes(routes!(run_transfer))
        .routes(routes!(stop_transfer))
        .routes(routes!(fields))
        .routes(routes!(profiles))
        .routes(routes!(put_profile, remove_profile))
        .merge(faults::routes())
        .merge(export::routes())
}

/// The form of an upload.
#[derive(ToSchema)]
#[allow(dead_code)] // Describes the form; it is read part by part.
struct TransferForm {
    /// CSV, XLSX, GeoJSON, a zipped Shapefile or FlatGeobuf, at most 512 MB.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Takes a file in and looks at it: format, encoding, columns, coordinate system, first rows. Nothing is written
/// to the city yet.
#[utoipa::path(post, path = "/api/transfers", tag = "transfer",
    request_body(content = TransferForm, content_type = "multipart/form-data"),
    responses((status = 201, body = TransferView)))]
async fn upload(
    State(door): State<Door>,
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<TransferView>), HttpError> {
    // Before the bytes are taken in.
    may_transfer(&caller.actor)?;
    door.limit(Doing::Upload, caller.visitor())?;
    if essence(request.headers()) != "multipart/form-data" {
        return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
    }
    let mut form = Multipart::from_request(request, &door)
        .await
        .map_err(|_| HttpError::new(StatusCode::BAD_REQUEST, "unreadable"))?;
    while let Some(mut part) = form.next_field().await.map_err(|e| too_large_or_broken(e.status()))? {
        if part.name() != Some("file") {
            continue;
        }
        let name = part.file_name().unwrap_or_default().to_owned();
        let mut incoming = door.app.receive_transfer(&caller.actor, &name).await?;
        while let Some(bytes) = part.chunk().await.map_err(|e| too_large_or_broken(e.status()))? {
            incoming.take(&bytes).await?;
        }
        return Ok((StatusCode::CREATED, Json(incoming.done().await?)));
    }
    Err(HttpError::field("file", "required"))
}

/// The transfers of the city, newest first.
#[utoipa::path(get, path = "/api/transfers", tag = "transfer", responses((status = 200, body = TransferPage)))]
async fn transfers(State(app): State<App>, caller: Caller) -> Result<Json<TransferPage>, HttpError> {
    Ok(Json(app.transfers(&caller.actor).await?))
}

/// One transfer with its progress.
#[utoipa::path(get, path = "/api/transfers/{id}", tag = "transfer", params(("id" = Uuid, Path)),
    responses((status = 200, body = TransferView)))]
async fn transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TransferView>, HttpError> {
    may_transfer(&caller.actor)?;
    Ok(shown(app.see_transfer(&caller.actor, own(&id)?).await?))
}

/// Forgets a transfer and its file; what it wrote stays.
#[utoipa::path(delete, path = "/api/transfers/{id}", tag = "transfer", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Forgotten")))]
async fn remove_transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    may_transfer(&caller.actor)?;
    app.remove_transfer(&caller.actor, own(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LookWish {
    /// Taken over what is guessed.
    #[param(inline)]
    encoding: Option<TextEncoding>,
}

/// Looks at the file again, under another encoding.
#[utoipa::path(post, path = "/api/transfers/{id}/look", tag = "transfer", params(("id" = Uuid, Path), LookWish),
    responses((status = 200, body = TransferView)))]
async fn look(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wish): Query<LookWish>,
) -> Result<Json<TransferView>, HttpError> {
    may_transfer(&caller.actor)?;
    Ok(Json(app.look_again(&caller.actor, own(&id)?, wish.encoding).await?))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TargetWord {
    #[default]
    Components,
    Register,
    Addresses,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct To {
    /// What the rows become.
    #[serde(default)]
    #[param(inline)]
    to: TargetWord,
    /// Which register, when the rows become entries of one.
    #[serde(default)]
    #[param(max_length = 40)]
    register: String,
}

impl To {
    fn target(&self) -> Target {
        match self.to {
            TargetWord::Components => Target::Components,
            TargetWord::Register => Target::Register { register: self.register.clone() },
            TargetWord::Addresses => Target::Addresses,
        }
    }
}

/// The mapping that the columns suggest.
#[utoipa::path(get, path = "/api/transfers/{id}/guess", tag = "transfer", params(("id" = Uuid, Path), To),
    responses((status = 200, body = Plan)))]
async fn guess(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(to): Query<To>,
) -> Result<Json<Plan>, HttpError> {
    may_transfer(&caller.actor)?;
    Ok(Json(app.guess_plan(&caller.actor, own(&id)?, to.target()).await?))
}

/// Where sample rows lie under a mapping, so that a wrong coordinate system is seen at once.
#[utoipa::path(post, path = "/api/transfers/{id}/places", tag = "transfer", params(("id" = Uuid, Path)),
    request_body = Plan, responses((status = 200, body = TransferPlaces)))]
async fn places(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<TransferPlaces>, HttpError> {
    let plan = plan_of(&caller, request, &app).await?;
    Ok(Json(app.transfer_places(&caller.actor, own(&id)?, &plan).await?))
}

/// Tries every row under a mapping; nothing is written.
#[utoipa::path(post, path = "/api/transfers/{id}/check", tag = "transfer", params(("id" = Uuid, Path)),
    request_body = Plan, responses((status = 202, body = TransferView)))]
async fn check_transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<TransferView>), HttpError> {
    let plan = plan_of(&caller, request, &app).await?;
    Ok((StatusCode::ACCEPTED, Json(app.start_transfer(&caller.actor, own(&id)?, plan, true).await?)))
}

/// Writes the rows under a mapping, all or none of them, or those that are right.
#[utoipa::path(post, path = "/api/transfers/{id}/run", tag = "transfer", params(("id" = Uuid, Path)),
    request_body = Plan, responses((status = 202, body = TransferView)))]
async fn run_transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<TransferView>), HttpError> {
    let plan = plan_of(&caller, request, &app).await?;
    Ok((StatusCode::ACCEPTED, Json(app.start_transfer(&caller.actor, own(&id)?, plan, false).await?)))
}

/// Asks a transfer to stop; one that writes all or nothing takes back what it wrote.
#[utoipa::path(post, path = "/api/transfers/{id}/stop", tag = "transfer", params(("id" = Uuid, Path)),
    responses((status = 202, body = TransferView)))]
async fn stop_transfer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<TransferView>), HttpError> {
    may_transfer(&caller.actor)?;
    Ok((StatusCode::ACCEPTED, Json(app.stop_transfer(&caller.actor, own(&id)?).await?)))
}

/// What the columns of a file can be mapped to.
#[utoipa::path(get, path = "/api/transfer-fields", tag = "transfer", params(To),
    responses((status = 200, body = FieldPage)))]
async fn fields(
    State(app): State<App>,
    caller: Caller,
    Query(to): Query<To>,
) -> Result<Json<FieldPage>, HttpError> {
    Ok(Json(app.transfer_fields(&caller.actor, &to.target())?))
}

/// The saved mappings.
#[utoipa::path(get, path = "/api/transfer-profiles", tag = "transfer", responses((status = 200, body = ProfilePage)))]
async fn profiles(State(app): State<App>, caller: Caller) -> Result<Json<ProfilePage>, HttpError> {
    Ok(Json(app.transfer_profiles(&caller.actor).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutProfile {
    /// The version it was made from; 0 for a new one.
    version: u32,
    plan: Plan,
}

/// Saves a mapping under a name.
#[utoipa::path(put, path = "/api/transfer-profiles/{name}", tag = "transfer",
    params(("name" = String, Path, min_length = 1, max_length = 60)), request_body = PutProfile,
    responses((status = 200, body = ProfilePage)))]
async fn put_profile(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<ProfilePage>, HttpError> {
    may_transfer(&caller.actor)?;
    let Json(put) = Json::<PutProfile>::from_request(request, &app).await?;
    app.put_profile(&caller.actor, &name, put.version, Some(put.plan)).await?;
    Ok(Json(app.transfer_profiles(&caller.actor).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Version {
    /// The version to be removed.
    version: u32,
}

/// Removes a saved mapping.
#[utoipa::path(delete, path = "/api/transfer-profiles/{name}", tag = "transfer",
    params(("name" = String, Path, min_length = 1, max_length = 60), Version),
    responses((status = 204, description = "Removed")))]
async fn remove_profile(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(version): Query<Version>,
) -> Result<StatusCode, HttpError> {
    app.put_profile(&caller.actor, &name, version.version, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Every fault with its sentence in both languages.
fn shown(mut view: TransferView) -> Json<TransferView> {
    for fault in &mut view.faults {
        let said = |language| i18n::message_or_code(language, &fault.code, &fault.params);
        if fault.zh.is_empty() {
            fault.zh = said(Language::Zh);
        }
        if fault.en.is_empty() {
            fault.en = said(Language::En);
        }
    }
    Json(view)
}

fn own(id: &str) -> Result<Uuid, HttpError> {
    id.parse().map_err(|_| HttpError::not_found())
}

/// The right before the body: who may not learns nothing from it.
async fn plan_of(caller: &Caller, request: Request, app: &App) -> Result<Plan, HttpError> {
    may_transfer(&caller.actor)?;
    let Json(plan) = Json::<Plan>::from_request(request, app).await?;
    Ok(plan)
}
