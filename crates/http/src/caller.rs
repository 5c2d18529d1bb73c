//! Who is calling: a signed-in person, or a visitor without account.

use crate::door::Door;
use crate::error::HttpError;
use crate::language::Language;
use crate::limit::{Doing, Visitor};
use crate::network::client_address;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use kernel::{Actor, CityCode};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub const COOKIE: &str = "yiwang_session";

/// A signed-in person.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    pub language: Language,
    pub address: IpAddr,
    pub secret: String,
    /// With an API token instead of a session.
    pub by_token: bool,
}

/// Someone without account, in the city of their choice.
#[derive(Debug, Clone)]
pub struct Guest {
    pub city: CityCode,
    pub language: Language,
    pub address: IpAddr,
}

impl Caller {
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        match self.actor.person_id() {
            Some(person) => Visitor::Person { city: self.actor.city.get(), person: person.0 },
            None => Visitor::at(self.address),
        }
    }
}

impl Guest {
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        Visitor::at(self.address)
    }
}

impl FromRequestParts<Door> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, HttpError> {
        let secret = secret_of(&parts.headers);
        Self::with_secret(parts, door, secret).await
    }
}

impl Caller {
    /// Whose secret it is; the flag says that it is an API token.
    ///
    /// # Errors
    /// 401 for none or an unknown one, 429 when it asks too often.
    pub async fn with_secret(
        parts: &Parts,
        door: &Door,
        secret: Option<(String, bool)>,
    ) -> Result<Self, HttpError> {
        let address = address_of(parts, door);
        let Some((secret, by_token)) = secret else {
            door.limit(Doing::Anything, Visitor::at(address))?;
            return Err(app::AppError::NotSignedIn.into());
        };
        if !by_token && writes(&parts.method) && parts.headers.get("x-yiwang").is_none() {
            return Err(HttpError::new(StatusCode::FORBIDDEN, "csrf_header_missing"));
        }
        let actor = match door.app.actor_for(&secret).await {
            Ok(actor) => actor,
            Err(error) => {
                door.limit(Doing::Anything, Visitor::at(address))?;
                return Err(error.into());
            }
        };
        let caller = Self { actor, language: Language::of(&parts.headers), address, secret, by_token };
        door.limit(Doing::Anything, caller.visitor())?;
        Ok(caller)
    }
}

impl FromRequestParts<Door> for Guest {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, HttpError> {
        let address = address_of(parts, door);
        door.limit(Doing::Anything, Visitor::at(address))?;
        let city = match wished_city(parts) {
            Some(wish) => wish.parse().map_err(|_| HttpError::not_found())?,
            None => door.app.default_city().ok_or_else(HttpError::not_found)?,
        };
        door.app.config(city)?;
        Ok(Self { city, language: Language::of(&parts.headers), address })
    }
}

const fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The city named by header or query parameter.
fn wished_city(parts: &Parts) -> Option<String> {
    if let Some(header) = parts.headers.get("x-city") {
        return Some(header.to_str().unwrap_or("?").to_owned());
    }
    let query = parts.uri.query()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name == "city" && !value.is_empty())
        .map(|(_, value)| value.into_owned())
}

/// The bearer token, else the session cookie; true for a token.
#[must_use]
pub fn secret_of(headers: &HeaderMap) -> Option<(String, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let text = value.to_str().ok()?;
        let (scheme, token) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        return Some((token.trim().to_owned(), true));
    }
    cookie(headers, COOKIE).map(|secret| (secret, false))
}

#[must_use]
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

fn address_of(parts: &Parts, door: &Door) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    client_address(peer, &parts.headers, &door.options.trusted_proxies)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_token_goes_before_a_cookie() {
        let of = |token: Option<&'static str>| {
            let mut all = headers(&[(header::COOKIE, "a=1; yiwang_session=s3; b=2")]);
            all.extend(token.map(|token| (header::AUTHORIZATION, HeaderValue::from_static(token))));
            secret_of(&all)
        };
        assert_eq!(of(None), Some(("s3".into(), false)));
        assert_eq!(of(Some("Bearer t1")), Some(("t1".into(), true)));
        assert_eq!(of(Some("Basic eDp5")), None);
        assert_eq!(secret_of(&headers(&[(header::COOKIE, "yiwang_session=")])), None);
    }
}
