//! Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce.

use crate::caller::{Guest, cookie};
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::{Path, Query};
use crate::limit::Doing;
use crate::options::OidcProvider;
use crate::session::session_cookie;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::CityCode;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm,
    CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    Scope, TokenResponse,
};
use parking_lot::Mutex;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Log-ins on their way at once. When full, the oldest is forgotten and must start again.
const PENDING_MAX: usize = 4_096;
/// A person who takes longer to type a password starts again.
const PENDING_FOR: Duration = Duration::from_secs(600);
/// Keys of the provider are read again after this.
const METADATA_FOR: Duration = Duration::from_secs(3_600);
/// A provider may change its keys at any time: an identity that does not fit the known ones is a reason to read them
/// again, but not all the time.
const METADATA_AGAIN: Duration = Duration::from_secs(1);
/// The longest answer of a provider that is read.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The longest address to come back to after the log-in.
const NEXT_BYTES_MAX: usize = 500;
/// Signatures only the provider can make. Those with a shared secret are left out: whoever knows it could make them.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// Ties the log-in to the browser that began it.
const STATE_COOKIE: &str = "yiwang_oidc";

struct Pending {
    provider: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    city: CityCode,
    /// Page of this server to go on with.
    next: String,
    started: Instant,
}

pub struct Oidc {
    providers: Vec<OidcProvider>,
    public_url: String,
    pending: Mutex<HashMap<String, Pending>>,
    metadata: Mutex<HashMap<String, (Instant, CoreProviderMetadata)>>,
}

#[derive(Debug, thiserror::Error)]
enum Unreachable {
    #[error("could not reach the identity provider")]
    Failed(#[from] reqwest::Error),
    #[error("the answer of the identity provider is too long")]
    TooLong,
}

#[derive(Debug, thiserror::Error)]
enum LogInError {
    #[error("could not {doing} at the identity provider")]
    Provider {
        doing: &'static str,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Signature, issuer, audience, age or nonce.
    #[error("the identity is not proven")]
    Unproven(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the identity is not acceptable: {0}")]
    Refused(&'static str),
}

impl LogInError {
    fn at(doing: &'static str, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Provider { doing, cause: Box::new(cause) }
    }
}

impl From<LogInError> for HttpError {
    fn from(error: LogInError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "single sign-on failed");
        match error {
            LogInError::Provider { .. } => Self::new(StatusCode::BAD_GATEWAY, "provider_unavailable"),
            LogInError::Refused(_) | LogInError::Unproven(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "login_refused")
            }
        }
    }
}

impl Oidc {
    #[must_use]
    pub fn new(providers: Vec<OidcProvider>, public_url: String) -> Self {
        Self { providers, public_url, pending: Mutex::default(), metadata: Mutex::default() }
    }

    #[must_use]
    pub fn providers(&self) -> &[OidcProvider] {
        &self.providers
    }

    fn provider(&self, id: &str) -> Result<&OidcProvider, HttpError> {
        self.providers.iter().find(|p| p.id == id).ok_or_else(HttpError::not_found)
    }

    async fn metadata(&self, provider: &OidcProvider) -> Result<CoreProviderMetadata, LogInError> {
        self.metadata_within(provider, METADATA_FOR).await
    }

