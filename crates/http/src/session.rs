//! Signing in and out, the caller's own account, tokens and saved views.

use crate::caller::{COOKIE, Caller, Guest};
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Json, Path};
use crate::limit::Doing;
use app::app::DemoAccount;
use app::session::{CityView, MeView, NewTokenView, SavedView, TokenView};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// As long as the session lives when it is used; the server ends idle ones earlier.
const COOKIE_SECONDS: u32 = 30 * 24 * 3_600;

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(log_in, log_out))
        .routes(routes!(me))
        .routes(routes!(change_password))
        .routes(routes!(tokens, create_token))
        .routes(routes!(revoke_token))
        .routes(routes!(login_options))
        .routes(routes!(views, put_views))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    #[schema(min_length = 1, max_length = 60)]
    account: String,
    #[schema(min_length = 1, max_length = 200)]
    password: String,
}

/// Signs in with a local account; sets the session cookie.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = Credentials,
    responses((status = 200, description = "Signed in", body = MeView, headers(("set-cookie" = String)))))]
async fn log_in(
    State(door): State<Door>,
    guest: Guest,
    Json(body): Json<Credentials>,
) -> Result<Response, HttpError> {
    door.limit(Doing::LogIn, guest.visitor())?;
    let from = guest.address.to_string();
    // Longer than any account or password can be: not worth hashing.
    if body.account.chars().count() > 60 || body.password.chars().count() > 200 {
        return Err(app::AppError::BadCredentials.into());
    }
    let (secret, actor) = door.app.log_in(Some(guest.city), &body.account, &body.password, &from).await?;
    let me = door.app.me(&actor).await?;
    let mut response = Json(me).into_response();
    response.headers_mut().insert(header::SET_COOKIE, session_cookie(&secret, door.options.secure_cookie)?);
    Ok(response)
}

/// The cookie that carries a session's secret.
///
/// # Errors
/// Never for the secrets this server makes.
pub fn session_cookie(secret: &str, secure: bool) -> Result<HeaderValue, HttpError> {
    let age = if secret.is_empty() { 0 } else { COOKIE_SECONDS };
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::from_str(&format!(
        "{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"
    ))
    .map_err(|_| HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))
}

/// Signs out: ends the session and clears the cookie.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204, description = "Signed out")))]
async fn log_out(State(door): State<Door>, caller: Caller) -> Result<Response, HttpError> {
    door.app.log_out(&caller.secret).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, session_cookie("", door.options.secure_cookie)?);
    Ok(response)
}

/// Who is signed in, with which posts, and which functions these open.
#[utoipa::path(get, path = "/api/me", tag = "session", responses((status = 200, body = MeView)))]
async fn me(State(door): State<Door>, caller: Caller) -> Result<Json<MeView>, HttpError> {
    Ok(Json(door.app.me(&caller.actor).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    #[schema(min_length = 1, max_length = 200)]
    old: String,
    #[schema(min_length = 1, max_length = 200)]
    new: String,
}

/// Changes the caller's own password.
#[utoipa::path(post, path = "/api/me/password", tag = "session", request_body = PasswordChange,
    responses((status = 204, description = "Changed")))]
async fn change_password(
    State(door): State<Door>,
    caller: Caller,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode, HttpError> {
    door.limit(Doing::LogIn, caller.visitor())?;
    if body.new.chars().count() > 200 {
        return Err(HttpError::invalid(vec![app::FieldProblem::new("new", "too_long").with("max", 200)]));
    }
    let from = caller.address.to_string();
    door.app.change_password(&caller.actor, &body.old, &body.new, &from).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's API tokens, without their secrets.
#[utoipa::path(get, path = "/api/me/tokens", tag = "session", responses((status = 200, body = Vec<TokenView>)))]
async fn tokens(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<TokenView>>, HttpError> {
    Ok(Json(door.app.tokens(&caller.actor).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// Days it stays valid.
    #[schema(minimum = 1, maximum = 366)]
    days: u32,
}

/// Makes an API token. Its secret is shown this once.
#[utoipa::path(post, path = "/api/me/tokens", tag = "session", request_body = NewToken,
    responses((status = 201, body = NewTokenView)))]
async fn create_token(
    State(door): State<Door>,
    caller: Caller,
    Json(body): Json<NewToken>,
) -> Result<(StatusCode, Json<NewTokenView>), HttpError> {
    let view = door.app.create_token(&caller.actor, &body.name, body.days).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Ends an API token.
#[utoipa::path(delete, path = "/api/me/tokens/{id}", tag = "session",
    params(("id" = String, Path, max_length = 64)), responses((status = 204, description = "Ended")))]
async fn revoke_token(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, HttpError> {
    door.app.revoke_token(&caller.actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, ToSchema)]
struct OidcOption {
    id: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct LoginOptionsView {
    city: Option<CityView>,
    /// Identity providers; begin at `/api/oidc/{id}/start`.
    oidc: Vec<OidcOption>,
    /// Ready-made accounts, in the demo only.
    demo_accounts: Vec<DemoAccount>,
}

/// What the log-in page offers.
#[utoipa::path(get, path = "/api/login-options", tag = "session", responses((status = 200, body = LoginOptionsView)))]
async fn login_options(State(door): State<Door>, guest: Guest) -> Json<LoginOptionsView> {
    let options = door.app.login_options(Some(guest.city));
    let oidc = door.oidc.providers().iter();
    Json(LoginOptionsView {
        city: options.city,
        oidc: oidc.map(|p| OidcOption { id: p.id.clone(), name: p.name.clone() }).collect(),
        demo_accounts: options.demo_accounts,
    })
}

/// The caller's saved views: names for filtered lists.
#[utoipa::path(get, path = "/api/views", tag = "session", responses((status = 200, body = Vec<SavedView>)))]
async fn views(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<SavedView>>, HttpError> {
    Ok(Json(door.app.views(&caller.actor).await?))
}

/// Replaces the caller's saved views.
#[utoipa::path(put, path = "/api/views", tag = "session", request_body = Vec<SavedView>,
    responses((status = 200, description = "As saved", body = Vec<SavedView>)))]
async fn put_views(
    State(door): State<Door>,
    caller: Caller,
    Json(body): Json<Vec<SavedView>>,
) -> Result<Json<Vec<SavedView>>, HttpError> {
    Ok(Json(door.app.put_views(&caller.actor, body).await?))
}