    /// What the provider says of itself, its keys included, read no longer than `age` ago.
    async fn metadata_within(
        &self,
        provider: &OidcProvider,
        age: Duration,
    ) -> Result<CoreProviderMetadata, LogInError> {
        let known = self.metadata.lock().get(&provider.id).cloned();
        if let Some((read_at, metadata)) = known
            && read_at.elapsed() < age
        {
            return Ok(metadata);
        }
        let issuer =
            IssuerUrl::new(provider.issuer.clone()).map_err(|e| LogInError::at("read the issuer", e))?;
        let web = web(provider)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &|request| call(web.clone(), request))
            .await
            .map_err(|e| LogInError::at("read the configuration", e))?;
        self.metadata.lock().insert(provider.id.clone(), (Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    fn redirect(&self, provider: &OidcProvider) -> Result<RedirectUrl, LogInError> {
        RedirectUrl::new(format!("{}/api/oidc/{}/back", self.public_url, provider.id))
            .map_err(|e| LogInError::at("make the return address", e))
    }

    /// Address to send the browser to, and the state it must bring back.
    async fn start(
        &self,
        provider: &OidcProvider,
        city: CityCode,
        next: String,
    ) -> Result<(String, String), LogInError> {
        let client = CoreClient::from_provider_metadata(
            self.metadata(provider).await?,
            ClientId::new(provider.client_id.clone()),
            provider.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(self.redirect(provider)?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("email".into()))
            .add_scope(Scope::new("profile".into()))
            .set_pkce_challenge(challenge)
            .url();
        let state = state.secret().clone();
        let mut pending = self.pending.lock();
        pending.retain(|_, one| one.started.elapsed() < PENDING_FOR);
        if pending.len() >= PENDING_MAX {
            let oldest = pending.iter().min_by_key(|(_, one)| one.started).map(|(state, _)| state.clone());
            if let Some(oldest) = oldest {
                pending.remove(&oldest);
            }
        }
        let started = Instant::now();
        pending.insert(
            state.clone(),
            Pending { provider: provider.id.clone(), nonce, verifier, city, next, started },
        );
        Ok((url.to_string(), state))
    }

    fn take(&self, provider: &str, state: &str) -> Option<Pending> {
        let one = self.pending.lock().remove(state)?;
        (one.provider == provider && one.started.elapsed() < PENDING_FOR).then_some(one)
    }

    /// The account the provider vouches for.
    async fn finish(
        &self,
        provider: &OidcProvider,
        pending: Pending,
        code: String,
    ) -> Result<String, LogInError> {
        let client = CoreClient::from_provider_metadata(
            self.metadata(provider).await?,
            ClientId::new(provider.client_id.clone()),
            provider.client_secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(self.redirect(provider)?);
        let web = web(provider)?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| LogInError::at("find where codes are exchanged", e))?
            .set_pkce_verifier(pending.verifier)
            .request_async(&|request| call(web.clone(), request))
            .await
            .map_err(|e| LogInError::at("exchange the code", e))?;
        let token = answer.id_token().ok_or(LogInError::Refused("no identity token"))?;
        let known = self.metadata(provider).await?;
        let claims = match check(provider, known, token, answer.access_token(), &pending.nonce) {
            Ok(claims) => claims,
            Err(_) => {
                let newer = self.metadata_within(provider, METADATA_AGAIN).await?;
                check(provider, newer, token, answer.access_token(), &pending.nonce)?
            }
        };
        match provider.account_claim.as_str() {
            "sub" => Ok(claims.subject().to_string()),
            "preferred_username" => claims
                .preferred_username()
                .map(|name| name.to_string())
                .ok_or(LogInError::Refused("no preferred_username")),
            _ if claims.email_verified() == Some(true) => {
                claims.email().map(|email| email.to_string()).ok_or(LogInError::Refused("no email"))
            }
            _ => Err(LogInError::Refused("the e-mail address is not verified")),
        }
    }
}

/// Who the token is about, if it was made by the provider, for this log-in, and for us.
fn check(
    provider: &OidcProvider,
    metadata: CoreProviderMetadata,
    token: &CoreIdToken,
    access: &AccessToken,
    nonce: &Nonce,
) -> Result<CoreIdTokenClaims, LogInError> {
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(provider.client_id.clone()),
        provider.client_secret.clone().map(ClientSecret::new),
    );
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNATURES);
    let unproven = |cause: Box<dyn std::error::Error + Send + Sync>| LogInError::Unproven(cause);
    let claims = token.claims(&verifier, nonce).map_err(|e| unproven(e.into()))?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = token.signing_alg().map_err(|e| unproven(e.into()))?;
        let key = token.signing_key(&verifier).map_err(|e| unproven(e.into()))?;
        let actual = AccessTokenHash::from_token(access, algorithm, key).map_err(|e| unproven(e.into()))?;
        if actual != *expected {
            return Err(LogInError::Refused("the access token belongs to another identity"));
        }
    }
    Ok(claims.clone())
}

/// Redirects are not followed: a provider could lead the server into its own network.
fn web(provider: &OidcProvider) -> Result<reqwest::Client, LogInError> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10));
    if let Some(pem) = &provider.ca_pem {
        let authority = reqwest::Certificate::from_pem(pem.as_bytes())
            .map_err(|e| LogInError::at("read the authority", e))?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build().map_err(|e| LogInError::at("prepare a connection", e))
}

async fn call(web: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Unreachable> {
    let (parts, body) = request.into_parts();
    let mut answer =
        web.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body).send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Unreachable::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(back))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Start {
    /// Page of this server to go on with, beginning with one slash.
    #[param(max_length = 500)]
    next: Option<String>,
}

/// Begins a log-in at an identity provider: sends the browser there.
#[utoipa::path(get, path = "/api/oidc/{id}/start", tag = "session",
    params(("id" = String, Path, description = "Provider, from the log-in options", max_length = 40, pattern = "^[a-z0-9-]+$"), Start),
    responses((status = 303, description = "To the provider", headers(("location" = String)))))]
async fn start(
    State(door): State<Door>,
    guest: Guest,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<Start>,
) -> Result<Response, HttpError> {
    let next = own_page(query.next);
    let (url, state) = match begun(&door, &guest, &id, next.clone()).await {
        Ok(begun) => begun,
        Err(error) => return explained(&headers, &next, error),
    };
    let mut response = to(&url)?;
    let cookie = state_cookie(&state, PENDING_FOR.as_secs(), door.options.secure_cookie);
    response.headers_mut().append(header::SET_COOKIE, header_value(&cookie)?);
    Ok(response)
}

/// Address to send the browser to, and the state it must bring back.
async fn begun(door: &Door, guest: &Guest, id: &str, next: String) -> Result<(String, String), HttpError> {
    door.limit(Doing::LogIn, guest.visitor())?;
    Ok(door.oidc.start(door.oidc.provider(id)?, guest.city, next).await?)
}

/// What the provider adds to these, such as `iss` or `session_state`, is not needed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Back {
    #[param(max_length = 4096)]
    code: Option<String>,
    #[param(max_length = 200)]
    state: Option<String>,
}

/// Where the identity provider sends the browser back to; signs the person in.
#[utoipa::path(get, path = "/api/oidc/{id}/back", tag = "session",
    params(("id" = String, Path, description = "Provider", max_length = 40, pattern = "^[a-z0-9-]+$"), Back),
    responses((status = 303, description = "Signed in, to the page asked for; or not, to the log-in page, which says why",
        headers(("location" = String), ("set-cookie" = String)))))]
async fn back(
    State(door): State<Door>,
    guest: Guest,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<Back>,
) -> Result<Response, HttpError> {
    let (secret, next) = match signed_in(&door, &guest, &headers, &id, query).await {
        Ok(signed_in) => signed_in,
        Err(error) => return explained(&headers, "/", error),
    };
    let mut response = to(&next)?;
    let cookies = response.headers_mut();
    cookies.append(header::SET_COOKIE, session_cookie(&secret, door.options.secure_cookie)?);
    cookies.append(header::SET_COOKIE, header_value(&state_cookie("", 0, door.options.secure_cookie))?);
    Ok(response)
}

/// The secret of the new session, and where to go with it.
async fn signed_in(
    door: &Door,
    guest: &Guest,
    headers: &HeaderMap,
    id: &str,
    query: Back,
) -> Result<(String, String), HttpError> {
    door.limit(Doing::LogIn, guest.visitor())?;
    let provider = door.oidc.provider(id)?;
    let expired = || HttpError::new(StatusCode::UNAUTHORIZED, "login_expired");
    let state =
        query.state.filter(|s| cookie(headers, STATE_COOKIE).as_deref() == Some(s)).ok_or_else(expired)?;
    let pending = door.oidc.take(&provider.id, &state).ok_or_else(expired)?;
    let code = query.code.ok_or_else(|| HttpError::new(StatusCode::UNAUTHORIZED, "login_refused"))?;
    let (city, next) = (pending.city, pending.next.clone());
    let account = door.oidc.finish(provider, pending, code).await?;
    let from = guest.address.to_string();
    let entered = door.app.log_in_external(city, &account, &provider.id, &from).await;
    let (secret, _) = entered.map_err(|error| match error {
        app::AppError::BadCredentials => HttpError::new(StatusCode::UNAUTHORIZED, "account_unknown"),
        other => other.into(),
    })?;
    Ok((secret, next))
}

/// A page of this server, never another's.
fn own_page(next: Option<String>) -> String {
    let own = |page: &String| {
        page.len() <= NEXT_BYTES_MAX
            && page.starts_with('/')
            && !page.starts_with("//")
            && page.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    next.filter(own).unwrap_or_else(|| "/".to_owned())
}

/// A browser is sent to the log-in page, which says in words what was wrong; a program gets the problem itself.
fn explained(headers: &HeaderMap, next: &str, error: HttpError) -> Result<Response, HttpError> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepted.contains("text/html") {
        return Err(error);
    }
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("problem", &error.code)
        .append_pair("next", next)
        .finish();
    to(&format!("/login?{query}"))
}

fn to(url: &str) -> Result<Response, HttpError> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, header_value(url)?);
    Ok(response)
}

fn state_cookie(state: &str, seconds: u64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{STATE_COOKIE}={state}; Path=/api/oidc; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn header_value(text: &str) -> Result<HeaderValue, HttpError> {
    HeaderValue::from_str(text).map_err(|_| HttpError::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_gone_on_with() {
        let table = [
            (Some("/cases/1?tab=facts#now"), "/cases/1?tab=facts#now"),
            (Some("//evil.example.org"), "/"),
            (Some("/\\evil.example.org"), "/"),
            (Some("https://evil.example.org"), "/"),
            (Some("/a\r\nset-cookie: x=1"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ];
        for (next, expected) in table {
            assert_eq!(own_page(next.map(str::to_owned)), expected, "{next:?}");
        }
        assert_eq!(own_page(Some(format!("/{}", "a".repeat(NEXT_BYTES_MAX)))), "/");
    }
}
